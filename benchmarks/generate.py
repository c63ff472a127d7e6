"""Charts in any number, made from those in data/cases/mp9556: `python -m benchmarks.generate DIRECTORY --charts N`.

Each chart is one of the sample charts under names and on days of its own, its excerpts in words that no other chart has, with
some statements left out and some turned around, and of at most 150 triples. The same seed gives the same charts.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

from rdflib import Literal

from reasoner import load_policy
from reasoner.chart import intake, sources
from reasoner.chart.documents import anchors
from reasoner.chart.documents.model import digest_of
from reasoner.chart.model import Case
from reasoner.ground.resources import ROOT
from reasoner.rdf import terms

LEFT_OUT, TURNED = 0.08, 0.04
PLAIN = 0.5
"""The share of charts in which nothing is left out or turned around, but for their size."""
MOST = 150
"""Triples of a chart."""
DAYS = 240
"""By how many days at most a chart is later than its sample."""
PER_FILE = 250
_IN = "<https://w3id.org/necessity/core#documentedIn>"
_ABOUT = "<https://w3id.org/necessity/core#about>"
_ASSERTION = "<https://w3id.org/necessity/core#assertion>"
_EXCERPT = "<https://w3id.org/necessity/core#excerpt>"
_TEXT, _CONTENT = (f"<https://w3id.org/necessity/core#{name}>" for name in ("text", "content"))
_TARGET = "<http://www.w3.org/ns/oa#hasTarget>"
_DATE = re.compile(r'"(\d{4}-\d\d-\d\d)"\^\^')
_AFFIRMED, _DENIED = (f"<https://w3id.org/necessity/core#{name}>" for name in ("Affirmed", "Denied"))


def generate(count: int, seed: int = 0) -> Iterator[str]:
    """Charts as N-Triples, each about one request of its own."""
    policy = load_policy()
    samples = [
        case
        for name in sources.find([str(ROOT / "data" / "cases" / "mp9556")])
        for case in intake.read(name, policy)[0]
    ]
    chance = random.Random(seed)
    for number in range(count):
        yield _vary(chance.choice(samples), f"https://necessity.invalid/generated/{number:07}#", chance)


def _vary(case: Case, namespace: str, chance: random.Random) -> str:
    lines = case.content.split("\n")[:-1]
    statements = [line.split(" ", 1)[0] for line in lines if f" {_ABOUT} " in line]
    plain = chance.random() < PLAIN
    gone = {statement for statement in statements if not plain and chance.random() < LEFT_OUT}
    turned = {statement for statement in statements if not plain and chance.random() < TURNED}
    while _size(lines, gone) > MOST:
        gone.add(chance.choice([statement for statement in statements if statement not in gone]))
    uncited = _uncited(lines, gone)
    later = timedelta(days=chance.randrange(DAYS))

    def move(match: re.Match[str]) -> str:
        return f'"{date.fromisoformat(match[1]) + later}"^^'

    kept = []
    for number, line in enumerate(lines):
        subject, predicate, _ = line.split(" ", 2)
        if subject in gone or subject in uncited:
            continue
        if subject in turned and predicate == _ASSERTION:
            line = line.replace(_AFFIRMED, "+").replace(_DENIED, _AFFIRMED).replace("+", _DENIED)
        if predicate == _EXCERPT:
            line = line.replace(f' {_EXCERPT} "', f' {_EXCERPT} "{chance.randrange(10**6)}-{number}: ')
        kept.append(_DATE.sub(move, line))
    own = case.iri.rpartition("#")[0] + "#"
    return "\n".join(kept).replace(f"<{own}", f"<{namespace}") + "\n"


def anchored(chart: str, *, texts: bool = False) -> str:
    """A chart of which each excerpt is anchored in the text of its document: one that has them all, line by line.

    Args:
        chart: as N-Triples.
        texts: whether the chart holds the texts, too.
    """
    lines = chart.split("\n")[:-1]
    quotes = {line.split(" ", 1)[0]: line.split(" ", 2)[2][:-2] for line in lines if f" {_EXCERPT} " in line}
    content: dict[str, str] = {}
    places: dict[str, tuple[str, int, int]] = {}
    for subject, predicate, rest in [line.split(" ", 2) for line in lines]:
        if predicate == _IN and subject in quotes:
            document, quote = rest[:-2], terms.text(quotes[subject])
            before = content.get(document, "Note\n")
            content[document] = f"{before}{quote}\n"
            places[subject] = document, len(before), len(before) + len(quote)
    digests = {document: digest_of(text.encode()) for document, text in content.items()}
    lines += [f"{document} {_TEXT} <{digest}> ." for document, digest in digests.items()]
    for subject, (document, start, end) in places.items():
        lines.append(f"{subject} {_TARGET} <{anchors.target_iri(digests[document], start, end)}> .")
    for document, text in content.items() if texts else ():
        lines.append(f"<{digests[document]}> {_CONTENT} {terms.of(Literal(text))} .")
    return "\n".join(sorted(lines)) + "\n"


def _size(lines: list[str], gone: set[str]) -> int:
    """How many triples are left without some statements and the documents that only they cite."""
    left_out = gone | _uncited(lines, gone)
    return sum(line.partition(" ")[0] not in left_out for line in lines)


def _uncited(lines: list[str], gone: set[str]) -> set[str]:
    """The documents that no statement cites any more."""
    cited = [(line.partition(" ")[0], line.split(" ")[2]) for line in lines if f" {_IN} " in line]
    return {document for _, document in cited} - {document for subject, document in cited if subject not in gone}


def write(directory: Path, count: int, seed: int = 0, vary: Callable[[str], str] = lambda chart: chart) -> None:
    """Write charts as N-Quads, a named graph a chart, some hundreds a file.

    Args:
        directory: the folder, which is made.
        count: how many charts.
        seed: of the charts.
        vary: what is done to each chart before.
    """
    directory.mkdir(parents=True, exist_ok=True)
    stream = None
    for number, chart in enumerate(generate(count, seed)):
        if number % PER_FILE == 0:
            if stream:
                stream.close()
            stream = (directory / f"charts-{number // PER_FILE:05}.nq").open("w", encoding="utf-8")
        name = f"<https://necessity.invalid/generated/{number:07}>"
        stream.writelines(f"{line[:-2]} {name} .\n" for line in vary(chart).split("\n")[:-1])  # type: ignore[union-attr]
    if stream:
        stream.close()


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Write generated charts as N-Quads.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--charts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write(options.directory, options.charts, options.seed)


if __name__ == "__main__":
    main()
