"""Charts in every kind of file that a batch reads."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyoxigraph as ox
from rdflib import Graph

from benchmarks.generate import generate
from reasoner import load_policy
from tests.chart.test_bulk import condition, patient
from tests.chart.test_sheet import rows_of

CHARTS = 5
_FHIR = ("--phase", "admission", "--focus", "mental-health", "--service-start", "2025-06-02", "--jurisdiction", "US-MO")
_GRAPH = "https://necessity.invalid/{}/{:07}"
QUADS = ("subject", "predicate", "object", "graph")

Unit = tuple[str, ...]
"""What can be left out, moved or changed: a line, or a row by its cells."""
_Write = Callable[[Sequence[Unit], random.Random], bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of input."""

    suffix: str
    units: Callable[[], list[Unit]]
    """The units of sound charts."""
    write: _Write
    """A file of units, in one of the manners in which it may be written."""
    options: tuple[str, ...] = ()
    """What has to be said of its requests."""
    is_packed: bool = False
    """Whether its text cannot be seen in its bytes."""


@cache
def _texts() -> list[str]:
    """Charts with excerpts that have escapes, and characters of several bytes."""
    return [text.replace('core#excerpt> "', r'core#excerpt> "é\u2014\"\\ 😀 ') for text in generate(CHARTS, seed=57)]


@cache
def _charts(under: str = "generated") -> list[Graph]:
    return [Graph().parse(data=text.replace("/generated/", f"/{under}/"), format="nt") for text in _texts()]


@cache
def quads(under: str = "generated") -> list[Unit]:
    """Quads, by their terms; the charts have other names under another path."""
    return [
        (
            *line.removesuffix(" .").replace("/generated/", f"/{under}/").split(" ", 2),
            f"<{_GRAPH.format(under, number)}>",
        )
        for number, text in enumerate(_texts())
        for line in text.split("\n")
        if line
    ]


@cache
def rows(under: str = "generated") -> list[Unit]:
    """Rows of a sheet of statements, the header first."""
    found = [row for data in _charts(under) for row in rows_of(data, load_policy(), often=True)]
    names = list(dict.fromkeys(name for row in found for name in row))
    return [tuple(names), *(tuple(row.get(name, "") for name in names) for row in found)]


@cache
def bundles() -> list[Unit]:
    """FHIR Bundles, a line each."""
    found = []
    for number in range(CHARTS):
        entry = [{"fullUrl": f"urn:p{number}:{n}", "resource": item} for n, item in enumerate(_patient(f"p{number}"))]
        found.append((json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}),))
    return found


def _patient(id_: str) -> list[dict[str, Any]]:
    conditions = [condition(f"c{id_}-{n}", f"Patient/{id_}", recordedDate=f"2025-05-1{n}") for n in range(3)]
    return [patient(id_), *conditions]


@cache
def resources(type_: str = "", of: str = "p") -> list[Unit]:
    """The resources of a bulk export, or those of a type, a line each; the patients have ids that begin in some way."""
    found = [item for number in range(CHARTS) for item in _patient(f"{of}{number}")]
    return [(json.dumps(item),) for item in found if type_ in item["resourceType"]]


@cache
def bundle() -> list[Unit]:
    """The lines of a FHIR Bundle."""
    return [(line,) for line in json.dumps(json.loads(bundles()[1][0]), indent=1).splitlines()]


@cache
def documents(under: str = "generated") -> list[Unit]:
    """Documents of JSON-LD, a line each."""
    return [
        (
            json.dumps(
                sorted(json.loads(chart.serialize(format="json-ld")), key=lambda node: str(node["@id"])), sort_keys=True
            ),
        )
        for chart in _charts(under)
    ]


@cache
def document() -> list[Unit]:
    """The lines of a document of JSON-LD."""
    return [(line,) for line in json.dumps(json.loads(documents()[1][0]), indent=1).splitlines()]


@cache
def triples() -> list[Unit]:
    """The triples of a chart, by their terms."""
    return [unit[:3] for unit in quads() if unit[3] == quads()[-1][3]]


@cache
def turtle() -> list[Unit]:
    """The lines of a chart in Turtle."""
    return [(line,) for line in _charts()[1].serialize(format="turtle").split("\n")]


@cache
def xml() -> list[Unit]:
    """The lines of a chart in RDF/XML."""
    return [(line,) for line in _charts()[1].serialize(format="xml").split("\n")]


@cache
def trig() -> list[Unit]:
    """The lines of charts in TriG."""
    text = "".join(" ".join([*quad, ".\n"]) for quad in quads())
    found = ox.serialize(ox.parse(text.encode(), format=ox.RdfFormat.N_QUADS), format=ox.RdfFormat.TRIG) or b""
    return [(line,) for line in found.decode().split("\n")]


def lines(units: Sequence[Unit], dice: random.Random) -> bytes:
    """Lines, as systems end them."""
    end = dice.choice(["\n"] * 6 + ["\r\n", "\n\n", "\r", " \n"])
    text = end.join(map(" ".join, units)) + dice.choice([end, end, end, ""])
    return text.encode(errors="surrogatepass")


def n_quads(units: Sequence[Unit], dice: random.Random) -> bytes:
    """Lines of N-Quads."""
    dot = dice.choice([".", ".", ".", ".", ". # said", ".#"])
    return lines([(*unit, dot) for unit in units], dice)


def sheet(units: Sequence[Unit], dice: random.Random) -> bytes:
    """CSV, as spreadsheets write it."""
    text = io.StringIO(newline="")
    delimiter = dice.choice(",,,,;\t|")
    how = {"lineterminator": dice.choice(["\n", "\r\n"]), "quoting": dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])}
    csv.writer(text, delimiter=delimiter, **how).writerows(units)  # type: ignore[arg-type]
    return text.getvalue().encode(dice.choice(["utf-8", "utf-8", "utf-8", "utf-8-sig"]), errors="surrogatepass")


def workbook(units: Sequence[Unit], dice: random.Random) -> bytes:
    """XLSX."""
    import openpyxl

    book, written = openpyxl.Workbook(), io.BytesIO()
    for unit in units:
        book.active.append([_cell(cell) for cell in unit])
    if dice.random() < 0.2:
        book.create_sheet("more").append(["request", "other"])
    book.save(written)
    return _undated(written)


def _undated(archive: io.BytesIO) -> bytes:
    """An archive without the time at which it was written."""
    written = io.BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = re.sub(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-01T00:00:00Z", source.read(name))
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _cell(cell: str) -> str:
    return "".join(c for c in cell if c in "\t\n" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe")


def parquet(names: Sequence[str], units: Sequence[Unit], dice: random.Random) -> bytes:
    """Parquet, in row groups and pages of some size, packed and encoded in some way."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number, nothing = len(names), dice.choice(["", "", None])
    padded = [(*unit, *[""] * number)[:number] for unit in units]
    columns = {
        f"{name}{n}" if name in names[:n] else name: _column([row[n] or nothing for row in padded], dice)
        for n, name in enumerate(names)
    }
    if dice.random() < 0.2:
        columns["more"] = pa.array([{"a": [n]} for n in range(len(padded))], pa.struct([("a", pa.list_(pa.int64()))]))
    if dice.random() < 0.1:
        columns[dice.choice([*columns])] = pa.nulls(len(padded), dice.choice([pa.string(), pa.null()]))
    names = dice.sample([*columns], len(columns)) if dice.random() < 0.2 else [*columns]
    use_dictionary = dice.random() < 0.7
    plain = pa.string(), pa.large_string(), pa.binary(), pa.large_binary()
    delta = {name: "DELTA_BYTE_ARRAY" for name in names if columns[name].type in plain}
    written = io.BytesIO()
    pq.write_table(
        pa.table({name: columns[name] for name in names}),
        written,
        row_group_size=dice.choice([37, 150, 10**6]),
        compression=dice.choice(["snappy", "none", "zstd", "gzip", "lz4", "brotli"]),
        use_dictionary=use_dictionary,
        column_encoding=delta if not use_dictionary and dice.random() < 0.4 else None,
        data_page_size=dice.choice([100, 1000, 2**20]),
        data_page_version=dice.choice(["1.0", "2.0"]),
        write_page_checksum=dice.random() < 0.2,
        write_page_index=dice.random() < 0.2,
    )
    return written.getvalue()


def _column(cells: list[str | None], dice: random.Random) -> Any:
    """Cells as one of the types of text."""
    import pyarrow as pa

    plain = [pa.string(), pa.string(), pa.large_string(), pa.string_view()]
    if dice.random() < 0.3:
        content = [None if cell is None else cell.encode(errors="surrogatepass") for cell in cells]
        return pa.array(content, dice.choice([pa.binary(), pa.large_binary()]))
    whole = pa.array([None if cell is None else cell.encode(errors="replace").decode() for cell in cells], plain[0])
    return whole.dictionary_encode() if dice.random() < 0.3 else whole.cast(dice.choice(plain))


def _parquet_of_quads(units: Sequence[Unit], dice: random.Random) -> bytes:
    return parquet(QUADS, units, dice)


def _parquet_of_statements(units: Sequence[Unit], dice: random.Random) -> bytes:
    return parquet(units[0], units[1:], dice) if units else b""


def _gzip(write: _Write) -> _Write:
    """In one part or several."""

    def packed(units: Sequence[Unit], dice: random.Random) -> bytes:
        data = write(units, dice)
        at = dice.randrange(len(data) + 1) if dice.random() < 0.2 else 0
        return (gzip.compress(data[:at], mtime=0) if at else b"") + gzip.compress(data[at:], mtime=0)

    return packed


def _zstd(write: _Write) -> _Write:
    def packed(units: Sequence[Unit], dice: random.Random) -> bytes:
        from backports import zstd

        return zstd.compress(write(units, dice))

    return packed


def _zip(units: Sequence[Unit], dice: random.Random) -> bytes:
    """An archive with two files of charts and one that is none."""
    written = io.BytesIO()
    method = dice.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(zipfile.ZipInfo("charts/some.nq"), n_quads(units, dice), method)
        archive.writestr(zipfile.ZipInfo("note.txt"), "nothing")
        archive.writestr(zipfile.ZipInfo("b/other.nq"), n_quads(quads("other"), dice), method)
    return written.getvalue()


KINDS = {
    "quads": Kind(".nq", quads, n_quads),
    "parquet": Kind(".parquet", quads, _parquet_of_quads, is_packed=True),
    "bundles": Kind(".ndjson", bundles, lines, _FHIR),
    "json-ld": Kind(".ndjson", documents, lines),
    "export": Kind(".ndjson", resources, lines, _FHIR),
    "sheet": Kind(".csv", rows, sheet),
    "workbook": Kind(".xlsx", rows, workbook, is_packed=True),
    "statements": Kind(".parquet", rows, _parquet_of_statements, is_packed=True),
    "turtle": Kind(".ttl", turtle, lines),
    "triples": Kind(".nt", triples, n_quads),
    "xml": Kind(".rdf", xml, lines),
    "document": Kind(".jsonld", document, lines),
    "bundle": Kind(".json", bundle, lines, _FHIR),
    "trig": Kind(".trig", trig, lines),
    "quads in gzip": Kind(".nq.gz", quads, _gzip(n_quads), is_packed=True),
    "parquet in gzip": Kind(".parquet.gz", quads, _gzip(_parquet_of_quads), is_packed=True),
    "bundles in gzip": Kind(".ndjson.gz", bundles, _gzip(lines), _FHIR, is_packed=True),
    "sheet in Zstandard": Kind(".csv.zst", rows, _zstd(sheet), is_packed=True),
    "quads in Zstandard": Kind(".nq.zst", quads, _zstd(n_quads), is_packed=True),
    "trig in gzip": Kind(".trig.gz", trig, _gzip(lines), is_packed=True),
    "archive": Kind(".zip", quads, _zip, is_packed=True),
}


@dataclass(frozen=True)
class Folder:
    """A kind of folder."""

    files: Callable[[], dict[str, tuple[Kind, list[Unit]]]]
    """Its files, by their paths: the kind of each, and the units of its sound charts."""
    options: tuple[str, ...] = ()
    are_apart: bool = True
    """Whether what a file says does not depend on the others."""


def _mixed() -> dict[str, tuple[Kind, list[Unit]]]:
    return {
        "charts.nq": (KINDS["quads"], quads("a")),
        "day/rows.parquet": (KINDS["parquet"], quads("b")),
        "sheet.csv": (KINDS["sheet"], rows("c")),
        "documents.ndjson": (KINDS["json-ld"], documents("d")),
        "chart.nt": (KINDS["triples"], triples()),
        "day/more.nq.gz": (KINDS["quads in gzip"], quads("e")),
    }


def _lake() -> dict[str, tuple[Kind, list[Unit]]]:
    return {f"day={day}/quads.parquet": (KINDS["parquet"], quads(f"day{day}")) for day in range(3)}


def _exports() -> dict[str, tuple[Kind, list[Unit]]]:
    """Two bulk exports, one below the other."""
    found = {}
    for place, of in (("", "p"), ("later/", "q")):
        conditions = resources("Condition", of)
        found[f"{place}Patient.ndjson"] = (KINDS["export"], resources("Patient", of))
        found[f"{place}Condition-1.ndjson"] = (KINDS["export"], conditions[::2])
        found[f"{place}Condition-2.ndjson"] = (KINDS["export"], conditions[1::2])
    return found


FOLDERS = {
    "mixed": Folder(_mixed),
    "lake": Folder(_lake),
    "exports": Folder(_exports, _FHIR, are_apart=False),
}
