"""Team work on requests: who has each, how it was handed over, and the notes that colleagues share."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reasoner.ground.errors import AccessError, ConflictError, UsageError
from reasoner.review.authority import PERMITTED, Action, Role
from reasoner.review.people import User
from reasoner.store.audit import AuditTrail
from reasoner.workplace.auditing import audited
from reasoner.workplace.database import Database

LONGEST_NOTE = 2_000
"""Characters that a note may have."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS colleague (
    person TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS assignment (
    subject TEXT, person TEXT NOT NULL, name TEXT NOT NULL, since TEXT NOT NULL, giver TEXT NOT NULL,
    PRIMARY KEY (subject)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note (
    subject TEXT NOT NULL, time TEXT NOT NULL, person TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS note_of ON note (subject);
"""


@dataclass(frozen=True, slots=True)
class Assignee:
    """Someone whom requests can be assigned to."""

    person: str
    """IRI of the person."""
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who has a request."""

    person: str
    """IRI of the person."""
    name: str
    since: datetime
    giver: str
    """Name of who assigned it; their own name where they claimed it."""


@dataclass(frozen=True, slots=True)
class CaseNote:
    """A note that the team shares about a request; it is no documentation and decides nothing."""

    time: datetime
    name: str
    text: str


class Team:
    """Assignments and notes in a database file; every change is permitted by role and written to the audit trail.

    A subject is the opaque id of a request. Methods raise `AccessError` where the role does not permit the act, and
    `StoreError` if the file cannot be read or written; after either nothing has changed.

    Args:
        path: the database file.
        trail: the audit trail.
    """

    def __init__(self, path: Path, trail: AuditTrail) -> None:
        self._connected = Database(path, _SCHEMA).connected
        self._trail = trail

    def join(self, user: User) -> None:
        """Remember someone who is at work, so that requests can be assigned to them."""
        with self._connected() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO colleague VALUES (?, ?, ?)", (user.iri, user.name, user.role.value)
            )

    def assignees(self) -> list[Assignee]:
        """Everyone who has been at work and whose role decides requests, ordered by name."""
        with self._connected() as connection:
            rows = connection.execute("SELECT person, name, role FROM colleague ORDER BY name, person").fetchall()
        known = {role.value: role for role in Role if Action.DECIDE in PERMITTED[role]}
        return [Assignee(person, name, known[role]) for person, name, role in rows if role in known]

    def peers(self, user: User) -> list[Assignee]:
        """The clinicians among the assignees, beside a person who may refer a request to one of them."""
        return [one for one in self.assignees() if one.role is Role.CLINICIAN and one.person != user.iri]

    def assignments(self, user: User, subject: str | None = None) -> dict[str, Assignment]:
        """Who has each request, or one of them, by subject."""
        user.require(Action.READ)
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT subject, person, name, since, giver FROM assignment WHERE subject = ? OR ? IS NULL",
                (subject, subject),
            ).fetchall()
        return {
            subject: Assignment(person, name, datetime.fromisoformat(since), giver)
            for subject, person, name, since, giver in rows
        }

    def claim(self, user: User, subject: str) -> None:
        """Take a request that nobody has, as someone who decides; raises `ConflictError` if someone else has it."""
        with audited(self._trail, user, Action.ASSIGN, subject, "claims"):
            user.require(Action.DECIDE)
            self._assign(user, [subject], Assignee(user.iri, user.name, user.role), seen={subject: ""})

    def assign(self, user: User, seen: dict[str, str], to: Assignee, note: str = "") -> None:
        """Assign requests to someone, all or none of them.

        Args:
            user: who assigns them.
            seen: the subjects, each with the IRI of the person who had it when it was shown; empty for nobody.
            to: one of `assignees`.
            note: what the person should know; it becomes a note on each request.

        Raises:
            ConflictError: one of them has gone to someone else since.
            UsageError: the person is not known, or the note is too long.
        """
        if to not in self.assignees():
            raise UsageError(f"{to.name} cannot be given requests", mend="Choose someone who has been at work here")
        text = _checked(note) if note.strip() else ""
        subjects = sorted(seen)
        if not subjects:
            raise UsageError("no request is chosen", mend="Choose at least one")
        with ExitStack() as entries:
            for subject in subjects:
                entries.enter_context(audited(self._trail, user, Action.ASSIGN, subject, f"to {to.person}"))
            self._assign(user, subjects, to, seen=seen, note=text)

    def refer(self, user: User, subject: str, to: Assignee | None) -> None:
        """Hand a request on as somebody who has referred it to a clinical peer.

        Args:
            user: who has referred it.
            subject: the request.
            to: the peer; by default it is theirs who takes it, but for one that another clinician has already.
        """
        if to:
            has = self.assignments(user).get(subject)
            self.assign(user, {subject: has.person if has else ""}, to)
            return
        with audited(self._trail, user, Action.ASSIGN, subject, "to clinical peers"), self._connected() as connection:
            connection.execute(
                """DELETE FROM assignment WHERE subject = ? AND (person = ? OR person NOT IN (
                    SELECT person FROM colleague WHERE role = ?))""",
                (subject, user.iri, Role.CLINICIAN.value),
            )

    def release(self, user: User, subject: str) -> None:
        """Give a request back to the queue; raises `AccessError` if it is someone else's."""
        with audited(self._trail, user, Action.ASSIGN, subject, "gives back"), self._connected() as connection:
            row = connection.execute("SELECT person, name FROM assignment WHERE subject = ?", (subject,)).fetchone()
            if row and row[0] != user.iri:
                raise AccessError(f"{row[1]} has this request", mend="Assign it to yourself first")
            connection.execute("DELETE FROM assignment WHERE subject = ?", (subject,))

    def notes(self, user: User, subject: str) -> list[CaseNote]:
        """The notes on a request, oldest first."""
        user.require(Action.READ)
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT time, name, text FROM note WHERE subject = ? ORDER BY time, rowid", (subject,)
            ).fetchall()
        return [CaseNote(datetime.fromisoformat(time), name, text) for time, name, text in rows]

    def add_note(self, user: User, subject: str, text: str) -> None:
        """Add a note on a request; raises `UsageError` if it is empty or too long."""
        text = _checked(text)
        with audited(self._trail, user, Action.NOTE, subject), self._connected() as connection:
            connection.execute("INSERT INTO note VALUES (?, ?, ?, ?, ?)", (subject, _now(), user.iri, user.name, text))

    def _assign(
        self, user: User, subjects: Iterable[str], to: Assignee, *, seen: dict[str, str], note: str = ""
    ) -> None:
        now = _now()
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for subject in subjects:
                row = connection.execute("SELECT person, name FROM assignment WHERE subject = ?", (subject,)).fetchone()
                has, name = row or ("", "")
                if has not in (seen[subject], to.person):
                    raise ConflictError(
                        f"{name or 'nobody'} has the request by now",
                        mend="Leave it there, write a note for them, or assign it once more",
                    )
                connection.execute(
                    "INSERT OR REPLACE INTO assignment VALUES (?, ?, ?, ?, ?)",
                    (subject, to.person, to.name, now, user.name),
                )
                if note:
                    connection.execute(
                        "INSERT INTO note VALUES (?, ?, ?, ?, ?)",
                        (subject, now, user.iri, user.name, f"To {to.name}: {note}"),
                    )


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise UsageError("the note is empty", mend="Write something")
    if len(text) > LONGEST_NOTE:
        raise UsageError(f"the note has {len(text)} characters of {LONGEST_NOTE}", mend="Make it shorter")
    return text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
