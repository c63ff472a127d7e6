"""Signing: decisions and acceptances written as RDF, read and checked."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.chart.reading import undeclared
from reasoner.ground import resources
from reasoner.ground.errors import DocumentationError
from reasoner.policy.model import Policy
from reasoner.rdf import graphs, parsing, pyshacl_door, terms
from reasoner.rdf.namespaces import NEC, PROV, RDF, SKOS, XSD
from reasoner.review.acts import (
    Acceptance,
    Appeal,
    Call,
    Decision,
    Disposition,
    Filing,
    Proposal,
    Requester,
    Signed,
    SignedOverride,
)
from reasoner.review.authority import Role
from reasoner.review.people import User

_PARTS = frozenset({NEC.override, NEC.remark, NEC.ownStatus, PROV.wasAttributedTo})


def sign(
    proposal: Proposal, user: User, policy: Policy, *, after: datetime | None = None, blinded: bool = False
) -> Decision:
    """Make a decision of a proposal, dated now, with an IRI of its own.

    Args:
        proposal: what the person decides.
        user: who decides.
        policy: the policy of the determination.
        after: when the act before it was signed; the decision is dated later, even if the clock was set back since.
        blinded: whether the person had recorded their own statuses before they saw the determination.

    Raises:
        DocumentationError: as `read_decisions`.
    """
    node, graph = URIRef(f"urn:necessity:decision:{uuid.uuid4()}"), Graph(bind_namespaces="none")
    graph.add((node, RDF.type, NEC.Decision))
    graph.add((node, NEC.determination, URIRef(proposal.determination)))
    graph.add((node, NEC.disposition, _named(proposal.disposition)))
    graph.add((node, NEC.signedAs, _named(user.role)))
    _attribute(graph, node, user, after)
    texts = ((NEC.rationale, proposal.rationale), (NEC.letter, proposal.letter), (NEC.letterCopy, proposal.copy))
    for predicate, text in texts:
        if text.strip():
            graph.add((node, predicate, Literal(text.strip())))
    if proposal.revises:
        graph.add((node, PROV.wasRevisionOf, URIRef(proposal.revises)))
    _describe_step(graph, node, proposal)
    if blinded:
        graph.add((node, NEC.blinded, Literal(True)))
    for number, override in enumerate(proposal.overrides, start=1):
        part = node + f"#override-{number}"
        graph.add((node, NEC.override, part))
        graph.add((part, RDF.type, NEC.Override))
        graph.add((part, NEC.criterion, URIRef(override.criterion)))
        graph.add((part, NEC.determinedStatus, _named(override.determined)))
        graph.add((part, NEC.status, _named(override.status)))
        graph.add((part, NEC.rationale, Literal(override.rationale.strip())))
        graph.add((part, PROV.wasAttributedTo, URIRef(user.iri)))
        for statement in override.evidence:
            graph.add((part, NEC.evidence, URIRef(statement)))
    for number, (criterion, status) in enumerate(proposal.own_statuses, start=1):
        part = node + f"#status-{number}"
        graph.add((node, NEC.ownStatus, part))
        graph.add((part, RDF.type, NEC.OwnStatus))
        graph.add((part, NEC.criterion, URIRef(criterion)))
        graph.add((part, NEC.status, _named(status)))
    for number, (criterion, text) in enumerate(proposal.remarks, start=1):
        part = node + f"#remark-{number}"
        graph.add((node, NEC.remark, part))
        graph.add((part, RDF.type, NEC.Remark))
        graph.add((part, NEC.criterion, URIRef(criterion)))
        graph.add((part, NEC.remarkText, Literal(text.strip())))
    (decision,) = read_decisions(graph, policy, "the decision")
    return decision


def _describe_step(graph: Graph, node: URIRef, proposal: Proposal) -> None:
    """Say what is particular to filing an appeal, to a call, an extension, a return and the decision on an appeal."""
    if proposal.appeal:
        graph.add((node, NEC.filedAs, _named(proposal.appeal.filed_as)))
        graph.add((node, NEC.askedBy, _named(f"by-{proposal.appeal.asked_by}")))
        graph.add((node, NEC.urgency, NEC.Expedited if proposal.appeal.expedited else NEC.Standard))
    if proposal.call:
        graph.add((node, NEC.heldOn, Literal(proposal.call.day)))
        graph.add((node, NEC.heldWith, Literal(" ".join(proposal.call.held_with.split()))))
        if proposal.call.document:
            graph.add((node, NEC.callDocument, URIRef(proposal.call.document)))
    if proposal.notice_date:
        graph.add((node, NEC.noticeDate, Literal(proposal.notice_date)))
    if proposal.received:
        graph.add((node, NEC.received, Literal(proposal.received)))
    if proposal.independent:
        graph.add((node, NEC.independent, Literal(True)))


def accept(request: str, statement: str, rationale: str, user: User, policy: Policy) -> Acceptance:
    """A person's acceptance of a statement (IRI) for a request (IRI), dated now; raises `DocumentationError` without a rationale."""
    return _acceptance("acceptance", NEC.Acceptance, NEC.statement, statement, request, rationale, user, policy)


def withdraw(acceptance: Acceptance, rationale: str, user: User, policy: Policy) -> Acceptance:
    """A person's withdrawal of an acceptance, dated now; raises `DocumentationError` without a rationale."""
    withdrawn, request = acceptance.iri, acceptance.request
    return _acceptance("withdrawal", NEC.Withdrawal, PROV.wasRevisionOf, withdrawn, request, rationale, user, policy)


def holds_decisions(data: parsing.DataSet) -> bool:
    """Whether a data set describes decisions, acceptances or withdrawals."""
    kinds = {terms.of(kind) for kind in (NEC.Decision, NEC.Acceptance, NEC.Withdrawal)}
    return any(not kinds.isdisjoint(props.get(terms.of(RDF.type), ())) for props in data.nodes.values())


def read_decisions(data: Graph, policy: Policy, source: str) -> tuple[Decision, ...]:
    """The decisions of one data set, ordered by IRI.

    Args:
        data: the data set.
        policy: the policy whose criteria and vocabulary they use.
        source: what to call the data set in errors.

    Raises:
        DocumentationError: it is not well formed, or an adverse decision lacks licence or rationale; names the nodes.
    """
    _refuse_malformed(data, policy, source)
    return tuple(
        Decision(
            iri=str(iri),
            determination=str(data.value(iri, NEC.determination)),
            content=graphs.canonical(_parts(data, iri)),
        )
        for iri in sorted(data.subjects(RDF.type, NEC.Decision), key=str)
    )


def read_acceptances(data: Graph, policy: Policy, source: str) -> tuple[Acceptance, ...]:
    """The acceptances of one data set and then the withdrawals, each ordered by IRI; raises as `read_decisions`."""
    _refuse_malformed(data, policy, source)
    return tuple(
        Acceptance(
            iri=str(iri),
            request=str(data.value(iri, NEC.request)),
            statement=str(data.value(iri, NEC.statement) or ""),
            withdrawn=str(data.value(iri, PROV.wasRevisionOf) or ""),
            person=str(data.value(iri, PROV.wasAttributedTo)),
            content=graphs.canonical(_parts(data, iri)),
        )
        for kind in (NEC.Acceptance, NEC.Withdrawal)
        for iri in sorted(data.subjects(RDF.type, kind), key=str)
    )


def show(decision: Decision, policy: Policy) -> Signed:
    """A recorded decision as it is shown: times, names and ids in place of triples."""
    data = parsing.data_set(decision.iri, graphs.triples(decision.content)).graph
    node = URIRef(decision.iri)
    person = data.value(node, PROV.wasAttributedTo)

    def text(subject: Node | None, predicate: URIRef) -> str:
        return str(data.value(subject, predicate) or "")

    def criterion_id(part: Node) -> str:
        criterion = policy.criterion(text(part, NEC.criterion))
        return criterion.id if criterion else text(part, NEC.criterion)

    def slug(subject: Node, predicate: URIRef) -> str:
        value = data.value(subject, predicate)
        return graphs.text(policy.ontology, value, SKOS.notation) if value else ""

    def day(predicate: URIRef) -> date | None:
        value = text(node, predicate)
        return date.fromisoformat(value) if value else None

    held_on, filed_as, signed_as = day(NEC.heldOn), slug(node, NEC.filedAs), slug(node, NEC.signedAs)
    parts = {
        relation: sorted(data.objects(node, relation), key=str)
        for relation in (NEC.override, NEC.remark, NEC.ownStatus)
    }
    return Signed(
        iri=decision.iri,
        determination=decision.determination,
        disposition=Disposition(slug(node, NEC.disposition)),
        time=datetime.fromisoformat(text(node, PROV.generatedAtTime)),
        name=text(person, SKOS.prefLabel),
        role=text(person, NEC.authorRole),
        licence=text(person, NEC.licence),
        rationale=text(node, NEC.rationale),
        letter=text(node, NEC.letter),
        copy=text(node, NEC.letterCopy),
        revises=text(node, PROV.wasRevisionOf),
        overrides=tuple(
            SignedOverride(
                criterion_id(part),
                slug(part, NEC.determinedStatus),
                slug(part, NEC.status),
                text(part, NEC.rationale),
                tuple(sorted(map(str, data.objects(part, NEC.evidence)))),
            )
            for part in parts[NEC.override]
        ),
        remarks=tuple((criterion_id(part), text(part, NEC.remarkText)) for part in parts[NEC.remark]),
        person=str(person),
        signed_as=Role(signed_as) if signed_as else None,
        specialty=text(person, NEC.specialty),
        appeal=Appeal(
            Filing(filed_as),
            Requester(slug(node, NEC.askedBy)),
            data.value(node, NEC.urgency) == NEC.Expedited,
        )
        if filed_as
        else None,
        expedited=data.value(node, NEC.urgency) == NEC.Expedited,
        call=Call(held_on, text(node, NEC.heldWith), document=text(node, NEC.callDocument)) if held_on else None,
        notice_date=day(NEC.noticeDate),
        received=day(NEC.received),
        independent=text(node, NEC.independent) == "true",
        own_statuses=tuple((criterion_id(part), slug(part, NEC.status)) for part in parts[NEC.ownStatus]),
        blinded=text(node, NEC.blinded) == "true",
    )


def _refuse_malformed(data: Graph, policy: Policy, source: str) -> None:
    problems = [*undeclared(data, policy)]
    problems += [f"<{r.focus}>: {r.message.removesuffix('.')}" for r in pyshacl_door.validate(data, _shapes()).results]
    for part in _parts_on_criteria(data):
        for criterion in data.objects(part, NEC.criterion):
            if policy.criterion(str(criterion)) is None:
                problems.append(f"<{part}>: <{criterion}> is no criterion of the policy")
    if problems:
        raise DocumentationError("; ".join(dict.fromkeys(problems)), where=source)


def _parts_on_criteria(data: Graph) -> Iterable[Node]:
    return [part for relation in (NEC.override, NEC.remark, NEC.ownStatus) for part in data.objects(None, relation)]


def _acceptance(
    name: str, kind: Node, relation: Node, value: str, request: str, rationale: str, user: User, policy: Policy
) -> Acceptance:
    node, graph = URIRef(f"urn:necessity:{name}:{uuid.uuid4()}"), Graph(bind_namespaces="none")
    graph.add((node, RDF.type, kind))
    graph.add((node, relation, URIRef(value)))
    graph.add((node, NEC.request, URIRef(request)))
    graph.add((node, NEC.rationale, Literal(rationale.strip())))
    _attribute(graph, node, user)
    (acceptance,) = read_acceptances(graph, policy, f"the {name}")
    return acceptance


def _attribute(graph: Graph, node: URIRef, user: User, after: datetime | None = None) -> None:
    person, time = URIRef(user.iri), datetime.now(UTC)
    if after:
        time = max(time, after + timedelta(milliseconds=1))
    now = time.isoformat(timespec="milliseconds")
    graph.add((node, PROV.generatedAtTime, Literal(now, datatype=XSD.dateTime)))
    graph.add((node, PROV.wasAttributedTo, person))
    graph.add((person, RDF.type, PROV.Person))
    graph.add((person, SKOS.prefLabel, Literal(user.name)))
    graph.add((person, NEC.authorRole, Literal(user.title or user.role.value)))
    if user.licence:
        graph.add((person, NEC.licence, Literal(user.licence)))
    if user.specialty:
        graph.add((person, NEC.specialty, Literal(user.specialty)))


def _named(slug: str) -> URIRef:
    """The individual of the core vocabulary for a status, an act or a role: nec:NotMet for not-met."""
    return NEC[slug.title().replace("-", "")]


def _parts(data: Graph, iri: Node) -> Graph:
    whole = Graph(bind_namespaces="none")
    for triple in graphs.closure(data, iri, follow=_PARTS):
        whole.add(triple)
    return whole


@lru_cache(maxsize=1)
def _shapes() -> Graph:
    return parsing.load_files([resources.SHAPES / "decision.ttl"])
