"""A determination as text for a terminal: outcome first, then the criteria, the evidence, and what is missing."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from reasoner.chart.model import Assertion, Statement
from reasoner.determination.bearing import Bearing
from reasoner.determination.model import Alternative, CriterionResult, Determination
from reasoner.determination.whatif import Assumption, next_question
from reasoner.ground.display import plain
from reasoner.ground.errors import UsageError
from reasoner.logic import justification
from reasoner.logic.families import Family
from reasoner.logic.fold import UNRESOLVED, Status
from reasoner.policy.model import CriterionKind
from reasoner.render.wording import (
    HEADLINE,
    bearing_words,
    combination,
    documentation_request,
    labelled,
    place_in_document,
    shown_facts,
    shown_unread,
    which,
    words,
)

WIDTH = 110
"""Columns of a line."""
_SETS = 5
"""How many of the smallest sets of a family are shown."""

_EMPHASIZED = (Status.NOT_MET, Status.CONFLICTING)
"""Statuses that stand out in capitals."""
_COLUMN = max(len(words(status)) for status in Status) + 2


def render(determination: Determination) -> str:
    """One determination as plain text that ends with a line break; status is always a word, never only a colour."""
    return "\n".join(_lines(determination)) + "\n"


def explain(determination: Determination, criterion_id: str | None = None) -> str:
    """Why a determination, or one criterion of it, is as it is; raises `UsageError` for one that is not asked."""
    lines = _whole(determination) if criterion_id is None else _one(determination, criterion_id)
    return "\n".join([*_head(determination), *lines]) + "\n"


def what_if(determination: Determination, assumption: Assumption, stances: Mapping[str, str]) -> str:
    """What assumptions would change, as text."""
    return "\n".join([*_head(determination), *_assumed(assumption, stances)]) + "\n"


def _head(determination: Determination) -> Iterator[str]:
    yield f"Request   {plain(determination.case.iri)}"
    yield f"Outcome   {HEADLINE[determination.outcome]}"
    yield ""


def _whole(determination: Determination) -> Iterator[str]:
    if determination.grounds:
        count = determination.grounds.count
        yield f"Carried by ({'this set alone' if count == 1 else f'the smallest of {count} sets'})"
        for id_ in next(iter(determination.grounds)):
            result = determination.criterion(id_)
            yield from _wrapped(f"  {id_}  {labelled(result)}", " " * 4)
            for bearing in result.evidence[:1]:
                yield from _wrapped(f"      {_evidence(bearing)}", " " * 8)
        least = len(next(iter(determination.statement_grounds)))
        yield f"  at least {least} statement{'s' if least != 1 else ''} of the record are needed for it"
    if determination.objections:
        yield "Against it stands, each by itself"
        for objection in islice(determination.objections, _SETS):
            for number, id_ in enumerate(objection):
                result = determination.criterion(id_)
                mark = "with" if number else "-"
                yield from _wrapped(f"  {mark} {id_}  {labelled(result)}", " " * 4)
                for bearing in result.evidence:
                    yield from _wrapped(f"      {_evidence(bearing)}", " " * 8)
        if determination.objections.count > _SETS:
            yield f"  and {determination.objections.count - _SETS} more"
        yield from _otherwise(determination)
    yield from _missing(determination)
    question = next_question(determination)
    if question:
        yield ""
        yield from _wrapped(f"Ask next: {question.criterion.id}  {question.criterion.ask}", " " * 4)
        if open_ := which(determination, question.criterion.id):
            yield from _wrapped(f"    {open_}", " " * 6)
        yield f"    it is in {question.ways} of {question.of} ways to complete the record"
        for answer, outcome, ways in (
            ("affirmed", question.if_affirmed, question.ways_if_affirmed),
            ("denied", question.if_denied, question.ways_if_denied),
        ):
            left = f", {ways} way{'s' if ways != 1 else ''} left" if ways else ""
            yield f"    if {answer}: {outcome.value}{left}"
    yield from _readings(determination)
    yield ""
    yield "Advisory: a clinician decides."


def _one(determination: Determination, criterion_id: str) -> Iterator[str]:
    evaluation = determination.evaluation
    result = next((result for result in determination.criteria if result.criterion.id == criterion_id), None)
    if evaluation is None or result is None:
        raise UsageError(f"{criterion_id!r} is not asked of this request", mend="`necessity determine` lists what is")
    criterion = result.criterion
    part = evaluation.policy.parts[criterion.iri]
    yield from _criterion(result, 0, combination(result.kind))
    yield from _wrapped(f"  {criterion.definition}", "  ")
    yield f"  {criterion.source}"
    yield from (f"  {message}" for message in result.messages)
    above = [p.criterion.id for p in evaluation.policy.parts.values() if part in p.members and p.criterion.id]
    if above:
        yield f"  part of {', '.join(above)}"
    by_iri = {r.criterion.iri: r for r in determination.criteria}
    for member in result.members:
        below = by_iri[member]
        yield from _wrapped(f"    {_status(below.status)}{below.criterion.id}  {below.criterion.label}", " " * 8)
    for aside in result.set_aside:
        yield from _wrapped(f"  set aside, {aside.words}: {_quoted(aside.statement)}", " " * 4)
    listed = criterion in evaluation.policy.exclusions
    for title, family in (
        () if listed else
        (
            ("Carried by", justification.grounds(evaluation, part)),
            ("To complete it, document one line", justification.gaps(evaluation, part)),
            ("Refuted by", justification.objections(evaluation, part)),
        )
    ):  # fmt: skip
        sets = [ids for ids in islice(family, _SETS) if ids and ids != (criterion.id,)]
        if sets:
            yield f"  {title} ({family.count})"
            yield from (line for ids in sets for line in _wrapped(f"    {', '.join(ids)}", " " * 6))
    if part.kind is CriterionKind.LEAF and result.status in UNRESOLVED:
        yield from _wrapped(f"  [ ] {documentation_request(result)}", " " * 6)
    if determination.is_paired(criterion_id) and (open_ := which(determination, criterion_id)):
        yield from _wrapped(f"  still needed {open_}", " " * 6)
    for tried in determination.readings:
        other = tried.evaluation.statuses.get(criterion.iri)
        if other is not result.status:
            gives = other.value if other else "not asked"
            yield from _wrapped(f"  read as {tried.reading.id} ({tried.reading.title}): {gives}", " " * 6)


def _assumed(assumption: Assumption, stances: Mapping[str, str]) -> Iterator[str]:
    yield f"Assumed   {', '.join(f'{id_} {stance}' for id_, stance in stances.items())}; nothing is recorded"
    same = assumption.before is assumption.after
    yield f"Then      {assumption.after.value}{' as before' if same else f', not {assumption.before.value}'}"
    for change in assumption.changes:
        yield f"  {change.criterion.id}: {change.before.value} -> {change.after.value}"
    others = [(id_, after) for id_, _, after in assumption.readings if after is not assumption.after]
    yield from (f"  read as {id_}: {after.value}" for id_, after in others)
    if assumption.readings and not others:
        yield "Readings: the outcome would hold under all other readings of the text"


def _lines(determination: Determination) -> Iterator[str]:
    case = determination.case
    yield HEADLINE[determination.outcome]
    yield "Advisory: a clinician decides."
    yield ""
    end = determination.service_end or "open"
    yield f"Request   {plain(case.iri)}"
    yield f"Service   {determination.service_start} to {end}, {', '.join(case.traits)}, age {case.age()}"
    version = determination.version_id or "no version in force"
    yield f"Policy    {determination.policy_label} ({version})"
    for name in determination.code_maps:
        yield f"Codes     {plain(name)}"
    yield f"As of     {case.as_of}, {len(case.statements)} statements from {plain(case.source)}"
    if determination.criteria:
        yield from _criteria(determination)
        yield from _missing(determination)
        yield from _against(determination)
        yield from _readings(determination)
        yield from _aside(determination)
    yield from _unread(determination)
    yield from _notes(determination)
    yield "=" * WIDTH


def _criteria(determination: Determination) -> Iterator[str]:
    results = {result.criterion.iri: result for result in determination.criteria}
    shown: set[str] = set()

    def walk(iri: str, depth: int) -> Iterator[str]:
        result = results[iri]
        again = iri in shown and bool(result.members)
        shown.add(iri)
        yield from _criterion(result, depth, " (above)" if again else combination(result.kind))
        if not again:
            for member in result.members:
                yield from walk(member, depth + 1)

    for section in determination.sections:
        if section not in shown:
            yield ""
            yield from walk(section, 0)
    listed = determination.listed
    documented = [result for result in listed if result.status is not Status.NOT_DOCUMENTED]
    yield ""
    yield f"Exclusions and description: {len(documented)} of {len(listed)} documented; silence on the rest blocks nothing"
    for result in documented:
        yield from _criterion(result, 0, "")


def _status(status: Status) -> str:
    """A status in words, as wide as the column of statuses."""
    text = words(status)
    return (text.upper() if status in _EMPHASIZED else text).ljust(_COLUMN)


def _criterion(result: CriterionResult, depth: int, suffix: str) -> Iterator[str]:
    name = result.criterion.id if depth == 0 or not result.criterion.notation else result.criterion.notation
    head = f"{_status(result.status)}{'  ' * depth}"
    yield from _wrapped(f"{head}{name}  {result.criterion.label}{suffix}", " " * (len(head) + 2))
    margin = " " * (_COLUMN + 2 * depth + 4)
    facts = shown_facts(result)
    for fact in facts:
        yield from _wrapped(f"{margin}{fact.label}: {fact.word}", margin + "  ")
        for bearing in fact.evidence:
            yield from _wrapped(f"{margin}  {_evidence(bearing)}", margin + " " * 4)
    for bearing in () if facts else result.evidence:
        yield from _wrapped(margin + _evidence(bearing), margin + "  ")
    for shown in shown_unread(result.unread) if result.status in UNRESOLVED else ():
        yield from _wrapped(f"{margin}not read, and may be one more: {shown.line}", margin + "  ")


def _evidence(bearing: Bearing) -> str:
    stance = "does not arise" if bearing.stance is Assertion.NOT_APPLICABLE else bearing_words(bearing)
    return f"{stance}: {_quoted(bearing.statement)}"


def _quoted(statement: Statement) -> str:
    document = statement.document
    author = plain(document.author) + (f" ({plain(document.role)})" if document.role else "")
    where = [
        plain(document.title) or plain(document.iri),
        author,
        f"recorded {statement.recorded}",
        *place_in_document(statement),
    ]
    if statement.observed != statement.recorded:
        where.insert(3, f"observed {statement.observed}")
    excerpt = f"“{plain(statement.excerpt)}” " if statement.excerpt else ""
    return f"{excerpt}[{', '.join(part for part in where if part)}]"


def _missing(determination: Determination) -> Iterator[str]:
    """The smallest set of what is missing."""
    count = determination.gaps.count
    if count:
        yield ""
        ways = "one way" if count == 1 else f"the smallest of {count} ways"
        yield f"Missing or in conflict ({ways} to complete it)"
        yield from _gaps(determination, determination.gaps)


def _against(determination: Determination) -> Iterator[str]:
    if determination.objections:
        yield ""
        yield "Against it stands, each line by itself"
        for objection in islice(determination.objections, _SETS):
            yield from _wrapped(f"  {' with '.join(objection)}", " " * 4)
        if determination.objections.count > _SETS:
            yield f"  and {determination.objections.count - _SETS} more"
        yield from _otherwise(determination)


def _otherwise(determination: Determination) -> Iterator[str]:
    yield "Would have to be documented otherwise, one line as a whole"
    for change in islice(determination.changes, _SETS):
        yield from _wrapped(f"  {', '.join(change)}", " " * 4)
    if determination.changes.count > _SETS:
        yield f"  and {determination.changes.count - _SETS} more"
    if next(iter(determination.unanswered), ()):
        yield "Also missing or in conflict, once the first of these lines is documented otherwise"
        yield from _gaps(determination, determination.unanswered)


def _gaps(determination: Determination, family: Family) -> Iterator[str]:
    """The leaves of the smallest set of a family as lines."""
    smallest = next(iter(family), ())
    for id_ in smallest:
        yield from _gap(determination, family, id_, smallest)


def _gap(determination: Determination, family: Family, id_: str, among: tuple[str, ...]) -> Iterator[str]:
    """A leaf of a smallest set as lines: what to document, why it is open, and what could be documented instead."""
    result = determination.criterion(id_)
    yield from _wrapped(f"  [ ] {id_}  {documentation_request(result)}", " " * 8)
    for message in (which(determination, id_, among), *result.messages):
        if message:
            yield from _wrapped(f"        {message}", " " * 8)
    instead = list(islice(family.replacing(id_, among), _SETS + 1))
    if instead:
        rest = set(among) - {id_}
        shown = "; or ".join(
            " with ".join(_with_facts(determination, other, rest | set(ids)) for other in ids)
            for ids in instead[:_SETS]
        )
        yield from _wrapped(f"        or instead: {shown}{'; …' if len(instead) > _SETS else ''}", " " * 8)


def _with_facts(determination: Determination, id_: str, among: Collection[str]) -> str:
    """The id of a leaf, with which of its facts stand open or what it is needed for."""
    open_ = which(determination, id_, among)
    return f"{id_} ({open_})" if open_ else id_


def _readings(determination: Determination) -> Iterator[str]:
    for reading in determination.chosen:
        yield ""
        yield from _wrapped(f"Reading chosen in place of the default: {reading.id} ({reading.title})", "  ")
    if not determination.readings:
        return
    yield ""
    differing = [tried for tried in determination.readings if tried.outcome is not determination.outcome]
    others = [tried for tried in differing if not tried.reading.strained]
    if others:
        yield "Readings: the outcome depends on how the text is read"
    else:
        count = sum(not tried.reading.strained for tried in determination.readings)
        yield f"Readings: the outcome holds under all {count} other readings of the text"
    yield from _tried(others)
    if determination.holds_under_strained_readings is False:
        yield "A strained reading can hardly be meant and does not count, but would give another outcome"
        yield from _tried([tried for tried in differing if tried.reading.strained])


def _tried(readings: Iterable[Alternative]) -> Iterator[str]:
    for tried in readings:
        passage = tried.interpretation
        yield from _wrapped(f"  {passage.label} ({passage.source})", " " * 4)
        yield from _wrapped(f"    {tried.reading.id}: {tried.reading.title} would give {tried.outcome.value}", " " * 8)


def _aside(determination: Determination) -> Iterator[str]:
    if not determination.asides:
        return
    ids = {result.criterion.iri: result.criterion.id for result in determination.criteria}
    yield ""
    yield "Considered and set aside"
    for aside in determination.asides:
        criterion = f" ({ids[aside.leaf]})" if aside.leaf in ids else ""
        yield from _wrapped(f"  {aside.words}{criterion}: {_quoted(aside.statement)}", " " * 4)


def _unread(determination: Determination) -> Iterator[str]:
    if determination.case.unread:
        yield ""
        yield "Not read, and evidence of nothing"
        for shown in shown_unread(determination.case.unread):
            yield from _wrapped(f"  {shown.line}", " " * 4)


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
