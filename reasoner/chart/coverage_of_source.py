"""What is understood of documentation: the chart that a source becomes, complete or not, and its coverage."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from pathlib import Path
from typing import IO

from reasoner.chart import intake, report, sources
from reasoner.chart.fast.chart import read_cases
from reasoner.chart.fast.piece import LINES, SUFFIXES, TABLE
from reasoner.chart.fhir import bulk, mapping
from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.report import Coverage, ReportedPart, ResourceUse
from reasoner.chart.tables import rows, sheet
from reasoner.ground.errors import DocumentationError, NecessityError, UsageError
from reasoner.policy.model import Policy
from reasoner.rdf import parsing
from reasoner.rdf.parsing import DataSet


@dataclass(frozen=True)
class Understood:
    """What is understood of one data set of the input."""

    source: str
    chart: DataSet | None = field(default=None, repr=False)
    """The request and what is said about it; of FHIR the request may lack facts."""
    coverage: Coverage | None = field(default=None, repr=False)
    errors: tuple[NecessityError, ...] = ()
    """Why nothing can be determined from it."""


def understand(
    paths: Iterable[str], policy: Policy, *, suffix: str | None = None, options: RequestOptions | None = None
) -> Iterator[Understood]:
    """What is understood of files, folders, patterns or standard input, data set by data set.

    Args:
        paths: as for `intake.find`.
        policy: the policy whose vocabulary the documentation uses.
        suffix: the file type of standard input.
        options: facts of the request that FHIR does not state.

    Raises:
        UsageError: there is nothing at a path.
    """

    def place(name: str) -> tuple[str, str]:
        kind = (suffix or "") if name == sources.STDIN else Path(name).suffix.lower()
        return kind, str(Path(name).parent) if kind == LINES else name

    options = options or RequestOptions()
    for (kind, _), names in groupby(sources.find(paths, SUFFIXES), key=place):
        for name in names if kind != LINES else ():
            yield from _table(name, policy) if kind == TABLE else _file(name, kind, policy, options)
        if kind == LINES:
            yield from _lines(list(names), policy, options)


def _file(
    name: str, kind: str, policy: Policy, options: RequestOptions, data: bytes | None = None
) -> Iterator[Understood]:
    source = "standard input" if name == sources.STDIN else name
    try:
        kind, source, data = intake.content(name, kind, data)
        bundle = data if kind == sources.FHIR else intake.bundle_in_turtle(kind, data, source)
        if bundle is not None:
            yield _bundle(bundle, source, policy, options)
            return
        if kind == rows.CSV:
            yield from (_request(found, policy) for found in sheet.read(data, source, policy))
            return
        sets, _, _ = intake.datasets(name, policy, suffix=kind, options=options, data=data)
    except NecessityError as error:
        yield Understood(source, errors=(error,))
        return
    for data_set in sets:
        yield _checked(data_set, report.of_graph(data_set, policy), (), policy)


def _request(found: sheet.Rows, policy: Policy) -> Understood:
    """The rows of a request; what is wrong with them names the row."""
    if found.error:
        return Understood(found.source, errors=(found.error,))
    data_set = found.data_set()
    checked = _checked(data_set, report.of_graph(data_set, policy), (), policy)
    return replace(checked, errors=tuple(map(found.explain, checked.errors)))


def _table(name: str, policy: Policy) -> Iterator[Understood]:
    """A Parquet file of statements, request by request."""
    try:
        if name == sources.STDIN:
            raise UsageError("Parquet is not read from standard input", mend="Give the file")
        records = rows.parquet_records(Path(name))
        header = next(records, [])
        if not sheet.is_sheet(header):
            mend = f"A sheet of statements has {sheet.REQUEST!r}; quads are determined, and shown as .nq"
            raise DocumentationError("the table is no sheet of statements", where=name, mend=mend)
        for first, part in rows.parts(chain([header], records), sheet.REQUEST):
            for found in sheet.read(part, name, policy, first=first):
                yield _request(found, policy)
    except NecessityError as error:
        yield Understood(name, errors=(error,))


def _bundle(
    data: bytes | dict[str, object], source: str, policy: Policy, options: RequestOptions, places: tuple[str, ...] = ()
) -> Understood:
    reading = mapping.read(data, source, intake.vocabulary(policy), options)
    chart = parsing.data_set(source, reading.triples)
    return _checked(chart, report.of_bundle(reading, places), reading.missing, policy)


def _checked(chart: DataSet, found: Coverage, missing: tuple[NecessityError, ...], policy: Policy) -> Understood:
    """The chart, with what is wrong with it if it lacks nothing."""
    if not missing:
        try:
            read_cases(chart, policy, None)
        except NecessityError as error:
            missing = (error,)
    return Understood(chart.name, chart, found, missing)


def _lines(names: list[str], policy: Policy, options: RequestOptions) -> Iterator[Understood]:
    """Newline-delimited JSON of one folder: the files of a bulk export together, else each line by itself."""
    export = []
    for name in names:
        source = "standard input" if name == sources.STDIN else name
        try:
            with nullcontext(sys.stdin.buffer) if name == sources.STDIN else open(name, "rb") as stream:
                first = bulk.beginning(stream)
                if not bulk.is_bulk(first):
                    yield from _apart(source, first.lstrip(), len(first.splitlines()), stream, policy, options)
                elif name == sources.STDIN:
                    yield from _export(bulk.records_of(stream, source, first), source, policy, options)
                else:
                    export.append(name)
        except OSError as error:
            problem = f"the file cannot be read: {error.strerror or type(error).__name__}"
            yield Understood(source, errors=(DocumentationError(problem, where=source),))
    if export:
        yield from _export(bulk.records(export), str(Path(export[0]).parent), policy, options)


def _apart(
    source: str, line: bytes, number: int, stream: IO[bytes], policy: Policy, options: RequestOptions
) -> Iterator[Understood]:
    while line:
        if line.strip():
            kind = sources.FHIR if b'"resourceType"' in line else ".jsonld"
            yield from _file(f"{source}, line {number}", kind, policy, options, line)
        line, number = stream.readline(parsing.MAX_BYTES), number + 1


def _export(
    records: Iterable[bulk.PatientRecord | bulk.Orphan], source: str, policy: Policy, options: RequestOptions
) -> Iterator[Understood]:
    left: list[ReportedPart] = []
    for record in records:
        if isinstance(record, bulk.Orphan):
            left.append(
                ReportedPart(record.place, record.place, record.kind, ResourceUse.NOT_USED, reasons=(record.reason,))
            )
        elif record.error:
            yield Understood(record.source, errors=(record.error,))
        else:
            try:
                yield _bundle(record.bundle, record.source, policy, options, record.places)
            except NecessityError as error:
                yield Understood(record.source, errors=(error,))
    if left:
        yield Understood(source, coverage=Coverage(f"{source}, no patient", tuple(left)))
