"""The service behind the workplace: what people do with the requests, permitted by role and written to the audit trail."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeVar

from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case, report
from reasoner.determination.model import Determination
from reasoner.ground.errors import AccessError, ConflictError, DocumentationError, StoreError, UsageError
from reasoner.policy.configuration import Configuration, configured
from reasoner.policy.model import Policy
from reasoner.rdf.namespaces import SKOS
from reasoner.rdf.pyshacl_door import ValidationReport
from reasoner.render import notices, provenance
from reasoner.review import acts, deciding, signing
from reasoner.review.acts import Acceptance, Disposition, Proposal, Signed
from reasoner.review.agreement import Rating
from reasoner.review.authority import Action
from reasoner.review.deciding import Situation, jurisdiction
from reasoner.review.metrics import DecidedRequest
from reasoner.review.people import User
from reasoner.store import audit
from reasoner.store.acts import acts_on
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import LoadChange
from reasoner.store.contents import read_chart
from reasoner.store.questions import Answer
from reasoner.store.sandbox import Sandbox
from reasoner.workplace import quality
from reasoner.workplace.auditing import actor, audited
from reasoner.workplace.blinding import SHOWN, WITHHELD, Withheld, withheld
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.drafts import Colleague, DraftField, Drafts
from reasoner.workplace.evidence import EvidenceService
from reasoner.workplace.letters import Letters
from reasoner.workplace.panels import PANELS, Draw, Panels
from reasoner.workplace.settings import WorkplaceSettings
from reasoner.workplace.team import Assignee, Team
from reasoner.workplace.trial import Trial, run_trial
from reasoner.workplace.worklist import WITHHELD_OUTCOME, WorklistItem, read_worklist, request_id
from reasoner.workplace.worklist_index import WorklistIndex

_Result = TypeVar("_Result")


class Workplace:
    """The only way from the pages to a knowledge base.

    Methods take the person who acts and raise `AccessError` if their role does not permit it. Opening a request, changing
    anything, querying and exporting are written to the audit trail before they are done. Other errors are those of
    `reasoner.ground.errors`; after any of them nothing has changed.

    Args:
        kb: the knowledge base, open to be changed.
        policy: the policy.
        folder: where the drafts and the audit trail are.
        settings: turnaround rules, what letters say, roles and limits.
        configuration: a payer's readings and parameters.
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
        _refuse_unknown_places(settings.blinded if settings else frozenset(), self.policy)
        self.settings = settings or WorkplaceSettings()
        unknown = self.settings.turnaround.unknown_traits(axis.word for axis in policy.axes)
        if unknown:
            raise UsageError(
                f"a turnaround rule asks for {unknown[0]!r}, which no request has", mend="Correct the settings"
            )
        self.drafts = Drafts(folder / "drafts.db")
        self.trail = kb.trail or audit.AuditTrail(folder / audit.FILE)
        self.team = Team(folder / "team.db", self.trail)
        self.panels = Panels(folder / PANELS, self.trail)
        self._kb = kb
        self._configuration = configuration
        self._sandbox = Sandbox(kb.store)
        self._lock = threading.RLock()
        self._index = WorklistIndex(folder / "worklist.db", kb, self.policy)
        self._items: dict[str, list[WorklistItem]] | None = None
        self.revision = 0
        """Changes whenever the knowledge base may have changed."""
        self.evidence = EvidenceService(
            kb, self.policy, folder, self.trail, self._lock, self._determine_now, self.settings.max_upload
        )
        self._determined_on = lru_cache(maxsize=256)(self._determine_content)

    def close(self) -> None:
        """Close the knowledge base."""
        self._sandbox.close()
        self._kb.close()

    # ------------------------------------------------------------ reading

    def read(self) -> None:
        """Read the worklist and determine one of its requests, which compiles the policy: for whoever asks for either first."""
        with self._lock:
            for first, *_ in islice(self._all_items().values(), 1):
                self._determined(first.request, first.as_of)

    def items(self, user: User) -> list[WorklistItem]:
        """The worklist, ordered by request and period."""
        user.require(Action.READ)
        with self._lock:
            return self._shown(user, [item for items in self._all_items().values() for item in items])

    def items_of(self, user: User, id_: str) -> list[WorklistItem]:
        """The items of one request, by period; raises `StoreError` if there is no such request."""
        return self._shown(user, self._items_of(user, id_))

    def _shown(self, user: User, items: Iterable[WorklistItem]) -> list[WorklistItem]:
        asked = self.panels.asked(user.iri)
        return [item.as_shown_to(user, in_panel=item.id in asked) for item in items]

    def to_assess(self, user: User) -> frozenset[str]:
        """The ids of the requests that a person is asked to assess in a panel, and has not."""
        user.require(Action.READ)
        with self._lock:
            items = self._all_items()
        asked = self.panels.asked(user.iri)
        return frozenset(
            id_ for id_ in asked if any(i.is_withheld_from(user, in_panel=True) for i in items.get(id_, ()))
        )

    def draw(self, user: User, draw: Draw, people: Iterable[Assignee]) -> list[str]:
        """The ids of the requests that a panel of some people would assess, as `Draw.cases`."""
        user.require(Action.CHOOSE_PANEL)
        with self._lock:
            items = [item for items in self._all_items().values() for item in items]
            applies = quality.under_section(self._kb, draw.section) if draw.section else set()
        return draw.cases(items, [one.person for one in people], {request_id(request) for request in applies})

    def refresh(self) -> None:
        """Read what another program has changed in the knowledge base when it is needed next."""
        with self._lock:
            self._items = None
            self.revision += 1
            self._sandbox.refresh()

    def open_request(self, user: User, id_: str) -> None:
        """Write to the audit trail that a person opens a request, and show their presence to others."""
        with self._audited(user, Action.READ, id_, self._what_is_shown(user, id_)):
            self._items_of(user, id_)
        self.drafts.enter(id_, user.iri, user.name)

    def _what_is_shown(self, user: User, id_: str) -> str:
        """What the audit trail says of a request that is worked on blinded; nothing of any other."""
        if not user.may(Action.READ):
            return ""
        with self._lock:
            in_panel = id_ in self.panels.asked(user.iri)
            found = [item for item in self._all_items().get(id_, ()) if item.blinded or in_panel]
            items = self._shown(user, found)
        return (WITHHELD if any(item.outcome == WITHHELD_OUTCOME for item in items) else SHOWN) if items else ""

    def case_file(self, user: User, id_: str) -> CaseFile:
        """A request with its chart, determinations and decisions."""
        user.require(Action.READ)
        file = self._file(user, id_)
        hidden = self._withheld(user, file)
        return replace(file, determinations=(), decisions=(), withheld=hidden) if hidden else file

    def _file(self, user: User, id_: str) -> CaseFile:
        """A request with all that is known of it, whatever is withheld from the person."""
        items = self._items_of(user, id_)
        request = items[0].request
        case, determinations = self._determined(request, items[0].as_of)
        iris = {str(provenance.iri(determination)) for determination in determinations}
        return CaseFile(
            id=id_,
            case=case,
            determinations=determinations,
            recorded=iris == {item.determination for item in items},
            decisions=acts_on(self._kb, request, self.policy),
            acceptances=self._kb.acceptances(request),
            deadline=items[0].deadline,
            traits=items[0].traits,
            happened=items[0].happened,
        )

    def _withheld(self, user: User, file: CaseFile) -> tuple[Withheld, ...]:
        periods = [(determination, file.history(determination)) for determination in file.determinations]
        in_panel = file.id in self.panels.asked(user.iri)
        return withheld(file.case, periods, user, self.settings.blinded, in_panel=in_panel)

    def letters(self, file: CaseFile) -> Letters:
        """The letters on a request."""
        begins = file.determinations[0].service_start if file.determinations else None
        return Letters(file.traits, file.happened, self.settings, begins)

    def report(self, user: User, file: CaseFile) -> ValidationReport | None:
        """The plain SHACL validation report of a request."""
        user.require(Action.READ)
        file.refuse_withheld()
        return report(file.case, self.policy, configuration=self._configuration)

    def stay(self, user: User, id_: str) -> None:
        """Renew a person's presence at a request."""
        user.require(Action.READ)
        self.drafts.enter(id_, user.iri, user.name)

    def leave(self, user: User, id_: str) -> None:
        """End a person's presence at a request."""
        user.require(Action.READ)
        self.drafts.leave(id_, user.iri)

    def colleagues(self, user: User, id_: str) -> list[Colleague]:
        """Who else has the request open or has an unsigned draft of it; renews the person's own presence."""
        self.stay(user, id_)
        return self.drafts.colleagues(id_, user.iri)

    def query(self, user: User, text: str, name: str = "") -> Answer:
        """Answer a SPARQL query with as many rows as the settings allow; the trail has its name in the library or a digest."""
        detail = name or "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:16]
        with self._audited(user, Action.QUERY, detail=detail):
            self.refuse_blinded(user)
            return self._sandbox.query(text, self.settings.max_rows)

    def decided_requests(
        self, user: User, since: date | None = None, until: date | None = None, line: str = ""
    ) -> list[DecidedRequest]:
        """The requests that are decided, as `quality.decided_requests` finds them."""
        with self._audited(user, Action.QUERY, detail="acts"), self._lock:
            self.refuse_blinded(user)
            return quality.decided_requests(self._kb, self.settings.time_zone, since=since, until=until, line=line)

    def ratings(self, user: User, panel: str = "") -> tuple[list[Rating], dict[str, str]]:
        """What reviewers gave before the determination was shown to them, of a panel or of all, see `quality.ratings`."""
        with self._audited(user, Action.QUERY, detail="own-statuses"), self._lock:
            self.refuse_blinded(user)
            return quality.ratings(self._kb, self.panels.find(panel) if panel else None)

    def refuse_blinded(self, user: User) -> None:
        """Raise `AccessError` if any determination is withheld from a person, since answers about all requests would tell it."""
        if any(item.outcome == WITHHELD_OUTCOME for item in self.items(user)):
            raise AccessError(
                "answers about all requests would show determinations that are withheld from you",
                mend="Give your own statuses of these requests first, or have a viewer ask",
            )

    def audit(self, user: User) -> tuple[list[audit.AuditEntry], list[str]]:
        """The audit trail, newest first, and what is wrong with it."""
        with self._audited(user, Action.AUDIT):
            pass
        problems = self.trail.verify()
        return ([] if problems else list(self.trail.entries())[::-1]), problems

    def export(self, user: User, id_: str, what: str, make: Callable[[], _Result]) -> _Result:
        """Make a document that leaves the workplace, and write that to the audit trail."""
        with self._audited(user, Action.EXPORT, id_, what):
            return make()

    # ------------------------------------------------------------ drafts

    def draft(self, user: User, id_: str) -> dict[str, DraftField]:
        """The fields of the person's own draft."""
        user.require(Action.DRAFT)
        return self.drafts.fields(id_, user.iri)

    def save(self, user: User, id_: str, name: str, value: str, based_on: int) -> DraftField:
        """Save one field of the person's own draft; raises `ConflictError` if another window has saved it since."""
        user.require(Action.DRAFT)
        self._items_of(user, id_)
        return self.drafts.save(id_, user.iri, name, value, based_on)

    # ------------------------------------------------------------ changing

    def decide(
        self,
        user: User,
        id_: str,
        proposal: Proposal,
        last_seen: str,
        draft_fields: Iterable[str] | None = None,
        to: Assignee | None = None,
    ) -> Signed:
        """Record a decision, and end the person's draft. A referral hands the request on, see `Team.refer`.

        Args:
            user: who decides.
            id_: opaque id of the request.
            proposal: what is decided.
            last_seen: IRI of the act on the period of service that was the last when the person looked; empty if there was none.
            draft_fields: names of the fields of the draft to remove; all by default.
            to: of a referral, the clinical peer who is to decide; None for whoever of them takes it.

        Returns:
            The signed decision.

        Raises:
            AccessError: as `reasoner.review.deciding.decide`.
            ConflictError: the determination is not current any more, someone has signed an act since, or what is corrected does
                not stand.
            DocumentationError: the decision is not complete.
            UsageError: a referral goes to somebody who is no clinical peer.
        """
        action = Action.DECIDE_ADVERSELY if proposal.disposition.adverse else Action.DECIDE
        is_referral = proposal.disposition is Disposition.REFERRED_TO_PEER
        # The lock keeps others from deciding between the check of the last decision and the recording.
        with self._audited(user, action, id_, proposal.disposition.value), self._lock:
            if is_referral and to and to not in self.team.peers(user):
                raise UsageError(f"{to.name} is no clinical peer of yours", mend="Choose another, or their queue")
            proposal, situation = self._situation(user, id_, proposal, last_seen)
            decision, content = deciding.decide(proposal, user, situation, self.policy)
            self._record(decision, situation.case, content, proposal.call, user)
        self.drafts.discard(id_, user.iri, draft_fields)
        if is_referral:
            self.team.refer(user, id_, to)
        if situation.withheld:
            self.open_request(user, id_)
        return signing.show(decision, self.policy)

    def refusal(self, user: User, id_: str, proposal: Proposal, last_seen: str) -> str:
        """What keeps a person from signing a proposal as it is, in words; empty if nothing does. Nothing is recorded."""
        try:
            user.require(Action.DECIDE_ADVERSELY if proposal.disposition.adverse else Action.DECIDE)
            proposal, situation = self._situation(user, id_, proposal, last_seen)
            deciding.decide(proposal, user, situation, self.policy)
        except (AccessError, ConflictError, DocumentationError) as error:
            return ". ".join(filter(None, (error.problem, error.mend)))
        return ""

    def _situation(self, user: User, id_: str, proposal: Proposal, last_seen: str) -> tuple[Proposal, Situation]:
        """A proposal with its letters as they would be sent, and what it is signed in view of; raises as `decide`."""
        file = self._file(user, id_)
        by_iri = {str(provenance.iri(d)): d for d in file.determinations}
        if not file.recorded or proposal.determination not in by_iri:
            raise ConflictError(
                "the determination is not the current one", mend="Look at the request again, then decide"
            )
        determination = by_iri[proposal.determination]
        history = file.history(determination)
        if history.last_iri != last_seen:
            raise ConflictError(
                f"{history.last.name if history.last else 'someone'} has decided since you looked",
                mend="Read what they signed, then decide",
            )
        letters = self.letters(file)
        # Without a rationale the act itself is incomplete, which says more than that the letter lacks it.
        asked = proposal.disposition in deciding.NOTIFIED and proposal.rationale.strip()
        missing = letters.missing(determination, proposal, user) if asked else ()
        letter = letters.sealed(proposal.letter, user, proposal.rationale)
        copy = letters.copy(determination, letter, user) if proposal.disposition in notices.COPIED else ""
        hidden = {each.determination for each in self._withheld(user, file)}
        in_panel = id_ in self.panels.asked(user.iri)
        return replace(proposal, letter=letter, copy=copy), Situation(
            file.case,
            determination,
            history,
            self.settings.requirements,
            missing_of_notice=tuple(part.label for part in missing),
            blinded=not hidden and (jurisdiction(file.case) in self.settings.blinded or in_panel),
            withheld=proposal.determination in hidden,
        )

    def _record(self, decision: acts.Decision, case: Case, content: str, call: acts.Call | None, user: User) -> None:
        """Put a decision on record, and with it what the chart says now; determine the request anew if that is more."""
        if content == case.content or call is None:
            self._kb.load_decision(decision, by=actor(user))
            self._reread(case.iri)
            return
        as_of = max(case.as_of, call.day)
        self._kb.load_decision(decision, by=actor(user), chart=read_chart(case.iri, content, self.policy, as_of))
        self._determine_now(case.iri, as_of, user)

    def accept(self, user: User, id_: str, statement: str, rationale: str) -> None:
        """Accept a statement to an open criterion, and determine the request anew."""
        with self._audited(user, Action.ACCEPT, id_, statement_name(statement)), self._lock:
            file = self.case_file(user, id_)
            file.refuse_withheld()
            if statement not in {s.iri for s in file.case.statements}:
                raise UsageError("the chart has no such statement")
            acceptance = signing.accept(file.case.iri, statement, rationale, user, self.policy)
            self._kb.load_acceptance(acceptance, by=actor(user))
            self._determine_now(file.case.iri, file.case.as_of, user)

    def withdraw(self, user: User, id_: str, acceptance: str, rationale: str) -> None:
        """Withdraw an acceptance, and determine the request anew."""
        with self._audited(user, Action.ACCEPT, id_, "withdraws"), self._lock:
            file = self.case_file(user, id_)
            file.refuse_withheld()
            if acceptance not in file.acceptances:
                raise ConflictError("the acceptance is not in force", mend="Look at the request again")
            statement, person = file.acceptances[acceptance]
            accepted = Acceptance(acceptance, file.case.iri, statement, "", person, "")
            self._kb.load_acceptance(signing.withdraw(accepted, rationale, user, self.policy), by=actor(user))
            self._determine_now(file.case.iri, file.case.as_of, user)

    def determine(self, user: User, id_: str, as_of: date | None = None) -> None:
        """Determine a request anew, as of a day or by default that of its current determinations, and record the result."""
        with self._audited(user, Action.DETERMINE, id_), self._lock:
            item = self._items_of(user, id_)[0]
            self._determine_now(item.request, as_of or item.as_of, user)

    def load(self, user: User, cases: Iterable[Case]) -> dict[LoadChange, int]:
        """Load charts into the knowledge base and determine them; returns how many were added, replaced or unchanged."""
        counts: dict[LoadChange, int] = {}
        with self._audited(user, Action.LOAD), self._lock:
            for case in cases:
                change = self._kb.load_case(case, by=actor(user))
                if change is not LoadChange.UNCHANGED:
                    self._determine_now(case.iri, case.as_of, user)
                counts[change] = counts.get(change, 0) + 1
        return counts

    def try_out(self, user: User, name: str, data: bytes, options: RequestOptions | None = None) -> Trial:
        """Determine the requests of an uploaded file, see `run_trial`; the audit trail gets its size and not its name."""
        with self._audited(user, Action.TRY, detail=f"{len(data)} bytes"):
            return run_trial(name, data, self.policy, self.settings, configuration=self._configuration, options=options)

    def record_session(self, user: User, action: Action, detail: str = "") -> None:
        """Write to the audit trail that a person signs in or out."""
        with self._audited(user, action, detail=detail):
            pass

    # ------------------------------------------------------------ inside

    def _audited(self, user: User, action: Action, subject: str = "", detail: str = "") -> AbstractContextManager[None]:
        return audited(self.trail, user, action, subject, detail)

    def _items_of(self, user: User, id_: str) -> list[WorklistItem]:
        """The items of a request; raises `StoreError` if there is no such request."""
        user.require(Action.READ)
        with self._lock:
            items = self._all_items().get(id_)
        if not items:
            raise StoreError("there is no such request", where=id_[:40], mend="Choose one of the worklist")
        return items

    def _all_items(self) -> dict[str, list[WorklistItem]]:
        """The items of every request, by its opaque id; the lock has to be held."""
        if self._items is None:
            found: dict[str, list[WorklistItem]] = {}
            for item in read_worklist(self._kb, self.policy, self.settings, index=self._index):
                found.setdefault(item.id, []).append(item)
            self._items = found
        return self._items

    def _determined(self, request: str, as_of: date | None) -> tuple[Case, tuple[Determination, ...]]:
        # A chart without a day of review is reviewed today, so what is remembered holds for the day.
        return self._determined_on(date.today(), request, self._kb.chart(request), as_of)

    def _determine_content(
        self, _: date, request: str, content: str, as_of: date | None
    ) -> tuple[Case, tuple[Determination, ...]]:
        with self._lock:
            case = read_chart(request, content, self.policy, as_of)
            return case, determine_case(case, self.policy, configuration=self._configuration)

    def _determine_now(self, request: str, as_of: date | None, user: User) -> tuple[Determination, ...]:
        _, determinations = self._determined(request, as_of)
        self._kb.record(determinations, by=actor(user))
        self._reread(request)
        return determinations

    def _reread(self, request: str) -> None:
        """Read the items of a request again, after the knowledge base has changed."""
        self.revision += 1
        self._sandbox.refresh()
        if self._items is not None:
            items = read_worklist(self._kb, self.policy, self.settings, request=request)
            self._items[request_id(request)] = items


def _refuse_unknown_places(places: frozenset[str], policy: Policy) -> None:
    known = set(map(str, policy.ontology.objects(None, SKOS.notation)))
    if unknown := sorted(places - known):
        raise UsageError(
            f"there is no jurisdiction {unknown[0]!r}", mend="Give ISO 3166-2 codes such as US-MO in [blinded]"
        )


def statement_name(iri: str) -> str:
    """How the audit trail names a statement: by digest, since its IRI may identify the patient."""
    return "statement sha256:" + hashlib.sha256(iri.encode()).hexdigest()[:16]
