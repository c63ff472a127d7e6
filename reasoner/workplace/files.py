"""What a person drops in: documents with their texts, charts with their statements, and why a file is neither."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO

from rdflib import Graph, URIRef
from rdflib.term import Node

from reasoner.chart import intake
from reasoner.chart.documents.model import DocumentText
from reasoner.chart.documents.reading import SUFFIXES, read_documents
from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.packing import GZIP, file_type, unpacked
from reasoner.chart.sources import FHIR, WHOLE
from reasoner.ground.errors import ConflictError, DocumentationError, NecessityError
from reasoner.policy.model import Policy
from reasoner.rdf.namespaces import NEC, RDF

KINDS = tuple(dict.fromkeys((*SUFFIXES, *WHOLE, GZIP)))
"""The suffixes of what can be dropped in."""
_PARTIES = (NEC.member, NEC.plan)


@dataclass(frozen=True)
class Upload:
    """A file as a person gives it."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Files:
    """What some files hold."""

    documents: tuple[DocumentText, ...] = ()
    charts: tuple[Graph, ...] = ()
    """Each with one request, whose own facts are not used."""
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_files(uploads: Iterable[Upload], policy: Policy, options: RequestOptions, limit: int) -> Files:
    """What files hold: a chart where the name says RDF, a sheet or a Bundle of FHIR, else documents.

    Args:
        uploads: the files.
        policy: the policy whose vocabulary charts use.
        options: facts of the request, which FHIR may not state.
        limit: MiB that a file may have, also unpacked.
    """
    documents: dict[str, DocumentText] = {}
    charts: list[Graph] = []
    errors: list[str] = []
    notes: list[str] = []
    for upload in uploads:
        try:
            for found in _read(upload, policy, options, limit * 2**20, notes):
                if isinstance(found, DocumentText):
                    documents.setdefault(found.digest, found)
                    notes += [f"{found.name}: {note}" for note in found.notes]
                elif isinstance(found, Graph):
                    charts.append(found)
                else:
                    errors.append(str(found))
        except NecessityError as error:
            errors.append(str(error))
    return Files(tuple(documents.values()), tuple(charts), tuple(errors), tuple(notes))


def _read(
    upload: Upload, policy: Policy, options: RequestOptions, limit: int, notes: list[str]
) -> Iterator[DocumentText | Graph | NecessityError]:
    name, data = upload.name, upload.data
    too_large = DocumentationError(f"it is larger than {limit // 2**20} MiB", where=name, mend="Split it")
    if len(data) > limit:
        raise too_large
    kind, packed = file_type(name)
    if packed:
        data = unpacked(BytesIO(data), name).read(limit + 1)
        if len(data) > limit:
            raise too_large
    if kind not in WHOLE or (kind == FHIR and not _is_bundle(data)):
        yield from read_documents(data, name)
        return
    for result in intake.read_source(name, policy, suffix=kind, options=options, data=data):
        notes += [f"{name}: {note}" for note in result.notes]
        if result.chart is None:
            yield from result.errors[:1]
        else:
            yield result.chart.graph


def _is_bundle(data: bytes) -> bool:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return True  # what reads bundles says what is wrong with it
    return isinstance(content, dict) and content.get("resourceType") == "Bundle"


def moved(chart: Graph, request: URIRef, born: Node | None) -> Graph:
    """What a chart says beside its request, as said about another request.

    Args:
        chart: a chart with one request.
        request: the request that it is to be about.
        born: the birth date of that request's member.

    Raises:
        ConflictError: the chart is of a member with another birth date.
        DocumentationError: it has no request, or several.
    """
    own = list(chart.subjects(RDF.type, NEC.ReviewRequest))
    if len(own) != 1:
        raise DocumentationError(
            f"the file holds {len(own) or 'no'} requests", mend="Take it in on the page Batch" if own else ""
        )
    parties = {own[0], *(party for p in _PARTIES for party in chart.objects(own[0], p))}
    other = chart.value(chart.value(own[0], NEC.member), NEC.birthDate)
    if other is not None and other != born:
        raise ConflictError(
            "the file is of a member with another birth date", mend="Look whether it belongs to this request"
        )
    found = Graph(bind_namespaces="none")
    for subject, predicate, value in chart:
        if subject not in parties:
            found.add((subject, predicate, request if value == own[0] else value))
    return found
