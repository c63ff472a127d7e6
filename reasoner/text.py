"""A determination as text for a terminal: outcome first, then the criteria, the evidence, and what is missing."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator

from reasoner.decide import Outcome, Status
from reasoner.documentation import Statement
from reasoner.engine import CriterionResult, Determination
from reasoner.settle import Bearing

WIDTH = 110

_HEADLINE = {
    Outcome.CRITERIA_MET: "CRITERIA MET: the documentation supports medical necessity",
    Outcome.CRITERIA_NOT_MET: "CRITERIA NOT MET: refer to a clinical peer",
    Outcome.DOCUMENTATION_NEEDED: "DOCUMENTATION NEEDED: nothing is decided against the request; statements are missing or conflict",
    Outcome.EXCLUDED: "EXCLUDED: documented as a service that the policy lists as not necessary; refer to a clinical peer",
    Outcome.NO_POLICY_VERSION: "NO POLICY VERSION: none was in force on the date of service; route elsewhere",
}
_WORD = {
    Status.MET: "met",
    Status.NOT_MET: "NOT MET",
    Status.NOT_DOCUMENTED: "not documented",
    Status.CONFLICTING: "CONFLICTING",
    Status.NOT_APPLICABLE: "not applicable",
}
_KIND = {"all": ": all of", "any": ": any of", "leaf": ""}
_COLUMN = max(map(len, _WORD.values())) + 2


def render(determination: Determination) -> str:
    """One determination as plain text that ends with a line break; status is always a word, never only a colour."""
    return "\n".join(_lines(determination)) + "\n"


def plain(text: str) -> str:
    """Text from a chart on one line, without control and direction-changing characters that a terminal would obey."""
    kept = (" " if c.isspace() else "" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") else c for c in text)
    return " ".join("".join(kept).split())


def _lines(determination: Determination) -> Iterator[str]:
    case = determination.case
    yield _HEADLINE[determination.outcome]
    yield "Advisory: a clinician decides."
    yield ""
    end = determination.service_end or "open"
    yield f"Request   {plain(case.iri)}"
    yield f"Service   {determination.service_start} to {end}, {', '.join(case.traits)}, age {case.age()}"
    version = determination.version_id or "no version in force"
    yield f"Policy    {determination.policy_label} ({version})"
    yield f"As of     {case.as_of}, {len(case.statements)} statements from {plain(case.source)}"
    if determination.criteria:
        yield from _criteria(determination)
        yield from _missing(determination)
        yield from _aside(determination)
    yield from _notes(determination)
    yield "=" * WIDTH


def _criteria(determination: Determination) -> Iterator[str]:
    results = {result.criterion.iri: result for result in determination.criteria}
    shown: set[str] = set()

    def walk(iri: str, depth: int) -> Iterator[str]:
        result = results[iri]
        again = iri in shown and bool(result.members)
        shown.add(iri)
        yield from _criterion(result, depth, " (above)" if again else _KIND[result.kind])
        if not again:
            for member in result.members:
                yield from walk(member, depth + 1)

    for section in determination.sections:
        if section not in shown:
            yield ""
            yield from walk(section, 0)
    listed = [r for r in determination.criteria if r.criterion.iri not in shown]
    told = [r for r in listed if r.status is not Status.NOT_DOCUMENTED]
    yield ""
    yield f"Exclusions and description: {len(told)} of {len(listed)} documented; silence on the rest blocks nothing"
    for result in told:
        yield from _criterion(result, 0, "")


def _criterion(result: CriterionResult, depth: int, suffix: str) -> Iterator[str]:
    name = result.criterion.id if depth == 0 or not result.criterion.notation else result.criterion.notation
    head = f"{_WORD[result.status]:<{_COLUMN}}{'  ' * depth}"
    yield from _wrapped(f"{head}{name}  {result.criterion.label}{suffix}", " " * (len(head) + 2))
    margin = " " * (_COLUMN + 2 * depth + 4)
    for bearing in result.evidence:
        yield from _wrapped(margin + _evidence(bearing), margin + "  ")


def _evidence(bearing: Bearing) -> str:
    statement = bearing.statement
    stance = "affirms the contrary" if bearing.contrary else {"affirmed": "affirms", "denied": "denies"}.get(
        bearing.stance.slug, "does not arise"
    )  # fmt: skip
    return f"{stance}: {_quoted(statement)}"


def _quoted(statement: Statement) -> str:
    document = statement.document
    author = plain(document.author) + (f" ({plain(document.role)})" if document.role else "")
    page = f"p. {plain(statement.page)}" if statement.page else ""
    where = [plain(document.title) or plain(document.iri), author, f"recorded {statement.recorded}", page]
    if statement.observed != statement.recorded:
        where.insert(3, f"observed {statement.observed}")
    excerpt = f"“{plain(statement.excerpt)}” " if statement.excerpt else ""
    return f"{excerpt}[{', '.join(part for part in where if part)}]"


def _missing(determination: Determination) -> Iterator[str]:
    if not determination.gaps:
        return
    results = {result.criterion.id: result for result in determination.criteria}
    yield ""
    yield "Missing or in conflict"
    for id_ in determination.gaps[0]:
        result = results[id_]
        yield from _wrapped(f"  [ ] {id_}  {result.criterion.ask or result.criterion.label}", " " * 8)
        for message in result.messages:
            yield from _wrapped(f"        {message}", " " * 8)


def _aside(determination: Determination) -> Iterator[str]:
    asides = [*determination.set_aside, *(a for result in determination.criteria for a in result.set_aside)]
    if not asides:
        return
    ids = {result.criterion.iri: result.criterion.id for result in determination.criteria}
    yield ""
    yield "Considered and set aside"
    for aside in asides:
        criterion = f" ({ids[aside.leaf]})" if aside.leaf in ids else ""
        yield from _wrapped(f"  {aside.reason.value}{criterion}: {_quoted(aside.statement)}", " " * 4)


def _notes(determination: Determination) -> Iterator[str]:
    if determination.notes:
        yield ""
        yield "Notes"
        for note in determination.notes:
            yield from _wrapped(f"  - {plain(note)}", " " * 4)


def _wrapped(text: str, indent: str) -> Iterable[str]:
    return textwrap.wrap(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    ) or [text]
