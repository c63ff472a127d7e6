"""Nothing is lost and nothing doubled by kill -9, SIGTERM, Ctrl-C, a full disk, or two runs at once; workers end with the first process."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reasoner.batch import lake
from reasoner.cli import main
from reasoner.cli.output import writer
from reasoner.ground.errors import UsageError
from tests.batch.file_kinds import KINDS, quads
from tests.chart.test_rows import row, text
from tests.conftest import ROOT, eventually

EXCERPT = "Takes part. " * 12000
"""So that a piece of the sheet has few requests."""
SHEET = text([row(f"r{number:03}", EXCERPT) for number in range(150)]).encode()
HALF = 2 * len(SHEET) // 3


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("expected")
    (folder / "sheet.csv").write_bytes(SHEET)
    out = folder / "out"
    assert main(["determine", str(folder / "sheet.csv"), "--format", "compact", "--out", str(out), *AS_OF]) == 0
    assert out.read_bytes().count(b"\n") == 150
    return out.read_bytes()


AS_OF = ("--as-of", "2025-12-31")


def command(out: Path, *more: str) -> list[str]:
    batch = ["determine", "-", "--input-format", "csv", "--format", "compact", "--out", str(out), *AS_OF]
    return [sys.executable, "-m", "reasoner", *batch, *more]


def children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children")
    return list(map(int, listed.read_text().split())) if listed.exists() else []


def is_at_work(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def heeding_ctrl_c() -> None:
    """What a shell has its background jobs ignore, and they their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def at_work(out: Path, *more: str) -> subprocess.Popen[bytes]:
    """A batch that keeps its state and waits for the rest of its input."""
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = os.environ | {"TMPDIR": str(out.parent)}
    process = subprocess.Popen(
        command(out, *more), cwd=ROOT, env=environment, start_new_session=True, preexec_fn=heeding_ctrl_c, **pipes
    )
    assert process.stdin
    process.stdin.write(SHEET[:HALF])
    process.stdin.flush()
    kept = out.with_name(out.name + ".state")
    eventually(lambda: process.poll() is not None or (kept.exists() and kept.stat().st_size > 2**17))
    assert process.poll() is None, process.stderr and process.stderr.read()
    return process


def resumed(out: Path, *more: str) -> int:
    return subprocess.run(
        command(out, "--resume", "auto", *more), cwd=ROOT, input=SHEET, capture_output=True
    ).returncode


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """An output that is good, until a whole other one is there."""
    path = tmp_path / "out"
    path.write_bytes(b"good\n")
    yield path
    assert sorted(found.name for found in tmp_path.iterdir()) == ["out"]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system does not list processes in /proc")
@pytest.mark.parametrize(
    ("ending", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["kill", "term", "int"]
)
def test_what_was_done_is_kept_and_workers_end(ending: signal.Signals, code: int, out: Path, expected: bytes) -> None:
    process = at_work(out, "--jobs", "2")
    eventually(lambda: len(children(process.pid)) == 2)
    workers = children(process.pid)
    os.kill(process.pid, ending)
    _, said = process.communicate()
    assert process.returncode == code
    assert ending == signal.SIGKILL or b"interrupted; what is done is kept in" in said
    assert b"Traceback" not in said
    eventually(lambda: not any(map(is_at_work, workers)))
    assert out.read_bytes() == b"good\n"
    assert resumed(out, "--jobs", "2") == 0
    assert out.read_bytes() == expected


@pytest.mark.parametrize(("ending", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_while_workers_are_started_is_heeded(ending: str, code: int, tmp_path: Path) -> None:
    """Python ignores what a signal raises in the midst of a fork."""
    (tmp_path / "sheet.csv").write_text(text([row("r", "x")]))
    at_fork = f"os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.{ending}))"
    program = f"import os, signal; from reasoner import cli; {at_fork}; cli.entry()"
    batch = ["determine", "sheet.csv", "--format", "compact", "--jobs", "2", *AS_OF]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", program, *batch],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        preexec_fn=heeding_ctrl_c,
    )
    assert (ran.returncode, ran.stderr) == (code, b"\nnecessity: interrupted\n")


def limited(size: int) -> Callable[[], None]:
    """What lets no file of a process grow beyond a size, as on a disk that is full."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_a_disk_that_is_full_loses_nothing(out: Path, expected: bytes) -> None:
    ran = subprocess.run(command(out), cwd=ROOT, input=SHEET, capture_output=True, preexec_fn=limited(400_000))
    assert ran.returncode == 2
    assert b"Traceback" not in ran.stderr
    assert b"cannot be" in ran.stderr
    assert out.read_bytes() == b"good\n"
    assert resumed(out) == 0
    assert out.read_bytes() == expected


@pytest.mark.parametrize("size", [0, 20_000, 120_000, 160_000, 300_000])
def test_a_disk_that_is_full_from_the_beginning(size: int, out: Path, expected: bytes) -> None:
    """The error names the place, and what to do, wherever in the making of the state there is no more room."""
    ran = subprocess.run(command(out), cwd=ROOT, input=SHEET, capture_output=True, preexec_fn=limited(size))
    assert ran.returncode == 2
    assert f"necessity: {out}.state: the state of the batch cannot be kept: " in (said := ran.stderr.decode())
    assert "Free space there and in TMPDIR" in said
    assert "Traceback" not in said
    assert out.read_bytes() == b"good\n"
    assert resumed(out) == 0
    assert out.read_bytes() == expected


@pytest.mark.parametrize("kind", ["nq", "parquet", "ndjson"])
def test_no_room_for_what_standard_input_is_put_down_in(kind: str, tmp_path: Path) -> None:
    resource_ = b'{"resourceType": "Patient", "id": "p"}\n'
    data = {"nq": b"<urn:s> <urn:p> <urn:o> .\n" * 9000, "parquet": bytes(200_000), "ndjson": resource_ * 9000}[kind]
    batch = ["determine", "-", "--input-format", kind, "--format", "compact", "--phase", "admission"][
        : 8 if kind == "ndjson" else 6
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "reasoner", *batch],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        input=data,
        capture_output=True,
        preexec_fn=limited(170_000),
    )
    assert ran.returncode == 2
    assert f"necessity: {tmp_path}: the input cannot be kept: " in (said := ran.stderr.decode())
    assert "Free space, or set TMPDIR" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is full")
def test_a_standard_error_that_takes_no_more_ends_nothing(out: Path, expected: bytes) -> None:
    """1 is the code of a gate alone."""
    with open("/dev/full", "wb") as full:
        assert subprocess.run(command(out), cwd=ROOT, input=SHEET, stderr=full).returncode == 0
    assert out.read_bytes() == expected


def test_a_second_run_at_the_same_time_is_refused(out: Path, expected: bytes) -> None:
    first = at_work(out)
    for more in ((), ("--resume",), ("--resume", "auto")):
        second = subprocess.run(command(out, *more), cwd=ROOT, input=SHEET, capture_output=True)
        assert second.returncode == 2
        assert b"another run of this batch is at work" in second.stderr
    first.communicate(SHEET[HALF:])
    assert first.returncode == 0
    assert out.read_bytes() == expected


def test_ctrl_c_is_told_without_a_traceback(tmp_path: Path) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    program = [sys.executable, "-u", "-c", "from reasoner import cli; print('begun'); cli.entry()"]
    process = subprocess.Popen(
        [*program, "determine", "-", "--input-format", "ttl"], cwd=ROOT, preexec_fn=heeding_ctrl_c, **pipes
    )
    assert process.stdout
    assert process.stdout.readline() == b"begun\n"
    eventually(lambda: Path(f"/proc/{process.pid}/wchan").exists() and waits(process.pid))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert (process.returncode, said) == (130, b"\nnecessity: interrupted\n")


def test_what_was_left_of_an_output_that_was_being_written_is_deleted(out: Path) -> None:
    """By the next run of the batch, so that nothing is left of one that kill -9 ended; another output is not its own."""
    (sheet := out.with_name("sheet.csv")).write_text(text([row("r", "x")]))
    (other := out.with_name(".out.csv.12345678.partial")).touch()
    with suppress(ZeroDivisionError), writer(out):
        (partial,) = out.parent.glob(".out.????????.partial")
        (left := partial.with_name(".out.a_b_c_d_.partial")).write_bytes(b"half")
        raise ZeroDivisionError
    assert main(["determine", str(sheet), "--format", "compact", "--out", str(out), *AS_OF]) == 0
    assert not left.exists()
    other.unlink()
    sheet.unlink()


def test_two_runs_over_a_lake_and_one_that_was_killed(tmp_path: Path) -> None:
    """A second run is told; what a run left that was killed is gone, and nothing is done twice."""
    lake_, out = tmp_path / "lake", tmp_path / "out"
    names = ["a.parquet", "b.parquet"]
    for name in names:
        (lake_ / name).parent.mkdir(exist_ok=True)
        (lake_ / name).write_bytes(KINDS["parquet"].write(quads(name), random.Random(1)))
    out.mkdir()
    (out / ".a.parquet.partial").write_bytes(b"of a run that was killed")
    first = lake.determine(lake_, out)
    done = [next(first)]
    with pytest.raises(UsageError, match="another run writes to this folder"):
        next(lake.determine(lake_, out))
    done += first
    assert [(path.name, reasons) for path, _, reasons in done] == [(name, []) for name in names]
    assert not list(lake.determine(lake_, out))
    assert {path.name for path in out.iterdir()} - {".lock"} == {*names}


def test_results_of_a_lake_are_for_their_user_alone(tmp_path: Path) -> None:
    """One that is there keeps its mode."""
    lake_, out = tmp_path / "lake", tmp_path / "out"
    lake_.mkdir()
    path = lake_ / "a.parquet"
    path.write_bytes(KINDS["parquet"].write(quads("a"), random.Random(1)))
    for mode in (0o600, 0o640):
        if (out / "a.parquet").exists():
            (out / "a.parquet").chmod(mode)
        path.touch()
        list(lake.determine(lake_, out))
        assert [(each.stat().st_mode & 0o777) for each in (out, out / "a.parquet")] == [0o700, mode]


def waits(process: int) -> bool:
    """Whether a process reads a pipe that is empty."""
    return "pipe" in Path(f"/proc/{process}/wchan").read_text()
