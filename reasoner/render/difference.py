"""The difference of two policy versions as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from reasoner.assurance.diff import KINDS, Difference, OutcomeChange

_TITLES = {
    "added": "Criteria added",
    "removed": "Criteria removed",
    "reworded": "Criteria reworded",
    "recombined": "Criteria combined differently",
    "retested": "Criteria tested differently",
    "readings": "Readings",
    "version": "The version as a whole",
}


def render(differences: Iterable[Difference]) -> str:
    """Differences as text, a heading for each kind."""
    lines: list[str] = []
    differences = list(differences)
    for kind in KINDS:
        group = [d for d in differences if d.kind == kind]
        if group:
            lines += [_TITLES[kind], *(line for d in group for line in _shown(d)), ""]
    return "\n".join(lines) if lines else "the versions say the same\n"


def render_changes(changes: Iterable[OutcomeChange]) -> str:
    """The determinations that change, as text, and how many do not."""
    changes = list(changes)
    lines = ["Determinations"]
    for change in changes:
        if change.changed:
            same = change.before == change.after
            lines.append(f"  {change.request}")
            lines.append(f"    {change.before}{' as before' if same else f' -> {change.after}'}")
            lines += [f"    {id_}: {b or 'not asked'} -> {a or 'not asked'}" for id_, b, a in change.statuses]
    lines.append(f"  {sum(not c.changed for c in changes)} of {len(changes)} unchanged")
    return "\n".join(lines) + "\n"


def _shown(difference: Difference) -> Iterator[str]:
    head = " ".join(part for part in (difference.id, difference.aspect) if part)
    yield f"  {head}"
    for mark, text in (("-", difference.before), ("+", difference.after)):
        if text:
            yield from textwrap.wrap(text, 100, initial_indent=f"    {mark} ", subsequent_indent="      ")
