"""The worklist: the requests of a knowledge base, an item for each period of service, with state and due date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from rdflib import URIRef

from reasoner.ground.days import age_on
from reasoner.logic.fold import Outcome
from reasoner.policy.model import Policy
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, SKOS
from reasoner.review import steps
from reasoner.review.acts import Act, Disposition
from reasoner.review.authority import Action, Role
from reasoner.review.people import User
from reasoner.review.steps import CaseState
from reasoner.review.turnaround import Deadline, Milestone, MilestoneKind, milestones
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind, graph_name
from reasoner.workplace.request_facts import RequestFacts, read_facts
from reasoner.workplace.settings import WorkplaceSettings
from reasoner.workplace.worklist_index import WorklistIndex

_OPAQUE = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")
WITHHELD_OUTCOME = "withheld"
"""What stands for the outcome of a determination that is withheld from a person."""


@dataclass(frozen=True, slots=True)
class WorklistItem:
    """A request in one period of its service, as the worklist shows it."""

    id: str
    """Opaque id of the request, as `request_id` makes it."""
    request: str
    """IRI of the request."""
    state: CaseState
    outcome: str
    """Of the current determination; empty if there is none."""
    kind: Mapping[str, str]
    """By the word of each axis of the policy: the label of the request's value."""
    age_group: str
    jurisdiction: str
    urgency: str
    start: date
    end: date | None
    received: date
    """The day on which the payer received it, or if that is not said, the day of loading."""
    traits: Mapping[str, str]
    """The labels that rules of law ask for, with what is taken for those that the request does not state."""
    happened: tuple[Milestone, ...]
    """What the deadline was counted from."""
    deadline: Deadline | None
    """The time for a decision and the rule that gives it, decided or not; None if no rule binds."""
    missing: tuple[str, ...]
    """Ids of the leaves in the smallest gap."""
    gap_count: int
    """How many gaps there are: smallest sets of leaves that complete the documentation."""
    holds_under_all_readings: bool | None
    """Whether the outcome holds under every other reading that is not strained; None if they were not tried."""
    disposition: str
    """Of the decision that is in force; empty if nothing is decided."""
    determination: str
    """IRI of the current determination, or empty."""
    as_of: date | None
    """Day of review of the current determination."""
    member: str = ""
    """The member's name; empty if not stated."""
    reference: str = ""
    """The number under which the payer keeps the request; empty if not stated."""
    program: str = ""
    """The program under review; empty if not stated."""
    words: tuple[str, ...] = ()
    """What else a search finds it by: the member's number and those who wrote its documents."""

    blinded: bool = False
    """Whether its determination is withheld from who works on it until they have given their own statuses."""
    assessors: frozenset[str] = frozenset()
    """IRIs of the people who have given theirs, since documentation came back or an appeal was filed for the last time."""
    raters: frozenset[str] = frozenset()
    """IRIs of the people who have ever given theirs."""
    signers: frozenset[str] = frozenset()
    """IRIs of the people who have signed any act."""

    def is_withheld_from(self, user: User, *, in_panel: bool) -> bool:
        """Whether a person does not see the determination yet.

        Args:
            user: the person.
            in_panel: whether they are asked to assess the request in a panel.
        """
        asked = (self.blinded and user.iri not in self.assessors) or (in_panel and user.iri not in self.raters)
        has_outcome = bool(self.determination) and self.outcome != Outcome.NO_POLICY_VERSION
        return asked and has_outcome and user.may(Action.DRAFT)

    def as_shown_to(self, user: User, *, in_panel: bool) -> WorklistItem:
        """The item without what is withheld from a person; see `is_withheld_from`."""
        if not self.is_withheld_from(user, in_panel=in_panel):
            return self
        shown = replace(self, outcome=WITHHELD_OUTCOME, missing=(), gap_count=0, holds_under_all_readings=None)
        if not in_panel or not self.state.closed:
            return shown
        return replace(shown, state=CaseState.DECIDED, disposition="", deadline=None)

    @property
    def standing(self) -> str:
        """The state in words, and the decision where there is one."""
        if self.state is CaseState.OPEN:
            return "to review" if self.determination else "to determine"
        words = self.state.value.replace("-", " ")
        return f"{words}: {self.disposition}" if self.state is CaseState.DECIDED and self.disposition else words

    @property
    def name(self) -> str:
        """What a person tells it from others by: the payer's reference, else the end of a telling IRI, else the program."""
        if self.reference:
            return self.reference
        head, _, tail = self.request.replace("#", "/").rstrip("/").rpartition("/")
        told = tail if tail.lower() != "request" else head.rpartition("/")[2]
        return (self.program or "without a reference") if _OPAQUE.search(told) else told

    @property
    def due(self) -> datetime | None:
        """The last moment for a decision; None if no rule binds or it is decided."""
        return self.deadline.due if self.deadline and self.deadline.ended is None else None

    @property
    def title(self) -> str:
        """The member's name, if it is known, and the name of the request."""
        return f"{self.member}, {self.name}" if self.member else self.name

    def is_overdue(self, now: datetime) -> bool:
        """Whether it waits for a decision that was due before now."""
        return self.due is not None and self.due < now

    def days_left(self, today: date) -> int | None:
        """Days until it is due, negative once it is overdue; None without a due date."""
        return (self.due.date() - today).days if self.due else None


def read_worklist(
    kb: KnowledgeBase,
    policy: Policy,
    settings: WorkplaceSettings,
    *,
    request: str | None = None,
    index: WorklistIndex | None = None,
) -> list[WorklistItem]:
    """The items of a knowledge base, or of one request, ordered by request and period.

    Args:
        kb: the knowledge base.
        policy: the policy whose labels and ages are used.
        settings: the time zone and the turnaround rules.
        request: IRI of the request to read; all requests by default.
        index: what keeps the facts of all requests; without it, or for one request, they are read from the base.
    """
    if index and request is None:
        facts = index.facts()
    else:
        facts = list(read_facts(kb, policy, None if request is None else [request]).values())
    made = _ItemMaker(policy, settings).items(facts)
    return sorted(made, key=lambda item: (item.request, item.start))


def request_id(request: str) -> str:
    """The opaque id of a request, which stands for its IRI in links and logs."""
    return graph_name(GraphKind.CHART, request).rpartition(":")[2]


class _ItemMaker:
    """Makes items of what a base states of requests."""

    def __init__(self, policy: Policy, settings: WorkplaceSettings) -> None:
        self.policy = policy
        self.settings = settings
        self.said: dict[tuple[str, URIRef], str] = {}
        """What the policy says of terms, as far as it was asked."""
        self.criterion_ids = {c.iri: c.id for version in policy.versions for c in version.criteria.values()}
        self.adult, self.minor, self.standard = (
            self._label(str(term)) for term in (NEC.Adult, NEC.Minor, NEC.Standard)
        )

    def items(self, facts: Iterable[RequestFacts]) -> Iterator[WorklistItem]:
        """An item for each current determination of each request, or one where there is none."""
        for request in facts:
            acts = [self._act(act) for act in request.acts]
            for determination in request.determinations or [{}]:
                yield self._item(request, determination, acts)

    def _item(self, facts: RequestFacts, current: Mapping[str, Any], acts: list[Act]) -> WorklistItem:
        chart = facts.chart
        begins = date.fromisoformat(chart["start"])
        start = date.fromisoformat(current["start"]) if current else begins
        end = current.get("end") or chart.get("end")
        last = date.fromisoformat(end) if end else None
        history = steps.history(steps.of_period(acts, start, last))
        received = self._moment(chart.get("received") or chart["loaded"])
        kind = {axis.word: self._label(chart[f"axis {axis.word}"]) for axis in self.policy.axes}
        names = ("jurisdiction", "urgency", "funding", "line_of_business", "timing")
        stated = {name: self._label(chart.get(name)) for name in names}
        known = kind | stated | {"prior_authorization": self._prior_authorization(start)}
        traits, _ = self.settings.turnaround.complete(known)
        zone = self.settings.time_zone
        happened = (Milestone(MilestoneKind.RECEIVED, received), *milestones(history, zone))
        deadline = self.settings.turnaround.deadline(known, happened, zone, start)
        return WorklistItem(
            id=request_id(facts.request),
            request=facts.request,
            state=history.state,
            outcome=self._slug(current["outcome"]) if current else "",
            kind=kind,
            age_group=self._age_group(date.fromisoformat(chart["birth_date"]), begins),
            jurisdiction=stated["jurisdiction"],
            urgency=stated["urgency"] or self.standard,
            start=start,
            end=last,
            received=received.date(),
            traits=traits,
            happened=happened,
            deadline=deadline,
            missing=tuple(sorted(self.criterion_ids.get(leaf, leaf) for leaf in current.get("missing", ()))),
            gap_count=current.get("gap_count") or 0,
            holds_under_all_readings=current.get("holds"),
            disposition=history.decision.act.disposition.value if history.decision else "",
            determination=current.get("determination", ""),
            as_of=date.fromisoformat(current["as_of"]) if current else None,
            member=chart.get("member_name", ""),
            reference=chart.get("reference", ""),
            program=chart.get("program", ""),
            words=tuple(word for word in (chart.get("member_number"), *facts.authors) if word),
            blinded=self._slug(chart["jurisdiction"]) in self.settings.blinded,
            assessors=history.assessors,
            raters=history.raters,
            signers=frozenset(act.person for step in history.steps for act in step.acts),
        )

    def _act(self, act: Mapping[str, Any]) -> Act:
        return Act(
            iri=act["decision"],
            determination=act["determination"],
            disposition=Disposition(self._slug(act["disposition"])),
            time=datetime.fromisoformat(act["time"]),
            revises=act.get("revises", ""),
            person=act["person"],
            signed_as=Role(self._slug(act["role"])) if "role" in act else None,
            service=(
                date.fromisoformat(act["start"]),
                date.fromisoformat(act["end"]) if "end" in act else None,
            ),
            expedited=act.get("urgency") == str(NEC.Expedited),
            notice_date=date.fromisoformat(act["notice"]) if "notice" in act else None,
            received=date.fromisoformat(act["received"]) if "received" in act else None,
        )

    def _label(self, iri: str | None) -> str:
        return self._said(iri, SKOS.prefLabel) if iri else ""

    def _slug(self, iri: str) -> str:
        return self._said(iri, SKOS.notation)

    def _said(self, iri: str, property_: URIRef) -> str:
        """What the policy says of a term with a property, or its IRI."""
        key = (iri, property_)
        if key not in self.said:
            self.said[key] = graphs.text(self.policy.ontology, URIRef(iri), property_) or iri
        return self.said[key]

    def _moment(self, text: str) -> datetime:
        """A time of receipt in the settings' zone; a day begins at midnight, so that no hour is missed that may have counted."""
        zone, received = self.settings.time_zone, datetime.fromisoformat(text)
        return received.astimezone(zone) if received.tzinfo else received.replace(tzinfo=zone)

    def _prior_authorization(self, start: date) -> str:
        """Whether the policy asks for authorization before the service: yes, no, or empty where it does not say."""
        version = self.policy.version_on(start) or self.policy.versions[-1]
        return {"true": "yes", "false": "no"}.get(self._said(version.iri, NEC.priorAuthorization), "")

    def _age_group(self, birth_date: date, start: date) -> str:
        version = self.policy.version_on(start) or self.policy.versions[-1]
        age = age_on(start, birth_date)
        return self.adult if age >= version.age_of_majority else self.minor
