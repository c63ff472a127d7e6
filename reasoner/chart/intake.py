"""Intake: the one way from files, folders, standard input and graphs to data sets and their cases.

RDF is read as it is; FHIR, forms and sheets are mapped to RDF first.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, NamedTuple

import pyoxigraph as ox
from rdflib import Graph

from reasoner.chart import apart
from reasoner.chart.coding import code_systems
from reasoner.chart.documents import anchors
from reasoner.chart.fast.chart import read_cases
from reasoner.chart.intake_result import IntakeResult, report_on_bundle, report_on_graph, report_on_orphans
from reasoner.chart.model import Case
from reasoner.chart.packing import file_type, unpacked
from reasoner.chart.sources import (
    ALL_SUFFIXES,
    FHIR,
    LINES,
    TABLE,
    TURTLE,
    WHOLE,
    WORKBOOK,
    called,
    content,
    find,
    given_type,
    is_local,
    is_stream,
    no_lines,
    opened,
    unknown,
)
from reasoner.chart.tables import rows
from reasoner.ground.errors import DocumentationError, NecessityError, ProgramError, contained, reading, unreadable
from reasoner.ground.urls import folder_of
from reasoner.policy.model import Policy
from reasoner.rdf import parsing, terms
from reasoner.rdf.broken_quads import NamedGraph, graphs_apart
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF, SKOS

if TYPE_CHECKING:
    from reasoner.chart.fhir import bulk, mapping
    from reasoner.chart.fhir.request import RequestOptions
    from reasoner.chart.fhir.vocabulary import Vocabulary
    from reasoner.chart.tables import quads

_TEXT = terms.of(NEC.text)
_QUADS, _TRIPLES, _JSON_LD = ".nq", ".nt", ".jsonld"
_TOGETHER, _TOGETHER_BYTES = 128, 2**21  # bundles that are mapped in one go


def read_all(
    paths: Iterable[str],
    policy: Policy,
    *,
    suffix: str | None = None,
    as_of: date | None = None,
    options: RequestOptions | None = None,
) -> Iterator[IntakeResult]:
    """The data sets of files, folders, patterns or standard input; the bulk exports of FHIR come last.

    Args:
        paths: as for `reasoner.chart.sources.find`.
        policy: the policy whose vocabulary the documentation uses.
        suffix: the file type of standard input, such as ``.ttl`` or ``.ttl.gz``.
        as_of: review date that overrides the requests' own.
        options: facts of the request that FHIR does not state.

    Raises:
        UsageError: there is nothing at a path.
    """
    intake = Intake(policy, as_of, options)
    yield from intake.mapped(_found(intake, find(paths, ALL_SUFFIXES), suffix))


def _found(intake: Intake, names: Iterable[str], suffix: str | None) -> Iterator[IntakeResult | _Waiting]:
    exports: dict[str, list[str]] = {}
    for name in names:
        given = given_type(name, suffix)
        if file_type(name if given is None else given)[0] == LINES:
            yield from intake.lines(name, given, exports)
        else:
            yield from intake.source(name, given)
    for folder, files in exports.items():
        from reasoner.chart.fhir import bulk

        result = None
        for result in intake.export(bulk.records(files), folder):
            yield result
        if result is None:
            yield from map(_empty, files)


def read_source(
    name: str,
    policy: Policy,
    *,
    suffix: str | None = None,
    as_of: date | None = None,
    options: RequestOptions | None = None,
    data: bytes | None = None,
) -> Iterator[IntakeResult]:
    """The data sets of one file of `reasoner.chart.sources.WHOLE`, or of standard input.

    Args:
        name: a path, or `reasoner.chart.sources.STDIN`.
        policy: the policy whose vocabulary the documentation uses.
        suffix: the file type in place of the one that the name tells, such as ``.ttl`` or ``.ttl.gz``.
        as_of: review date that overrides the requests' own.
        options: facts of the request that FHIR does not state.
        data: the content, where it has been read already; then the name only says what it is called.
    """
    return Intake(policy, as_of, options).read_documents([(name, suffix, data)])


def read(
    name: str,
    policy: Policy,
    *,
    suffix: str | None = None,
    as_of: date | None = None,
    options: RequestOptions | None = None,
    data: bytes | None = None,
) -> tuple[list[Case], list[NecessityError], tuple[str, ...]]:
    """The cases of one file or of standard input, an error for each data set or request without, and notes on what is not used.

    Takes what `read_source` takes.
    """
    results = list(read_source(name, policy, suffix=suffix, as_of=as_of, options=options, data=data))
    cases, errors, _ = apart.gather(results)
    return cases, errors, tuple(note for result in results for note in result.notes)


def read_file(path: Path, policy: Policy, as_of: date | None = None) -> tuple[Case, ...]:
    """The cases of one file, ordered by request IRI; raises `DocumentationError` if any of it is not well formed."""
    cases, errors, _ = read(str(path), policy, as_of=as_of)
    for error in errors:
        raise error
    return tuple(sorted(cases, key=lambda case: case.iri))


def read_graph(data: Graph, policy: Policy, as_of: date | None = None) -> tuple[Case, ...]:
    """The cases of an rdflib graph; raises `DocumentationError` if it is not well formed."""
    n_triples = data.serialize(format="nt", encoding="utf-8")
    (data_set,) = parsing.parse_datasets(n_triples, ox.RdfFormat.N_TRIPLES, "graph")
    return read_cases(data_set, policy, as_of)


def _broken(name: str, lines: bytes, error: NecessityError) -> IntakeResult:
    """A data set of N-Quads that is rejected."""
    return IntakeResult(name, raw=lines, _refusals=(error,), _spoken_of=apart.spoken_of_in_lines(lines))


def _told(source: str, parts: Iterator[IntakeResult | _Waiting]) -> Iterator[IntakeResult | _Waiting]:
    """The parts of a source, and the error that ends them as one of them."""
    try:
        with contained(source):
            yield from parts
    except NecessityError as error:
        yield IntakeResult(source, _refusals=(error,))


def _empty(source: str) -> IntakeResult:
    return IntakeResult(source, _refusals=(no_lines(source),))


@lru_cache(maxsize=4)
def vocabulary(policy: Policy) -> Vocabulary:
    """What a mapping looks up: names and kinds of criteria and of the concepts of code systems, what details they have, and
    which concepts stand for a class that has a role (`nec:Roles`).
    """
    from reasoner.chart.fhir.vocabulary import Vocabulary

    names = [
        DCTERMS.identifier,
        RDF.type,
        SKOS.inScheme,
        SKOS.notation,
        NEC.axis,
        NEC.axisClass,
        NEC.codedKind,
        NEC.codeRemission,
        NEC.detail,
    ]
    names += [NEC.speaksOnlyWith, NEC.supersededPer, NEC.holdsFor, NEC.toQuestion, NEC.answer, NEC.affirms, NEC.denies]
    predicates = frozenset(ox.NamedNode(str(name)) for name in names)
    wanted = [triple for triple in policy.sources.triples() if triple.predicate in predicates]
    lexicon = policy.lexicon
    roles = [terms.name(term) for term, schemes in lexicon.schemes.items() if str(NEC.Roles) in schemes]
    code_class = ox.NamedNode(str(NEC.codeClass))
    for code, classes in lexicon.codes.items():
        for role in roles:
            if any(lexicon.relations.is_within(name, role) for name in classes):
                wanted.append(ox.Triple(ox.NamedNode(terms.name(code)), code_class, ox.NamedNode(role)))
    return Vocabulary(wanted, policy.axes, code_systems(policy))


class _Waiting(NamedTuple):
    """A Bundle that waits to be mapped with others."""

    source: str
    bundle: bytes | dict[str, Any]
    places: tuple[str, ...] = ()
    """Where its entries stand, if they were put together from elsewhere."""


class Intake:
    """Reads sources for one policy.

    Args:
        policy: the policy whose vocabulary the documentation uses.
        as_of: review date that overrides the requests' own.
        options: facts of the request that FHIR does not state.
    """

    def __init__(self, policy: Policy, as_of: date | None = None, options: RequestOptions | None = None) -> None:
        self.policy = policy
        self.as_of = as_of
        self._options = options

    def read_documents(self, documents: Iterable[tuple[str, str | None, bytes | None]]) -> Iterator[IntakeResult]:
        """The data sets of documents, in order, of each the name, the suffix and the data that `read_source` takes."""
        return self.mapped(chain.from_iterable(self.source(*document) for document in documents))

    def mapped(self, parts: Iterable[IntakeResult | _Waiting]) -> Iterator[IntakeResult]:
        """The parts in order, the bundles among them mapped many at a time."""
        waiting: list[IntakeResult | _Waiting] = []
        number = size = 0
        for part in parts:
            waiting.append(part)
            if isinstance(part, _Waiting):
                number, size = number + 1, size + len(part.bundle)
            if number in (0, _TOGETHER) or size > _TOGETHER_BYTES:
                yield from self._map(waiting)
                number = size = 0
        yield from self._map(waiting)

    def _map(self, parts: list[IntakeResult | _Waiting]) -> Iterator[IntakeResult]:
        of_bundles = self._bundles([part for part in parts if isinstance(part, _Waiting)])
        yield from [next(of_bundles) if isinstance(part, _Waiting) else part for part in parts]
        parts.clear()

    def _bundles(self, bundles: list[_Waiting]) -> Iterator[IntakeResult]:
        """What each becomes; nothing of what maps them is loaded until the first is asked for."""
        from reasoner.chart.fhir import mapping, request

        options = self._options or request.NOTHING_GIVEN

        def mapped(some: list[_Waiting]) -> list[mapping.MappedBundle | NecessityError]:
            """All at once, or one by one where this program fails."""
            try:
                with contained(some[0].source):
                    documents = [(part.bundle, part.source) for part in some]
                    return mapping.map_bundles(documents, vocabulary(self.policy), options)
            except ProgramError as fault:
                return [fault] if len(some) == 1 else [found for part in some for found in mapped([part])]

        yield from map(self._bundle, bundles, mapped(bundles))

    def source(self, name: str, suffix: str | None, data: bytes | None = None) -> Iterator[IntakeResult | _Waiting]:
        """What is read at once."""
        return _told(called(name), self._source(name, suffix, data))

    def _source(self, name: str, suffix: str | None, data: bytes | None) -> Iterator[IntakeResult | _Waiting]:
        source = called(name)
        kind, packed = file_type(name if suffix is None else suffix)
        if kind not in WHOLE:
            raise unknown(name, suffix, data)
        if kind in (TABLE, WORKBOOK) and data is None and not packed and is_local(name):
            yield from self.table(Path(name), source) if kind == TABLE else self.workbook(Path(name), source)
            return
        if data is None:
            data = content(name, suffix)
        elif packed:
            data = unpacked(io.BytesIO(data), source, packed).read(parsing.MAX_BYTES + 1)
        if len(data) > parsing.MAX_BYTES:
            raise DocumentationError(f"it is larger than {parsing.MAX_BYTES // 2**20} MiB", where=source)
        if kind in (TABLE, WORKBOOK):
            file = io.BytesIO(data)
            yield from self.table(file, source) if kind == TABLE else self.workbook(file, source)
        elif kind == rows.CSV:
            yield from self._sheet(data, source)
        elif (bundle := data if kind == FHIR else _bundle_in_turtle(kind, data, source)) is not None:
            yield _Waiting(source, bundle)
        else:
            yield from self._rdf(data, kind, source)

    def table(self, file: Path | BinaryIO, source: str) -> Iterator[IntakeResult | _Waiting]:
        """A Parquet file: of statements, or of quads."""
        from reasoner.chart.tables import quads, sheet

        records = rows.parquet_records(file, source)
        header = next(records, [])
        if not sheet.is_sheet(header):
            for graph in quads.apart(quads.of_parquet(file, source), source):
                yield self._graph(graph, source)
            return
        for first, part in rows.parts(chain([header], records), sheet.REQUEST, parsing.MAX_BYTES):
            yield from self._sheet(part, source, first)

    def _graph(self, graph: quads.TableGraph, source: str) -> IntakeResult:
        """A graph of a table of quads."""
        from reasoner.chart.tables.quads import not_one_term

        name = f"{source} {graph.name}".rstrip()
        if graph.error:
            return IntakeResult(name, _refusals=(graph.error,), _spoken_of=apart.spoken_of_in_lines(graph.lines))
        try:
            with reading(name):
                found = parsing.parse_datasets(graph.lines, parsing.SYNTAXES[_QUADS], source, rows=graph.rows)
            if len(found) > 1 or found[0].name not in (name, f"{source} <{graph.name.removeprefix('_:')}>"):
                raise not_one_term(name)
        except NecessityError as error:
            return _broken(name, graph.lines, error)
        return self._chart(found[0])

    def workbook(self, file: Path | BinaryIO, source: str) -> Iterator[IntakeResult]:
        """The worksheet of statements of a workbook."""
        from reasoner.chart.tables import sheet, workbook

        records, notes = workbook.workbook_records(file, source, sheet.REQUEST)
        for first, part in rows.parts(records, sheet.REQUEST, parsing.MAX_BYTES):
            yield from self._sheet(part, source, first)
        if notes:
            yield IntakeResult(source, notes=notes)

    def lines(self, name: str, suffix: str | None, exports: dict[str, list[str]]) -> Iterator[IntakeResult | _Waiting]:
        """Newline-delimited JSON, a document a line; a file of a bulk export is put down under its folder instead."""
        return _told(called(name), self._lines(name, suffix, exports))

    def _lines(self, name: str, suffix: str | None, exports: dict[str, list[str]]) -> Iterator[IntakeResult | _Waiting]:
        from reasoner.chart.fhir import bulk

        source = called(name)
        try:
            with opened(name, suffix) as stream:
                first = bulk.beginning(stream)
                empty, once = not first.strip(), is_stream(name)
                if empty and once:
                    yield _empty(source)
                elif not once and (empty or bulk.is_bulk(first)):  # an export has empty files too
                    exports.setdefault(folder_of(name), []).append(name)
                elif bulk.is_bulk(first):
                    yield from self.export(bulk.records_of(stream, source, first), source)
                else:
                    yield from self._documents(source, first.lstrip(), len(first.splitlines()), stream)
        except OSError as error:
            raise unreadable(source, error) from error

    def export(
        self, records: Iterable[bulk.PatientRecord | bulk.Orphan], source: str
    ) -> Iterator[IntakeResult | _Waiting]:
        """The patients of a bulk export of FHIR, and what belongs to none of them."""
        from reasoner.chart.fhir.bulk import Orphan, notes_on

        orphans: list[Orphan] = []

        def of_patients() -> Iterator[IntakeResult | _Waiting]:
            for record in records:
                if isinstance(record, Orphan):
                    orphans.append(record)
                elif record.error:
                    yield IntakeResult(record.source, _refusals=(record.error,))
                else:
                    yield _Waiting(record.source, record.bundle, record.places)

        yield from _told(source, of_patients())
        if orphans:
            yield IntakeResult(source, notes=notes_on(orphans), _report=partial(report_on_orphans, source, orphans))

    def _documents(self, source: str, line: bytes, number: int, stream: IO[bytes]) -> Iterator[IntakeResult | _Waiting]:
        """Each line is a JSON document: a FHIR Bundle, or JSON-LD."""
        while line:
            if line.strip():
                kind = FHIR if b'"resourceType"' in line else _JSON_LD
                yield from self.source(f"{source}, line {number}", kind, line)
            line, number = stream.readline(parsing.MAX_BYTES), number + 1

    def _bundle(self, waiting: _Waiting, mapped: mapping.MappedBundle | NecessityError) -> IntakeResult:
        source = waiting.source
        try:
            if isinstance(mapped, NecessityError):
                raise mapped
            with reading(source):
                chart = parsing.data_set(source, mapped.statements, beside=mapped.unread)
        except NecessityError as error:
            return IntakeResult(source, _refusals=(error,))
        notes = () if mapped.missing else mapped.notes
        report = partial(report_on_bundle, mapped, waiting.places)
        return IntakeResult(source, chart, notes, mapped.missing, self._cases, _report=report)

    def _sheet(self, data: bytes, source: str, first: int | None = None) -> Iterator[IntakeResult]:
        """Each run of rows is a request with its statements."""
        from reasoner.chart.tables import sheet

        for request in sheet.read(data, source, self.policy, first=first):
            if request.error:
                yield IntakeResult(request.source, _refusals=(request.error,), _spoken_of=(request.request,))
            else:
                yield self._chart(request.data_set(), request.explain, request.notes)

    def _rdf(self, data: bytes, kind: str, source: str) -> Iterator[IntakeResult]:
        with reading(source):
            try:
                parts = [
                    NamedGraph(chart.name, chart)
                    for chart in parsing.parse_datasets(data, parsing.SYNTAXES[kind], source)
                ]
            except DocumentationError as error:
                if kind not in (_QUADS, _TRIPLES):
                    raise
                found = graphs_apart(data, source) if kind == _QUADS else None
                parts = [NamedGraph(source, error, data)] if found is None else found
        for name, chart, lines in parts:
            if isinstance(chart, DocumentationError):
                yield _broken(name, lines, chart)
            else:
                yield self._chart(chart)

    def _chart(
        self,
        chart: parsing.DataSet,
        explain: Callable[[NecessityError], NecessityError] | None = None,
        notes: tuple[str, ...] = (),
    ) -> IntakeResult:
        if any(_TEXT in values for values in chart.nodes.values()):
            notes = (*notes, *anchors.notes(chart.graph))
        return IntakeResult(
            chart.name,
            chart,
            notes,
            _read=self._cases,
            _explain=explain,
            _report=partial(report_on_graph, chart, self.policy),
        )

    def _cases(self, chart: parsing.DataSet) -> tuple[Case, ...]:
        return read_cases(chart, self.policy, self.as_of)


def _bundle_in_turtle(kind: str, data: bytes, source: str) -> dict[str, Any] | None:
    """The Bundle that FHIR in Turtle is; None for a chart."""
    if kind not in TURTLE or b"hl7.org/fhir" not in data:
        return None
    from reasoner.chart.fhir import from_turtle

    return from_turtle.bundle(data, source)
