"""The audit trail: who did what and when, as a file in which each line carries the digest of the one before it."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from filelock import FileLock

from reasoner.ground.errors import StoreError

START = "0" * 64
"""Stands in the first entry for the digest of the one before it."""


FILE = "audit.jsonl"
"""The name of the trail's file in the directory of a knowledge base."""
UNDONE = "not carried out"
"""The action of an entry which says that the change of an earlier one, whose digest is its detail, never took effect."""


@dataclass(frozen=True)
class Actor:
    """Who acts, as the trail names them."""

    person: str
    """IRI."""
    name: str
    role: str

    @classmethod
    def of_process(cls) -> Actor:
        """The account of the operating system that runs this process."""
        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            name = "unknown"
        return cls(f"urn:necessity:account:{quote(name)}", name, "account")


@dataclass(frozen=True)
class AuditEntry:
    """One line of the trail. It names requests by opaque ids and contains nothing of a chart."""

    number: int
    """From 1, without gaps."""
    time: str
    """ISO 8601, UTC."""
    person: str
    """IRI."""
    name: str
    role: str
    action: str
    subject: str
    """Opaque id of the request, or empty."""
    detail: str
    previous: str
    """Digest of the entry before it."""
    changes: Mapping[str, str | None] = field(default_factory=dict)
    """What the action makes of the knowledge base: the digest of each named graph, and of each subject of its catalog, that
    becomes another; null for one that is removed."""
    digest: str = ""
    """SHA-256 of the entry without this, as JSON with sorted keys and no spaces."""

    def expected_digest(self) -> str:
        """The digest that the entry has to have."""
        content = {key: value for key, value in asdict(self).items() if key != "digest"}
        return hashlib.sha256(_json(content).encode()).hexdigest()


class AuditTrail:
    """An append-only file of entries, a JSON object a line; many processes may write to it.

    When `append` returns, its entry is on the disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path.with_name(path.name + ".lock"))

    def append(
        self,
        actor: Actor,
        action: str,
        *,
        subject: str = "",
        detail: str = "",
        changes: Mapping[str, str | None] | None = None,
    ) -> AuditEntry:
        """Add an entry; raises `StoreError` if it cannot be written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, open(self.path, "a+b", opener=_private) as stream:
                last = _last(stream)
                entry = AuditEntry(
                    number=last.number + 1 if last else 1,
                    time=datetime.now(UTC).isoformat(timespec="milliseconds"),
                    person=actor.person,
                    name=actor.name,
                    role=actor.role,
                    action=action,
                    subject=subject,
                    detail=detail,
                    previous=last.digest if last else START,
                    changes=dict(changes or {}),
                )
                entry = replace(entry, digest=entry.expected_digest())
                stream.write(_line(entry).encode())
                stream.flush()
                os.fsync(stream.fileno())
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(
                "the audit trail cannot be written, so nothing was done",
                where=str(self.path),
                mend="`necessity audit verify` says what is wrong with it",
            ) from error
        return entry

    def entries(self) -> Iterator[AuditEntry]:
        """The entries, oldest first; raises `StoreError` for a line that is none."""
        for number, line in enumerate(self._lines(), start=1):
            try:
                yield AuditEntry(**json.loads(line))
            except (ValueError, TypeError):
                raise StoreError("the line is no entry", where=f"{self.path}:{number}") from None

    def verify(self, head: str | None = None) -> list[str]:
        """What is wrong with the trail, a line each.

        Args:
            head: the digest of an entry, noted earlier and kept elsewhere. Only with it can be detected that the trail was
                shortened or rewritten from the start.
        """
        problems: list[str] = []
        previous = START
        digests: set[str] = set()
        for number, line in enumerate(self._lines(), start=1):
            try:
                entry = AuditEntry(**json.loads(line))
            except (ValueError, TypeError):
                problems.append(f"line {number} is no entry")
                continue
            if entry.number != number:
                problems.append(f"line {number} is numbered {entry.number}")
            if entry.previous != previous:
                problems.append(f"line {number} does not follow on the one before it")
            if entry.digest != entry.expected_digest():
                problems.append(f"line {number} differs from its digest")
            elif line != _line(entry):  # a name twice, say, of which another reader takes the other
                problems.append(f"line {number} is not written as this software writes it")
            previous = entry.digest
            digests.add(entry.digest)
        if head is not None and head not in digests:
            problems.append(f"no entry has the digest {head}")
        return problems

    def head(self) -> str:
        """The digest of the last entry."""
        return next((entry.digest for entry in reversed(list(self.entries()))), START)

    def _lines(self) -> Iterator[str]:
        if not self.path.exists():
            return
        try:
            with self.path.open(encoding="utf-8", errors="replace", newline="\n") as stream:
                # A crash can leave a last line that is incomplete; the next entry takes its place.
                yield from (line for line in stream if line.endswith("\n"))
        except OSError as error:
            raise StoreError(f"the audit trail cannot be read: {error.strerror}", where=str(self.path)) from error


def _last(stream: BinaryIO) -> AuditEntry | None:
    """The last entry; an incomplete line after it, left by a crash, is removed."""
    end = stream.seek(0, os.SEEK_END)
    tail, size = b"", 4096
    while len(tail) < end and tail.count(b"\n") < 2:
        stream.seek(max(0, end - size))
        tail, size = stream.read(), 2 * size
    lines, _, incomplete = tail.rpartition(b"\n")
    if incomplete:
        stream.truncate(end - len(incomplete))
    return AuditEntry(**json.loads(lines.rpartition(b"\n")[2])) if lines else None


def _line(entry: AuditEntry) -> str:
    """An entry as it stands in the file."""
    return _json(asdict(entry)) + "\n"


def _json(content: dict[str, object]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
