"""Peer-to-peer calls: what the treating clinician stated in one becomes statements of the chart, of the day of the call."""

from __future__ import annotations

import uuid
from dataclasses import replace

from rdflib import Graph, Literal, URIRef

from reasoner.chart.model import Case
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF
from reasoner.review.acts import Proposal

_DOCUMENT = "urn:necessity:call:"
_INDIVIDUAL = {"affirmed": NEC.Affirmed, "denied": NEC.Denied, "not-applicable": NEC.NotApplicable}


def put_on_chart(proposal: Proposal, case: Case) -> tuple[Proposal, str]:
    """Put the facts of a call on the chart.

    Args:
        proposal: the act, a checked one.
        case: the chart that it is about.

    Returns:
        The proposal with the IRI of the document of the call, and the content of the chart with that document and a statement
        for each fact. Both are as they were if no facts were stated.
    """
    call = proposal.call
    if call is None or not call.facts:
        return proposal, case.content
    document, graph = URIRef(f"{_DOCUMENT}{uuid.uuid4()}"), Graph(bind_namespaces="none")
    for predicate, value in (
        (RDF.type, NEC.Document),
        (DCTERMS.title, Literal("Peer-to-peer call")),
        (DCTERMS.creator, Literal(" ".join(call.held_with.split()))),
        (DCTERMS.issued, Literal(call.day)),
        (NEC.authorRole, Literal("treating clinician")),
        (NEC.authorKind, NEC.Provider),
    ):
        graph.add((document, predicate, value))
    for number, fact in enumerate(call.facts, start=1):
        statement = document + f"#fact-{number}"
        for predicate, value in (
            (RDF.type, NEC.Statement),
            (NEC.about, URIRef(case.iri)),
            (NEC.addresses, URIRef(fact.criterion)),
            (NEC.assertion, _INDIVIDUAL[fact.stance]),
            (NEC.observed, Literal(fact.observed or call.day)),
            (NEC.recorded, Literal(call.day)),
            (NEC.documentedIn, document),
            (NEC.excerpt, Literal(fact.words.strip())),
        ):
            graph.add((statement, predicate, value))
    content = carried(graphs.canonical(graph), case.content)
    return replace(proposal, call=replace(call, document=str(document))), content


def carried(earlier: str, chart: str) -> str:
    """A chart with the calls of an earlier one, so that loading the chart again does not lose them; both as canonical N-Triples."""
    calls = {line for line in graphs.lines_of(earlier) if line.startswith(f"<{_DOCUMENT}")}
    return "".join(sorted(calls.union(graphs.lines_of(chart)))) if calls else chart
