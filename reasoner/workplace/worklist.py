"""The worklist: the requests of a knowledge base, an item for each period of service, with state and due date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from rdflib import URIRef

from reasoner.ground.days import age_on
from reasoner.logic.fold import Outcome
from reasoner.policy.model import Policy
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import DCTERMS, NEC, PROV, SKOS
from reasoner.review import steps
from reasoner.review.acts import Act, Disposition
from reasoner.review.authority import Action, Role
from reasoner.review.people import User
from reasoner.review.steps import CaseState
from reasoner.review.turnaround import Deadline, Milestone, MilestoneKind, milestones
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import CATALOG, GraphKind, graph_name
from reasoner.store.questions import Answer
from reasoner.workplace.settings import WorkplaceSettings

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
    """IRIs of the people who have given theirs."""

    def is_withheld_from(self, user: User) -> bool:
        """Whether a person does not see the determination yet."""
        asked = bool(self.determination) and self.outcome != Outcome.NO_POLICY_VERSION
        return self.blinded and asked and user.may(Action.DRAFT) and user.iri not in self.assessors

    def as_shown_to(self, user: User) -> WorklistItem:
        """The item without what is withheld from a person."""
        if not self.is_withheld_from(user):
            return self
        return replace(self, outcome=WITHHELD_OUTCOME, missing=(), gap_count=0, holds_under_all_readings=None)

    @property
    def standing(self) -> str:
        """The state in words, and the decision where there is one."""
        if self.state is CaseState.OPEN:
            return "to review" if self.determination else "to determine"
        words = self.state.value.replace("-", " ")
        return f"{words}: {self.disposition}" if self.state is CaseState.DECIDED else words

    @property
    def name(self) -> str:
        """What a person tells it from others by: the payer's reference, else the end of the request's IRI."""
        if self.reference:
            return self.reference
        head, _, tail = self.request.replace("#", "/").rstrip("/").rpartition("/")
        return tail if tail.lower() != "request" else head.rpartition("/")[2]

    @property
    def due(self) -> datetime | None:
        """The last moment for a decision; None if no rule binds or it is decided."""
        return self.deadline.due if self.deadline and self.deadline.ended is None else None

    @property
    def title(self) -> str:
        """The member's name, if it is known, and the name of the request."""
        return f"{self.member}, {self.name}" if self.member else self.name

    def days_open(self, today: date) -> int:
        """Days since it was received."""
        return (today - self.received).days

    def is_overdue(self, now: datetime) -> bool:
        """Whether it waits for a decision that was due before now."""
        return self.due is not None and self.due < now

    def days_left(self, today: date) -> int | None:
        """Days until it is due, negative once it is overdue; None without a due date."""
        return (self.due.date() - today).days if self.due else None


def read_worklist(
    kb: KnowledgeBase, policy: Policy, settings: WorkplaceSettings, *, request: str | None = None
) -> list[WorklistItem]:
    """The items of a knowledge base, or of one request, ordered by request and period.

    Args:
        kb: the knowledge base.
        policy: the policy whose labels and ages are used.
        settings: the time zone and the turnaround rules.
        request: IRI of the request to read; all requests by default.
    """
    only = f"VALUES ?request {{ <{request}> }}" if request else ""
    reader = _WorklistReader(kb, policy, settings, only)
    return sorted(reader.items(), key=lambda item: (item.request, item.start))


def request_id(request: str) -> str:
    """The opaque id of a request, which stands for its IRI in links and logs."""
    return graph_name(GraphKind.CHART, request).rpartition(":")[2]


class _WorklistReader:
    def __init__(self, kb: KnowledgeBase, policy: Policy, settings: WorkplaceSettings, only: str) -> None:
        self.kb = kb
        self.policy = policy
        self.settings = settings
        self.only = only
        self.axes = {f"axis{number}": axis for number, axis in enumerate(policy.axes)}
        """The axes of the policy, by the SPARQL variable for the request's value."""
        self.labels: dict[str, str] = {}
        self.criterion_ids = {c.iri: c.id for version in policy.versions for c in version.criteria.values()}

    def items(self) -> Iterator[WorklistItem]:
        missing = self._missing()
        decisions = self._decisions()
        authors = self._authors()
        determinations: dict[str, list[dict[str, Any]]] = {}
        for row in self._determinations():
            determinations.setdefault(row["request"], []).append(row)
        for chart in self._charts():
            request = chart["request"]
            for current in determinations.get(request, [{}]):
                gap = missing.get(current.get("determination", ""), ())
                yield self._item(chart, current, gap, decisions.get(request, []), authors.get(request, ()))

    def _item(
        self,
        chart: dict[str, Any],
        current: dict[str, Any],
        missing: tuple[str, ...],
        acts: list[Act],
        authors: Iterable[str],
    ) -> WorklistItem:
        start, determination = current.get("start") or chart["start"], current.get("determination", "")
        end = current.get("end") or chart["end"]
        history = steps.history(steps.of_period(acts, start, end))
        received = self._moment(chart["received"] or chart["loaded"])
        kind = {axis.word: self._label(chart[name]) for name, axis in self.axes.items()}
        names = ("jurisdiction", "urgency", "funding", "line_of_business", "timing")
        stated = {name: self._label(chart[name]) for name in names}
        known = kind | stated | {"prior_authorization": self._prior_authorization(start)}
        traits, _ = self.settings.turnaround.complete(known)
        deadline = self.settings.turnaround.deadline(
            known,
            [Milestone(MilestoneKind.RECEIVED, received), *milestones(history)],
            self.settings.time_zone,
            start,
        )
        return WorklistItem(
            id=request_id(chart["request"]),
            request=chart["request"],
            state=history.state,
            outcome=self._slug(current["outcome"]) if current else "",
            kind=kind,
            age_group=self._age_group(chart["birth_date"], chart["start"]),
            jurisdiction=stated["jurisdiction"],
            urgency=stated["urgency"] or self._label(str(NEC.Standard)),
            start=start,
            end=end,
            received=received.date(),
            traits=traits,
            deadline=deadline,
            missing=missing,
            gap_count=current.get("gap_count") or 0,
            holds_under_all_readings=current.get("holds"),
            disposition=history.decision.act.disposition.value if history.decision else "",
            determination=determination,
            as_of=current.get("as_of"),
            member=chart["member_name"] or "",
            reference=chart["reference"] or "",
            program=chart["program"] or "",
            words=tuple(word for word in (chart["member_number"], *sorted(authors)) if word),
            blinded=self._slug(chart["jurisdiction"]) in self.settings.blinded,
            assessors=history.assessors,
        )

    def _charts(self) -> Iterator[dict[str, Any]]:
        values = " ".join(f"?{name}" for name in self.axes)
        kind = "".join(f"<{axis.iri}> ?{name} ; " for name, axis in self.axes.items())
        return self._rows(
            f"""SELECT ?request ?loaded {values} ?start ?end ?birth_date ?jurisdiction ?funding ?urgency ?received
                    ?line_of_business ?timing ?member_name ?member_number ?reference ?program {{
                {self.only} GRAPH <{CATALOG}> {{ ?graph a nec:ChartGraph ; nec:holds ?request ; nec:loaded ?loaded }}
                ?request {kind}nec:serviceStart ?start ; nec:member ?member ; nec:plan ?plan .
                ?member nec:birthDate ?birth_date . ?plan nec:jurisdiction ?jurisdiction
                OPTIONAL {{ ?plan nec:funding ?funding }} OPTIONAL {{ ?request nec:serviceEnd ?end }}
                OPTIONAL {{ ?request nec:urgency ?urgency }} OPTIONAL {{ ?request nec:received ?received }}
                OPTIONAL {{ ?plan nec:lineOfBusiness ?line_of_business }} OPTIONAL {{ ?request nec:timing ?timing }}
                OPTIONAL {{ ?request dcterms:identifier ?reference }}
                OPTIONAL {{ ?member skos:prefLabel ?member_name }} OPTIONAL {{ ?member dcterms:identifier ?member_number }}
                OPTIONAL {{ ?request nec:program/skos:prefLabel ?program }} }}"""
        )

    def _determinations(self) -> Iterator[dict[str, Any]]:
        return self._rows(
            f"""SELECT ?request ?determination ?start ?end ?as_of ?outcome ?gap_count ?holds {{
                {self.only} GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?determination .
                    ?graph nec:holds ?determination }}
                GRAPH ?graph {{ ?determination nec:outcome ?outcome ; nec:serviceStart ?start ; nec:asOf ?as_of ;
                        nec:gapCount ?gap_count
                    OPTIONAL {{ ?determination nec:serviceEnd ?end }}
                    OPTIONAL {{ ?determination nec:holdsUnderAllReadings ?holds }} }} }} ORDER BY ?request ?start"""
        )

    def _missing(self) -> dict[str, tuple[str, ...]]:
        """The ids of the leaves in the smallest gap, by determination."""
        leaves: dict[str, list[str]] = {}
        for row in self._rows(
            f"""SELECT ?determination ?leaf {{
                {self.only} GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?determination .
                    ?graph nec:holds ?determination }}
                GRAPH ?graph {{ ?determination nec:gap ?gap . ?gap nec:rank 1 ; nec:criterion ?leaf }} }}"""
        ):
            leaves.setdefault(row["determination"], []).append(self.criterion_ids.get(row["leaf"], row["leaf"]))
        return {determination: tuple(sorted(ids)) for determination, ids in leaves.items()}

    def _authors(self) -> dict[str, set[str]]:
        """Who wrote the documents of each request."""
        authors: dict[str, set[str]] = {}
        for row in self._rows(
            f"""SELECT DISTINCT ?request ?author {{ {self.only}
                ?statement nec:about ?request ; nec:documentedIn/dcterms:creator ?author }}"""
        ):
            authors.setdefault(row["request"], set()).add(row["author"])
        return authors

    def _decisions(self) -> dict[str, list[Act]]:
        """The acts by request."""
        acts: dict[str, list[Act]] = {}
        for row in self._rows(
            f"""SELECT ?request ?decision ?determination ?start ?end ?time ?disposition ?revises ?person ?role ?urgency {{ {self.only}
                ?decision a nec:Decision ; nec:determination ?determination ; nec:disposition ?disposition ;
                    prov:generatedAtTime ?time ; prov:wasAttributedTo ?person .
                ?determination nec:request ?request ; nec:serviceStart ?start
                OPTIONAL {{ ?determination nec:serviceEnd ?end }} OPTIONAL {{ ?decision prov:wasRevisionOf ?revises }}
                OPTIONAL {{ ?decision nec:signedAs ?role }} OPTIONAL {{ ?decision nec:urgency ?urgency }} }}"""
        ):
            acts.setdefault(row["request"], []).append(
                Act(
                    iri=row["decision"],
                    determination=row["determination"],
                    disposition=Disposition(self._slug(row["disposition"])),
                    time=row["time"],
                    revises=row["revises"] or "",
                    person=row["person"],
                    signed_as=Role(self._slug(row["role"])) if row["role"] else None,
                    service=(row["start"], row["end"]),
                    expedited=row["urgency"] == str(NEC.Expedited),
                )
            )
        return acts

    def _rows(self, text: str) -> Iterator[dict[str, Any]]:
        header = "".join(
            f"PREFIX {prefix}: <{namespace}>\n"
            for prefix, namespace in (("nec", NEC), ("prov", PROV), ("dcterms", DCTERMS), ("skos", SKOS))
        )
        answer = Answer(self.kb.query(header + text))
        for row in answer.values():
            yield dict(zip(answer.columns, row, strict=True))

    def _label(self, iri: str | None) -> str:
        if not iri:
            return ""
        if iri not in self.labels:
            self.labels[iri] = graphs.text(self.policy.ontology, URIRef(iri), SKOS.prefLabel) or iri
        return self.labels[iri]

    def _slug(self, iri: str) -> str:
        return graphs.text(self.policy.ontology, URIRef(iri), SKOS.notation) or iri

    def _moment(self, received: date | datetime) -> datetime:
        """A time of receipt in the settings' zone; a day begins at midnight, so that no hour is missed that may have counted."""
        zone = self.settings.time_zone
        if not isinstance(received, datetime):
            return datetime.combine(received, time(), zone)
        return received.astimezone(zone) if received.tzinfo else received.replace(tzinfo=zone)

    def _prior_authorization(self, start: date) -> str:
        """Whether the policy asks for authorization before the service: yes, no, or empty where it does not say."""
        version = self.policy.version_on(start) or self.policy.versions[-1]
        said = graphs.text(self.policy.ontology, URIRef(version.iri), NEC.priorAuthorization)
        return {"true": "yes", "false": "no"}.get(said, "")

    def _age_group(self, birth_date: date, start: date) -> str:
        version = self.policy.version_on(start) or self.policy.versions[-1]
        age = age_on(start, birth_date)
        return self._label(str(NEC.Adult if age >= version.age_of_majority else NEC.Minor))
