"""Packed files: each type of file gives the same cases packed, by path, folder and standard input; what is damaged is told."""

from __future__ import annotations

import gzip
import io
import json
import sys
from importlib import import_module
from pathlib import Path

import pytest
from rdflib import Dataset, Graph, URIRef

from reasoner import Policy
from reasoner.chart import packing, sources
from reasoner.chart.fast import piece, stream
from reasoner.chart.intake import IntakeResult, read, read_all
from reasoner.cli import main
from reasoner.ground.errors import DocumentationError
from tests.chart.bundles import CONDITION, OPTIONS, PATIENT, bundle
from tests.chart.test_rows import NAMES, row, text
from tests.chart.test_workbook import save
from tests.conftest import Attestation, chart

TURTLE = chart([Attestation("adult-admission:3"), Attestation("adult-admission:5")])
SYNTAXES = {".ttl": "turtle", ".nt": "nt", ".jsonld": "json-ld", ".rdf": "xml"}
LINES, EXPORT = "lines.ndjson", "Patient.ndjson"


def contents(folder: Path) -> dict[str, bytes]:
    """A file of each type, by name."""
    rows = [row("r1"), row("r2")]
    graph, quads = Graph().parse(data=TURTLE, format="turtle"), Dataset()
    for triple in graph:
        quads.graph(URIRef("urn:graph")).add(triple)
    lines = quads.serialize(format="nquads", encoding="utf-8").strip()
    files = {f"chart{suffix}": graph.serialize(format=form, encoding="utf-8") for suffix, form in SYNTAXES.items()}
    files |= {"chart.nq": lines + b"\n", "chart.trig": quads.serialize(format="trig", encoding="utf-8")}
    files["bundle.json"] = bundle(CONDITION)
    files[LINES] = b"\n".join([json.dumps(json.loads(bundle(CONDITION))).encode()] * 2)
    files[EXPORT] = "\n".join(json.dumps(resource) for resource in (PATIENT, CONDITION)).encode()
    files["sheet.csv"] = text(rows).encode()
    files["sheet.xlsx"] = save(folder / "made.xlsx", [NAMES, *rows]).read_bytes()
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame(rows, columns=NAMES).to_parquet(folder / "made.parquet")
    files["sheet.parquet"] = (folder / "made.parquet").read_bytes()
    return files


TYPES = (
    *(f"chart{suffix}" for suffix in SYNTAXES),
    *("chart.nq", "chart.trig", "bundle.json", LINES, EXPORT, "sheet.csv", "sheet.xlsx", "sheet.parquet"),
)


def said(results: list[IntakeResult]) -> list[tuple[str, int]]:
    assert [error for result in results for error in result.errors] == []
    return sorted((case.iri, len(case.statements)) for result in results for case in result.cases)


def of_batch(policy: Policy, name: str, suffix: str | None = None) -> list[tuple[str, int]]:
    parts = list(piece.pieces([name], suffix, size=100))
    results = [one for part in parts for one in stream.read(part, policy, options=OPTIONS)]
    assert [one.error for one in results if one.error] == []
    return sorted((case.iri, len(case.statements)) for one in results for case in one.cases)


@pytest.mark.parametrize("name", TYPES)
def test_it_is_read_as_if_it_were_not_packed(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    content = contents(tmp_path)[name]
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    for folder, suffix, data in ((plain, "", content), (packed, ".GZ", gzip.compress(content))):
        folder.mkdir()
        (folder / f"{name}{suffix}").write_bytes(data)

    expected = said(list(read_all([str(plain)], policy, options=OPTIONS)))
    assert expected
    assert said(list(read_all([str(packed)], policy, options=OPTIONS))) == expected
    assert of_batch(policy, str(packed / f"{name}.GZ")) == expected
    for suffix, data in (
        (f".{name.rpartition('.')[2]}", content),
        (f".{name.rpartition('.')[2]}.gz", gzip.compress(content)),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert said(list(read_all(["-"], policy, suffix=suffix, options=OPTIONS))) == expected
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert of_batch(policy, "-", suffix) == expected


def test_an_export_can_be_packed_in_part(policy: Policy, tmp_path: Path) -> None:
    (tmp_path / EXPORT).write_text(json.dumps(PATIENT))
    (tmp_path / "Condition.000.ndjson.gz").write_bytes(gzip.compress(json.dumps(CONDITION).encode()))
    expected = said(list(read_all([str(tmp_path)], policy, options=OPTIONS)))
    assert [count for _, count in expected] == [1]
    assert of_batch(policy, str(tmp_path)) == expected


def test_a_manifest_is_no_chart(policy: Policy, tmp_path: Path) -> None:
    (tmp_path / "chart.ttl.gz").write_bytes(gzip.compress(TURTLE.encode()))
    (tmp_path / "expected.json.gz").write_bytes(gzip.compress(b"{}"))
    assert list(sources.find([str(tmp_path)])) == [str(tmp_path / "chart.ttl.gz")]


def test_graphs_that_do_not_stand_together_are_read_from_the_whole_file(tmp_path: Path) -> None:
    lines = contents(tmp_path)["chart.nq"].decode().splitlines()
    other = [line.replace("urn:graph", "urn:other").replace("example.org/chart", "example.org/other") for line in lines]
    mixed = "".join(f"{line}\n" for pair in zip(lines, other, strict=True) for line in pair)
    (tmp_path / "mixed.nq.gz").write_bytes(gzip.compress(mixed.encode()))
    out = tmp_path / "out.jsonl"
    arguments = ["--format", "compact", "--out", str(out), "--jobs", "1"]
    assert main(["determine", str(tmp_path / "mixed.nq.gz"), *arguments]) == 0
    assert len(out.read_text().splitlines()) == 2


@pytest.mark.parametrize("name", ["chart.ttl.gz", "chart.nq.gz", "lines.ndjson.gz", "sheet.csv.gz", "sheet.xlsx.gz"])
@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda data: data[:-20], "it ends before its end"),
        (lambda data: b"no gzip" + data, "it is not gzip, or is damaged"),
        (lambda data: data[:-8] + bytes(8), "it is not gzip, or is damaged"),
        (lambda data: data + b"more", "it is not gzip, or is damaged"),
    ],
    ids=["cut off", "not gzip", "wrong checksum", "something behind"],
)
def test_damage_is_an_error_that_names_the_file(
    policy: Policy, tmp_path: Path, name: str, damage: object, problem: str
) -> None:
    path = tmp_path / name
    assert callable(damage)
    path.write_bytes(damage(gzip.compress(contents(tmp_path)[name.removesuffix(".gz")])))
    errors = [str(error) for result in read_all([str(path)], policy, options=OPTIONS) for error in result.errors]
    assert f"{path}: {problem}. Pack it again" in errors
    parts = list(piece.pieces([str(path)], size=100))
    batch = [str(one.error) for part in parts for one in stream.read(part, policy, options=OPTIONS) if one.error]
    assert f"{path}: {problem}. Pack it again" in batch


def test_what_holds_too_much_is_an_error(monkeypatch: pytest.MonkeyPatch, policy: Policy, tmp_path: Path) -> None:
    for module in (packing, sources.parsing):
        monkeypatch.setattr(module, "MAX_BYTES", 2**16)
    path = tmp_path / "chart.ttl.gz"
    path.write_bytes(gzip.compress(TURTLE.encode() + b" " * 2**16))
    (result,) = read_all([str(path)], policy)
    assert str(result.errors[0]) == f"{path}: unpacked it is larger than 0 MiB. Split it by request"
    with pytest.raises(DocumentationError, match="unpacked it is larger than 0 MiB and 200 times as large as packed"):
        packing.unpacked(io.BytesIO(gzip.compress(bytes(2**24))), "x").read()
    large = gzip.compress(b"".join(number.to_bytes(4) for number in range(2**16)))
    assert len(packing.unpacked(io.BytesIO(large), "x").read()) == 2**18  # it may be larger, within the ratio


def test_its_content_may_be_given_with_its_name(policy: Policy) -> None:
    (case,), errors, _ = read("chart.ttl.gz", policy, data=gzip.compress(TURTLE.encode()))
    assert (len(case.statements), errors) == (2, [])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/b.json.gz", (".json", ".gz")),
        ("B.JSON.GZ", (".json", ".gz")),
        (".json.gz", (".json", ".gz")),
        (".ttl", (".ttl", "")),
        ("a/b.nq.ZST", (".nq", ".zst")),
        ("a.b/c", ("", "")),
        ("c.gz", ("", ".gz")),
        ("Condition.000.ndjson", (".ndjson", "")),
    ],
)
def test_the_name_tells_the_type(name: str, kind: tuple[str, str]) -> None:
    assert packing.file_type(name) == kind


XML_FORMS = {
    '<Bundle xmlns="http://hl7.org/fhir"/>': "this is FHIR in XML, which is not read. Convert it to FHIR in JSON",
    '<ClinicalDocument xmlns="urn:hl7-org:v3"/>': "this is a CDA document, which is not read. Give the record as FHIR",
    '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>': "this is RDF/XML. Let its name end in .rdf",
}


@pytest.mark.parametrize(("data", "problem"), XML_FORMS.items())
def test_a_record_in_xml_is_refused_by_name(
    policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: str, problem: str
) -> None:
    (tmp_path / "chart.ttl").write_text(TURTLE)
    (tmp_path / "record.xml").write_text(f'<?xml version="1.0"?>\n{data}')
    (tmp_path / "catalog.xml").write_text("<catalog/>")
    results = list(read_all([str(tmp_path)], policy))
    errors = [str(error) for result in results for error in result.errors]
    assert len(results) == 2
    assert len(errors) == 1
    assert errors[0].startswith(f"{tmp_path / 'record.xml'}: {problem}")
    for form in ("json", "compact"):
        assert main(["determine", str(tmp_path), "--format", form]) == 3
        assert problem in capsys.readouterr().err
    assert main(["intake", str(tmp_path / "record.xml"), "--phase", "admission"]) == 2
    assert problem in capsys.readouterr().err
    bundle = tmp_path / "bundle.json"
    bundle.write_bytes((tmp_path / "record.xml").read_bytes())
    assert main(["intake", str(bundle), "--phase", "admission"]) == 2
    assert problem in capsys.readouterr().err
    bundle.write_text('{"url": "http://hl7.org/fhir"')
    assert main(["intake", str(bundle)]) == 2
    assert "this is not JSON" in capsys.readouterr().err


def test_other_xml_is_of_an_unknown_type(policy: Policy, tmp_path: Path) -> None:
    (tmp_path / "catalog.xml").write_text("<catalog/>")
    _, (error,), _ = read(str(tmp_path / "catalog.xml"), policy)
    assert "unknown file type '.xml'" in str(error)


def zstandard(data: bytes) -> bytes:
    return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd").compress(data)


@pytest.mark.parametrize("name", TYPES)
def test_what_zstandard_packed_is_read_too(policy: Policy, tmp_path: Path, name: str) -> None:
    data = contents(tmp_path)[name]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / name).write_bytes(data)
    (tmp_path / f"{name}.zst").write_bytes(zstandard(data[:50]) + zstandard(data[50:]))  # two frames
    expected = said(list(read_all([str(tmp_path / "a" / name)], policy, options=OPTIONS)))
    assert expected
    assert said(list(read_all([str(tmp_path / f"{name}.zst")], policy, options=OPTIONS))) == expected
    assert of_batch(policy, str(tmp_path / f"{name}.zst")) == expected


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda data: data[:-20], "it ends before its end"),
        (lambda data: b"no frame" + data, "it is not Zstandard, or is damaged"),
    ],
    ids=["cut off", "not Zstandard"],
)
def test_damage_of_zstandard_names_the_file(policy: Policy, tmp_path: Path, damage: object, problem: str) -> None:
    path = tmp_path / "chart.ttl.zst"
    assert callable(damage)
    path.write_bytes(damage(zstandard(TURTLE.encode())))
    (result,) = read_all([str(path)], policy)
    assert str(result.errors[0]) == f"{path}: {problem}. Pack it again"


def test_without_the_library_the_file_is_rejected_by_name(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chart.ttl").write_text(TURTLE)
    (tmp_path / "other.ttl.zst").write_bytes(b"")
    for module in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    first, second = read_all([str(tmp_path)], policy)
    assert (len(first.cases), str(second.errors[0])) == (
        1,
        f"{tmp_path / 'other.ttl.zst'}: Zstandard is not installed. pip install 'necessity[zstd]'",
    )
