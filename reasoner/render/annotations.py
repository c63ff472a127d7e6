"""Where statements stand in texts, as W3C Web Annotation selectors, which other tools resolve to the same characters.

In a chart one IRI names the characters. The selectors say the same in full, and are written on export alone.
"""

from __future__ import annotations

from rdflib import Graph, Literal, URIRef

from reasoner.chart.documents.anchors import target_iri
from reasoner.chart.model import Statement
from reasoner.rdf.namespaces import DCTERMS, OA, RDF

_PDF_FRAGMENTS = URIRef("http://tools.ietf.org/rfc/rfc3778")


def write_selectors(graph: Graph, statement: Statement) -> None:
    """Add the selectors of a statement's target: the quote with what stands around it, the position, the page.

    Args:
        graph: to add them to.
        statement: if it has no anchor, nothing is added; if its text was not at hand, the position alone.
    """
    anchor = statement.anchor
    if anchor is None:
        return
    target = URIRef(target_iri(anchor.text, anchor.start, anchor.end))
    position = URIRef(f"{target};position")
    graph.add((target, RDF.type, OA.SpecificResource))
    graph.add((target, OA.hasSource, URIRef(anchor.text)))
    graph.add((target, OA.hasSelector, position))
    graph.add((position, RDF.type, OA.TextPositionSelector))
    graph.add((position, OA.start, Literal(anchor.start)))
    graph.add((position, OA.end, Literal(anchor.end)))
    if not anchor.exact:
        return
    quote = URIRef(f"{target};quote")
    graph.add((target, OA.hasSelector, quote))
    graph.add((quote, RDF.type, OA.TextQuoteSelector))
    for predicate, text in ((OA.exact, anchor.exact), (OA.prefix, anchor.prefix), (OA.suffix, anchor.suffix)):
        graph.add((quote, predicate, Literal(text)))
    if anchor.page is not None:
        page = URIRef(f"{target};page")
        graph.add((target, OA.hasSelector, page))
        graph.add((page, RDF.type, OA.FragmentSelector))
        graph.add((page, RDF.value, Literal(f"page={anchor.page}")))
        graph.add((page, DCTERMS.conformsTo, _PDF_FRAGMENTS))
