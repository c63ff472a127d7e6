"""Where results go: whole or not at all, for their user alone, and with an exit code that says what happened."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from reasoner.batch import reports
from reasoner.batch.model import Job
from reasoner.batch.state import BatchState
from reasoner.cli import main
from reasoner.cli.output import writer
from reasoner.ground.errors import UsageError
from reasoner.ground.locks import locked
from tests.conftest import CASES, ROOT, Attestation, chart

CHARTS = str(CASES / "mp9556" / "exclusions")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def determine(*arguments: str) -> int:
    return main(["determine", CHARTS, *arguments])


@pytest.mark.parametrize("form", ["compact", "json"])
def test_what_can_hold_patient_data_is_for_its_user_alone(form: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert determine("--format", form, "--out", str(out)) == 0
    assert mode(out) == 0o600
    out.chmod(0o640)
    assert determine("--format", form, "--out", str(out)) == 0
    assert mode(out) == 0o640, "a file that is there keeps its mode"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_state_and_quarantine_are_for_their_user_alone(tmp_path: Path) -> None:
    state = BatchState(tmp_path / "state", Job())
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    state.discard()
    (tmp_path / "bad.ttl").write_text("no turtle")
    aside = tmp_path / "aside"
    assert main(["determine", str(tmp_path / "bad.ttl"), "--format", "compact", "--quarantine", str(aside)]) == 2
    assert mode(aside) == 0o700
    assert {mode(path) for path in aside.iterdir()} == {0o600}


def test_a_link_is_followed_and_a_pipe_written_through(tmp_path: Path) -> None:
    assert determine("--format", "compact", "--out", str(tmp_path / "file")) == 0
    expected = (tmp_path / "file").read_bytes()
    (tmp_path / "link").symlink_to("target")
    assert determine("--format", "compact", "--out", str(tmp_path / "link")) == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == expected
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    assert determine("--format", "compact", "--out", str(tmp_path / "pipe")) == 0
    reader.join(60)
    assert read == [expected]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_run_that_fails_leaves_a_good_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reasoner.batch import exports

    out = tmp_path / "out.csv"
    assert determine("--format", "csv", "--out", str(out)) == 0
    good = out.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports.fields, "csv_rows", full)
    assert determine("--format", "csv", "--out", str(out)) == 2
    assert out.read_bytes() == good
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.csv.state"]


def command(*arguments: str, out: int) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", "reasoner", "determine", CHARTS, *arguments]
    return subprocess.Popen(program, stdout=out, stderr=subprocess.PIPE, cwd=ROOT)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_is_no_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert determine("--format", "compact", "--out", "/dev/full") == 2
    assert "--out cannot be written: No space left on device" in capsys.readouterr().err
    with open("/dev/full", "wb") as full:
        process = command("--format", "compact", out=full.fileno())
        _, said = process.communicate()
    assert process.returncode == 2
    assert b"No space left on device" in said


@pytest.mark.parametrize("form", ["compact", "text"])
@pytest.mark.parametrize(("outcome", "code"), [("excluded", 1), ("no-policy-version", 0)])
def test_a_reader_that_has_enough_changes_no_exit_code(form: str, outcome: str, code: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = command("--format", form, "--fail-on", outcome, out=writer)
    os.close(writer)
    process.communicate()
    assert process.returncode == code


@pytest.mark.parametrize("form", ["compact", "text", "parquet"])
@pytest.mark.parametrize(
    ("closed", "code", "said"),
    [
        (">&-", 2, "necessity: standard output: Bad file descriptor\n"),
        ("2>&-", 0, ""),
        (">&- 2>&- <&- --out {}", 0, ""),
        ("- --input-format nq <&-", 3, "rejected: standard input: it cannot be read: Bad file descriptor\n"),
    ],
)
def test_a_stream_that_is_closed(closed: str, code: int, said: str, form: str, tmp_path: Path) -> None:
    """No file takes its number, and is written to by mistake."""
    line = f"{sys.executable} -m reasoner determine {CHARTS} {closed.format(tmp_path / 'out')} --format {form}"
    ran = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True)
    assert ran.returncode == code
    assert said in ran.stderr.decode()
    assert b"Traceback" not in ran.stderr
    assert bool(ran.stdout or list(tmp_path.iterdir())) == (code != 2)


@pytest.mark.parametrize("more", ["--version >&-", "--help >&-", "policy list >&-"])
def test_help_to_a_stream_that_is_closed(more: str) -> None:
    ran = subprocess.run(f"{sys.executable} -m reasoner {more}", shell=True, cwd=ROOT, capture_output=True)
    assert (ran.returncode, ran.stderr) == (2, b"necessity: standard output: Bad file descriptor\n")


@pytest.mark.parametrize("content", [b"notes of mine\n", b"\0" * 512, b"database"])
@pytest.mark.parametrize("more", [(), ("--resume",), ("--resume", "auto")])
def test_a_file_that_is_no_state_is_kept(
    content: bytes, more: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "out.state"
    kept.write_bytes(content)
    if content == b"database":
        kept.unlink()
        with contextlib.closing(sqlite3.connect(kept)) as other:
            other.execute("CREATE TABLE mine (a)")
    before = kept.read_bytes()
    assert determine("--format", "compact", "--out", str(tmp_path / "out"), *more) == 2
    assert f"{kept}: this is no state of a batch. Move it away" in capsys.readouterr().err
    assert kept.read_bytes() == before


def test_a_quarantine_that_cannot_be_written_leaves_a_good_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.ttl").write_text("no turtle")
    out, aside = tmp_path / "out", tmp_path / "_aside"
    out.write_text("good")
    (aside / "rejected.jsonl").mkdir(parents=True)
    assert main(["determine", str(tmp_path), "--format", "compact", "--out", str(out), "--quarantine", str(aside)]) == 2
    assert "--quarantine cannot be written: Is a directory" in capsys.readouterr().err
    assert out.read_text() == "good"


@pytest.mark.parametrize("option", ["--out", "--lineage", "--quarantine"])
def test_a_folder_that_may_not_be_written_to_is_told_first(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder := tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(folder / "target")
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != folder)
    name = "folder/new/below" if option == "--quarantine" else "link"
    with pytest.raises(SystemExit):
        determine("--format", "compact", option, str(tmp_path / name))
    assert (
        f"argument {option}: '{tmp_path / name}': you may not write to the folder '{folder}'" in capsys.readouterr().err
    )


def test_a_second_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    first = BatchState(tmp_path / "out.state", Job())
    for more in ((), ("--resume",)):
        assert determine("--format", "compact", "--out", str(out), *more) == 2
        assert "another run of this batch is at work" in capsys.readouterr().err
    with pytest.raises(UsageError, match="another run"):
        BatchState(tmp_path / "out.state", Job(), resume=True)
    first.close()
    assert determine("--format", "compact", "--out", str(out), "--resume") == 0


def test_a_second_run_over_one_quarantine_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--format", "compact", "--out", str(tmp_path / "out"), "--quarantine", str(tmp_path / "aside")]
    with locked(tmp_path / "aside", reports.QUARANTINE):
        assert determine(*arguments) == 2
    assert f"{tmp_path / 'aside'}: another run writes to this folder. Wait for it" in capsys.readouterr().err
    assert determine(*arguments) == 0


@pytest.mark.parametrize("option", ["--out", "--quarantine"])
def test_a_full_disk_names_the_mend(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((tempfile, "mkstemp", full) if option == "--out" else (Path, "mkdir", full)))
    assert determine("--format", "compact", option, str(tmp_path / "new")) == 2
    assert f"{option} cannot be written: No space left on device. Free space there, or" in capsys.readouterr().err


def test_a_state_that_cannot_be_kept_is_no_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(BatchState, "keep", full)
    assert determine("--format", "compact", "--out", str(tmp_path / "out")) == 2
    assert "the state of the batch cannot be kept: database or disk is full" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--out", "--lineage", "--report"])
@pytest.mark.parametrize("way", ["file", "link", "folder", "archive"])
def test_an_input_is_never_replaced(way: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "charts"
    folder.mkdir()
    read = target = folder / "chart.ttl"
    read.write_text(chart([Attestation("adult-admission:3")]))
    if way == "archive":
        read = target = Path(shutil.make_archive(str(folder), "zip", folder))
    elif way == "link":
        (target := tmp_path / "link").symlink_to(read)
    before = read.read_bytes()
    command = ["intake"] if option == "--report" else ["determine", "--format", "compact"]
    assert main([*command, str(folder if way == "folder" else read), option, str(target)]) == 2
    assert f"{target}: {option} is a file that is read. Name another one" in capsys.readouterr().err
    assert read.read_bytes() == before


def test_an_output_is_no_file_of_the_quarantine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = tmp_path / "aside" / "rejected.jsonl"
    index.parent.mkdir()
    assert determine("--format", "compact", "--out", str(index), "--quarantine", str(index.parent)) == 2
    assert f"{index}: --out is the file of --quarantine. Name another one" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--lineage", "--report"])
def test_no_file_is_written_to_twice(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "chart.ttl").write_text(chart([Attestation("adult-admission:3")]))
    command = ["intake", "--to", "turtle"] if option == "--report" else ["determine", "--format", "compact"]
    arguments = [*command, str(tmp_path / "chart.ttl"), "--out", str(tmp_path / "out"), option]
    assert main([*arguments, str(tmp_path / "." / "out")]) == 2
    assert f"{option} is the file of --out. Name another one" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*arguments, str(tmp_path / "other")]) == 0


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("necessity ")


def test_the_mode_of_an_output_can_be_set(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for form in ("compact", "json"):
        assert determine("--format", form, "--out", str(out), "--mode", "640") == 0
        assert mode(out) == 0o640
        out.chmod(0o644)
    assert determine("--format", "compact", "--out", str(out), "--mode", "0600") == 0
    assert mode(out) == 0o600


DIRECTED = "=cmd \u202eevil\u202c \x9b31m"
"""What a spreadsheet would calculate, with characters that a terminal would obey."""


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    path = tmp_path / "chart.ttl"
    path.write_text(chart([Attestation("adult-admission:3")]).replace('"R. Example"', f'"{DIRECTED}"'))
    return path


def test_cells_of_answers_are_no_formulas(hostile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query = hostile.with_name("authors.rq")
    query.write_text(
        "SELECT ?author ?days ?none ?document WHERE { ?document <http://purl.org/dc/terms/creator> ?author "
        "BIND(-5 AS ?days) OPTIONAL { ?author ?document ?none } }"
    )
    assert main(["query", str(query), str(hostile), "--format", "csv"]) == 0
    written = capsys.readouterr().out
    header, row, *_ = csv.reader(io.StringIO(written, newline=""))
    assert header == ["author", "days", "none", "document"]
    assert row[:3] == ["'=cmd \\u202eevil\\u202c \\u009b31m", "-5", ""]
    assert main(["query", str(query), str(hostile), "--format", "csv", "--raw"]) == 0
    raw = capsys.readouterr().out
    assert next(csv.reader(io.StringIO(raw.partition("\n")[2]))) == [DIRECTED, "-5", "", row[3]]
    assert main(["query", str(query), str(hostile)]) == 0
    assert "=cmd evil 31m" in capsys.readouterr().out
    plain_cells = [str(hostile.with_name("numbers.rq")), str(hostile), "--format", "csv"]
    hostile.with_name("numbers.rq").write_text('SELECT ?a ?b WHERE { VALUES (?a ?b) { (1 "x,y") (UNDEF <urn:z>) } }')
    assert main(["query", *plain_cells]) == 0
    as_usual = capsys.readouterr().out
    assert main(["query", *plain_cells, "--raw"]) == 0
    assert as_usual == capsys.readouterr().out


@pytest.mark.parametrize("form", ["json", "turtle", "compact", "markdown"])
def test_a_terminal_is_not_given_what_it_would_obey(form: str, hostile: Path) -> None:
    main_end, terminal = os.openpty()
    program = [sys.executable, "-m", "reasoner", "determine", str(hostile), "--format", form]
    process = subprocess.Popen(program, stdout=terminal, stderr=subprocess.PIPE, cwd=ROOT)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while block := os.read(main_end, 2**16):
            shown += block
    os.close(main_end)
    process.communicate()
    assert process.returncode == 0
    assert shown
    assert not {"\u202e", "\u202c", "\x9b"} & set(shown.decode())
    if form == "json":
        assert DIRECTED in [e["author"] for c in json.loads(shown)[0]["criteria"] for e in c["evidence"]]


def test_messages_are_plain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "\x1b[2J\u202e.ttl"
    path.write_text("no turtle")
    for form in ("text", "compact"):
        assert main(["determine", str(path), "--format", form]) == 2
        said = capsys.readouterr().err
        assert "[2J.ttl: line 1" in said
        assert not {"\x1b", "\u202e"} & set(said)


def test_a_terminal_is_given_no_direction_mark_in_pieces(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with writer(None) as stream:
        for byte in "é\u202eé".encode():
            stream.write(bytes([byte]))
    out = capsysbinary.readouterr().out.decode()
    assert "\u202e" not in out
    assert (out[0], out[-1]) == ("é", "é")
