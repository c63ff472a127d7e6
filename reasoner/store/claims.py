"""Claims: a chart that a base takes says nothing that a policy, a record or the chart of another person has to say.

A base is asked as one graph. Whatever a chart says there of a policy's term, as a record would say it, or of a statement of
somebody else, would read as theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain

import pyoxigraph as ox

from reasoner.chart.model import Case
from reasoner.ground import resources
from reasoner.ground.errors import StoreError
from reasoner.rdf import parsing
from reasoner.rdf.namespaces import DCTERMS, NEC, OWL, RDF
from reasoner.store.catalog import LoadChange
from reasoner.store.placement import Placement
from reasoner.store.register import Register

_TYPE, _BORN, _ABOUT, _TITLE = (f"<{name}>" for name in (RDF.type, NEC.birthDate, NEC.about, DCTERMS.title))
_OF_DOCUMENT = frozenset(f"<{name}>" for name in (DCTERMS.issued, DCTERMS.creator))
_OF_ONE = _OF_DOCUMENT | {_BORN, _ABOUT, _TITLE}
"""The properties by whose values it shows that two charts mean different things by one IRI."""
_OURS = re.compile(rf"<{re.escape(str(NEC))}\w+>")
"""Finds the terms of the core vocabulary."""
_RECORD_TERMS = ("bases", "determinations", "review")
"""The parts of the core vocabulary whose classes and properties describe records alone."""


class ClashesError(StoreError):
    """Some charts say what another chart, a policy or a record has to say."""

    def __init__(self, clashes: Mapping[str, StoreError]) -> None:
        super().__init__("; ".join(map(str, clashes.values())))
        self.clashes = clashes
        """IRI of each request to what is wrong with its chart."""


class AnotherMeaningError(StoreError):
    """A chart means something else by an IRI than another chart; both can be right once both are replaced together."""


def load(
    cases: Sequence[Case],
    contents: Mapping[str, str],
    put: Callable[[Mapping[str, str]], Sequence[LoadChange]],
) -> list[LoadChange | StoreError]:
    """Have the charts put into a base that it can take.

    Args:
        cases: the charts.
        contents: what is to stand in the base, by the IRI of the request.
        put: puts several contents there in one change, or raises `ClashesError` without a change.

    Returns:
        For each chart what became of it, or why it is left out.
    """
    refused = {case.iri: error for case in cases if (error := _unfit(case))}
    while True:
        fit = {iri: content for iri, content in contents.items() if iri not in refused}
        try:
            made = dict(zip(fit, put(fit), strict=True))
            break
        except ClashesError as found:
            refused |= found.clashes
    for case in cases:
        if error := refused.get(case.iri):
            error.where = f"{case.source}: {error.where}" if error.where else case.source
    return [refused.get(case.iri) or made[case.iri] for case in cases]


def the_one(made: Sequence[LoadChange | StoreError]) -> LoadChange:
    """What became of the one chart of which `load` tells; raises the error of one that is left out."""
    (change,) = made
    if isinstance(change, StoreError):
        raise change
    return change


def refuse_clashes(register: Register, placement: Placement, charts: Mapping[str, str]) -> None:
    """Raise `ClashesError` for charts that describe what a policy or a record describes, or what is another person's.

    Two charts of one person may describe one statement or document, and need not agree: each can be replaced by itself.

    Args:
        register: of the base as it is.
        placement: the base as it is to be.
        charts: the new charts by the IRI of their request, as canonical N-Triples.
    """
    found: dict[str, StoreError] = {}
    for subject in sorted(placement.described):
        problem = "a policy, a vocabulary or a record describes it, and a chart cannot"
        mend = "Give what the chart means an IRI of its own"
        found |= {request: StoreError(problem, where=subject, mend=mend) for request in _describing(subject, charts)}
    values: dict[tuple[str, str], set[str]] = {}
    documents = set()
    for line, graph in placement.common().items():
        subject, predicate, value = line.split(" ", 2)
        if predicate in _OF_ONE:
            # Several authors, or a title in several languages, stand in one graph where all charts say them.
            values.setdefault((subject, predicate), set()).add(value if predicate == _ABOUT else graph)
        if predicate in _OF_DOCUMENT or (predicate == _TYPE and value == f"<{NEC.Document}> .\n"):
            documents.add(subject)
    several = {(subject, predicate) for (subject, predicate), found in values.items() if len(found) > 1}
    doubtful = sorted({subject for subject, predicate in several if predicate != _TITLE or subject in documents})
    charts_of = register.described_by(doubtful, charts) if doubtful else {}
    for subject in doubtful:
        before = charts_of.get(subject, {})
        born = (subject, _BORN) in several
        for request in _describing(subject, charts):
            own = _member(request, charts[request])
            other = next((other for other, member in before.items() if born or member != own), None)
            if other:
                means = "somebody born on another day" if born else "something of another person"
                found[request] = AnotherMeaningError(
                    f"the chart of <{other}> means {means} by it",
                    where=subject,
                    mend="Give it an IRI of its own; to correct both charts, load them together",
                )
            before[request] = own
    if found:
        raise ClashesError(found)


def _unfit(case: Case) -> StoreError | None:
    """Why a base cannot take a chart whatever else it holds: its request has no IRI, or it describes something as a record."""
    if case.iri.startswith(parsing.GENERATED):
        return StoreError("the request has no IRI", mend="Give it one that no other request has")
    if _record_terms().isdisjoint(_OURS.findall(case.content)):
        return None
    for line in case.content.split("\n")[:-1]:
        subject, predicate, value = line.split(" ", 2)
        for term in (predicate, value[:-2]) if predicate == _TYPE else (predicate,):
            if term in _record_terms():
                return StoreError(f"{term} is said of records, not in a chart", where=subject, mend="Leave it out")
    return None


@cache
def _record_terms() -> frozenset[str]:
    """The classes and properties that describe records alone, as terms."""
    kinds = {ox.NamedNode(str(kind)) for kind in (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)}
    files = (resources.ONTOLOGY / f"core-{part}.ttl" for part in _RECORD_TERMS)
    declared = (str(t.subject) for t in chain.from_iterable(map(parsing.file_triples, files)) if t.object in kinds)
    return frozenset(term for term in declared if term.startswith(f"<{NEC}"))


def _describing(subject: str, charts: Mapping[str, str]) -> Iterable[str]:
    """The requests of the charts that describe a subject, in order."""
    return [iri for iri, said in charts.items() if said.startswith(f"{subject} ") or f"\n{subject} " in said]


def _member(request: str, content: str) -> str:
    """The member of the request of a chart, as a term."""
    return f"\n{content}".partition(f"\n<{request}> <{NEC.member}> ")[2].partition(" .\n")[0]
