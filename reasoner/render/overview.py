"""Determinations of many requests as a table for a terminal: a row each, then totals by outcome.

Outcomes are words; colour and symbols only repeat them.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from reasoner.determination.model import Determination
from reasoner.ground.display import counted, plain
from reasoner.logic.fold import Outcome
from reasoner.render.wording import words

NARROWEST, WIDEST = 80, 160
_BESIDE = 116
"""From this width on, what is missing has a column of its own; on narrower terminals it is printed below the row."""
_NOTE_LINES = 3
_GAP, _TIE = "  ", "\u00a0"
_HEADERS = ("REQUEST", "SERVICE", "OUTCOME", "READING", "MISSING OR AGAINST")
_READING: dict[bool | None, str] = {True: "holds", False: "depends", None: ""}
_BOLD, _RESET = "\x1b[1m", "\x1b[0m"
_STYLES = {
    Outcome.CRITERIA_MET: ("✓", "\x1b[32m"),
    Outcome.CRITERIA_NOT_MET: ("✗", "\x1b[31m"),
    Outcome.DOCUMENTATION_NEEDED: ("?", "\x1b[33m"),
    Outcome.EXCLUDED: ("✗", "\x1b[35m"),
    Outcome.NO_POLICY_VERSION: ("-", "\x1b[2m"),
}


@dataclass(frozen=True)
class _OverviewRow:
    request: str
    service: str
    outcome: Outcome
    reading: str
    relation: str
    """Whether the ids are missing or stand against the request; empty without ids."""
    ids: str


def overview(
    determinations: Sequence[Determination], *, rejected: int = 0, width: int = 120, styled: bool = False
) -> str:
    """Determinations as a table with totals, in the order in which they are given.

    Args:
        determinations: of any number of requests.
        rejected: how many data sets were rejected.
        width: columns of the terminal; brought between `NARROWEST` and `WIDEST`.
        styled: whether to add colours and symbols.

    Returns:
        Lines of at most `width` columns; names are wrapped, and what is left out of a list is counted after ``…``.
    """
    width = min(max(width, NARROWEST), WIDEST)
    names = short_names({determination.case.iri for determination in determinations})
    rows = [
        _OverviewRow(
            plain(names[determination.case.iri]),
            _service(determination),
            determination.outcome,
            _READING[determination.holds_under_all_readings],
            *_missing_or_against(determination),
        )
        for determination in determinations
    ]
    return "\n".join([*_table(rows, width, styled), "", *_totals(determinations, rejected, width, styled)]) + "\n"


def short_names(iris: Collection[str]) -> dict[str, str]:
    """A short name for each IRI: as many of its last parts as tell all of them apart, without those that all share.

    >>> short_names({"http://example.org/a/7#request", "http://example.org/a/8#request"})["http://example.org/a/7#request"]
    '7'
    """
    parts = {iri: re.split(r"([/#:])", iri) for iri in iris}
    shortest = min(map(len, parts.values()), default=0)
    shared = 0
    while shared + 2 < shortest and len({tuple(split[-shared - 2 :]) for split in parts.values()}) == 1:
        shared += 2
    for count in range(1, shortest - shared + 1, 2):
        names = {iri: "".join(split[len(split) - shared - count : len(split) - shared]) for iri, split in parts.items()}
        if all(names.values()) and len(set(names.values())) == len(names):
            return names
    return {iri: iri for iri in iris}


def _service(determination: Determination) -> str:
    end = f"–{determination.service_end}" if determination.service_end else " on"
    return f"{determination.service_start}{end}"


def _missing_or_against(determination: Determination) -> tuple[str, str]:
    """Whether something is missing or stands against a request, and the ids of the smallest set."""
    if determination.gaps:
        return "missing", _listed(next(iter(determination.gaps)))
    if not determination.objections:
        return "", ""
    smallest = next(iter(determination.objections))
    if determination.outcome is Outcome.EXCLUDED:
        excluding = {result.criterion.id for result in determination.listed}
        smallest = next((ids for ids in islice(determination.objections, 100) if excluding.issuperset(ids)), smallest)
    count = determination.objections.count
    return "against", _listed(smallest) + (f" (1{_TIE}of{_TIE}{count})" if count > 1 else "")


def _listed(ids: Sequence[str]) -> str:
    """Ids of criteria, grouped by section.

    >>> _listed(("care:1", "care:2-a", "limits:4"))
    'care:1, 2-a; limits:4'
    """
    sections: dict[str, list[str]] = {}
    for id_ in ids:
        section, _, notation = id_.rpartition(":")
        sections.setdefault(section, []).append(notation)
    return "; ".join(f"{section}:{', '.join(notations)}".lstrip(":") for section, notations in sections.items())


def _table(rows: Sequence[_OverviewRow], width: int, styled: bool) -> Iterator[str]:
    beside = width >= _BESIDE
    service = max(len(row.service) for row in rows)
    outcome = max(len(words(row.outcome)) for row in rows) + (2 if styled else 0)
    reading = len(_HEADERS[3])
    left = width - service - outcome - reading - 3 * len(_GAP)
    longest = max(len(_HEADERS[0]), *(len(row.request) for row in rows))
    request = min(longest, left * 9 // 20 if beside else left)
    widths = (request, service, outcome, reading)
    header = _GAP.join(name.ljust(size) for name, size in zip(_HEADERS, widths, strict=False))
    header = f"{header}{_GAP}{_HEADERS[4]}" if beside else header.rstrip()
    yield f"{_BOLD}{header}{_RESET}" if styled else header
    for row in rows:
        name = textwrap.wrap(row.request, request)
        ids = _shortened(row.ids, left - request - len(_GAP)) if beside else []
        for number, (part, note) in enumerate(zip_longest(name, ids, fillvalue="")):
            cells = [row.service, _outcome(row.outcome, outcome, styled), row.reading] if not number else ["", "", ""]
            padded = [part.ljust(request), cells[0].ljust(service), cells[1].ljust(outcome), cells[2].ljust(reading)]
            yield _GAP.join([*padded, note]).rstrip()
        if not beside:
            yield from (f"    {line}" for line in _shortened(f"{row.relation} {row.ids}".strip(), width - 4))


def _outcome(outcome: Outcome, width: int, styled: bool) -> str:
    if not styled:
        return words(outcome).ljust(width)
    symbol, colour = _STYLES[outcome]
    text = f"{symbol} {words(outcome)}"
    return f"{colour}{text}{_RESET}{' ' * (width - len(text))}"


def _shortened(note: str, width: int) -> list[str]:
    """A note as at most `_NOTE_LINES` lines; the last one says how many items are left out, if any are."""
    lines = [line.replace(_TIE, " ") for line in textwrap.wrap(note, width, break_on_hyphens=False)]
    if len(lines) <= _NOTE_LINES:
        return lines
    shown = lines[:_NOTE_LINES]
    while True:
        left_out = len(re.findall(r"[,;] ", note)) - sum(line.count(",") + line.count(";") for line in shown) + 1
        last = f"{shown[-1].rstrip(' ,;')}, … {left_out} more"
        if len(last) <= width or " " not in shown[-1].strip():
            return [*shown[:-1], last]
        shown[-1] = shown[-1].rstrip().rpartition(" ")[0]


def _totals(determinations: Sequence[Determination], rejected: int, width: int, styled: bool) -> Iterator[str]:
    counts = Counter(determination.outcome for determination in determinations)
    requests = len({determination.case.iri for determination in determinations})
    column = max(len(words(outcome)) for outcome in Outcome) + (2 if styled else 0)
    yield f"{counted(len(determinations), 'determination')} of {counted(requests, 'request')}"
    for outcome in Outcome:
        if counts[outcome]:
            yield f"  {_outcome(outcome, column, styled)}{_GAP}{counts[outcome]:>6,}"
    if rejected:
        yield f"  {'rejected'.ljust(column)}{_GAP}{rejected:>6,}{_GAP}for the reasons on standard error"
    tried = [d for d in determinations if d.holds_under_all_readings is not None]
    differ = sum(determination.holds_under_all_readings is False for determination in tried)
    if tried:
        some = f"{differ:,} of {len(tried):,} depend" if differ else "none depends"
        yield f"By reading: {some} on how the policy's text is read"
    elif counts.total() > counts[Outcome.NO_POLICY_VERSION]:
        yield "By reading: other readings of the policy's text were not tried"
    unread = {item.iri for determination in determinations for item in determination.case.unread}
    if unread:
        whose = len({d.case.iri for d in determinations if d.case.unread})
        yield f"Not read: {counted(len(unread), 'item')} in the record of {counted(whose, 'request')}"
    if any(determination.objections.count > 1 for determination in determinations):
        yield "(1 of N): the first of N that stand against a request, each by itself"
    examples = (f"To see one whole: necessity determine {name}" for name in (*_files(determinations), "FILE"))
    yield next(line for line in examples if len(line) <= width)
    yield "To see all whole: --whole"


def _files(determinations: Sequence[Determination]) -> list[str]:
    """The files that hold only one request, each the name of a file that exists."""
    requests: dict[str, set[str]] = {}
    for determination in determinations:
        requests.setdefault(determination.case.source, set()).add(determination.case.iri)
    return [source for source, iris in requests.items() if len(iris) == 1 and Path(source).is_file()]
