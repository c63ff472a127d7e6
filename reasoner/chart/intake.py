"""Intake: files, folders, streams and graphs to cases. RDF is read as it is, FHIR is mapped first."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
from rdflib import Graph

from reasoner.chart.fast.chart import read_cases
from reasoner.chart.model import Case
from reasoner.chart.tables import rows
from reasoner.ground.errors import DocumentationError, NecessityError, reading
from reasoner.policy.model import Policy
from reasoner.rdf import graphs, parsing
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF, SKOS

if TYPE_CHECKING:
    from reasoner.chart.fhir import mapping
    from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.sources import FHIR, STDIN, SUFFIXES, TURTLE


def datasets(
    name: str,
    policy: Policy,
    *,
    suffix: str | None = None,
    options: RequestOptions | None = None,
    data: bytes | None = None,
) -> tuple[list[parsing.DataSet], list[NecessityError], tuple[str, ...]]:
    """The data sets of one file or of standard input, errors of the requests of a sheet, and notes on what was not used.

    Args:
        name: a path, or `STDIN`.
        policy: the policy whose vocabulary a FHIR bundle is mapped to.
        suffix: the file type in place of the one that the name tells, such as ``.ttl``.
        options: facts of the request that a FHIR bundle does not state.
        data: the content, where it has been read already; then the name only says what it is called.

    Raises:
        DocumentationError: it cannot be read.
    """
    kind, source, data = content(name, suffix, data)
    with reading(source):
        if kind == rows.CSV:
            from reasoner.chart.tables import sheet

            requests = list(sheet.read(data, source, policy))
            sound = [found.data_set() for found in requests if not found.error]
            return sound, [found.error for found in requests if found.error], ()
        bundle = data if kind == FHIR else bundle_in_turtle(kind, data, source)
        if bundle is not None:
            from reasoner.chart.fhir import mapping, request

            triples, notes = mapping.read_bundle(
                bundle, source, vocabulary(policy), options or request.RequestOptions()
            )
            return [parsing.data_set(source, triples)], [], notes
        return parsing.parse_datasets(data, parsing.SYNTAXES[kind], source), [], ()


def bundle_in_turtle(kind: str, data: bytes, source: str) -> dict[str, Any] | None:
    """The Bundle that FHIR in Turtle is; None for a chart."""
    if kind not in TURTLE or b"hl7.org/fhir" not in data:
        return None
    from reasoner.chart.fhir import from_turtle

    return from_turtle.bundle(data, source)


def content(name: str, suffix: str | None, data: bytes | None) -> tuple[str, str, bytes]:
    """The file type of a file or of standard input, what to call it in errors, and what is in it.

    Takes what `datasets` takes; raises `DocumentationError` where it cannot be had.
    """
    source = "standard input" if name == STDIN else name
    kind = suffix or (Path(name).suffix.lower() if name != STDIN else "")
    if kind not in SUFFIXES:
        mend = "Give --input-format" if name == STDIN else f"Known: {' '.join(SUFFIXES)}"
        raise DocumentationError(f"unknown file type {kind!r}", where=source, mend=mend)
    if data is None:
        data = sys.stdin.buffer.read(parsing.MAX_BYTES + 1) if name == STDIN else parsing.read_bytes(Path(name))
    if len(data) > parsing.MAX_BYTES:
        raise DocumentationError(f"it is larger than {parsing.MAX_BYTES // 2**20} MiB", where=source)
    return kind, source, data


def read(
    name: str,
    policy: Policy,
    *,
    as_of: date | None = None,
    suffix: str | None = None,
    options: RequestOptions | None = None,
    data: bytes | None = None,
) -> tuple[list[Case], list[NecessityError], tuple[str, ...]]:
    """The cases of one file or of standard input, the errors of its other data sets, and notes on what was not used.

    Takes what `datasets` takes, and as `as_of` a review date that overrides the requests' own.
    """
    cases: list[Case] = []
    errors: list[NecessityError] = []
    try:
        kind, source, data = content(name, suffix, data)
        if kind == rows.CSV:
            return *_read_sheet(data, source, policy, as_of), ()
        found, _, notes = datasets(name, policy, suffix=suffix, options=options, data=data)
    except NecessityError as error:
        return cases, [error], ()
    for data_set in found:
        try:
            cases += read_cases(data_set, policy, as_of)
        except NecessityError as error:
            errors.append(error)
    return cases, errors, notes


def _read_sheet(
    data: bytes, source: str, policy: Policy, as_of: date | None
) -> tuple[list[Case], list[NecessityError]]:
    """The cases of a sheet of statements, and the errors of its other requests."""
    from reasoner.chart.tables import sheet

    cases: list[Case] = []
    errors: list[NecessityError] = []
    for found in sheet.read(data, source, policy):
        try:
            cases += read_cases(found.data_set(), policy, as_of)
        except NecessityError as error:
            errors.append(found.explain(error))
    return cases, errors


def read_file(path: Path, policy: Policy, as_of: date | None = None) -> tuple[Case, ...]:
    """The cases of one file, ordered by request IRI; raises `DocumentationError` if any of it is not well formed."""
    cases, errors, _ = read(str(path), policy, as_of=as_of)
    _, twice = refuse_duplicates(cases)
    for error in (*errors, *twice):
        raise error
    return tuple(sorted(cases, key=lambda case: case.iri))


def read_graph(data: Graph, policy: Policy, as_of: date | None = None) -> tuple[Case, ...]:
    """The cases of an rdflib graph; raises `DocumentationError` if it is not well formed."""
    (found,) = parsing.parse_datasets(data.serialize(format="nt", encoding="utf-8"), ox.RdfFormat.N_TRIPLES, "graph")
    return read_cases(found, policy, as_of)


def refuse_duplicates(cases: Iterable[Case]) -> tuple[list[Case], list[NecessityError]]:
    """The cases whose request is described in one data set only, and an error for each other one."""
    by_request: dict[str, list[Case]] = {}
    for case in cases:
        by_request.setdefault(case.iri, []).append(case)
    errors: list[NecessityError] = [
        DocumentationError(
            f"the request <{iri}> is described in more than one data set",
            where=", ".join(sorted(case.source for case in found)),
            mend="Keep a request and its statements in one data set",
        )
        for iri, found in by_request.items()
        if len(found) > 1
    ]
    return [found[0] for found in by_request.values() if len(found) == 1], errors


@lru_cache(maxsize=4)
def vocabulary(policy: Policy) -> mapping.Vocabulary:
    """What a mapping looks up: names and kinds of criteria and of the concepts of code systems, what details they have."""
    from reasoner.chart.fhir import mapping

    wanted = Graph(bind_namespaces="none")
    names = (RDF.type, DCTERMS.identifier, SKOS.notation, SKOS.inScheme)
    for predicate in (*names, NEC.axis, NEC.axisClass, NEC.detail, NEC.speaksOnlyWith):
        for triple in policy.ontology.triples((None, predicate, None)):
            wanted.add(triple)
    return mapping.Vocabulary(graphs.triples(wanted), policy.axes)
