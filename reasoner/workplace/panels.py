"""Panels: cases that several people assess blinded, each by themselves, so that their agreement can be told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reasoner.ground.errors import UsageError
from reasoner.logic.fold import Outcome
from reasoner.review.authority import Action
from reasoner.review.people import User
from reasoner.review.steps import CaseState
from reasoner.store.audit import AuditTrail
from reasoner.workplace.auditing import audited
from reasoner.workplace.database import Database
from reasoner.workplace.team import Assignee
from reasoner.workplace.worklist import WorklistItem

PANELS = "panels.db"
"""The file of the panels, in the folder of the workplace."""
_FIT = frozenset(CaseState) - {CaseState.APPEALED, CaseState.UPHELD, CaseState.OVERTURNED, CaseState.WITHDRAWN}
"""The states of cases that are drawn: an appeal would tell that the decision was adverse."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS panel (
    name TEXT PRIMARY KEY, lead TEXT NOT NULL, made TEXT NOT NULL, drawn TEXT NOT NULL, is_closed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS panel_case (panel TEXT, subject TEXT, PRIMARY KEY (panel, subject)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS panelist (panel TEXT, person TEXT, name TEXT NOT NULL, PRIMARY KEY (panel, person)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Draw:
    """How the cases of a panel are drawn."""

    size: int
    seed: int
    outcomes: frozenset[str] = frozenset()
    """The outcomes of which cases are drawn; any if it is empty."""
    section: str = ""
    """The id of a section of the policy that has to apply; any if it is empty."""
    evenly: bool = False
    """Whether as many cases of each outcome are drawn, as far as there are."""

    @property
    def words(self) -> str:
        """How it was drawn, for people and for the audit trail."""
        of = f" of the outcomes {', '.join(sorted(self.outcomes))}" if self.outcomes else ""
        section = f" under {self.section}" if self.section else ""
        return (
            f"{self.size} at random by the seed {self.seed}{of}{section}{', evenly by outcome' if self.evenly else ''}"
        )

    def cases(self, items: Iterable[WorklistItem], people: Collection[str], applies: Collection[str]) -> list[str]:
        """Draw cases, the same ones whenever it is done with the same items.

        Args:
            items: the worklist, unblinded.
            people: IRIs of the panelists; a case on which one of them has signed something is not drawn.
            applies: the ids of the requests to which the section applies.

        Returns:
            The opaque ids of the requests.

        Raises:
            UsageError: there are fewer cases than are to be drawn.
        """
        fit: dict[str, str] = {}
        for item in sorted(items, key=lambda item: (item.id, item.start)):
            asked = item.outcome not in ("", Outcome.NO_POLICY_VERSION) and item.state in _FIT
            wanted = (not self.outcomes or item.outcome in self.outcomes) and (not self.section or item.id in applies)
            if asked and wanted and item.signers.isdisjoint(people):
                fit.setdefault(item.id, item.outcome)
        if not 0 < self.size <= len(fit):
            raise UsageError(
                f"{self.size} cases cannot be drawn of {len(fit)} that fit", mend="Draw fewer, or take a filter away"
            )
        order = random.Random(self.seed).sample(sorted(fit), len(fit))  # noqa: S311 (a draw to be repeated, no secret)
        if self.evenly:
            before: Counter[str] = Counter()
            place = {}
            for id_ in order:
                place[id_] = before[fit[id_]]
                before[fit[id_]] += 1
            order.sort(key=place.__getitem__)  # the first of each outcome, then the second of each
        return sorted(order[: self.size])


@dataclass(frozen=True)
class Panel:
    """Cases, and those who assess each of them blinded."""

    name: str
    lead: str
    """Name of who chose it."""
    made: datetime
    drawn: str
    """How the cases were drawn, in words."""
    is_closed: bool
    cases: frozenset[str]
    """Opaque ids of the requests."""
    people: dict[str, str]
    """Names of the panelists, by their IRIs."""


class Panels:
    """Panels in a database file; every change is permitted by role and written to the audit trail.

    Args:
        path: the database file.
        trail: the audit trail.
    """

    def __init__(self, path: Path, trail: AuditTrail) -> None:
        self._connected = Database(path, _SCHEMA).connected
        self._trail = trail

    def all(self, user: User) -> list[Panel]:
        """The panels, the newest first."""
        user.require(Action.CHOOSE_PANEL)
        return self._all()

    def find(self, name: str) -> Panel:
        """The panel of a name; raises `UsageError` if there is none."""
        panels = {panel.name: panel for panel in self._all()}
        if name not in panels:
            known = ", ".join(panels) or "none"
            raise UsageError(f"there is no panel {name!r}", mend=f"There are: {known}")
        return panels[name]

    def asked(self, person: str) -> frozenset[str]:
        """The ids of the requests that someone (IRI) is asked to assess in panels that are not closed."""
        with self._connected() as connection:
            rows = connection.execute(
                """SELECT subject FROM panel_case JOIN panelist USING (panel) JOIN panel ON panel.name = panel
                WHERE person = ? AND NOT is_closed""",
                (person,),
            ).fetchall()
        return frozenset(subject for (subject,) in rows)

    def choose(self, user: User, name: str, cases: Collection[str], people: Collection[Assignee], drawn: str) -> None:
        """Ask people to assess cases blinded; each case has an entry in the audit trail.

        Args:
            user: who leads the panel.
            name: by which it is known; no other has it.
            cases: opaque ids of the requests.
            people: the panelists, two at least.
            drawn: how the cases were drawn, in words.

        Raises:
            UsageError: the name is taken, empty or too long, there is no case, or there are fewer than two people.
        """
        name = " ".join(name.split())
        with audited(self._trail, user, Action.CHOOSE_PANEL, detail=f"{name[:60]}: {drawn}"):
            if not 0 < len(name) <= 60:
                raise UsageError("the panel needs a name of up to 60 characters")
            if len({one.person for one in people}) < 2 or not cases:
                raise UsageError("agreement takes two people and a case", mend="Choose more")
            with self._connected() as connection:
                connection.execute("BEGIN IMMEDIATE")
                if connection.execute("SELECT 1 FROM panel WHERE name = ?", (name,)).fetchone():
                    raise UsageError(f"there is a panel {name!r} already", mend="Give it another name")
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                connection.execute("INSERT INTO panel VALUES (?, ?, ?, ?, 0)", (name, user.name, now, drawn))
                connection.executemany("INSERT INTO panel_case VALUES (?, ?)", [(name, case) for case in cases])
                connection.executemany(
                    "INSERT INTO panelist VALUES (?, ?, ?)", [(name, one.person, one.name) for one in people]
                )
                for case in sorted(cases):
                    with audited(self._trail, user, Action.CHOOSE_PANEL, case, name):
                        pass

    def close(self, user: User, name: str) -> None:
        """End a panel: nothing is withheld for it any more."""
        with audited(self._trail, user, Action.CHOOSE_PANEL, detail=f"closes {name}"), self._connected() as connection:
            connection.execute("UPDATE panel SET is_closed = 1 WHERE name = ?", (name,))

    def _all(self) -> list[Panel]:
        with self._connected() as connection:
            panels = connection.execute(
                "SELECT name, lead, made, drawn, is_closed FROM panel ORDER BY made DESC"
            ).fetchall()
            cases = connection.execute("SELECT panel, subject FROM panel_case").fetchall()
            people = connection.execute("SELECT panel, person, name FROM panelist ORDER BY name").fetchall()
        return [
            Panel(
                name=name,
                lead=lead,
                made=datetime.fromisoformat(made),
                drawn=drawn,
                is_closed=bool(is_closed),
                cases=frozenset(subject for panel, subject in cases if panel == name),
                people={person: who for panel, person, who in people if panel == name},
            )
            for name, lead, made, drawn, is_closed in panels
        ]
