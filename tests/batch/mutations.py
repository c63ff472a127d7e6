"""Charts in every kind of file that a batch reads, and the same spoilt at random: in its bytes, lines, rows, pages, order and encoding."""

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


@dataclass(frozen=True)
class Kind:
    """A kind of input."""

    suffix: str
    units: Callable[[], list[Unit]]
    """The units of sound charts."""
    write: Callable[[Sequence[Unit], random.Random], bytes]
    """A file of units, in one of the manners in which it may be written."""
    options: tuple[str, ...] = ()
    """What has to be said of its requests."""
    is_packed: bool = False
    """Whether its text cannot be seen in its bytes."""


@cache
def _charts() -> list[Graph]:
    return [Graph().parse(data=text, format="nt") for text in generate(CHARTS, seed=57)]


@cache
def quads(under: str = "generated") -> list[Unit]:
    """Quads, by their terms; the charts have other names under another path."""
    return [
        (
            *line.removesuffix(" .").replace("/generated/", f"/{under}/").split(" ", 2),
            f"<{_GRAPH.format(under, number)}>",
        )
        for number, text in enumerate(generate(CHARTS, seed=57))
        for line in text.splitlines()
    ]


@cache
def rows() -> list[Unit]:
    """Rows of a sheet of statements, the header first."""
    found = [row for data in _charts() for row in rows_of(data, load_policy(), often=True)]
    names = list(dict.fromkeys(name for row in found for name in row))
    return [tuple(names), *(tuple(row.get(name, "") for name in names) for row in found)]


@cache
def bundles() -> list[Unit]:
    """FHIR Bundles, a line each."""
    return [(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}),) for entry in _patients()]


def _patients() -> list[list[dict[str, Any]]]:
    found = []
    for number in range(CHARTS):
        own = [patient(f"p{number}")]
        own += [condition(f"c{number}-{n}", f"Patient/p{number}", recordedDate=f"2025-05-1{n}") for n in range(3)]
        found.append([{"fullUrl": f"urn:p{number}:{n}", "resource": item} for n, item in enumerate(own)])
    return found


@cache
def resources() -> list[Unit]:
    """The resources of a bulk export, a line each."""
    return [(json.dumps(item["resource"]),) for own in _patients() for item in own]


@cache
def documents() -> list[Unit]:
    """Documents of JSON-LD, a line each."""
    return [
        (
            json.dumps(
                sorted(json.loads(chart.serialize(format="json-ld")), key=lambda node: str(node["@id"])), sort_keys=True
            ),
        )
        for chart in _charts()
    ]


@cache
def turtle() -> list[Unit]:
    """The lines of a chart in Turtle."""
    return [(line,) for line in _charts()[1].serialize(format="turtle").splitlines()]


@cache
def trig() -> list[Unit]:
    """The lines of charts in TriG."""
    text = "".join(" ".join([*quad, ".\n"]) for quad in quads())
    found = ox.serialize(ox.parse(text.encode(), format=ox.RdfFormat.N_QUADS), format=ox.RdfFormat.TRIG) or b""
    return [(line,) for line in found.decode().splitlines()]


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

    number = len(names)
    padded = [(*unit, *[""] * number)[:number] for unit in units]
    types = [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())]
    type_ = dice.choice([types[0], *types])
    columns = []
    for column in zip(*padded, strict=True):
        cells = [
            cell.encode(errors="surrogatepass") if type_ == pa.binary() else cell.encode(errors="replace").decode()
            for cell in column
        ]
        columns.append(pa.array(cells).cast(type_))
    table = pa.table([*columns], names=[f"{name}{n}" if name in names[:n] else name for n, name in enumerate(names)])
    written = io.BytesIO()
    pq.write_table(
        table,
        written,
        row_group_size=dice.choice([37, 150, 10**6]),
        compression=dice.choice(["snappy", "none", "zstd", "gzip"]),
        use_dictionary=dice.random() < 0.7,
        data_page_size=dice.choice([100, 1000, 2**20]),
        data_page_version=dice.choice(["1.0", "2.0"]),
        write_page_checksum=dice.random() < 0.2,
    )
    return written.getvalue()


def _parquet_of_quads(units: Sequence[Unit], dice: random.Random) -> bytes:
    return parquet(QUADS, units, dice)


def _parquet_of_statements(units: Sequence[Unit], dice: random.Random) -> bytes:
    return parquet(units[0], units[1:], dice) if units else b""


def _gzip(write: Callable[[Sequence[Unit], random.Random], bytes]) -> Callable[[Sequence[Unit], random.Random], bytes]:
    return lambda units, dice: gzip.compress(write(units, dice), mtime=0)


def _zstd(units: Sequence[Unit], dice: random.Random) -> bytes:
    from backports import zstd

    return zstd.compress(sheet(units, dice))


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
    "trig": Kind(".trig", trig, lines),
    "quads in gzip": Kind(".nq.gz", quads, _gzip(n_quads), is_packed=True),
    "parquet in gzip": Kind(".parquet.gz", quads, _gzip(_parquet_of_quads), is_packed=True),
    "bundles in gzip": Kind(".ndjson.gz", bundles, _gzip(lines), _FHIR, is_packed=True),
    "sheet in Zstandard": Kind(".csv.zst", rows, _zstd, is_packed=True),
    "archive": Kind(".zip", quads, _zip, is_packed=True),
}

ODD = [
    *(
        "",
        " ",
        "\0",
        "\ufeff",
        "\u2028",
        "\u202e",
        "\ud800",
        "é",
        "\U0001f600",
        "\t",
        "\r",
        "\n",
        '"',
        "'",
        "\\",
        ",",
        ";",
    ),
    *("<", ">", "<urn:x>", "_:b", '"x"', '"x"@en', '"1"^^<http://www.w3.org/2001/XMLSchema#integer>', "#", ".", "=1+1"),
    *('"2025-02-30"^^<http://www.w3.org/2001/XMLSchema#date>', "2025-13-01", "[]", "{}", "{", "null", "A" * 3000),
    *(
        "<https://w3id.org/necessity/core#undeclared>",
        "<relative>",
        "<< <urn:a> <urn:b> <urn:c> >>",
        "NaN",
        "-0",
        "1e999",
    ),
    *(
        r"\u0000",
        r"\uD800",
        r'"\u00e9"',
        "[" * 1200,
        '{"a":' * 300,
        "<urn:a b>",
        "\x1b[2J",
        "<!-- -->",
        "@prefix : <urn:> .",
    ),
]


def _leave_out(units: list[Unit], dice: random.Random) -> None:
    at = dice.randrange(len(units))
    del units[at : at + dice.choice([1, 1, 2, 30])]


def _double(units: list[Unit], dice: random.Random) -> None:
    at = dice.randrange(len(units))
    some = units[at : at + dice.choice([1, 1, 40])]
    to = dice.choice([at, dice.randrange(len(units))])
    units[to:to] = some


def _move(units: list[Unit], dice: random.Random) -> None:
    units.insert(dice.randrange(len(units)), units.pop(dice.randrange(len(units))))


def _mix(units: list[Unit], dice: random.Random) -> None:
    first = dice.randrange(2)
    rest = units[first:]
    dice.shuffle(rest)
    units[first:] = rest


def _turn(units: list[Unit], dice: random.Random) -> None:
    at = dice.randrange(len(units))
    units[:] = [*units[at:], *units[:at]]


def _change(units: list[Unit], dice: random.Random) -> None:
    """A cell, or a part of it, or a piece of a line, by something odd or by what stands elsewhere."""
    at = dice.randrange(len(units))
    unit = list(units[at])
    if not unit:
        return
    cell, other = dice.randrange(len(unit)), dice.choice(units)
    new = dice.choice(ODD) if dice.random() < 0.6 or not other else dice.choice(other)
    begin = dice.randrange(len(unit[cell]) + 1) if dice.random() < 0.5 else 0
    end = begin + dice.choice([0, 1, 10]) if begin else len(unit[cell])
    unit[cell] = unit[cell][:begin] + new + unit[cell][end:]
    units[at] = tuple(unit)


def _cell_less(units: list[Unit], dice: random.Random) -> None:
    at = dice.randrange(len(units))
    unit = list(units[at])
    if unit:
        (unit.pop if dice.random() < 0.5 else lambda place: unit.insert(place, unit[place]))(dice.randrange(len(unit)))
    units[at] = tuple(unit)


OF_UNITS = [_leave_out, _double, _move, _mix, _turn, _change, _change, _change, _cell_less]


def _flip(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice([1, 1, 3])):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _overwrite(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    size = dice.choice([1, 4, 16, 200])
    data[at : at + size] = dice.choice([bytes(size), dice.randbytes(size), b"\xff" * size])


def _insert(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data) + 1)
    data[at:at] = dice.choice([dice.choice(ODD).encode(errors="surrogatepass"), dice.randbytes(3), b"\xff", b"\xc3"])


def _remove(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    del data[at : at + dice.choice([1, 1, 2, 8, 100])]


def _cut(data: bytearray, dice: random.Random) -> None:
    """At any place, or at, before or behind the end of a line, at either end or in the middle."""
    at = dice.randrange(len(data))
    if dice.random() < 0.5:
        at = max(0, min(len(data), data.find(b"\n", at) + dice.choice([-1, 0, 1, 2])))
    if dice.random() < 0.8:
        del data[at:]
    else:
        del data[:at]


def _encode(data: bytearray, dice: random.Random) -> None:
    text = bytes(data).decode(errors="replace")
    kinds = ["utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252", "utf-32", "utf-7"]
    data[:] = text.encode(dice.choice(kinds), errors="replace")


def _end_lines(data: bytearray, dice: random.Random) -> None:
    end = dice.choice([b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b", b"\n \n", b"\n#\n"])
    data[:] = bytes(data).replace(b"\n", end, dice.choice([-1, 3]))


def _repeat(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    data += data[at:] if dice.random() < 0.5 else bytes(data)


OF_BYTES = [_flip, _overwrite, _insert, _remove, _cut, _cut, _encode, _end_lines, _repeat]


def mutant(kind: Kind, dice: random.Random) -> tuple[str, bytes]:
    """What was done to sound charts of a kind, and what became of them."""
    units, done = list(kind.units()), []
    if dice.random() < 0.65:
        for _ in range(dice.choice([1, 1, 2, 4])):
            if units:
                done.append(dice.choice(OF_UNITS))
                done[-1](units, dice)
    data = bytearray(kind.write(units, dice))
    if not done or dice.random() < 0.25:
        for _ in range(dice.choice([1, 1, 2])):
            if data:
                done.append(dice.choice(OF_BYTES))
                done[-1](data, dice)
    return ", ".join(change.__name__.strip("_") for change in done), bytes(data)


def sound(kind: Kind) -> bytes:
    """The charts of a kind as they were."""
    return kind.write(kind.units(), random.Random(0))
