"""Nothing is determined of a request while a part of what is said of it stands in what is rejected."""

from __future__ import annotations

import gzip
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pyoxigraph as ox
import pytest

from reasoner.batch import lake
from reasoner.batch.model import Job, PieceResult, Rejection, Row, Tally
from reasoner.batch.state import BatchState
from reasoner.chart import apart, intake
from reasoner.chart.fast.piece import Piece
from reasoner.cli import main
from reasoner.ground.errors import DocumentationError
from reasoner.policy.model import Policy
from tests.batch.file_kinds import KINDS, QUADS, Unit, n_quads, parquet
from tests.batch.test_mutations import Ran, check, determine

CHARTS = KINDS["quads"].units()
STATEMENT, _, REQUEST, GRAPH = next(unit for unit in CHARTS if "core#about" in unit[1])
NEIGHBOUR = CHARTS[-1][3]
MOVED = [unit for unit in CHARTS if unit[0] == STATEMENT]
KEPT = [unit for unit in CHARTS if unit[0] != STATEMENT]
PLACES = {"a graph of its own": "<urn:own>", "the graph of another request": NEIGHBOUR}


def moved(place: str) -> list[Unit]:
    return [(*unit[:3], PLACES[place]) for unit in MOVED]


def written(path: Path, units: Sequence[Unit]) -> Path:
    """Quads in the form of a file."""
    dice = random.Random(1)
    kind = path.suffix
    if kind == ".parquet":
        path.write_bytes(parquet(QUADS, units, dice))
    elif kind == ".nq":
        path.write_text("".join(f"{' '.join(unit)} .\n" for unit in units))
    elif kind == ".trig":
        parsed = ox.parse(n_quads(units, dice), format=ox.RdfFormat.N_QUADS)
        path.write_bytes(ox.serialize(parsed, format=ox.RdfFormat.TRIG) or b"")
    elif kind == ".ndjson":
        graphs = dict.fromkeys(unit[3] for unit in units)
        path.write_bytes(b"".join(json_ld([u for u in units if u[3] == graph]) + b"\n" for graph in graphs))
    return path


def json_ld(units: Sequence[Unit]) -> bytes:
    """The triples of quads as a document in one line."""
    nodes: dict[str, dict[str, list[dict[str, str]]]] = {}
    for subject, predicate, value, _ in units:
        quad = next(iter(ox.parse(f"{subject} {predicate} {value} .".encode(), format=ox.RdfFormat.N_TRIPLES)))
        term = quad.object
        said = (
            {"@value": term.value, "@type": term.datatype.value}
            if isinstance(term, ox.Literal)
            else {"@id": str(term)[1:-1]}
        )
        nodes.setdefault(subject[1:-1], {}).setdefault(predicate[1:-1], []).append(said)
    return json.dumps([{"@id": name, **said} for name, said in nodes.items()]).encode()


def check_refused(found: Ran, sound: Ran, *, with_it: Sequence[str] = ()) -> None:
    """The request is rejected by name for what is rejected, as those with it are; all else is determined as ever."""
    check(found)
    assert found.code == 3
    gone = {f"<{request}>" for request, _ in sound.answers.keys() - found.answers.keys()}
    assert gone == {REQUEST, *with_it}
    assert found.answers.items() <= sound.answers.items()
    (reason,) = [
        line for line in found.rejected if f"more is said of the request {REQUEST} in what is rejected: " in line
    ]
    assert reason.endswith("Keep a request and its statements in one data set")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return determine(KINDS["quads"], written(tmp_path_factory.mktemp("sound") / "a.nq", CHARTS), "compact")


def neighbour(place: str) -> list[str]:
    """The request whose graph the statement stands in."""
    return [next(unit[2] for unit in CHARTS if unit[3] == NEIGHBOUR and "core#about" in unit[1])] * (
        PLACES[place] == NEIGHBOUR
    )


@pytest.mark.parametrize("suffix", [".nq", ".parquet", ".trig", ".ndjson"])
@pytest.mark.parametrize("place", PLACES)
def test_in_one_file(place: str, suffix: str, sound: Ran, tmp_path: Path) -> None:
    """By path, standard input, two processes, whole, and by the reader of single charts."""
    path = written(tmp_path / f"a{suffix}", sorted(KEPT + moved(place), key=lambda unit: unit[3]))
    kind, with_it = KINDS["quads"], neighbour(place)
    given = [determine(kind, path, form) for form in ("compact", "jsonl", "json")]
    given.append(determine(kind, path, "compact", "--jobs", "2"))
    by_pipe = next(kind for kind in KINDS.values() if kind.suffix == suffix and not kind.options)
    given.append(determine(by_pipe, path.read_bytes(), "compact"))
    for found in given:
        assert {request for request, _ in found.answers} == {request for request, _ in given[0].answers}
        (statement,) = [line for line in found.rejected if f"{STATEMENT}: The statement is about no request: " in line]
        assert f"; {REQUEST} is none" in statement
    check_refused(given[0], sound, with_it=with_it)


@pytest.mark.parametrize("form", ["compact", "json"])
@pytest.mark.parametrize(
    "names", [("a.nq", "b.nq"), ("b.parquet", "a.nq"), ("a.nq", "b.parquet"), ("b.nq", "a.ndjson")]
)
def test_in_another_file(names: tuple[str, str], form: str, sound: Ran, tmp_path: Path) -> None:
    """Whichever comes first."""
    written(tmp_path / names[0], KEPT)
    other = written(tmp_path / names[1], moved("a graph of its own"))
    found = determine(KINDS["quads"], tmp_path, form)
    gone = {request for request, _ in sound.answers} - {request for request, _ in found.answers}
    assert gone == {REQUEST[1:-1]}
    (reason,) = [line for line in found.rejected if "more is said" in line]
    assert (
        f" {tmp_path / names[0]} {GRAPH}: more is said of the request {REQUEST} in what is rejected: {other}" in reason
    )


def test_in_an_archive(sound: Ran, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, units in (("a.nq", KEPT), ("b.nq", moved("a graph of its own"))):
            archive.write(written(tmp_path / name, units), name)
    check_refused(determine(KINDS["archive"], tmp_path / "a.zip", "compact"), sound)


SPOILT = {
    "a date of it is none": lambda units: [(*u[:2], u[2].replace("2025-", "2025-99"), u[3]) for u in units],
    "a part of it is no term": lambda units: [("<urn:a b>", *units[0][1:]), *units],
    "it says what terms mean": lambda units: [
        *units,
        (STATEMENT, "<http://www.w3.org/2002/07/owl#sameAs>", "<urn:x>", units[0][3]),
    ],
}


@pytest.mark.parametrize("form", ["compact", "json"])
@pytest.mark.parametrize("suffix", [".nq", ".parquet"])
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=[*SPOILT])
def test_where_more_is_wrong_with_it(
    spoil: Callable[[list[Unit]], list[Unit]], suffix: str, form: str, sound: Ran, tmp_path: Path
) -> None:
    written(tmp_path / f"a{suffix}", KEPT + spoil(moved("a graph of its own")))
    found = determine(KINDS["quads"], tmp_path, form)
    assert {request for request, _ in sound.answers} - {request for request, _ in found.answers} == {REQUEST[1:-1]}


@pytest.mark.parametrize("form", ["compact", "json"])
def test_rows_without_a_graph(form: str, sound: Ran, tmp_path: Path) -> None:
    written(tmp_path / "a.parquet", KEPT + [(*unit[:3], "") for unit in MOVED])
    found = determine(KINDS["parquet"], tmp_path, form)
    assert {request for request, _ in sound.answers} - {request for request, _ in found.answers} == {REQUEST[1:-1]}


def test_triples_of_which_one_cannot_be_read(sound: Ran, tmp_path: Path) -> None:
    written(tmp_path / "a.nq", KEPT)
    (tmp_path / "b.nt").write_text("".join(f"{' '.join(unit[:3])} .\n" for unit in MOVED) + "what\n")
    check_refused(determine(KINDS["quads"], tmp_path, "compact"), sound)


def test_an_item_that_could_not_be_read_is_said_of_the_request_too(sound: Ran, tmp_path: Path) -> None:
    core = "https://w3id.org/necessity/core#"
    item = f"<urn:item> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{core}Unread> .\n<urn:item> <{core}about> {REQUEST} .\n"
    written(tmp_path / "a.nq", CHARTS)
    (tmp_path / "b.ttl").write_text(item)
    check_refused(determine(KINDS["quads"], tmp_path, "compact"), sound)


def test_a_request_that_is_described_in_what_is_rejected(sound: Ran, tmp_path: Path) -> None:
    """Of two data sets that describe it, one is broken: the other does not stand for both."""
    written(tmp_path / "a.nq", CHARTS)
    broken = [unit for unit in CHARTS if unit[3] == GRAPH and "core#plan>" not in unit[1]]
    written(tmp_path / "b.nq", broken)
    check_refused(determine(KINDS["quads"], tmp_path, "compact"), sound)


@pytest.mark.parametrize("form", ["compact", "json"])
def test_rows_of_a_sheet_in_another_file(form: str, tmp_path: Path) -> None:
    header = "request,phase,focus,service_start,birth_date,jurisdiction,criterion,assertion,document,issued\n"
    row = "{},admission,mental-health,2025-06-02,1980-05-05,US-MO,adult-admission:3,{},Note,2025-06-02\n"
    (tmp_path / "a.csv").write_text(header + row.format("r1", "affirmed") + row.format("r2", "affirmed"))
    (tmp_path / "b.csv").write_text(header + row.format("r1", "denide"))
    found = determine(KINDS["sheet"], tmp_path, form)
    assert {request for request, _ in found.answers} == {"urn:necessity:request:r2"}
    assert len(found.rejected) == 2


def test_what_is_told_of_it_agrees(tmp_path: Path) -> None:
    """The copies, the totals, the test results and the findings; the request has no copy that could be mended by itself."""
    charts = tmp_path / "charts"
    charts.mkdir()
    written(charts / "a.nq", KEPT)
    written(charts / "b.nq", moved("a graph of its own"))
    for form in ("summary", "junit", "sarif"):
        places = ["--out", str(tmp_path / form), "--quarantine", str(tmp_path / "aside")]
        more = ["--lineage", str(tmp_path / "lineage")]
        assert main(["determine", str(charts), "--format", form, *places, *more]) == 3
    summary = json.loads((tmp_path / "summary").read_text())
    first, second = map(json.loads, (tmp_path / "aside" / "rejected.jsonl").read_text().splitlines())
    assert (first["source"], first["file"]) == (f"{charts / 'a.nq'} {GRAPH}", None)
    assert (second["source"], second["file"] is None) == (f"{charts / 'b.nq'} <urn:own>", False)
    assert summary["rejected"] == 2
    assert (tmp_path / "junit").read_text().count("<error ") == 2
    run = json.loads((tmp_path / "sarif").read_text())["runs"][0]["invocations"][0]
    assert len(run["toolExecutionNotifications"]) == 2
    totals = json.loads((tmp_path / "lineage").read_text())["run"]["facets"]["necessity_totals"]
    number = len({unit[3] for unit in CHARTS})
    assert (totals["read"], totals["determined"], totals["rejected"]) == (number + 1, number - 1, 2)


def test_it_is_kept_until_an_interrupted_batch_goes_on(tmp_path: Path) -> None:
    """In whatever order the pieces come, and taken back where the rejected piece is there no more."""
    row = Row("a.nq <urn:g>", "urn:r", "2026-01-01", "criteria-met", '{"request":"urn:r"}')
    error = DocumentationError("it is broken", where="b.nq <urn:h>")
    pieces = [Piece((name,), data=name.encode()) for name in "ab"]
    described = PieceResult(pieces[0], rows=[row], read=1, determined=1)
    rejected = PieceResult(
        pieces[1], rejections=[Rejection("b.nq <urn:h>", error, spoken_of=("urn:r",))], read=1, rejected=1
    )
    for number, order in enumerate(((described, rejected), (rejected, described))):
        for result in order:
            state = BatchState(tmp_path / str(number), Job(), resume=result is order[1])
            state.keep(result.piece.key(), result)
            state.close()
        state = BatchState(tmp_path / str(number), Job(), resume=True)
        state.reject_requests()
        assert (list(state.rows()), state.rejected(), state.totals()) == ([], 2, Tally(2, 0, 2))
        state.drop_all_but({pieces[0].key()})
        state.reject_requests()
        assert ([found.request for found in state.rows()], state.rejected()) == (["urn:r"], 0)
        state.discard()


def test_in_a_file_of_a_lake(sound: Ran, tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    written(tmp_path / "lake" / "a.parquet", KEPT + moved("a graph of its own"))
    ((_, count, reasons),) = lake.determine(tmp_path / "lake", tmp_path / "out")
    assert count == len(sound.answers) - 1
    assert [reason for reason in reasons if f"more is said of the request {REQUEST} in what is rejected: " in reason]
    assert len(reasons) == 2


def test_in_rows_that_spark_gives() -> None:
    """Its processes tell each request that a rejected graph speaks of, for the session to refuse."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
    from reasoner.batch import spark

    columns = zip(QUADS, zip(*KEPT, *moved("a graph of its own"), strict=True), strict=True)
    given = pa.table(dict(columns)).to_batches()
    rows = [row for batch in spark._of_quads(Job())(given) for row in batch.to_pylist()]
    told = [(row["source"], row["key"]) for row in rows if row["request"] == REQUEST[1:-1]]
    assert sorted(source for source, key in told if key is None) == ["quads <urn:own>"]
    assert len(told) == 2


@pytest.mark.parametrize("names", [("a.nq", "b.nq"), ("b.ttl", "a.ttl")])
def test_a_knowledge_base_takes_no_request_of_which_more_is_said(
    names: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where what is rejected comes later, it is told that the request was loaded without it."""
    base = ["--kb", str(tmp_path / "base")]
    chart = [unit[:3] + (unit[3],) * (names[0].endswith(".nq")) for unit in KEPT if unit[3] == GRAPH]
    statement = [unit[:3] + ("<urn:own>",) * (names[1].endswith(".nq")) for unit in MOVED]
    for name, units in zip(names, (chart, statement), strict=True):
        (tmp_path / name).write_text("".join(f"{' '.join(unit)} .\n" for unit in units))
    assert main(["kb", "init", *base]) == 0
    capsys.readouterr()
    main(["kb", "load", *sorted(str(tmp_path / name) for name in names), *base])
    said = capsys.readouterr()
    assert f"more is said of the request {REQUEST} in what is rejected: {tmp_path / names[1]}" in said.err
    assert (REQUEST[1:-1] in said.out) == (names[0] == "a.nq")


def test_a_file_by_itself(policy: Policy, tmp_path: Path) -> None:
    path = written(tmp_path / "a.nq", KEPT + moved("a graph of its own"))
    cases, errors, _ = intake.read(str(path), policy)
    assert REQUEST[1:-1] not in {case.iri for case in cases}
    assert len(errors) == 2
    packed = gzip.compress(path.read_bytes())
    assert len(intake.read("a.nq.gz", policy, suffix=".nq.gz", data=packed)[0]) == len(cases)


@pytest.mark.parametrize("typed", ["", "<urn:own>"])
def test_a_fact_of_the_request_itself(typed: str, policy: Policy, tmp_path: Path) -> None:
    """That it is a request may be said in the default graph, or in its own alone."""
    kind = next(unit for unit in CHARTS if unit[0] == REQUEST and unit[2].endswith("#ReviewRequest>"))
    units = [unit for unit in CHARTS if unit[3] == GRAPH and (unit != kind or typed)]
    units += [(REQUEST, "<https://w3id.org/necessity/core#admitted>", '"2025-13-45"', "<urn:apart>")]
    units += [] if typed else [(*kind[:3], "")]
    cases, errors, _ = intake.read(str(written(tmp_path / "a.nq", units)), policy)
    assert not cases
    assert [REQUEST in str(error) for error in errors] != []


def test_the_requests_of_lines_that_can_be_read() -> None:
    lines = b"\xef\xbb\xbf" + b"".join(f"{' '.join(unit)} .\n".encode() for unit in MOVED)
    assert set(apart.spoken_of_in_lines(lines + b"what\n\xff\n")) == {REQUEST[1:-1], STATEMENT[1:-1]}
    assert apart.spoken_of_in_lines(b"_:s <https://w3id.org/necessity/core#about> _:r .\n") == ()
