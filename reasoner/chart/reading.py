"""Reading a chart from a graph: the cases of a data set that is well formed, or what is wrong with it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.chart.documents import anchors
from reasoner.chart.model import Assertion, Case, Document, Statement, Unread, meaning
from reasoner.ground import resources
from reasoner.ground.errors import DocumentationError, reading
from reasoner.policy import axes
from reasoner.policy.model import CriterionKind, Policy
from reasoner.rdf import graphs, parsing, pyshacl_door, terms
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, OWL, RDF, RDFS, SH, XSD

_PROBLEMS_SHOWN = 10
_ILL_TYPED = URIRef("urn:necessity:ill-typed")
_STATEMENT_SHAPE = URIRef("https://w3id.org/necessity/intake/statement")


# What a statement says of itself and of its place in the record; everything else is a structured fact.
BOOKKEEPING = frozenset(
    {
        RDF.type,
        NEC.about,
        NEC.assertion,
        NEC.documentedIn,
        NEC.observed,
        NEC.recorded,
        NEC.excerpt,
        NEC.page,
        NEC.addresses,
        NEC.authorKind,
        OA.hasTarget,
    }
)
# What a request leads to that states its facts.
PARTIES = frozenset({NEC.member, NEC.plan, NEC.program})
PARTS = PARTIES | {NEC.text}
"""What a request or a document of it leads to that is part of its case."""
_DEFINING = frozenset(map(str, (RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range)))
_DEFINED = frozenset(map(str, (RDFS.Class, RDFS.Datatype, RDF.Property)))
_LANGUAGES = (str(OWL), str(SH))
_HARMLESS = frozenset(map(str, (OWL.Thing, OWL.NamedIndividual)))
"""Classes that say nothing of what they are said of."""
MARKS = (NEC.about, NEC.addresses, NEC.assertion, NEC.documentedIn, NEC.excerpt)


def read_cases(data: Graph, policy: Policy, source: str, as_of: date | None = None) -> tuple[Case, ...]:
    """The cases of one data set, ordered by request IRI.

    Args:
        data: the data set, without blank nodes.
        policy: the policy whose vocabulary the documentation uses.
        source: name of the data set, for messages.
        as_of: review date that overrides the requests' own; a request without one takes the day of the run.

    Raises:
        DocumentationError: it is not well formed; names the nodes, at most ten, and the mend of each.
    """
    with reading(source):
        data = _with_statements_typed(data, policy)
        problems = itertools.chain(
            _definitions(data),
            undeclared(data, policy),
            _malformed(data, policy),
            _misdirected(data, policy),
            anchors.problems(data),
        )
        unique = list(dict.fromkeys(problems))
        if not unique and (None, RDF.type, NEC.ReviewRequest) not in data:
            unique = ["it holds no nec:ReviewRequest"]
        if unique:
            more = len(unique) - _PROBLEMS_SHOWN
            shown = unique[:_PROBLEMS_SHOWN] + ([f"and {more} more"] if more > 0 else [])
            raise DocumentationError("; ".join(shown), where=source)
        return tuple(
            _case(data, policy, request, source, as_of)
            for request in sorted(data.subjects(RDF.type, NEC.ReviewRequest), key=str)
        )


def _with_statements_typed(data: Graph, policy: Policy) -> Graph:
    """The data set with `nec:Statement` said of whatever is typed as a finding or bears a statement's marks, but for unread items."""
    subjects = {subject for mark in MARKS for subject in data.subjects(mark)}
    subjects |= {
        subject for subject, name in data.subject_objects(RDF.type) if terms.of(name) in policy.lexicon.findings
    }
    typed = Graph(bind_namespaces="none")
    typed += data
    for subject in subjects.difference(data.subjects(RDF.type, NEC.Unread)):
        typed.add((subject, RDF.type, NEC.Statement))
    return typed


def defines(predicate: str, value: str) -> str:
    """The term with which a triple says what terms mean, or what is asked; empty if it states a fact.

    Args:
        predicate: its IRI.
        value: the IRI, or whatever the value is.
    """
    if predicate in _DEFINING or predicate.startswith(_LANGUAGES):
        return predicate
    if predicate == str(RDF.type) and (value in _DEFINED or value.startswith(_LANGUAGES)) and value not in _HARMLESS:
        return value
    return ""


def _definitions(data: Graph) -> Iterable[str]:
    """Axioms and shapes, by which a chart would change what the policy's criteria mean."""
    for subject, predicate, value in sorted(data):
        if term := defines(str(predicate), str(value)):
            yield (
                f"<{subject}>: <{term}> says what terms mean: leave it out; "
                "documentation states facts, and the vocabulary belongs to the policy"
            )


def undeclared(data: Graph, policy: Policy) -> Iterable[str]:
    """Terms that lie in a namespace of the policy's ontologies and are not declared there; the code of an unread item may."""
    unread = set(data.subjects(RDF.type, NEC.Unread))
    for subject, predicate, object_ in sorted(data):
        for term in (predicate,) if predicate == NEC.code and subject in unread else (predicate, object_):
            if (
                isinstance(term, URIRef)
                and str(term).startswith(policy.namespaces)
                and str(term) not in policy.declared
            ):
                kind = "criterion" if predicate == NEC.addresses else "class" if predicate == RDF.type else "term"
                yield f"<{subject}>: unknown {kind} <{term}>"


def _malformed(data: Graph, policy: Policy) -> Iterable[str]:
    """What the intake shapes find."""
    described = Graph(bind_namespaces="none")
    for subject, predicate, value in data:
        described.add((subject, predicate, _comparable(value)))
    for term in {object_ for object_ in data.objects(unique=True) if isinstance(object_, URIRef)}:
        for name in policy.ontology.objects(term, RDF.type):
            described.add((term, RDF.type, name))
    for result in pyshacl_door.validate(described, intake_shapes(policy)).results:
        said = f"<{result.focus}>: {result.message.removesuffix('.')}"
        of_wrong_class = result.component == str(SH.ClassConstraintComponent)
        is_iri = (None, None, URIRef(result.value)) in described  # a literal may be the patient's own
        yield f"{said}; <{result.value}> is none" if of_wrong_class and is_iri else said


def _comparable(value: Node) -> Node:
    """The value; an ill-typed literal with an unknown datatype, since pySHACL fails where it has to compare one."""
    ill_typed = isinstance(value, Literal) and not terms.is_well_typed(value)
    return Literal(str(value), datatype=_ILL_TYPED) if ill_typed else value


@lru_cache(maxsize=8)
def intake_shapes(policy: Policy) -> Graph:
    """What documentation has to look like: the intake shapes, with those of the policy's axes and of the facts it knows."""
    shapes = parsing.load_files([resources.SHAPES / "intake.ttl"])
    shapes += axes.intake_shapes(policy.axes, policy.prefixes)
    for triple in policy.lexicon.shapes_below(_STATEMENT_SHAPE):
        shapes.add(triple)
    return shapes


def _misdirected(data: Graph, policy: Policy) -> Iterable[str]:
    """Statements that speak to nothing the policy knows, or that mark an unconditional leaf as not applicable."""
    leaf_of = {finding: leaf for version in policy.versions for finding, leaf in version.leaf_of.items()}
    for subject in sorted(data.subjects(RDF.type, NEC.Statement), key=str):
        addressed = list(data.objects(subject, NEC.addresses))
        classes = [str(name) for name in data.objects(subject, RDF.type) if name != NEC.Statement]
        known = [name for name in classes if name in policy.declared]
        if not addressed and not known and data.value(subject, NEC.code) is None:
            problem = f"unknown class <{classes[0]}>" if classes else "no clinical class"
            yield f"<{subject}>: {problem}: give it a class of the policy's vocabulary, nec:addresses or nec:code"
        leaves = [leaf_of[name] for name in classes if name in leaf_of]
        for iri in addressed:
            criterion = policy.criterion(str(iri))
            if criterion is None:
                yield f"<{subject}>: unknown criterion <{iri}> in nec:addresses"
            elif criterion.kind is not CriterionKind.LEAF:
                parts = ", ".join(member.rsplit("/", 1)[-1] for member in criterion.members)
                yield f"<{subject}>: nec:addresses names the group <{iri}>: name one of its parts ({parts})"
            else:
                leaves.append(criterion)
        if (subject, NEC.assertion, NEC.NotApplicable) in data:
            for leaf in leaves:
                if not leaf.conditional:
                    yield f"<{subject}>: <{leaf.iri}> is unconditional and cannot be stated not applicable"


def _case(data: Graph, policy: Policy, request: Node, source: str, as_of: date | None) -> Case:
    facts = sorted((terms.of(s), terms.of(p), terms.of(o)) for s, p, o in graphs.closure(data, request, follow=PARTIES))
    subjects = sorted(data.subjects(NEC.about, request), key=str)
    unread = dict.fromkeys(subject for subject in subjects if (subject, RDF.type, NEC.Unread) in data)
    statements = [subject for subject in subjects if subject not in unread]
    documents = {document for s in statements for document in data.objects(s, NEC.documentedIn)}
    documents |= {source for s in unread for source in data.objects(s, NEC.source) if isinstance(source, URIRef)}
    everything = Graph(bind_namespaces="none")
    for subject, predicate, value in graphs.closure(data, request, *subjects, *documents, follow=PARTS):
        if predicate != NEC.about or value == request:  # that it is about another request too is no part of this case
            everything.add((subject, predicate, value))
    content = graphs.canonical(everything)
    texts = anchors.texts_of(everything)
    member, plan = data.value(request, NEC.member), data.value(request, NEC.plan)
    values = [value for axis in policy.axes for value in data.objects(request, URIRef(axis.iri))]
    return Case(
        iri=str(request),
        source=source,
        axis_values=tuple(map(str, values)),
        traits=tuple(
            policy.lexicon.labels.get(terms.of(value), "") for value in (*values, *data.objects(plan, NEC.jurisdiction))
        ),
        start=_date(data, request, NEC.serviceStart, source),
        end=_date_if_any(data, request, NEC.serviceEnd, source),
        as_of=as_of or _date_if_any(data, request, NEC.asOf, source) or date.today(),
        birth=_date(data, member, NEC.birthDate, source),
        statements=tuple(_statement(data, policy, statement, source, texts) for statement in statements),
        content=content,
        digest=graphs.digest(content),
        facts=tuple(facts),
        admitted=_date_if_any(data, request, NEC.admitted, source),
        unread=tuple(_unread(data, item, source) for item in unread),
    )


def _unread(data: Graph, iri: Node, source: str) -> Unread:
    stands = data.value(iri, NEC.source)
    return Unread(
        iri=str(iri),
        kind=str(data.value(iri, NEC.kind)),
        words=graphs.text(data, iri, NEC.words),
        code=str(data.value(iri, NEC.code) or ""),
        observed=_date_if_any(data, iri, NEC.observed, source),
        recorded=_date_if_any(data, iri, NEC.recorded, source),
        reason=graphs.text(data, iri, NEC.reason),
        source=graphs.text(data, stands, DCTERMS.title) or str(stands) if stands is not None else "",
        document=str(stands) if isinstance(stands, URIRef) else "",
    )


def _statement(data: Graph, policy: Policy, iri: Node, source: str, texts: Mapping[str, anchors.Text]) -> Statement:
    document = data.value(iri, NEC.documentedIn)
    issued = _date_if_any(data, document, DCTERMS.issued, source)
    recorded = _date_if_any(data, iri, NEC.recorded, source) or issued
    if recorded is None:
        raise DocumentationError(
            "the statement has no date", where=f"{source}: <{iri}>", mend="Give it nec:recorded, or its document issued"
        )
    observed = _date_if_any(data, iri, NEC.observed, source) or recorded
    classes = {str(name) for name in data.objects(iri, RDF.type) if name != NEC.Statement}
    for code in data.objects(iri, NEC.code):
        classes |= policy.lexicon.codes.get(terms.of(code), frozenset())
    # To address a leaf is to be of its finding class, by which the same finding's leaf in another version is reached.
    addressed = (policy.criterion(str(leaf)) for leaf in data.objects(iri, NEC.addresses))
    classes |= {leaf.finding for leaf in addressed if leaf}
    return Statement(
        iri=str(iri),
        meaning=meaning(
            assertion=Assertion(str(data.value(iri, NEC.assertion)).removeprefix(str(NEC))),
            classes=frozenset(classes),
            addresses=frozenset(str(leaf) for leaf in data.objects(iri, NEC.addresses)),
            carries=frozenset(str(predicate) for predicate in data.predicates(iri, unique=True)),
            facts=tuple(
                sorted((terms.of(p), terms.of(o)) for p, o in data.predicate_objects(iri) if p not in BOOKKEEPING)
            ),
        ),
        observed=observed,
        recorded=recorded,
        document=Document(
            iri=str(document),
            title=graphs.text(data, document, DCTERMS.title),
            author=graphs.text(data, document, DCTERMS.creator),
            role=graphs.text(data, document, NEC.authorRole),
            issued=issued,
        ),
        excerpt=graphs.text(data, iri, NEC.excerpt),
        page=graphs.text(data, iri, NEC.page),
        author_kind=str(data.value(iri, NEC.authorKind) or data.value(document, NEC.authorKind) or ""),
        anchor=anchors.anchor_in(data, iri, texts),
    )


def _date_if_any(data: Graph, subject: Node | None, predicate: URIRef, source: str) -> date | None:
    return None if data.value(subject, predicate) is None else _date(data, subject, predicate, source)


def _date(data: Graph, subject: Node | None, predicate: URIRef, source: str) -> date:
    literal = data.value(subject, predicate)
    value = literal.toPython() if isinstance(literal, Literal) and literal.datatype == XSD.date else None
    if type(value) is not date:
        raise DocumentationError(
            f"{predicate.fragment} is not a date of the calendar",
            where=f"{source}: <{subject}>",
            mend="Write YYYY-MM-DD",
        )
    return value
