"""Quality of decisions, read from a knowledge base: agreement of reviewers, and the metrics that the public is told."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from typing import Any

import pyoxigraph as ox

from reasoner.review.acts import Act, Disposition
from reasoner.review.agreement import Rating
from reasoner.review.metrics import DecidedRequest, decided_request
from reasoner.review.steps import history
from reasoner.store.base import KnowledgeBase
from reasoner.store.questions import Answer, library
from reasoner.workplace.panels import Panel
from reasoner.workplace.worklist import request_id


def ratings(kb: KnowledgeBase, panel: Panel | None = None) -> tuple[list[Rating], dict[str, str]]:
    """The statuses that reviewers gave before the determination was shown to them.

    Args:
        kb: the knowledge base.
        panel: whose cases and people count; all by default.

    Returns:
        The ratings, of what a person gave twice the last one, and the reviewers' names by IRI.
    """
    last: dict[tuple[str, str, str], Rating] = {}
    names: dict[str, str] = {}
    for row in sorted(_rows(kb, "own-statuses"), key=lambda row: row["time"]):
        if panel and (request_id(row["request"]) not in panel.cases or row["person"] not in panel.people):
            continue
        names[row["person"]] = row["name"] or row["person"]
        rating = Rating(row["determination"], row["criterion"], row["person"], row["status"], row["determined"] or "")
        last[rating.case, rating.criterion, rating.rater] = rating
    return list(last.values()), names


def under_section(kb: KnowledgeBase, section: str) -> set[str]:
    """IRIs of the requests whose current determination asks criteria of a section, by its id."""
    text = f"""PREFIX nec: <https://w3id.org/necessity/core#> PREFIX dcterms: <http://purl.org/dc/terms/>
        SELECT DISTINCT ?request {{ ?request nec:currentDetermination ?determination .
            ?determination nec:result/nec:criterion/dcterms:identifier ?id .
            FILTER (STRBEFORE(?id, ":") = {ox.Literal(section)}) }}"""
    return {request for (request,) in Answer(kb.query(text)).values()}


def decided_requests(
    kb: KnowledgeBase, zone: tzinfo, *, since: date | None = None, until: date | None = None, line: str = ""
) -> list[DecidedRequest]:
    """The requests that are decided, each period of service by itself.

    Args:
        kb: the knowledge base.
        zone: the time zone in which days are counted.
        since: the first day of decisions that count; all by default.
        until: the last day.
        line: only requests under plans of this line of business, by its label; all by default.
    """
    acts: dict[tuple[str, date], list[Act]] = {}
    facts: dict[tuple[str, date], dict[str, Any]] = {}
    for row in _rows(kb, "acts"):
        key = row["request"], row["start"]
        facts[key] = row
        acts.setdefault(key, []).append(
            Act(
                iri=row["decision"],
                determination="",
                disposition=Disposition(row["act"]),
                time=row["time"],
                revises=row["corrects"] or "",
            )
        )
    found = []
    for key, own in acts.items():
        about = facts[key]
        request = decided_request(history(own), about["urgency"], _moment(about["received"], zone))
        if request is None or (line and (about["line"] or "").lower() != line.lower()):
            continue
        day = request.decided.astimezone(zone).date()
        if (since is None or since <= day) and (until is None or day <= until):
            found.append(request)
    return found


def _moment(received: date | datetime | None, zone: tzinfo) -> datetime | None:
    if received is None:
        return None
    if not isinstance(received, datetime):
        return datetime.combine(received, time(), zone)
    return received if received.tzinfo else received.replace(tzinfo=zone)


def _rows(kb: KnowledgeBase, name: str) -> list[dict[str, Any]]:
    text = library()[name].text
    answer = Answer(kb.query(text), text)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.values()]
