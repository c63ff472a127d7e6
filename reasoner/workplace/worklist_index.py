"""The worklist's index: what a knowledge base states of its requests, kept in a file so that only what has changed is read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

from reasoner.ground.errors import StoreError
from reasoner.policy.model import Policy
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.database import Database
from reasoner.workplace.request_facts import RequestFacts, fingerprints, read_facts

_FORMAT = 3
"""A number that changes with what `read_facts` reads: an index of another format is made anew."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
    request TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, content TEXT NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS origin (content TEXT NOT NULL);
"""

_FIELDS = tuple(each.name for each in fields(RequestFacts))
_Kept = dict[str, tuple[str, RequestFacts]]
"""By the IRI of a request: the fingerprint of what was read, and what was read."""


class WorklistIndex:
    """The facts of all requests of a base, in a database file beside it.

    With each request stands the fingerprint of what it was read from. If the base has changed since, by whatever program, the
    requests with another fingerprint are read again. A file that is damaged is made anew; where none can be kept, the base is read.

    Args:
        path: the file.
        kb: the knowledge base.
        policy: the policy of whose axes the values are read.
    """

    def __init__(self, path: Path, kb: KnowledgeBase, policy: Policy) -> None:
        self._path = path
        self._kb = kb
        self._policy = policy

    def facts(self) -> list[RequestFacts]:
        """What the base states of each request; raises `StoreError` if the base cannot be read."""
        origin: list[object] = [_FORMAT, [axis.iri for axis in self._policy.axes], self._kb.register.audit_head()]
        known, kept = self._read()
        if known == origin and origin[-1]:
            return [facts for _, facts in kept.values()]
        if known[:-1] != origin[:-1]:
            kept = {}
        current = fingerprints(self._kb)
        changed = [request for request, fingerprint in current.items() if kept.get(request, ("",))[0] != fingerprint]
        read = read_facts(self._kb, self._policy, changed if kept else None) if changed else {}
        now = {request: entry for request, entry in kept.items() if entry[0] == current.get(request)}
        now |= {request: (current[request], facts) for request, facts in read.items() if request in current}
        self._write(origin, kept.keys() - now.keys(), {request: now[request] for request in read if request in now})
        return [facts for _, facts in now.values()]

    def _read(self) -> tuple[list[object], _Kept]:
        """What the file was read from, and what it holds; nothing where it is damaged or missing."""
        nothing: tuple[list[object], _Kept] = ([], {})
        try:
            with Database(self._path, _SCHEMA).connected() as connection:
                origins = connection.execute("SELECT content FROM origin").fetchall()
                rows = connection.execute("SELECT request, fingerprint, content, digest FROM facts").fetchall()
            if not origins:
                return nothing
            ((origin,),) = origins
            kept = {}
            for request, fingerprint, content, digest in rows:
                if digest != _digest(request, fingerprint, content):
                    raise ValueError("an entry is not as it was written")
                kept[request] = (fingerprint, RequestFacts(*json.loads(content)))
            known = list(json.loads(origin))
        except (StoreError, ValueError, TypeError):
            self._remove()
            return nothing
        return known, kept

    def _write(self, origin: list[object], gone: set[str], new: Mapping[str, tuple[str, RequestFacts]]) -> None:
        # What cannot be kept is read from the base the next time.
        with suppress(StoreError), Database(self._path, _SCHEMA).connected() as connection:
            connection.executemany("DELETE FROM facts WHERE request = ?", [(request,) for request in gone])
            for request, (fingerprint, facts) in new.items():
                values = [getattr(facts, name) for name in _FIELDS]
                content = json.dumps(values, separators=(",", ":"))
                row = (request, fingerprint, content, _digest(request, fingerprint, content))
                connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", row)
            connection.execute("DELETE FROM origin")
            connection.execute("INSERT INTO origin VALUES (?)", (json.dumps(origin),))

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
