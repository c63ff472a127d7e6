"""Small files of Turtle that are read together give what each gives by itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rdflib import Graph

from benchmarks.generate import anchored, generate
from reasoner.batch.model import Job, PieceResult
from reasoner.batch.workers import Worker
from reasoner.chart.fast import piece, stream
from tests.batch.agreement import agreed
from tests.conftest import Attestation, chart

CHARTS = [Graph().parse(data=text, format="nt").serialize(format="turtle") for text in generate(6, seed=41)]
SPOILT: dict[str, Callable[[str], bytes | str]] = {
    "as it is": lambda text: text,
    "byte order mark": lambda text: "\ufeff" + text,
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "broken": lambda text: text[:-40],
    "not UTF-8": lambda text: text.encode() + b"# \xff",
    "empty": lambda _: "",
    "a comment alone": lambda _: "# nothing",
    "relative": lambda text: text + "\n<other> a <urn:x:Y> .",
    "a blank node": lambda text: text + "\n[] <urn:p> [ <urn:q> 1 ] .",
    "an undeclared term": lambda text: text + "\n<urn:s> <https://w3id.org/necessity/core#undeclared> 1 .",
    "a fact of a request twice": lambda text: text.replace("serviceStart ", 'serviceStart "2020-01-01"^^xsd:date, ', 1),
    "a date that is none": lambda text: text.replace("2026-", "2026-13-"),
    "a control character": lambda text: text.replace('excerpt "', 'excerpt "\\u0001', 1),
    "a language": lambda text: text.replace('" .', '"@en .', 1),
    "a quoted triple": lambda text: text + "\n<<( <urn:a> <urn:b> <urn:c> )>> <urn:p> <urn:o> .",
    "triples said twice": lambda text: text + text,
    "names of FHIR": lambda text: "@prefix fhir: <http://hl7.org/fhir/> .\n" + text,
    "texts": lambda text: (
        Graph().parse(data=anchored(Graph().parse(data=text).serialize(format="nt"), texts=True)).serialize()
    ),
    "anchors": lambda text: Graph().parse(data=anchored(Graph().parse(data=text).serialize(format="nt"))).serialize(),
    "a FHIR bundle": lambda _: (
        "@prefix fhir: <http://hl7.org/fhir/> .\n[] a fhir:Bundle ; fhir:nodeRole fhir:treeRoot ."
    ),
}


@pytest.fixture(scope="module")
def worker() -> Worker:
    return Worker(Job(today=date(2026, 11, 20)))


def compare(worker: Worker, folder: Path) -> tuple[int, PieceResult]:
    """How many files were told as columns, and what came of all."""
    told, result = agreed(worker, list(piece.pieces([str(folder)])))
    assert not result.graphs
    return told, result


@pytest.mark.parametrize("name", SPOILT)
def test_a_file_among_others(name: str, worker: Worker, tmp_path: Path) -> None:
    for number, text in enumerate(CHARTS):
        data = SPOILT[name](text) if number == 3 else text
        (tmp_path / f"{number} of <6>.ttl").write_bytes(data if isinstance(data, bytes) else data.encode())
    told, result = compare(worker, tmp_path)
    assert result.read == 6
    assert told >= 4, "the others are not left for it"


def test_other_files_among_them(worker: Worker, tmp_path: Path) -> None:
    for number, text in enumerate(CHARTS[:3]):
        (tmp_path / f"{number}.ttl").write_text(text)
    graph = Graph().parse(data=CHARTS[3], format="turtle")
    (tmp_path / "3.nt").write_text(graph.serialize(format="nt"))
    (tmp_path / "4.rdf").write_text(Graph().parse(data=CHARTS[4], format="turtle").serialize(format="xml"))
    (tmp_path / "5.json").write_text("no JSON")
    (tmp_path / "again.ttl").write_text(CHARTS[0])
    (tmp_path / "two.ttl").write_text(CHARTS[5] + CHARTS[4].replace("0000004", "other"))
    (tmp_path / "small.ttl").write_text(chart([Attestation("adult-admission:3")]))
    told, result = compare(worker, tmp_path)
    assert told >= 4
    assert (result.read, result.rejected) == (9, 1)


@pytest.mark.parametrize("seed", range(8))
def test_mutated_files(seed: int, worker: Worker, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for number, text in enumerate(CHARTS):
        data = bytearray(text.encode())
        for _ in range(chance.randrange(3)):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(3)] = bytes(chance.choices(b' \n<>".;,\\a', k=chance.randrange(3)))
        (tmp_path / f"{number}.ttl").write_bytes(data)
    compare(worker, tmp_path)


def test_the_reference_engine_and_whole_lines_read_each_by_itself(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text(CHARTS[0])
    (part,) = piece.pieces([str(tmp_path)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "_columns", lambda *_: pytest.fail("they are read as columns"))
        whole = Worker(Job(whole=True))(part)
    assert len(whole.rows) == 1
    assert replace(whole.rows[0], line="").source == str(tmp_path / "a.ttl")
