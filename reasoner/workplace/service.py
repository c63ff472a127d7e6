"""Review: what people do with a knowledge base of requests, each action permitted by role and put on record."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from reasoner.chart import intake
from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case, report
from reasoner.determination.model import Determination
from reasoner.determination.whatif import STANCES
from reasoner.ground.errors import (
    AccessError,
    ConflictError,
    DocumentationError,
    NecessityError,
    StoreError,
    UsageError,
)
from reasoner.logic.fold import Outcome, Status
from reasoner.policy.configuration import Configuration, configured
from reasoner.policy.model import CriterionKind as Combination
from reasoner.policy.model import Policy
from reasoner.rdf.pyshacl_door import ValidationReport
from reasoner.render import provenance
from reasoner.review import acts, signing
from reasoner.review.acts import Acceptance, Disposition, Proposal, Signed
from reasoner.review.authority import Action
from reasoner.review.people import User
from reasoner.store import audit
from reasoner.store.base import KnowledgeBase, read_chart
from reasoner.store.catalog import GraphKind, LoadChange, graph_name
from reasoner.store.questions import Answer
from reasoner.store.sandbox import Sandbox
from reasoner.workplace import queue
from reasoner.workplace.drafts import Colleague, DraftField, Drafts
from reasoner.workplace.queue import Item
from reasoner.workplace.settings import WorkplaceSettings
from reasoner.workplace.trial import Trial

_Result = TypeVar("_Result")

OVERRIDES = tuple(dict.fromkeys(status.value for status in STANCES.values()))
"""The statuses that a reviewer can give to a leaf."""


@dataclass(frozen=True)
class File:
    """A request with all that is known of it."""

    id: str
    case: Case
    determinations: tuple[Determination, ...]
    """As this software makes them of the chart, one for each period of service."""
    recorded: bool
    """Whether just these are the current ones of the knowledge base."""
    decisions: tuple[Signed, ...]
    """On any determination of the request, oldest first."""
    acceptances: Mapping[str, tuple[str, str]]
    """Acceptances in force: IRI to the statement's and the person's IRI."""

    def last(self, determination: str) -> Signed | None:
        """The latest decision on a determination."""
        return next((d for d in reversed(self.decisions) if d.determination == determination), None)


class Workplace:
    """The workplace's one way to a knowledge base.

    Every method takes the person who asks and raises `AccessError` where their role does not permit it. To open a request, to
    change anything, to ask and to take something out is written to the audit trail first. Other errors are those of
    `reasoner.ground.errors`; after any of them nothing has changed.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        policy: Policy,
        folder: Path,
        settings: WorkplaceSettings | None = None,
        configuration: Configuration | None = None,
    ) -> None:
        self.policy = configured(policy, configuration)
        self.settings = settings or WorkplaceSettings()
        self.drafts = Drafts(folder / "drafts.db")
        self.trail = audit.AuditTrail(folder / "audit.jsonl")
        self._kb = kb
        self._configuration = configuration
        self._snapshot = Sandbox(kb.store)
        self._lock = threading.RLock()
        self._items: dict[str, list[Item]] | None = None
        self.revision = 0
        """Changes whenever the knowledge base may have."""
        self._determined = lru_cache(maxsize=256)(self._determine_content)

    def close(self) -> None:
        """Let go of the knowledge base."""
        self._snapshot.close()
        self._kb.close()

    # ------------------------------------------------------------ reading

    def items(self, user: User) -> list[Item]:
        """The worklist, ordered by request and period."""
        user.require(Action.READ)
        with self._lock:
            if self._items is None:
                self._items = {}
                for item in queue.read(self._kb, self.policy, self.settings):
                    self._items.setdefault(item.id, []).append(item)
            return [item for found in self._items.values() for item in found]

    def refresh(self) -> None:
        """Forget what was read, where another program has changed the knowledge base."""
        with self._lock:
            self._items = None
            self.revision += 1
            self._snapshot.refresh()

    def visit(self, user: User, id_: str) -> None:
        """Put on record that a person opens a request."""
        with self._act(user, Action.READ, id_):
            self._request(user, id_)
        self.drafts.enter(id_, user.iri, user.name)

    def file(self, user: User, id_: str) -> File:
        """A request with its determinations and decisions."""
        user.require(Action.READ)
        items = self._request(user, id_)
        request = items[0].request
        case, found = self._determined(request, self._kb.chart(request), items[0].as_of)
        made = {str(provenance.iri(determination)) for determination in found}
        return File(
            id=id_,
            case=case,
            determinations=found,
            recorded=made == {item.determination for item in items},
            decisions=self._decisions(request),
            acceptances=self._kb.acceptances(request),
        )

    def report(self, user: User, file: File) -> ValidationReport | None:
        """The plain SHACL validation report of a request."""
        user.require(Action.READ)
        return report(file.case, self.policy, configuration=self._configuration)

    def colleagues(self, user: User, id_: str) -> list[Colleague]:
        """Who else has the request open or has an unsigned draft of it; counts as a sign of life."""
        user.require(Action.READ)
        self.drafts.enter(id_, user.iri, user.name)
        return self.drafts.colleagues(id_, user.iri)

    def ask(self, user: User, text: str, name: str = "") -> Answer:
        """Answer a SPARQL query with as many rows as the settings allow."""
        with self._act(user, Action.QUERY, detail=name or "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:16]):
            return self._snapshot.ask(text, self.settings.rows)

    def audit(self, user: User) -> tuple[list[audit.AuditEntry], list[str]]:
        """The audit trail, newest first, and what is wrong with it."""
        with self._act(user, Action.AUDIT):
            pass
        problems = self.trail.verify()
        return ([] if problems else list(self.trail.entries())[::-1]), problems

    def export(self, user: User, id_: str, what: str, make: Callable[[], _Result]) -> _Result:
        """Make a document that leaves the workplace, and put on record that it does."""
        with self._act(user, Action.EXPORT, id_, what):
            return make()

    # ------------------------------------------------------------ drafts

    def draft(self, user: User, id_: str) -> dict[str, DraftField]:
        """The fields of the person's own draft."""
        user.require(Action.DRAFT)
        return self.drafts.fields(id_, user.iri)

    def save(self, user: User, id_: str, name: str, value: str, based_on: int) -> DraftField:
        """Save one field of the person's own draft; raises `ConflictError` if another window has saved it since."""
        user.require(Action.DRAFT)
        self._request(user, id_)
        return self.drafts.save(id_, user.iri, name, value, based_on)

    def assess(self, determination: Determination, overrides: Iterable[acts.Override]) -> Outcome:
        """The outcome with overrides in force."""
        statuses = determination.evaluation
        if statuses is None:
            return determination.outcome
        return statuses.assuming({o.criterion: Status(o.status) for o in overrides}).outcome

    # ------------------------------------------------------------ changing

    def decide(
        self, user: User, id_: str, proposal: Proposal, seen: str, drafted: Iterable[str] | None = None
    ) -> Signed:
        """Record a decision, and end the person's draft.

        Args:
            user: who decides.
            id_: opaque id of the request.
            proposal: what is decided.
            seen: IRI of the last decision on the determination that the person had before them, or empty.
            drafted: names of the fields of the draft that end with it; by default all.

        Raises:
            AccessError: the role does not permit the disposition. A reviewer approves only what meets the criteria, with the
                overrides; an adverse decision takes a clinician's licence.
            ConflictError: the determination is not current any more, or someone has decided since.
            DocumentationError: the decision is not complete.
        """
        adverse = proposal.disposition is Disposition.ADVERSE
        action = Action.DECIDE_ADVERSELY if adverse else Action.DECIDE
        # From looking whether someone has decided until it is recorded nobody else decides.
        with self._act(user, action, id_, proposal.disposition.value), self._lock:
            file = self.file(user, id_)
            by_iri = {str(provenance.iri(d)): d for d in file.determinations}
            if not file.recorded or proposal.determination not in by_iri:
                raise ConflictError(
                    "the determination is not the current one", mend="Look at the request again, then decide"
                )
            last = file.last(proposal.determination)
            if (last.iri if last else "") != seen:
                raise ConflictError(
                    f"{last.name if last else 'someone'} has decided since you looked",
                    mend="Read that decision; a new one has to correct it",
                )
            if last and last.disposition.final and not proposal.revises:
                raise ConflictError("it is decided already", mend="Record a correction of that decision")
            if last:
                proposal = replace(proposal, revises=last.iri)
            determination = by_iri[proposal.determination]
            self._refuse_unfit(determination, proposal)
            outcome = self.assess(determination, proposal.overrides)
            approved = proposal.disposition is Disposition.APPROVED
            if approved and outcome is not Outcome.CRITERIA_MET and not user.may(Action.DECIDE_ADVERSELY):
                raise AccessError(
                    f"a {user.role.value} approves what meets the criteria, and the outcome is {outcome.value}",
                    mend="Refer it to a clinical peer",
                )
            if approved and outcome is not Outcome.CRITERIA_MET and not proposal.rationale.strip():
                raise DocumentationError("to approve against the recommendation takes a rationale")
            decision = signing.sign(proposal, user, self.policy)
            self._kb.load_decision(decision)
            self._reread(file.case.iri)
        self.drafts.discard(id_, user.iri, drafted)
        return signing.show(decision, self.policy)

    def accept(self, user: User, id_: str, statement: str, rationale: str) -> None:
        """Accept a statement to an open criterion, and determine the request anew."""
        with self._act(user, Action.ACCEPT, id_, statement_name(statement)), self._lock:
            file = self.file(user, id_)
            if statement not in {s.iri for s in file.case.statements}:
                raise UsageError("the chart has no such statement")
            self._kb.load_acceptance(signing.accept(file.case.iri, statement, rationale, user, self.policy))
            self._determine_now(file.case.iri, file.case.as_of)

    def withdraw(self, user: User, id_: str, acceptance: str, rationale: str) -> None:
        """Withdraw an acceptance, and determine the request anew."""
        with self._act(user, Action.ACCEPT, id_, "withdraws"), self._lock:
            file = self.file(user, id_)
            if acceptance not in file.acceptances:
                raise ConflictError("the acceptance is not in force", mend="Look at the request again")
            statement, person = file.acceptances[acceptance]
            held = Acceptance(acceptance, file.case.iri, statement, "", person, "")
            self._kb.load_acceptance(signing.withdraw(held, rationale, user, self.policy))
            self._determine_now(file.case.iri, file.case.as_of)

    def determine(self, user: User, id_: str, as_of: date | None = None) -> None:
        """Record the determinations of a request as of a day, by default that of the last ones, as its current ones."""
        with self._act(user, Action.DETERMINE, id_), self._lock:
            item = self._request(user, id_)[0]
            self._determine_now(item.request, as_of or item.as_of)

    def load(self, user: User, cases: Iterable[Case]) -> dict[LoadChange, int]:
        """Put charts into the knowledge base and determine them; how many were added, replaced or unchanged."""
        done: dict[LoadChange, int] = {}
        with self._act(user, Action.LOAD), self._lock:
            for case in cases:
                change = self._kb.load_case(case)
                if change is not LoadChange.UNCHANGED:
                    self._determine_now(case.iri, case.as_of)
                done[change] = done.get(change, 0) + 1
        return done

    def try_out(self, user: User, name: str, data: bytes, options: RequestOptions | None = None) -> Trial:
        """Determine the requests of an uploaded file without keeping anything.

        The file's name goes into no log. A chart that cannot be determined is an error of the trial.
        """
        with self._act(user, Action.TRY, detail=f"{len(data)} bytes"):
            if len(data) > self.settings.upload * 2**20:
                return Trial(name, (), (f"it is larger than {self.settings.upload} MiB",), ())
            cases, errors, notes = intake.read(name, self.policy, options=options, data=data)
            cases, twice = intake.refuse_duplicates(cases)
            told = [str(error) for error in (*errors, *twice)]
            if len(cases) > self.settings.charts:
                mend = "`necessity determine` takes any number"
                return Trial(name, (), (*told, f"it holds more than {self.settings.charts} requests. {mend}"), notes)
            found: list[Determination] = []
            for case in cases:
                try:
                    found += determine_case(case, self.policy, configuration=self._configuration)
                except NecessityError as error:
                    told.append(str(error))
            return Trial(name, tuple(found), tuple(told), notes)

    def note(self, user: User, action: Action, detail: str = "") -> None:
        """Put on record that a person signs in or out."""
        with self._act(user, action, detail=detail):
            pass

    # ------------------------------------------------------------ inside

    @contextmanager
    def _act(self, user: User, action: Action, subject: str = "", detail: str = "") -> Iterator[None]:
        """Permit an action and put it on record; what fails after that is put on record too, without its words."""

        def put(name: str, said: str) -> None:
            self.trail.append(
                person=user.iri, name=user.name, role=user.role.value, action=name, subject=subject, detail=said
            )

        try:
            user.require(action)
        except AccessError:
            put(f"refused: {action.value}", detail)
            raise
        put(action.value, detail)
        try:
            yield
        except AccessError:
            put(f"refused: {action.value}", detail)
            raise
        except Exception as error:
            put(f"failed: {action.value}", type(error).__name__)
            raise

    def _request(self, user: User, id_: str) -> list[Item]:
        self.items(user)
        with self._lock:
            found = (self._items or {}).get(id_)
        if not found:
            raise StoreError("there is no such request", where=id_[:40], mend="Choose one of the worklist")
        return found

    def _determine_content(
        self, request: str, content: str, as_of: date | None
    ) -> tuple[Case, tuple[Determination, ...]]:
        with self._lock:
            case = read_chart(request, content, self.policy, as_of)
            return case, determine_case(case, self.policy, configuration=self._configuration)

    def _determine_now(self, request: str, as_of: date | None) -> None:
        _, found = self._determined(request, self._kb.chart(request), as_of)
        self._kb.record(found)
        self._reread(request)

    def _reread(self, request: str) -> None:
        self.revision += 1
        self._snapshot.refresh()
        if self._items is not None:
            found = queue.read(self._kb, self.policy, self.settings, request=request)
            self._items[queue.opaque(request)] = found

    def _decisions(self, request: str) -> tuple[Signed, ...]:
        rows = Answer(
            self._kb.query(
                f"""PREFIX nec: <https://w3id.org/necessity/core#>
                SELECT ?decision ?determination {{ ?determination nec:request <{request}> ; a nec:Determination .
                    ?decision nec:determination ?determination ; a nec:Decision }}"""
            )
        ).values()
        found = [acts.Decision(iri, of, self._kb.content(graph_name(GraphKind.DECISION, iri))) for iri, of in rows]
        return tuple(sorted((signing.show(d, self.policy) for d in found), key=lambda signed: signed.time))

    def _refuse_unfit(self, determination: Determination, proposal: Proposal) -> None:
        parts = determination.evaluation.policy.parts if determination.evaluation else {}
        for override in proposal.overrides:
            part = parts.get(override.criterion)
            if part is None or part.kind is not Combination.LEAF:
                raise DocumentationError("only a leaf that is asked of this request can be overridden")
            if override.status not in OVERRIDES:
                raise DocumentationError(f"{override.status!r} is no status to override with")
            if override.status == Status.NOT_APPLICABLE and not part.criterion.conditional:
                raise DocumentationError(f"{part.criterion.id} is unconditional and cannot be set not applicable")
        if proposal.disposition is Disposition.DOCUMENTATION_REQUESTED and not proposal.letter.strip():
            raise DocumentationError("the request for documentation has no letter")


def statement_name(iri: str) -> str:
    """A statement as the audit trail names it: by digest, since its IRI may tell whose it is."""
    return "statement sha256:" + hashlib.sha256(iri.encode()).hexdigest()[:16]
