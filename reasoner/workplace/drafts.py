"""Work before it is signed: drafts field by field, who has a request open, and saved views of the worklist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reasoner.ground.errors import ConflictError
from reasoner.workplace.database import Database

PRESENT = timedelta(minutes=1)
"""How long after their last activity a person counts as having a request open, where they have not left it for another page."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS field (
    subject TEXT, person TEXT, name TEXT, value TEXT NOT NULL, revision INTEGER NOT NULL, saved TEXT NOT NULL,
    PRIMARY KEY (subject, person, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS presence (
    subject TEXT, person TEXT, called TEXT NOT NULL, seen TEXT NOT NULL, PRIMARY KEY (subject, person)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS view (
    person TEXT, name TEXT, content TEXT NOT NULL, PRIMARY KEY (person, name)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class DraftField:
    """One field of a draft."""

    value: str
    revision: int
    """How often it was saved; each save has to name the revision that it is based on."""
    saved: datetime


@dataclass(frozen=True)
class Colleague:
    """Another person who works on a request."""

    name: str
    seen: datetime | None
    """Their last activity, if they have it open."""
    drafted: datetime | None
    """When their unsigned draft was last saved, if they have one."""


class Drafts:
    """Drafts, presence and saved views in a database file; when `save` returns, its field is on the disk.

    Each person has a draft of their own for each subject, the opaque id of a request, so nobody overwrites another's.
    Methods raise `StoreError` if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._connected = Database(path, _SCHEMA).connected

    def fields(self, subject: str, person: str) -> dict[str, DraftField]:
        """The fields of a person's draft by name."""
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT name, value, revision, saved FROM field WHERE subject = ? AND person = ? ORDER BY name",
                (subject, person),
            ).fetchall()
        return {
            name: DraftField(value, revision, datetime.fromisoformat(saved)) for name, value, revision, saved in rows
        }

    def save(self, subject: str, person: str, name: str, value: str, based_on: int) -> DraftField:
        """Save one field, over the revision that it is based on (0 for a new one).

        Raises:
            ConflictError: another window has saved the field since; that text stays.
        """
        now = datetime.now(UTC)
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT value, revision FROM field WHERE subject = ? AND person = ? AND name = ?",
                (subject, person, name),
            ).fetchone()
            saved_value, revision = row or ("", 0)
            if revision != based_on and saved_value != value:
                raise ConflictError(
                    "the field was changed in another window",
                    mend="Compare both texts, and keep the one that is right",
                )
            connection.execute(
                "INSERT OR REPLACE INTO field VALUES (?, ?, ?, ?, ?, ?)",
                (subject, person, name, value, revision + 1, now.isoformat()),
            )
        return DraftField(value, revision + 1, now)

    def discard(self, subject: str, person: str, names: Iterable[str] | None = None) -> None:
        """Remove some fields of a person's draft, by default all."""
        fields = self.fields(subject, person) if names is None else names
        with self._connected() as connection:
            connection.executemany(
                "DELETE FROM field WHERE subject = ? AND person = ? AND name = ?",
                [(subject, person, name) for name in fields],
            )

    def subjects(self, person: str) -> frozenset[str]:
        """The subjects of which a person has a draft."""
        with self._connected() as connection:
            rows = connection.execute("SELECT DISTINCT subject FROM field WHERE person = ? AND value != ''", (person,))
            return frozenset(subject for (subject,) in rows)

    def enter(self, subject: str, person: str, name: str) -> None:
        """Note that a person with this name has a request open now."""
        with self._connected() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO presence VALUES (?, ?, ?, ?)",
                (subject, person, name, datetime.now(UTC).isoformat()),
            )

    def leave(self, subject: str, person: str) -> None:
        """Note that a person has a request open no longer."""
        with self._connected() as connection:
            gone = (datetime.now(UTC) - PRESENT).isoformat()
            connection.execute("UPDATE presence SET seen = ? WHERE subject = ? AND person = ?", (gone, subject, person))

    def colleagues(self, subject: str, person: str) -> list[Colleague]:
        """Who else has the request open or has a draft of it, ordered by name."""
        with self._connected() as connection:
            rows = connection.execute(
                """SELECT called, seen,
                       (SELECT max(saved) FROM field f WHERE f.subject = p.subject AND f.person = p.person AND value != '')
                   FROM presence p WHERE subject = ? AND person != ? ORDER BY called""",
                (subject, person),
            ).fetchall()
        since = datetime.now(UTC) - PRESENT
        colleagues = []
        for name, seen, drafted in rows:
            last = datetime.fromisoformat(seen)
            if last >= since or drafted:
                saved = datetime.fromisoformat(drafted) if drafted else None
                colleagues.append(Colleague(name, last if last >= since else None, saved))
        return colleagues

    def views(self, person: str) -> dict[str, str]:
        """The saved views of a person by name."""
        with self._connected() as connection:
            return dict(
                connection.execute(
                    "SELECT name, content FROM view WHERE person = ? ORDER BY name", (person,)
                ).fetchall()
            )

    def save_view(self, person: str, name: str, content: str) -> None:
        """Save a view; it replaces one of the same name."""
        with self._connected() as connection:
            connection.execute("INSERT OR REPLACE INTO view VALUES (?, ?, ?)", (person, name, content))

    def remove_view(self, person: str, name: str) -> None:
        """Remove a saved view."""
        with self._connected() as connection:
            connection.execute("DELETE FROM view WHERE person = ? AND name = ?", (person, name))


def values(fields: Mapping[str, DraftField]) -> dict[str, str]:
    """The texts of a draft's fields that are not empty."""
    return {name: field.value for name, field in fields.items() if field.value.strip()}
