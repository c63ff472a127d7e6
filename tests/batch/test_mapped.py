"""Sheets, lines of JSON, exports and files of FHIR give as columns what each of their data sets gives by itself."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from benchmarks import sheet
from benchmarks.generate import generate
from reasoner import Policy
from reasoner.batch.model import Job
from reasoner.batch.workers import Worker
from reasoner.chart.fast import piece
from reasoner.chart.fast.piece import SHEET, Piece
from reasoner.chart.sources import LINES
from reasoner.policy.configuration import read_configuration
from reasoner.rdf.namespaces import NEC
from tests.batch.agreement import agreed
from tests.chart import bundles
from tests.chart.bundles import INPUTS, OPTIONS, bundle
from tests.chart.test_bulk import condition, patient
from tests.conftest import CASES
from tests.explore import examples
from tests.random_charts import Chart, charts, met_charts

RESOURCES = [found for found in vars(bundles).values() if isinstance(found, dict) and "resourceType" in found][2:]
CELLS = [
    *("", " ", "maybe", "denied", "not applicable", "adult-admission:3", "adult-admission:1-diagnosis", "no criterion"),
    *("2025-06", "2025-13-01", "06/02/2025", "2025-06-30", "2019-01-01", "Note 1", 'A "quoted" word', "two\nlines"),
    *("é\u2028", "\x01", "F33.1", "a|b", "US-IL", "substance-use", "continuation", "https://example.org/r#x", "\\"),
]


@pytest.fixture(scope="module")
def worker() -> Worker:
    """One worker for all data sets of this module, so that what one has taught it is asked of the next."""
    return Worker(Job(options=OPTIONS))


def ndjson(documents: list[bytes]) -> Piece:
    return Piece(("lines.ndjson",), LINES, data=b"\n".join(documents))


def in_json_ld(text: str, form: str) -> bytes:
    return json.dumps(json.loads(Graph().parse(data=text, format=form).serialize(format="json-ld"))).encode()


def bundle_of(number: int, dice: random.Random) -> bytes:
    """A bundle of a patient, with some resources of any kind."""
    data = bundle(*dice.sample(RESOURCES, dice.randrange(len(RESOURCES))))
    return data.replace(b"Patient/p", b"Patient/p%d" % number).replace(b'"id": "p"', b'"id": "p%d"' % number)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_a_sheet(suffix: str, worker: Worker, policy: Policy, tmp_path: Path) -> None:
    path = tmp_path / f"sheet{suffix}"
    if suffix == ".parquet":
        pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
        from pyarrow import parquet

        header, *rows = sheet.rows(policy, 240)
        table = {name: [row[place] for row in rows] for place, name in enumerate(header)}
        parquet.write_table(pa.table(table), path)
    else:
        sheet.write(path, policy, 240)
    told, result = agreed(worker, list(piece.pieces([str(path)])))
    assert (told, result.determined) == (40, 40)


@pytest.mark.parametrize("seed", range(12))
def test_a_sheet_with_other_cells(seed: int, worker: Worker, policy: Policy) -> None:
    dice = random.Random(seed)
    header, *rows = map(list, sheet.rows(policy, 120))
    for _ in range(dice.randrange(30)):
        dice.choice(rows)[dice.randrange(1, len(header))] = dice.choice(CELLS)
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    data = text.getvalue().encode().replace(b"affirmed", b"\xff", dice.randrange(2))
    told, result = agreed(worker, [Piece(("sheet.csv",), SHEET, data=data, first=2)])
    assert result.read == 20
    assert told > 0


@pytest.mark.parametrize("seed", range(8))
def test_lines_of_json(seed: int, worker: Worker) -> None:
    dice = random.Random(seed)
    documents = [bundle_of(number, dice) for number in range(12)]
    documents += [in_json_ld(text, "nt") for text in generate(6, seed=seed)]
    two = '{"@graph": [%s, %s]}'
    first, second = (json.dumps({"@id": f"urn:g:{n}", "@graph": json.loads(documents[n])}) for n in (13, 14))
    documents += [
        (two % (first, second)).encode(),
        (two % (first, '{"@id": "urn:g", "@graph": [{"@id": "urn:x", "urn:p": 1}]}')).encode(),
    ]
    dice.shuffle(documents)
    spoilt = dice.randrange(len(documents))
    documents[spoilt] = documents[spoilt][: dice.randrange(len(documents[spoilt]))]
    told, result = agreed(worker, [ndjson(documents)])
    assert result.read >= 20
    assert told > 5


@examples(30)
@given(samples=st.lists(st.one_of(charts(), met_charts()), min_size=2, max_size=4))
def test_random_charts(worker: Worker, samples: list[Chart]) -> None:
    agreed(worker, [ndjson([in_json_ld(sample.turtle(), "turtle") for sample in samples])])


def test_sample_charts(worker: Worker) -> None:
    texts = [path.read_text() for path in sorted(CASES.rglob("*.ttl"))]
    told, _ = agreed(worker, [ndjson([in_json_ld(text, "turtle") for text in texts])])
    assert told > 60


def test_what_a_payer_sets_otherwise(policy: Policy, tmp_path: Path) -> None:
    version = "https://w3id.org/necessity/mp9556/2025-04-01"
    stated = f"nec:ageOfMajority 19 ; nec:chosenReading <{version}/interpretation/severity-scope-any>"
    (tmp_path / "payer.ttl").write_text(
        f"@prefix nec: <{NEC}> . <urn:payer> a nec:Configuration ; {stated} . <{version}/adult-admission/4> nec:lookback 7 ."
    )
    lines = ndjson([in_json_ld(text, "nt") for text in generate(60, seed=5)])
    found = []
    for configuration in (None, read_configuration(tmp_path / "payer.ttl", policy)):
        told, result = agreed(Worker(Job(configuration=configuration)), [lines])
        assert told > 50
        found.append([json.loads(row.line)["criteria"] for row in result.rows])
    assert found[0] != found[1]


def test_files_of_every_kind(worker: Worker, tmp_path: Path) -> None:
    dice = random.Random(7)
    for number in range(8):
        (tmp_path / f"{number}.json").write_bytes(bundle_of(number, dice))
    texts = [Graph().parse(data=text, format="nt") for text in generate(6, seed=7)]
    for number, (suffix, form) in enumerate([("ttl", "turtle"), ("rdf", "xml"), ("jsonld", "json-ld"), ("nt", "nt")]):
        texts[number].serialize(tmp_path / f"chart{number}.{suffix}", format=form)
    both = "".join(f"<urn:g:{n}> {{ {texts[n].serialize(format='nt')} }}\n" for n in (4, 5))
    (tmp_path / "two.trig").write_text(both)
    (tmp_path / "broken.trig").write_text(both.replace("ReviewRequest", "Request", 1))
    (tmp_path / "broken.json").write_text('{"resourceType": "Bundle"')
    told, result = agreed(worker, list(piece.pieces([str(tmp_path)])))
    assert result.read == 8 + 4 + 2 + 2 + 1
    assert told > 6


def test_a_bulk_export(worker: Worker, tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(9)]
    (tmp_path / "Patient.ndjson").write_text("".join(json.dumps(patient(name)) + "\n" for name in names))
    conditions = [condition(f"c-{name}", f"Patient/{name}", recordedDate="2025-06-01") for name in [*names, "nobody"]]
    (tmp_path / "Condition.ndjson").write_text("".join(json.dumps(one) + "\n" for one in conditions) + "oops\n")
    told, result = agreed(worker, list(piece.pieces([str(tmp_path)])))
    assert (result.determined, told) == (9, 9)
    assert result.notes


@pytest.mark.skipif(not INPUTS.is_dir(), reason="the bundles that other people wrote are not here")
def test_bundles_that_other_people_wrote(worker: Worker) -> None:
    told, result = agreed(worker, list(piece.pieces([str(INPUTS)])))
    assert (told, result.read, result.rejected) == (3, 5, 2)
