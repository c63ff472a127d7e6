"""The parser: errors first, usage in one line, examples in every help; options that would do nothing are refused."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from reasoner.cli import _parser, main
from reasoner.cli.completion import SHELLS
from tests.conftest import Attestation, chart

ROOT_PARSER = _parser([])
PARSERS = [ROOT_PARSER, *ROOT_PARSER.commands()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "chart.ttl"
    path.write_text(chart([Attestation("adult-admission:3")]))
    return path


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_every_help_has_examples_that_can_be_run(parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parser.actions()
    usage, _, rest = parser.format_help().partition("\n")
    examples = list(parser.examples())
    assert usage.startswith(f"usage: {parser.prog} [option ...]")
    assert f"\n\nexamples:\n  {examples[0]}\n" in rest
    for example in examples:
        words = shlex.split(example.partition(" < ")[0].partition(" > ")[0])
        assert " ".join(words).startswith(parser.prog.partition(" ")[0])
        if words[-1] != "--help":
            _parser(words[1:]).parse_args(words[1:])


@pytest.mark.parametrize(
    ("arguments", "problem", "usage"),
    [
        ([], "necessity: the following arguments are required: COMMAND", "necessity [option ...] COMMAND ..."),
        (
            ["determien"],
            "necessity: argument COMMAND: invalid choice: 'determien'",
            "necessity [option ...] COMMAND ...",
        ),
        (
            ["determine", "x", "--format", "word"],
            "necessity determine: argument --format: invalid choice: 'word'",
            "necessity determine [option ...] PATH [PATH ...]",
        ),
        (
            ["questionnaire", "--phase", "admission"],
            "necessity questionnaire: the following arguments are required: --focus",
            "necessity questionnaire [option ...] --phase PHASE --focus FOCUS",
        ),
        (
            ["determine", "x", "--mode", "9"],
            "necessity determine: argument --mode: '9' is no mode",
            "necessity determine [option ...] PATH [PATH ...]",
        ),
    ],
)
def test_an_error_stands_before_one_line_of_usage(
    arguments: list[str], problem: str, usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(problem)
    assert second == f"usage: {usage} (see {usage.partition(' [')[0]} --help)"


@pytest.mark.parametrize(
    "command",
    [
        "determine chart.ttl --input-format ttl",
        "determine chart.ttl --phase admission",
        "determine chart.ttl --jurisdiction US-MO --format compact",
        "determine chart.ttl --mode 640",
        "intake chart.ttl --service-start 2025-06-02",
        "explain chart.ttl adult-admission:3 --assume adult-admission:3=denied",
        "validate chart.ttl --birth-date 1980-01-01",
        "policy show --phase admission",
        "policy show --minor",
        "policy show --shapes --readings",
        "policy show adult-admission:3 --readings",
        "policy diff mp9556/2025-04-01 mp9556/2025-04-01 --as-of 2025-07-01",
        "policy export --mode 640",
        "query --format csv",
        "query --param x=y",
        "query conflicts --as-of 2025-07-01",
        "query conflicts --input-format ttl",
        "query conflicts --show --format csv",
        "query conflicts chart.ttl --raw",
        "query conflicts chart.ttl --mode 640",
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    command: str, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(path.parent)
    assert main(command.split()) == 2
    told = capsys.readouterr()
    assert not told.out
    words = told.err.split()
    assert words[0] == "necessity:"
    assert words[1] in command.split()


def test_facts_of_a_request_are_taken_where_there_is_fhir(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.with_name("bundle.json").write_text('{"resourceType": "Bundle", "type": "collection", "entry": []}')
    assert main(["determine", str(path.parent), "--phase", "admission", "--format", "compact"]) == 3
    assert "is for FHIR" not in capsys.readouterr().err


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_every_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(word in script for word in ("questionnaire", "--fail-on", "conflicts", "substance-use"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dete", "determine"),
        ("determine --fo", "--format --focus"),
        ("determine --format ju", "junit"),
        ("determine --phase a", "admission"),
        ("determine chart.ttl --fail-on ex", "excluded"),
        ("explain chart.ttl adult-admission:7-", "adult-admission:7-a adult-admission:7-b"),
        ("query confl", "conflicts"),
        ("kb ver", "verify"),
        ("determine cha", "chart.ttl"),
    ],
)
def test_bash_completes(words: str, expected: str, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = path.with_name("necessity.bash")
    script.write_text(capsys.readouterr().out)
    ask = """source necessity.bash
COMP_WORDS=(necessity "$@"); COMP_CWORD=$#
complete_with=$(complete -p necessity | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
$complete_with necessity "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
echo "${COMPREPLY[@]}"
"""
    ran = subprocess.run(
        ["bash", "-c", ask, "bash", *words.split()], cwd=path.parent, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == expected.split()
