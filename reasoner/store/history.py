"""History: snapshots of what a determination judged and a replaced chart no longer says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

import pyoxigraph as ox

from reasoner.ground.errors import StoreError
from reasoner.rdf import graphs
from reasoner.rdf.descriptions import describe
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.store.catalog import lines


def no_longer_said(before: str, after: str, judged: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The snapshots to keep when a chart is replaced, each by its IRI as canonical N-Triples.

    Args:
        before: the earlier chart, as canonical N-Triples.
        after: the new one.
        judged: IRI and digest of each resource that a determination of the request judged.
    """
    earlier, later = describe(before), describe(after)
    kept = {}
    for resource, digest in judged:
        description = earlier.get(resource, "")
        if description and description != later.get(resource) and graphs.digest(description) == digest:
            iri = snapshot_iri(resource, digest)
            kept[iri] = _snapshot(iri, resource, digest, description)
    return kept


def judged(chart: str, digests: Mapping[str, str], content: Callable[[str], str]) -> dict[str, str]:
    """What a determination judged of each resource, by IRI as canonical N-Triples.

    Args:
        chart: the chart as it is now, as canonical N-Triples.
        digests: IRI of each resource to the digest of what was judged of it.
        content: gives a snapshot by its IRI, as canonical N-Triples.

    Raises:
        StoreError: what was judged is neither in the chart nor among the snapshots.
    """
    said = describe(chart)
    told: dict[str, str] = {}
    for resource, digest in digests.items():
        description = said.get(resource, "")
        if graphs.digest(description) != digest:
            description = read_snapshot(content(snapshot_iri(resource, digest)))
        if graphs.digest(description) != digest:
            raise StoreError("what was judged of it is not in the knowledge base", where=resource)
        told[resource] = description
    return told


def snapshot_iri(resource: str, digest: str) -> str:
    """The IRI of the snapshot of a description, by its digest."""
    return "urn:necessity:snapshot:" + hashlib.sha256(f"{resource}\n{digest}".encode()).hexdigest()[:32]


def read_snapshot(content: str) -> str:
    """What a snapshot (canonical N-Triples) says of its resource, as canonical N-Triples."""
    terms: dict[str, dict[str, str]] = {}
    for triple in graphs.triples(content):
        terms.setdefault(str(triple.subject), {})[triple.predicate.value] = str(triple.object)
    names = (str(RDF.subject), str(RDF.predicate), str(RDF.object))
    said = [tuple(parts[name] for name in names) for parts in terms.values() if names[0] in parts]
    return "".join(sorted(f"{s} {p} {o} .\n" for s, p, o in said))


def _snapshot(iri: str, resource: str, digest: str, description: str) -> str:
    facts = [
        (str(RDF.type), f"<{NEC.Snapshot}>"),
        (str(NEC.resource), f"<{resource}>"),
        (str(NEC.judgedDigest), str(ox.Literal(digest))),
    ]
    parts = []
    for number, triple in enumerate(graphs.triples(description), start=1):
        node = f"{iri}#triple-{number}"
        facts.append((str(NEC.says), f"<{node}>"))
        terms = (triple.subject, triple.predicate, triple.object)
        parts.append(lines(node, zip(map(str, (RDF.subject, RDF.predicate, RDF.object)), map(str, terms), strict=True)))
    return "".join(sorted(graphs.lines_of(lines(iri, facts) + "".join(parts))))
