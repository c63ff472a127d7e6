"""The commands on the quality of decisions in a knowledge base: metrics and agreement."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.cli import options as shared
from reasoner.cli.options import BaseLocation
from reasoner.cli.output import DONE, write
from reasoner.ground.display import guarded, plain

if TYPE_CHECKING:
    from reasoner.cli.options import Commands

FORMATS = ("text", "csv", "json")
"""What both commands take for ``--format``."""
_Row = dict[str, str | float | int | bool | None]


def add(actions: Commands) -> list[argparse.ArgumentParser]:
    """Add the commands to those of ``kb``, and return their parsers."""
    metrics = actions.add_parser(
        "metrics",
        help="print the yearly metrics of decisions that CMS-0057-F has payers publish",
        examples=("necessity kb metrics --kb base", "necessity kb metrics --kb base --since 2026-01-01 --format csv"),
    )
    metrics.add_argument("--since", metavar="DATE", type=shared.day, help="first day of the decisions that count")
    metrics.add_argument("--until", metavar="DATE", type=shared.day, help="last day of the decisions that count")
    metrics.add_argument(
        "--line-of-business", metavar="LABEL", default="", help="only plans of this line, such as Medicaid"
    )
    metrics.add_argument(
        "--time-zone", metavar="NAME", type=_zone, default="UTC", help="zone in which days are counted; default UTC"
    )
    metrics.set_defaults(run=_metrics)
    agreement = actions.add_parser(
        "agreement",
        help="print how far reviewers agree who gave their own statuses first",
        examples=("necessity kb agreement --kb base", "necessity kb agreement --kb base --by reviewer --format csv"),
    )
    agreement.add_argument(
        "--by",
        choices=("criterion", "reviewer"),
        metavar="WHAT",
        default="criterion",
        help="criterion (default) or reviewer",
    )
    agreement.add_argument("--panel", metavar="NAME", default="", help="only the cases and reviewers of this panel")
    agreement.set_defaults(run=_agreement)
    panel = actions.add_parser(
        "panel",
        help="draw cases for several reviewers to assess blinded",
        examples=(
            "necessity kb panel 'first quarter' --kb base --lead 'A. Boss' --reviewer 'N. Fields' --reviewer 'C. Osei'",
        ),
    )
    panel.add_argument("name", metavar="NAME", help="by which the panel is known")
    panel.add_argument("--lead", metavar="NAME", required=True, help="who leads it; the audit trail names them")
    panel.add_argument(
        "--reviewer",
        metavar="NAME",
        action="append",
        default=[],
        help="someone who has been at work in the workplace; two or more",
    )
    panel.add_argument("--size", metavar="N", type=int, default=10, help="number of cases; default 10")
    panel.add_argument("--seed", metavar="N", type=int, default=1, help="the same seed draws the same cases; default 1")
    panel.add_argument(
        "--outcome", metavar="OUTCOME", action="append", default=[], help="only cases of this outcome; can be repeated"
    )
    panel.add_argument("--section", metavar="ID", default="", help="only cases under this section of the policy")
    panel.add_argument("--evenly", action="store_true", help="as many cases of each outcome, as far as there are")
    panel.set_defaults(run=_panel)
    for parser in (agreement, panel):
        parser.add_argument(
            "--workplace", metavar="DIR", type=Path, help="the folder of the workplace's files; default KB/workplace"
        )
    for parser in (metrics, agreement):
        parser.add_argument(
            "--format", choices=FORMATS, metavar="FORMAT", default="text", help="text (default), csv or json"
        )
        shared.add_out(parser)
    return [metrics, agreement, panel]


def _zone(name: str) -> tzinfo:
    from reasoner.workplace.settings import time_zone

    try:
        return time_zone(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _metrics(options: argparse.Namespace) -> int:
    from reasoner.review.metrics import public_metrics
    from reasoner.workplace import quality

    with BaseLocation.of(options).open() as kb:
        requests = quality.decided_requests(
            kb, options.time_zone, since=options.since, until=options.until, line=options.line_of_business
        )
    rows: list[_Row] = [
        {"urgency": m.urgency, "measure": m.name, "value": _rounded(m.value), "of": m.of, "share": _rounded(m.share)}
        for m in public_metrics(requests)
    ]
    write(_written(options.format, rows, ("urgency", "measure", "value", "of", "share")), *shared.output_of(options))
    return DONE


def _agreement(options: argparse.Namespace) -> int:
    from reasoner.review import agreement
    from reasoner.store.audit import FILE, AuditTrail
    from reasoner.workplace import quality
    from reasoner.workplace.panels import PANELS, Panels
    from reasoner.workplace.settings import workplace_folder

    base = BaseLocation.of(options)
    with base.open() as kb:
        panel = None
        if options.panel:
            file = workplace_folder(base.location, options.workplace) / PANELS
            panel = Panels(file, AuditTrail(file.with_name(FILE))).find(options.panel)
        ratings, names = quality.ratings(kb, panel)
    if options.by == "criterion":
        rows: list[_Row] = [
            {
                "criterion": found.criterion,
                "cases": found.cases,
                "reviewers": found.raters,
                "agreement": _rounded(found.percent),
                "alpha": _rounded(found.alpha),
                "asksForReading": found.asks_for_a_reading,
            }
            for found in agreement.by_criterion(ratings)
        ]
        columns = ("criterion", "cases", "reviewers", "agreement", "alpha", "asksForReading")
        write(_written(options.format, rows, columns), *shared.output_of(options))
        return DONE
    rows = [
        {
            "reviewer": names[found.rater],
            "ratings": found.ratings,
            "agreementWithPanel": _rounded(found.percent_panel),
            "kappaWithPanel": _rounded(found.kappa_panel),
            "determined": found.determined,
            "agreementWithDetermined": _rounded(found.percent_determined),
            "kappaWithDetermined": _rounded(found.kappa_determined),
        }
        for found in agreement.by_reviewer(ratings)
    ]
    measures = (
        "ratings",
        "agreementWithPanel",
        "kappaWithPanel",
        "determined",
        "agreementWithDetermined",
        "kappaWithDetermined",
    )
    write(_written(options.format, rows, ("reviewer", *measures)), *shared.output_of(options))
    return DONE


def _panel(options: argparse.Namespace) -> int:
    from reasoner.ground.errors import UsageError
    from reasoner.logic.fold import Outcome
    from reasoner.review.authority import Role
    from reasoner.review.people import local
    from reasoner.workplace.panels import Draw
    from reasoner.workplace.service import Workplace
    from reasoner.workplace.settings import workplace_folder

    for outcome in options.outcome:
        if outcome not in set(Outcome):
            raise UsageError(f"{outcome!r} is no outcome", mend=f"Known are {', '.join(Outcome)}")
    lead, base = local(options.lead, Role.ADMINISTRATOR), BaseLocation.of(options)
    with base.open(write=True) as kb:
        service = Workplace(kb, shared.policy(options), workplace_folder(base.location, options.workplace))
        known = {one.name: one for one in service.team.assignees()}
        unknown = [name for name in options.reviewer if name not in known]
        if unknown:
            raise UsageError(
                f"nobody named {unknown[0]!r} who decides has been at work",
                mend=f"Known are {', '.join(known) or 'none'}",
            )
        people = list(dict.fromkeys(known[name] for name in options.reviewer))
        draw = Draw(options.size, options.seed, frozenset(options.outcome), options.section, options.evenly)
        cases = service.draw(lead, draw, people)
        service.panels.choose(lead, options.name, cases, people, draw.words)
    for case in cases:
        print(case)
    return DONE


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _written(form: str, rows: Sequence[_Row], columns: Sequence[str]) -> str:
    if form == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
    if form == "csv":
        stream = io.StringIO()
        table = csv.DictWriter(stream, columns, lineterminator="\n")
        table.writeheader()
        table.writerows({name: _cell(row[name]) for name in columns} for row in rows)
        return stream.getvalue()
    return _as_text([columns, *([_shown(row[column]) for column in columns] for row in rows)])


def _cell(value: object) -> object:
    return guarded(plain(value)) if isinstance(value, str) else value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else plain(str(value))


def _as_text(rows: Sequence[Iterable[str]]) -> str:
    table = [list(row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
    return "\n".join(lines) + "\n"
