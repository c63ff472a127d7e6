"""A determination as text for a terminal: outcome first, then the criteria, the evidence, and what is missing."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from reasoner.chart.model import Statement
from reasoner.determination.model import CriterionResult, Determination
from reasoner.determination.settling import Bearing
from reasoner.determination.whatif import Assumption, next_question
from reasoner.ground.errors import UsageError
from reasoner.logic import justification
from reasoner.logic.fold import UNRESOLVED, Outcome, Status

WIDTH = 110
_SETS = 5

HEADLINE = {
    Outcome.CRITERIA_MET: "CRITERIA MET: the documentation supports medical necessity",
    Outcome.CRITERIA_NOT_MET: "CRITERIA NOT MET: refer to a clinical peer",
    Outcome.DOCUMENTATION_NEEDED: "DOCUMENTATION NEEDED: nothing is decided against the request; statements are missing or conflict",
    Outcome.EXCLUDED: "EXCLUDED: documented as a service that the policy lists as not necessary; refer to a clinical peer",
    Outcome.NO_POLICY_VERSION: "NO POLICY VERSION: none was in force on the date of service; route elsewhere",
}
WORD = {
    Status.MET: "met",
    Status.NOT_MET: "NOT MET",
    Status.NOT_DOCUMENTED: "not documented",
    Status.CONFLICTING: "CONFLICTING",
    Status.NOT_APPLICABLE: "not applicable",
}
KIND = {"all": ": all of", "any": ": any of", "leaf": ""}
_COLUMN = max(map(len, WORD.values())) + 2


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
            yield from _wrapped(f"  {id_}  {result.criterion.label}", " " * 4)
            for bearing in result.evidence[:1]:
                yield from _wrapped(f"      {_evidence(bearing)}", " " * 8)
        least = len(next(iter(determination.statement_grounds)))
        yield f"  at least {least} statement{'s' if least != 1 else ''} of the record are needed for it"
    if determination.objections:
        yield "Against it stands, each by itself"
        for found in islice(determination.objections, _SETS):
            for number, id_ in enumerate(found):
                result = determination.criterion(id_)
                mark = "with" if number else "-"
                yield from _wrapped(f"  {mark} {id_}  {result.criterion.label}", " " * 4)
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
        yield f"    it is in {question.ways} of {question.of} ways to complete the record"
        for answer, result, ways in (
            ("affirmed", question.if_affirmed, question.ways_if_affirmed),
            ("denied", question.if_denied, question.ways_if_denied),
        ):
            left = f", {ways} way{'s' if ways != 1 else ''} left" if ways else ""
            yield f"    if {answer}: {result.value}{left}"
    yield from _readings(determination)
    yield ""
    yield "Advisory: a clinician decides."


def _one(determination: Determination, criterion_id: str) -> Iterator[str]:
    try:
        result = determination.criterion(criterion_id)
    except KeyError as error:
        raise UsageError(
            f"{criterion_id!r} is not asked of this request", mend="`necessity determine` lists what is"
        ) from error
    evaluation, criterion = determination.evaluation, result.criterion
    assert evaluation is not None  # it has criteria
    part = evaluation.policy.parts[criterion.iri]
    yield from _criterion(result, 0, KIND[result.kind])
    yield from _wrapped(f"  {criterion.definition}", "  ")
    yield f"  {criterion.source}"
    yield from (f"  {message}" for message in result.messages)
    above = [p.criterion.id for p in evaluation.policy.parts.values() if part in p.members and p.criterion.id]
    if above:
        yield f"  part of {', '.join(above)}"
    by_iri = {r.criterion.iri: r for r in determination.criteria}
    for member in result.members:
        below = by_iri[member]
        yield from _wrapped(
            f"    {WORD[below.status]:<{_COLUMN}}{below.criterion.id}  {below.criterion.label}", " " * 8
        )
    for aside in result.set_aside:
        yield from _wrapped(f"  set aside, {aside.reason.value}: {_quoted(aside.statement)}", " " * 4)
    listed = criterion in evaluation.policy.exclusions
    for title, family in (
        () if listed else
        (
            ("Carried by", justification.grounds(evaluation, part)),
            ("To complete it, document one line", justification.gaps(evaluation, part)),
            ("Refuted by", justification.objections(evaluation, part)),
        )
    ):  # fmt: skip
        found = [ids for ids in islice(family, _SETS) if ids and ids != (criterion.id,)]
        if found:
            yield f"  {title} ({family.count})"
            yield from (line for ids in found for line in _wrapped(f"    {', '.join(ids)}", " " * 6))
    if part.kind.value == "leaf" and result.status in UNRESOLVED:
        yield from _wrapped(f"  [ ] {request(result)}", " " * 6)
    for tried in determination.readings:
        other = tried.evaluation.statuses.get(criterion.iri)
        if other is not result.status:
            gives = other.value if other else "not asked"
            yield from _wrapped(f"  read as {tried.reading.id} ({tried.reading.label}): {gives}", " " * 6)


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


def plain(text: str) -> str:
    """Text from a chart on one line, without control and direction-changing characters that a terminal would obey."""
    kept = (" " if c.isspace() else "" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") else c for c in text)
    return " ".join("".join(kept).split())


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
    yield f"As of     {case.as_of}, {len(case.statements)} statements from {plain(case.source)}"
    if determination.criteria:
        yield from _criteria(determination)
        yield from _missing(determination)
        yield from _against(determination)
        yield from _readings(determination)
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
        yield from _criterion(result, depth, " (above)" if again else KIND[result.kind])
        if not again:
            for member in result.members:
                yield from walk(member, depth + 1)

    for section in determination.sections:
        if section not in shown:
            yield ""
            yield from walk(section, 0)
    listed = determination.listed
    told = [r for r in listed if r.status is not Status.NOT_DOCUMENTED]
    yield ""
    yield f"Exclusions and description: {len(told)} of {len(listed)} documented; silence on the rest blocks nothing"
    for result in told:
        yield from _criterion(result, 0, "")


def _criterion(result: CriterionResult, depth: int, suffix: str) -> Iterator[str]:
    name = result.criterion.id if depth == 0 or not result.criterion.notation else result.criterion.notation
    head = f"{WORD[result.status]:<{_COLUMN}}{'  ' * depth}"
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
    """The smallest set of what is missing."""
    count = determination.gaps.count
    if count:
        yield ""
        ways = "one way" if count == 1 else f"the smallest of {count} ways"
        yield f"Missing or in conflict ({ways} to complete it)"
        smallest = next(iter(determination.gaps))
        for id_ in smallest:
            yield from asked(determination, id_, smallest)


def _against(determination: Determination) -> Iterator[str]:
    if determination.objections:
        yield ""
        yield "Against it stands, each line by itself"
        for found in islice(determination.objections, _SETS):
            yield from _wrapped(f"  {' with '.join(found)}", " " * 4)
        if determination.objections.count > _SETS:
            yield f"  and {determination.objections.count - _SETS} more"
        yield from _otherwise(determination)


def _otherwise(determination: Determination) -> Iterator[str]:
    yield "Would have to be documented otherwise, one line as a whole"
    for found in islice(determination.changes, _SETS):
        yield from _wrapped(f"  {', '.join(found)}", " " * 4)
    if determination.changes.count > _SETS:
        yield f"  and {determination.changes.count - _SETS} more"


def asked(determination: Determination, id_: str, among: tuple[str, ...]) -> Iterator[str]:
    """A gap as lines: what to document, why it is open, and what would do in its place."""
    result = determination.criterion(id_)
    yield from _wrapped(f"  [ ] {id_}  {request(result)}", " " * 8)
    for message in result.messages:
        yield from _wrapped(f"        {message}", " " * 8)
    instead = list(islice(determination.gaps.replacing(id_, among), _SETS + 1))
    if instead:
        shown = "; or ".join(" with ".join(found) for found in instead[:_SETS])
        yield from _wrapped(f"        or instead: {shown}{'; …' if len(instead) > _SETS else ''}", " " * 8)


def request(result: CriterionResult) -> str:
    """What a provider is asked to document for a leaf, in words."""
    asked_for = result.criterion.ask or result.criterion.label
    if result.status is not Status.CONFLICTING:
        return asked_for
    latest = max((bearing.statement.observed for bearing in result.evidence), default=None)
    after = f" as observed after {latest}" if latest else ""
    return f"The record contradicts itself. {asked_for} State it{after}; a late entry cannot settle it, a reviewer may."


def _readings(determination: Determination) -> Iterator[str]:
    for reading in determination.chosen:
        yield ""
        yield from _wrapped(f"Reading chosen in place of the default: {reading.id} ({reading.label})", "  ")
    if determination.holds_under_all_readings is None:
        return
    yield ""
    others = [tried for tried in determination.readings if tried.outcome is not determination.outcome]
    if not others:
        yield f"Readings: the outcome holds under all {len(determination.readings)} other readings of the text"
        return
    yield "Readings: the outcome depends on how the text is read"
    for tried in others:
        passage = tried.interpretation
        yield from _wrapped(f"  {passage.label} ({passage.source})", " " * 4)
        yield from _wrapped(f"    {tried.reading.id}: {tried.reading.label} would give {tried.outcome.value}", " " * 8)


def _aside(determination: Determination) -> Iterator[str]:
    if not determination.asides:
        return
    ids = {result.criterion.iri: result.criterion.id for result in determination.criteria}
    yield ""
    yield "Considered and set aside"
    for aside in determination.asides:
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
