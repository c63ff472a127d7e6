"""Whatever is wrong with a file, each of its requests is determined as a single chart is, or rejected by name, however it is given and cut.

`make fuzz` looks for more.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import re
import sys
import zipfile
from collections.abc import Iterable
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasoner.batch.model import Job
from reasoner.chart import sources
from reasoner.chart.fast import piece
from reasoner.chart.tables import quads
from reasoner.cli import main
from tests.batch.file_kinds import FOLDERS, KINDS, Folder, Kind
from tests.batch.mutations import mutant, mutant_of_folder, sound
from tests.explore import examples

for name, extra in (("pyarrow", "tables"), ("openpyxl", "tables"), ("backports.zstd", "zstd")):
    pytest.importorskip(name, reason=f"{name} (extra {extra}) is not installed")

AS_OF = ("--as-of", "2026-11-20")
SIZES = ((3000, 60), (500, 20), (20_000, 400))
"""Bytes of a piece, and rows of a table that are read together."""
Answers = dict[tuple[str, str], tuple[str, dict[str, str]]]
"""The outcome and the statuses of each request and service start."""


class Ran(NamedTuple):
    """What came of a command."""

    code: int
    answers: Answers
    rejected: list[str]
    """What standard error tells of rejections."""
    totals: tuple[int, ...]
    """The data sets that were read, determined and rejected, where they are told."""


def answers(lines: Iterable[dict[str, Any]]) -> Answers:
    found: Answers = {}
    for line in lines:
        if "servicePeriod" in line:
            statuses = {criterion["id"]: criterion["status"] for criterion in line["criteria"]}
            found[line["request"], line["servicePeriod"]["start"]] = line["outcome"], statuses
        else:
            found[line["request"], line["start"]] = line["outcome"], line["criteria"]
    return found


def determine(kind: Kind | Folder, path: Path | bytes, form: str, *more: str) -> Ran:
    """Determine a file or folder, or what standard input gives."""
    given_ = [str(path)] if isinstance(path, Path) else ["-"]
    if isinstance(kind, Kind) and isinstance(path, bytes):
        given_ += ["--input-format", kind.suffix[1:]]
    with (
        TemporaryDirectory() as place,
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        patch.setattr("tempfile.tempdir", place)
        if isinstance(path, bytes):
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path)))
        out = Path(place) / "out"
        code = main(["determine", *given_, "--format", form, "--out", str(out), *AS_OF, *kind.options, *more])
        text = out.read_text() if out.exists() else ""
        assert [found.name for found in Path(place).iterdir()] == ["out"] * out.exists()
    lines = json.loads(text or "[]") if form == "json" else map(json.loads, io.StringIO(text))
    said = err.getvalue()
    rejected = [line for line in said.splitlines() if line.startswith(("rejected: ", "necessity: "))]
    match = re.search(r"^read ([\d,]+) data sets?: ([\d,]+) determined, ([\d,]+) rejected\b", said, re.MULTILINE)
    return Ran(code, answers(lines), rejected, tuple(int(n.replace(",", "")) for n in match.groups()) if match else ())


@cache
def of_sound_charts(kind: Kind) -> Ran:
    with TemporaryDirectory() as folder:
        return determine(kind, written(kind, sound(kind), folder), "compact")


def written(kind: Kind, data: bytes, folder: str) -> Path:
    path = Path(folder) / f"charts{kind.suffix}"
    path.write_bytes(data)
    return path


def check(ran: Ran) -> None:
    """The exit code and the totals are those of what came out, and this program did not fail."""
    assert not [told for told in ran.rejected if "a fault of this program" in told]
    assert ran.code == (2 if not ran.answers else 3 if ran.rejected else 0), ran
    if ran.totals:
        read, determined, rejected = ran.totals
        assert read == determined + rejected, ran
        assert bool(rejected) == bool(ran.rejected), ran
    else:
        assert ran.code == 2, ran


def check_statuses(found: Answers, expected: Answers) -> None:
    """What both say of a request is the same; a whole determination tells more criteria than a brief."""
    for key in found.keys() & expected.keys():
        (outcome, statuses), (expected_outcome, others) = found[key], expected[key]
        assert outcome == expected_outcome
        assert {id_: statuses[id_] for id_ in statuses.keys() & others.keys()} == {
            id_: others[id_] for id_ in statuses.keys() & others.keys()
        }


def check_ways(kind: Kind | Folder, path: Path, others: Iterable[Path | bytes], dice: random.Random, done: str) -> Ran:
    """What comes of charts, by their path; it is the same in small pieces, in other ways, whole, and read one by one."""
    found = determine(kind, path, "compact")
    check(found)
    size, rows = dice.choice(SIZES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(piece.pieces, "__defaults__", (None, size))
        patch.setattr(quads, "_ROWS", rows)
        ways = [determine(kind, way, "compact") for way in (path, *others)]
    for ran in ways:
        check(ran)
        if any("this Parquet is damaged" in told for told in ran.rejected):  # from the rows on that are read together
            assert all(ran.answers[key] == found.answers[key] for key in ran.answers.keys() & found.answers.keys())
            lost = {request for request, _ in ran.answers.keys() ^ found.answers.keys()}
            whole_there = undamaged(path) if path.is_file() else set()
            assert not [request for request in lost for name in whole_there if name in request], done
        else:
            assert (ran.answers, ran.code) == (found.answers, found.code), done
    whole = determine(kind, path, "jsonl")
    assert whole.answers.keys() == found.answers.keys(), done
    check_statuses(whole.answers, found.answers)
    alone = determine(kind, path, "json")  # by the reader of single charts
    assert alone.answers.keys() <= found.answers.keys(), done
    check_statuses(alone.answers, found.answers)
    assert alone.rejected or alone.answers.keys() == found.answers.keys(), done
    return found


def undamaged(path: Path) -> set[str]:
    """The graphs or requests of a table whose rows, and those beside them, stand in row groups that can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    table = pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True)
    name = "graph" if "graph" in table.schema_arrow.names else "request"
    rows: list[tuple[str, bool]] = []
    for place in range(table.num_row_groups):
        try:
            group = table.read_row_group(place).column(name).cast(pa.string()).to_pylist()
            rows += [((cell or "").strip("<>"), True) for cell in group]
        except (OSError, pa.ArrowException):
            rows += [("", False)] * table.metadata.row_group(place).num_rows
    if not all(cell for cell, can_be_read in rows if can_be_read):
        return set()
    doubtful = {
        cell
        for (_, was_read), (cell, can_be_read) in [*pairwise(rows), *pairwise(rows[::-1])]
        if not was_read or not can_be_read
    }
    return {cell for cell, _ in rows} - doubtful


@pytest.mark.parametrize("name", KINDS)
@examples(2)
@given(seed=st.integers(0, 10**9))
@example(seed=920_137)  # of rows of quads one has a sign of comment for its graph
@example(seed=920_125)  # of Parquet a page is damaged, and so much can be read as is asked for at once
@example(seed=900_007)  # of lines of bundles one holds a line separator, which ends no line of JSON
def test_mutants(name: str, seed: int) -> None:
    kind = KINDS[name]
    done, data = mutant(kind, dice := random.Random(seed))
    with TemporaryDirectory() as folder:
        path = written(kind, data, folder)
        found = check_ways(kind, path, [] if kind.suffix == ".zip" else [data], dice, done)
    if not found.rejected and not kind.is_packed:
        lost = {request for request, _ in of_sound_charts(kind).answers.keys() - found.answers.keys()}
        told = unquote(" ".join(request for request, _ in found.answers))  # also as part of another name
        assert not [request for request in lost if request.encode() in data and request not in told], done


@pytest.mark.parametrize("name", FOLDERS)
@examples(2)
@given(seed=st.integers(0, 10**9))
def test_mutants_of_folders(name: str, seed: int) -> None:
    """By the folder, by an archive of it, and but for exports file by file."""
    kind = FOLDERS[name]
    done, files = mutant_of_folder(kind, dice := random.Random(seed))
    with TemporaryDirectory() as place:
        folder, archive = Path(place) / "charts", Path(place) / "charts.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            for path, data in files.items():
                packed.writestr(path, data)
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        found = check_ways(kind, folder, [archive], dice, done)
        if kind.are_apart:
            check_apart(kind, folder, found)


def check_apart(kind: Folder, folder: Path, found: Ran) -> None:
    """A folder gives what its files give one by one, but for requests that it rejects, as not all stands in one data set."""
    one_by_one: Answers = {}
    for path in sources.find([str(folder)], sources.ALL_SUFFIXES) if found.totals else ():
        one_by_one |= determine(kind, Path(path), "compact").answers
    assert found.answers.items() <= one_by_one.items()
    for request, _ in one_by_one.keys() - found.answers.keys():
        reasons = (f"the request <{request}> is described in more than", f"more is said of the request <{request}> in")
        assert [line for line in found.rejected if any(reason in line for reason in reasons)]


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@examples(2)
@given(seed=st.integers(0, 10**9))
def test_mutants_by_the_reference_engine(name: str, seed: int) -> None:
    kind = KINDS[name]
    with TemporaryDirectory() as folder:
        path = written(kind, mutant(kind, random.Random(seed))[1], folder)
        found = determine(kind, path, "compact")
        reference = determine(kind, path, "compact", "--engine", "reference")
        assert reference == found


@examples(8)
@given(seed=st.integers(0, 10**9))
@example(seed=5_001_196)  # of Parquet a page does not have its checksum
def test_mutants_by_spark(seed: int) -> None:
    """By what Spark calls in its processes, with the rows sorted by graph, as it sorts them."""
    pytest.importorskip("pyspark", reason="pyspark (extra spark) is not installed")
    import pyarrow as pa
    import pyarrow.parquet as pq

    from reasoner.batch import spark

    with TemporaryDirectory() as folder:
        kind = KINDS["parquet"]
        path = written(kind, mutant(kind, random.Random(seed))[1], folder)
        try:
            table = pq.read_table(path, page_checksum_verification=True).sort_by("graph")
        except (OSError, pa.ArrowException):
            return  # Spark cannot read it either
        found = determine(kind, path, "compact")
        job = Job(as_of=date.fromisoformat(AS_OF[1]))
        rows = [row for batch in spark._of_quads(job)(table.to_batches(200)) for row in batch.to_pylist()]
    data_sets: dict[str, set[str]] = {}
    for row in rows:
        data_sets.setdefault(row["request"], set()).add(row["source"] if row["key"] else "spoken of")
    once = {
        (row["request"], str(row["start"])): (
            row["outcome"],
            {one["criterion"]: one["status"] for one in row["criteria"]},
        )
        for row in rows
        if row["key"] and len(data_sets[row["request"]]) == 1
    }
    assert once == found.answers
    assert any(row["error"] for row in rows) or len(once) < len(rows) or not found.rejected


def test_a_mutant_is_told_by_its_seed_alone() -> None:
    for kind in KINDS.values():
        assert mutant(kind, random.Random(7)) == mutant(kind, random.Random(7))
