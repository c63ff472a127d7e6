"""A determination as a document for people: HTML and Markdown, escaped by default."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from reasoner.chart.model import Case, Statement
from reasoner.determination.bearing import Bearing, SetAside
from reasoner.determination.engine import software_version
from reasoner.determination.model import CriterionResult, Determination
from reasoner.determination.whatif import next_question
from reasoner.ground.display import plain
from reasoner.logic.families import Family
from reasoner.logic.fold import UNRESOLVED, Status
from reasoner.render.decisions import told
from reasoner.render.json import SHOWN
from reasoner.render.provenance import iri
from reasoner.render.wording import (
    HEADLINE,
    PART_2_NOTICE,
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
from reasoner.review.acts import Signed

LONGEST = 2000
"""How many characters of an excerpt are shown."""

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|&!~@$^])")
_LINK = re.compile(r"(?<=:)(?=//)|(?<=[wW])(?=\.)")
_MARKER = re.compile(r"^([-+=]|\d+(?=[.)]))")


def to_html(determinations: Iterable[Determination], decisions: Sequence[Signed] = (), *, part_2: bool = False) -> str:
    """Determinations, each with the decisions on it, as one self-contained HTML page that loads nothing; see `content`."""
    records = [content(determination, decisions, part_2=part_2) for determination in determinations]
    return environment("html").get_template("record.html").render(records=records)


def to_markdown(determinations: Iterable[Determination], decisions: Sequence[Signed] = ()) -> str:
    """Determinations, each with the decisions on it, as Markdown (CommonMark with tables); text of a chart makes no markup."""
    records = [content(determination, decisions) for determination in determinations]
    return environment("markdown").get_template("record.md").render(records=records)


@lru_cache(maxsize=3)
def environment(form: str) -> Environment:
    """The templates for a form (html, markdown or text), with the escaping of that form."""
    return Environment(
        loader=PackageLoader("reasoner.render"),
        autoescape=select_autoescape(("html",)),
        finalize=_escape if form == "markdown" else _disarm,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _disarm(value: object) -> object:
    """Text without control and direction-changing characters, line by line."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(plain(line) for line in value.split("\n"))


def _escape(value: object) -> object:
    """Text escaped so that Markdown makes no markup, link or list of it."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = _LINK.sub(r"\\", _MARKUP.sub(r"\\\1", plain(value)))
    return _MARKER.sub(lambda match: match[1] + "\\" if match[1].isdigit() else "\\" + match[1], text)


def content(determination: Determination, decisions: Sequence[Signed] = (), *, part_2: bool = False) -> dict[str, Any]:
    """What the templates show of a determination and of the decisions on it, as plain values.

    Args:
        determination: the determination.
        decisions: recorded decisions of the request; those on other periods of service are left out.
        part_2: whether 42 CFR Part 2 is known to protect the records, whatever the chart says.
    """
    case = determination.case
    version = determination.evaluation.policy.version if determination.evaluation else None
    until = f"to {version.valid_until}" if version and version.valid_until else "on"
    question = next_question(determination)
    service = f"{determination.service_start} to {determination.service_end or 'open'}"
    return {
        "outcome": determination.outcome.value,
        "headline": HEADLINE[determination.outcome],
        "facts": [
            *((("Notice", PART_2_NOTICE),) if part_2 or case.has_part2_records else ()),
            *_named_by_the_chart(case),
            ("Request", case.iri),
            ("Service", service),
            ("Kind", f"{', '.join(case.traits)}; member aged {case.age()} at the start of service"),
            ("Policy", determination.policy_label),
            (
                "Version",
                f"{version.id}, in force from {version.valid_from} {until}" if version else "none in force",
            ),
            ("Reviewed as of", f"{case.as_of}, on {len(case.statements)} statements"),
            ("Determination", str(iri(determination))),
            ("Software", _software(determination)),
            ("Policy digest", determination.policy_digest),
            *(("Code map", name) for name in determination.code_maps),
            ("Input digest", case.digest),
        ],
        "service": service,
        "request": case.iri,
        "policy": determination.policy_label,
        "as_of": str(case.as_of),
        "rows": list(_rows(determination)),
        "listed": [_row(r, 0) for r in determination.listed if r.status is not Status.NOT_DOCUMENTED],
        "gaps": _gaps(determination, determination.gaps),
        "gap_count": determination.gaps.count,
        "grounds": [_named(determination, ids) for ids in islice(determination.grounds, 1)],
        "ground_count": determination.grounds.count,
        "objections": [_named(determination, ids) for ids in islice(determination.objections, SHOWN)],
        "changes": [_named(determination, ids) for ids in islice(determination.changes, SHOWN)],
        "unanswered": _gaps(determination, determination.unanswered),
        "question": question
        and {
            "id": question.criterion.id,
            "ask": question.criterion.ask,
            "which": which(determination, question.criterion.id),
        },
        "holds": determination.holds_under_all_readings,
        "strained": determination.holds_under_strained_readings is not None,
        "readings": [
            {
                "passage": tried.interpretation.label,
                "source": tried.interpretation.source,
                "id": tried.reading.id,
                "label": tried.reading.title,
                "outcome": tried.outcome.value,
                "same": tried.outcome is determination.outcome,
            }
            for tried in determination.readings
        ],
        "chosen": [f"{reading.id}: {reading.title}" for reading in determination.chosen],
        "substitutions": [substitution.label for substitution in determination.substitutions],
        "asides": [_aside(aside) for aside in determination.asides],
        "unread": [
            {"stance": shown.what, "excerpt": _cut(shown.words), "before": "", "after": "", "where": shown.where}
            for shown in shown_unread(case.unread)
        ],
        "notes": list(determination.notes),
        "decided": told(determination, decisions),
    }


def _named(determination: Determination, ids: Iterable[str]) -> list[str]:
    return [f"{id_} {labelled(determination.criterion(id_))}" for id_ in ids]


def _rows(determination: Determination) -> Iterator[dict[str, Any]]:
    """The criteria tree in published order, a part that stands in two places once."""
    results = {result.criterion.iri: result for result in determination.criteria}
    shown: set[str] = set()

    def walk(iri_: str, depth: int) -> Iterator[dict[str, Any]]:
        if iri_ in shown:
            return
        shown.add(iri_)
        yield _row(results[iri_], depth)
        for member in results[iri_].members:
            yield from walk(member, depth + 1)

    for section in determination.sections:
        yield from walk(section, 0)


def _row(result: CriterionResult, depth: int) -> dict[str, Any]:
    criterion = result.criterion
    facts = [
        {"label": fact.label, "word": fact.word, "evidence": [_evidence(bearing) for bearing in fact.evidence]}
        for fact in shown_facts(result)
    ]
    return {
        "depth": depth,
        "id": criterion.id,
        "name": criterion.notation if depth and criterion.notation else criterion.id,
        "label": criterion.label + combination(result.kind),
        "source": criterion.source,
        "status": result.status.value,
        "word": words(result.status),
        "messages": result.messages,
        "facts": facts,
        "unread": [shown.line for shown in shown_unread(result.unread)] if result.status in UNRESOLVED else [],
        "evidence": [] if facts else [_evidence(bearing) for bearing in result.evidence],
    }


def _evidence(bearing: Bearing) -> dict[str, str]:
    return quotation(bearing_words(bearing), bearing.statement)


def _aside(aside: SetAside) -> dict[str, str]:
    return quotation(aside.words, aside.statement)


def quotation(stance: str, statement: Statement) -> dict[str, str]:
    """A statement's excerpt with its place in the record, as plain values; a long excerpt is cut, and says so.

    What stands before and after it in the document's text is given where the chart has the text.
    """
    document = statement.document
    where = [
        document.title or document.iri,
        f"{document.author} ({document.role})" if document.role else document.author,
        f"observed {statement.observed}" if statement.observed != statement.recorded else "",
        f"recorded {statement.recorded}",
        *place_in_document(statement),
    ]
    anchor = statement.anchor
    return {
        "stance": stance,
        "excerpt": _cut(statement.excerpt),
        "before": anchor.prefix if anchor else "",
        "after": anchor.suffix if anchor else "",
        "where": ", ".join(part for part in where if part),
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text)} characters in all)"


def _gaps(determination: Determination, family: Family) -> list[dict[str, Any]]:
    """The leaves of the smallest set of a family, each with what could be documented instead."""
    smallest = next(iter(family), ())
    return [_gap(determination, family, id_, smallest) for id_ in smallest]


def _gap(determination: Determination, family: Family, id_: str, smallest: tuple[str, ...]) -> dict[str, Any]:
    result = determination.criterion(id_)
    instead = islice(family.replacing(id_, smallest), SHOWN)
    rest = set(smallest) - {id_}

    def request(other: CriterionResult, among: set[str]) -> str:
        open_ = which(determination, other.criterion.id, among)
        return documentation_request(other) + (f" ({open_})" if open_ else "")

    asks = [[request(determination.criterion(other), rest | set(ids)) for other in ids] for ids in instead]
    return {
        "id": id_,
        "ask": documentation_request(result),
        "which": which(determination, id_, smallest),
        "source": result.criterion.source,
        "instead": ["; and ".join(asked) for asked in asks],
    }


def _named_by_the_chart(case: Case) -> list[tuple[str, str]]:
    """Whose request it is, by what the chart states of names and numbers."""
    member = ", ".join(filter(None, (case.member_name, case.member_number)))
    named = (("Member", member), ("Reference", case.reference), ("Provider", case.provider_name))
    return [(label, plain(value)) for label, value in named if value]


def _software(determination: Determination) -> str:
    """This software and the engine, which names the software where it is a part of it."""
    own, engine = f"necessity {software_version()}", determination.engine_version
    return engine if engine.startswith(own) else f"{own}, {engine}"
