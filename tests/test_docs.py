"""What README.md and docs/ show is what happens: examples run, links lead somewhere, every command and option is told."""

from __future__ import annotations

import ast
import importlib
import io
import json
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rdflib import Graph

from reasoner import cli
from reasoner.workplace.settings import read_settings
from tests.conftest import CASES, ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MARKDOWN = MarkdownIt("commonmark").enable("table")
NOT_RUN = 13
"""How many blocks are marked ``no-run``: they need a server, a browser, Spark, a lake, Docker, Java, a shell of its own, a network, or people at work."""
LEFT_OUT = "…"
RUN = {"sh", "console", "turtle", "python", "text", "json", "toml"}
SHOWN = {"csv", "sparql", "yaml"}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what else its info string says, and its text."""

    page: str
    line: int
    language: str
    flags: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that the block is the content of, named by its first comment or by its info string."""
        named = re.match(r"# ([\w.-]+\.\w+)\n", self.text)
        return named[1] if named else next((f.removeprefix("file=") for f in self.flags if f.startswith("file=")), None)

    @property
    def is_run(self) -> bool:
        return "no-run" not in self.flags


def tokens(page: Path) -> list[Token]:
    return MARKDOWN.parse(page.read_text())


def blocks(page: Path) -> list[Block]:
    found = []
    for token in tokens(page):
        if token.type == "fence":
            language, *flags = token.info.split() or [""]
            assert token.map is not None
            line = token.map[0] + 1
            found.append(Block(str(page.relative_to(ROOT)), line, language, tuple(flags), token.content))
    return found


ALL = {page.name if page.parent == ROOT else f"docs/{page.name}": blocks(page) for page in PAGES}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every file that the pages show, the sample data, and some charts."""
    for block in (block for of_page in ALL.values() for block in of_page):
        if block.file:
            (tmp_path / block.file).write_text(block.text)
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "charts").mkdir()
    for path in sorted((CASES / "mp9556" / "illinois").glob("*.ttl")):
        shutil.copy(path, tmp_path / "charts")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NECESSITY_KB", raising=False)
    return tmp_path


def words_of(command: str) -> list[str]:
    """The words of a command without its comment, which begins a word as in a shell."""
    return shlex.split(re.sub(r"(^|\s)#.*", "", command))


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each command of a block, with the lines that are shown as its output."""
    lines = re.sub(r"\\\n\s*", "", block.text).splitlines()
    if block.language == "sh":
        yield from ((line, []) for line in lines if words_of(line))
        return
    assert lines[0].startswith("$ "), f"{block}: the block begins with no command"
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start].removeprefix("$ "), lines[start + 1 : end]


def compare(output: str, shown: list[str], where: str) -> None:
    """The lines that are shown are the output, … standing for what is left out of a line or between lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == LEFT_OUT else re.escape(line).replace(LEFT_OUT, ".*") + r"[ ]*\n" for line in shown
    )
    assert re.fullmatch(pattern, output.rstrip() + "\n"), f"{where}: it prints\n{output}"


class Shell:
    """Runs the commands of the pages in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.code = 0
        self.code_is_shown = False

    def run(self, command: str) -> tuple[int, str]:
        """Exit code of a command and what it prints, errors included."""
        words = words_of(command)
        given = b""
        if words[0] == "cat":
            pipe = words.index("|")
            given, words = b"".join(Path(name).read_bytes() for name in words[1:pipe]), words[pipe + 1 :]
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self.monkeypatch.setenv(name, value)
            return 0, ""
        if words[0] in ("make", "pip"):
            understood(words)
            return 0, ""
        assert words[0] == "necessity", f"no test knows how to run {command!r}"
        terminal = io.BytesIO()
        printed = io.TextIOWrapper(terminal, write_through=True)
        self.monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        with redirect_stdout(printed), redirect_stderr(printed):
            code = cli.main(words[1:])
        return code, terminal.getvalue().decode()

    def block(self, block: Block) -> None:
        every = list(commands(block))
        for number, (command, shown) in enumerate(every):
            if command == "echo $?":
                assert shown == [str(self.code)], f"{block}: the exit code is {self.code}"
                continue
            self.code, output = self.run(command)
            asked = number + 1 < len(every) and every[number + 1][0] == "echo $?"
            assert self.code == 0 or asked, f"{block}: {command} exits with {self.code}:\n{output}"
            if shown:
                compare(output, shown, f"{block}: {command}")


def understood(words: list[str]) -> None:
    """A command that is not run names targets, extras and options that there are."""
    if words[0] == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert words[1] in targets, f"the Makefile has no target {words[1]}"
    elif words[0] == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        for named in re.findall(r"\[(.*)\]", words[2]):
            assert set(named.split(",")) <= set(extras), f"the package has no extra {named}"
    elif words[0] == "necessity":
        (name,) = [leaf for leaf in leaves() if words[1:][: len(leaf.split())] == leaf.split()]
        assert {word for word in words if word.startswith("--")} <= {
            option.split()[0] for option in known_options(name)
        }, words
    else:
        assert words[0] in ("docker", "python"), words


@pytest.mark.parametrize("page", ALL)
def test_examples_run(page: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(monkeypatch)
    names: dict[str, object] = {}
    printed: str | None = None
    for block in ALL[page]:
        assert block.language in RUN | SHOWN, f"{block}: say what the block is, {' or '.join(sorted(RUN | SHOWN))}"
        before, printed = printed, None
        if not block.is_run:
            for command, _ in commands(block) if block.language in ("sh", "console") else ():
                understood(words_of(command))
        elif block.language in ("sh", "console"):
            shell.block(block)
        elif block.language == "turtle":
            assert block.file, f"{block}: say in a first comment what the file is called"
            Graph().parse(data=block.text, format="turtle")
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "python":
            with redirect_stdout(io.StringIO()) as output:
                exec(compile(block.text, str(block), "exec"), names)
            printed = output.getvalue()
        elif block.language == "text":
            assert before is not None, f"{block}: only what the Python block before it prints is shown as text"
            compare(before, block.text.splitlines(), str(block))


def test_the_settings_are_read(place: Path) -> None:
    settings = read_settings(place / "settings.toml")
    assert settings.turnaround.rules[0].id == "our-post-service"
    assert str(settings.time_zone) == "America/Chicago"
    assert read_settings(place / "rules.toml").turnaround.rules[0].id == "state-prior-authorization"
    assert tomllib.loads((place / "auth.toml").read_text())["auth"]["client_id"]


def test_few_examples_are_not_run() -> None:
    left = [str(block) for of_page in ALL.values() for block in of_page if not block.is_run]
    assert len(left) == NOT_RUN, left


def test_a_file_has_one_content() -> None:
    contents: dict[str, str] = {}
    for block in (block for of_page in ALL.values() for block in of_page):
        if block.file:
            assert contents.setdefault(block.file, block.text) == block.text, f"{block}: {block.file} is shown twice"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    found: list[str] = []
    parsed = tokens(page)
    for token, inline in pairwise(parsed):
        if token.type == "heading_open":
            text = "".join(child.content for child in inline.children or [])
            anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
    return set(found)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    inline = [child for token in tokens(page) for child in token.children or []]
    links = [str(t.attrs.get("href") or t.attrs.get("src")) for t in inline if t.type in ("link_open", "image")]
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), f"{page.name}: {link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link} names no heading"


def test_every_page_can_be_reached() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").iterdir():
        if page.suffix in (".md", ".ipynb") and page.name != "README.md":
            assert f"]({page.name}" in index, f"docs/README.md does not lead to {page.name}"


@cache
def help_of(name: str) -> str:
    """What ``--help`` of a command prints, in lines that are not wrapped."""
    columns = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "1000"
    try:
        with redirect_stdout(io.StringIO()) as printed, pytest.raises(SystemExit):
            cli.main([*name.split(), "--help"])
    finally:
        os.environ.pop("COLUMNS")
        os.environ.update({"COLUMNS": columns} if columns else {})
    return printed.getvalue()


def known_options(name: str) -> dict[str, str]:
    """The options of a command with their values, such as ``--out FILE``, and what its help says of each."""
    entries = re.findall(r"^  (?:-\w, )?(--[\w-]+(?: \S+)?)\s+(\S.*)$", help_of(name), re.MULTILINE)
    return {option: text for option, text in entries if option != "--help"}


@cache
def leaves(name: str = "") -> list[str]:
    """Every command that does something."""
    below = re.findall(r"^    (\w[\w-]*)(?: |$)", help_of(name), re.MULTILINE)
    return [leaf for word in below for leaf in leaves(f"{name} {word}".strip())] or [name]


def sections(page: Path) -> dict[str, str]:
    """The text below each heading, up to the next one."""
    parts = re.split(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


COMMANDS = sections(ROOT / "docs" / "commands.md") | sections(ROOT / "docs" / "commands-kb.md")


def told(section: str) -> str:
    """A section with those of the pages on commands that it links to, whose options it shares."""
    shared = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"): text for title, text in COMMANDS.items()}
    return section + "".join(
        shared[anchor] for anchor in re.findall(r"\]\((?:commands[\w-]*\.md)?#([\w-]+)\)", section)
    )


def options(text: str) -> dict[str, str]:
    """The options in the first column of the tables of a text, and the second column as plain text."""
    rows = re.findall(r"^\| `(--[^`]*)` \| (.*) \|$", text, re.MULTILINE)
    return {
        option.replace("\\|", "|"): re.sub(r"\[(.*?)\]\(.*?\)", r"\1", meaning.replace("`[auth]`", "[auth]")).replace(
            "`", ""
        )
        for option, meaning in rows
    }


@pytest.mark.parametrize("name", leaves())
def test_every_option_is_told_in_the_words_of_its_help(name: str) -> None:
    assert f"`{name}`" in COMMANDS, f"the pages on commands have no section `{name}`"
    assert options(told(COMMANDS[f"`{name}`"])) == known_options(name)


def test_no_command_is_invented() -> None:
    assert {title for title in COMMANDS if title.startswith("`")} == {f"`{name}`" for name in leaves()}
    assert options(COMMANDS["Which policy"]) == known_options("")


def test_names_in_the_text_exist() -> None:
    """Files and modules that the pages name in code are there."""
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for named in re.findall(
            r"`((?:ontology|shapes|data|docs|app|tests|benchmarks|reasoner)/[\w./-]+)`", page.read_text()
        ):
            if "NAME" in named:
                continue
            assert (ROOT / named).exists(), f"{page.name}: there is no {named}"
        for named in re.findall(r"`(reasoner(?:\.\w+)+)`", page.read_text()):
            assert resolves(named), f"{page.name}: there is no {named}"


def test_what_examples_import_exists() -> None:
    """In the examples that are not run as well, and in the notebook."""
    notebook = json.loads((ROOT / "docs" / "sparql.ipynb").read_text())
    examples = [block.text for of_page in ALL.values() for block in of_page if block.language == "python"]
    examples += ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    imports = [node for text in examples for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{alias.name}" for node in imports for alias in node.names}
    assert not [name for name in sorted(names) if name.startswith("reasoner") and not resolves(name)]


def resolves(dotted: str) -> bool:
    module, parts = None, dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            if not hasattr(module, part):
                return False
            module = getattr(module, part)
        return True
    return False
