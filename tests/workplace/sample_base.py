"""A knowledge base of a few charts for the tests of the workplace, one of them hostile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rdflib import Graph

from reasoner import Policy
from reasoner.chart.intake import read_file, read_graph
from reasoner.determination.determine import determine_case
from reasoner.render import notices
from reasoner.review.acts import Disposition, Override
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.service import Workplace
from reasoner.workplace.worklist import request_id
from tests.conftest import CASES

CHARTS = {
    name.rpartition("/")[2]: f"https://w3id.org/necessity/cases/{name}#request"
    for name in (
        "adult-admission/nothing-on-supports",
        "adult-admission/criteria-met",
        "adult-admission/needs-round-the-clock-care",
        "adult-admission/other-factor-not-accepted",
        "illinois/continuation-without-asam",
        "dates/stay-spanning-first-day",
    )
}
"""Name of a chart to the IRI of its request."""
HOSTILE = "https://example.org/hostile#request"
MARKUP = (
    "<script>document.title='pwned'</script><img src=x onerror=alert(1)> ![x](https://evil.example/b.png) "
    "[link](javascript:alert(1)) **bold** $x$ :red[y] \u202egnp.exe\u202c {{ 7*7 }} #set text(red)"
)
"""What a chart might say to be run, fetched, or shown the wrong way round."""


def opaque_id(name: str) -> str:
    """The opaque id of a chart of these."""
    return request_id(CHARTS.get(name, HOSTILE))


def complete_letter(
    workplace: Workplace, file: CaseFile, disposition: Disposition, overrides: Sequence[Override] = ()
) -> str:
    """The draft of a letter with what nobody has said yet filled in; empty if no letter goes with the act."""
    text = workplace.letters(file).draft(file.determinations[0], disposition, overrides) or ""
    signed = (notices.DATE, notices.REASON, notices.DECIDED_BY)
    return notices.PLACEHOLDER.sub(lambda place: place[0] if place[0] in signed else "as the policy asks", text)


def hostile_chart() -> Graph:
    """A chart whose every text is hostile, one of a megabyte."""
    text = (CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl").read_text()
    graph = Graph().parse(
        data=text.replace(
            "https://w3id.org/necessity/cases/adult-admission/nothing-on-supports#", HOSTILE.removesuffix("request")
        ),
        format="turtle",
    )
    from rdflib import RDF, Literal, URIRef

    from reasoner.rdf.namespaces import DCTERMS, NEC

    item = URIRef(HOSTILE.replace("request", "item"))
    for predicate, value in ((RDF.type, NEC.Unread), (NEC.about, URIRef(HOSTILE)), (NEC.kind, NEC.Observation)):
        graph.add((item, predicate, value))
    for predicate in (NEC.words, NEC.reason, NEC.source):
        graph.add((item, predicate, Literal(MARKUP)))
    for predicate in (NEC.excerpt, DCTERMS.title, DCTERMS.creator, NEC.authorRole, NEC.page):
        for number, (subject, value) in enumerate(sorted(graph.subject_objects(predicate))):
            graph.remove((subject, predicate, value))
            long = predicate == NEC.excerpt and number == 0
            graph.add((subject, predicate, Literal(MARKUP + ("x" * 10**6 if long else ""))))
    return graph


def build(folder: Path, policy: Policy) -> Path:
    """Make the knowledge base in a folder, every chart determined."""
    with KnowledgeBase(open_store(folder, write=True)) as kb:
        kb.load_policy(policy)
        fill(kb, policy)
    return folder


def fill(kb: KnowledgeBase, policy: Policy) -> None:
    """Load the charts and determine them."""
    cases = [
        *(
            case
            for iri in CHARTS.values()
            for case in read_file(
                CASES
                / "mp9556"
                / f"{iri.removeprefix('https://w3id.org/necessity/cases/').removesuffix('#request')}.ttl",
                policy,
            )
        ),
        *read_graph(hostile_chart(), policy),
    ]
    for case in cases:
        kb.load_case(case)
        kb.record(determine_case(case, policy))
