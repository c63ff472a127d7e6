"""Requests whose statements stand in several data sets: nothing is determined of them, since none shows all that is said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from reasoner.chart.model import Case
from reasoner.ground.errors import DocumentationError, NecessityError
from reasoner.rdf import broken_quads, terms
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.terms import Nodes

if TYPE_CHECKING:
    from reasoner.chart.fast.stream import StreamedDataSet
    from reasoner.chart.intake_result import IntakeResult

_ABOUT = terms.of(NEC.about)


def spoken_of(nodes: Nodes) -> tuple[str, ...]:
    """IRIs of what a data set describes or says something about, requests and others.

    What it describes may say elsewhere that it is a request.
    """
    found = {value for facts in nodes.values() for value in facts.get(_ABOUT, ())}
    return tuple(sorted(terms.name(term) for term in found.union(nodes) if term.startswith("<")))


def spoken_of_in_lines(lines: bytes) -> tuple[str, ...]:
    """The same of N-Quads, as far as these can be read."""
    return spoken_of(broken_quads.nodes(lines))


def refusal(request: str, described: Iterable[str], rejected: Iterable[str]) -> DocumentationError:
    """Why nothing is determined of a request.

    Args:
        request: its IRI.
        described: the data sets that describe it; several, or something is said of it elsewhere.
        rejected: those that say something of it and are rejected.
    """
    if others := ", ".join(rejected):
        problem = f"more is said of the request <{request}> in what is rejected: {others}"
    else:
        problem = f"the request <{request}> is described in more than one data set"
    mend = "Keep a request and its statements in one data set"
    return DocumentationError(problem, where=", ".join(described), mend=mend)


class Gathered(NamedTuple):
    """What data sets hold together."""

    cases: list[Case]
    """Those of which all stands in their data set."""
    errors: list[NecessityError]
    """Why data sets, or other requests, are rejected."""
    spoken_of: list[tuple[str, tuple[str, ...]]]
    """The names of data sets that are rejected, each with what it speaks of."""


def gather(data_sets: Iterable[IntakeResult | StreamedDataSet]) -> Gathered:
    """The cases of data sets of which all stands in one, and an error for each other request and each data set without."""
    described: dict[str, list[Case]] = {}
    errors: list[NecessityError] = []
    rejected: list[tuple[str, tuple[str, ...]]] = []
    for read in data_sets:
        for case in read.cases:
            described.setdefault(case.iri, []).append(case)
        if read.errors:
            errors.append(read.errors[0])
            rejected.append((read.source, read.spoken_of))
    elsewhere: dict[str, set[str]] = {}
    for source, names in rejected:
        for name in names:
            elsewhere.setdefault(name, set()).add(source)
    refused = [iri for iri, of_request in described.items() if len(of_request) > 1 or iri in elsewhere]
    errors += [
        refusal(iri, sorted(case.source for case in described.pop(iri)), sorted(elsewhere.get(iri, ())))
        for iri in refused
    ]
    return Gathered([of_request[0] for of_request in described.values()], errors, rejected)
