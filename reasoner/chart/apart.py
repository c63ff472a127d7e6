"""Requests whose statements stand in several data sets: nothing is determined of them, since none shows all that is said."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reasoner.chart.model import Case
from reasoner.ground.errors import DocumentationError, NecessityError
from reasoner.rdf import broken_quads, terms
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.terms import Nodes

_ABOUT = terms.of(NEC.about)


def requests_in(nodes: Nodes) -> tuple[str, ...]:
    """IRIs of what a data set describes or says something about: the requests among them are those that it speaks of.

    What it describes may say elsewhere that it is a request.
    """
    found = {value for facts in nodes.values() for value in facts.get(_ABOUT, ())}
    return tuple(sorted(terms.name(term) for term in found.union(nodes) if term.startswith("<")))


def requests_in_lines(lines: bytes) -> tuple[str, ...]:
    """The same of N-Quads, as far as these can be read."""
    return requests_in(broken_quads.nodes(lines))


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


def refuse(
    cases: Iterable[Case], rejected: Iterable[tuple[str, Collection[str]]]
) -> tuple[list[Case], list[NecessityError]]:
    """The cases of which all stands in their data set, and an error for each other request.

    Args:
        cases: those of all data sets.
        rejected: the names of data sets that are rejected, each with the requests that it speaks of.
    """
    described: dict[str, list[Case]] = {}
    for case in cases:
        described.setdefault(case.iri, []).append(case)
    elsewhere: dict[str, set[str]] = {}
    for source, requests in rejected:
        for request in requests:
            elsewhere.setdefault(request, set()).add(source)
    refused = [iri for iri, of_request in described.items() if len(of_request) > 1 or iri in elsewhere]
    errors: list[NecessityError] = [
        refusal(iri, sorted(case.source for case in described.pop(iri)), sorted(elsewhere.get(iri, ())))
        for iri in refused
    ]
    return [of_request[0] for of_request in described.values()], errors
