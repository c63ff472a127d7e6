"""The commands on charts: determine, explain, validate."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.cli import batch
from reasoner.cli import options as inputs
from reasoner.cli.output import FAILED_ON, exit_code, write
from reasoner.errors import NecessityError, UsageError

if TYPE_CHECKING:
    from reasoner.engine import Determination

FORMATS = ("text", "json", "turtle", "jsonld", "html", "markdown", "letter", *batch.FORMATS)


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    determine = commands.add_parser("determine", help="determine the requests in files, folders or standard input (-)")
    inputs.add_input(determine)
    inputs.add_readings(determine)
    determine.add_argument("--format", choices=FORMATS, default="text", help="form of the results (default: text)")
    determine.add_argument("--out", metavar="FILE", type=Path, help="write the results to a file, whole or not at all")
    determine.add_argument(
        "--fail-on", metavar="OUTCOME,…", type=_outcomes, default=(), help="exit with 1 on these outcomes"
    )
    inputs.add_engine(determine)
    batch.add(determine)
    determine.set_defaults(run=_determine)

    explain = commands.add_parser("explain", help="say why: what carries, completes or refutes a determination")
    explain.add_argument("paths", nargs=1, metavar="PATH", help="file, folder, or - for standard input")
    explain.add_argument("criterion", nargs="?", metavar="CRITERION", help="explain this criterion alone")
    explain.add_argument(
        "--assume",
        metavar="ID=STANCE",
        action="append",
        default=[],
        type=_assumption,
        help="decide as if a leaf were affirmed, denied, not-applicable or silent; may be repeated",
    )
    inputs.add_config(explain)
    inputs.add_settings(explain)
    explain.set_defaults(run=_explain)

    validate = commands.add_parser("validate", help="print the plain sh:ValidationReport of the requests, as Turtle")
    inputs.add_input(validate)
    validate.set_defaults(run=_validate)


def _assumption(text: str) -> tuple[str, str]:
    id_, equals, stance = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form CRITERION=STANCE")
    return id_, stance


def _outcomes(text: str) -> tuple[str, ...]:
    from reasoner.decide import Outcome

    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    known = [outcome.value for outcome in Outcome]
    unknown = [part for part in chosen if part not in known]
    if unknown or not chosen:
        raise argparse.ArgumentTypeError(f"unknown outcome {', '.join(unknown)}; known: {', '.join(known)}")
    return chosen


def _determine(options: argparse.Namespace) -> int:
    from reasoner import record, text

    if options.format in batch.FORMATS:
        return batch.run(options)
    for option in ("jobs", "resume", "quarantine", "max_quarantined", "lineage"):
        if getattr(options, option) not in (None, False):
            name = option.replace("_", "-")
            raise UsageError(f"--{name} is for --format {', '.join(batch.FORMATS)}, not {options.format}")
    found, rejected = determinations(options, alternatives=options.readings == "all")
    if options.format in ("turtle", "jsonld"):
        syntax = {"turtle": "turtle", "jsonld": "json-ld"}[options.format]
        output = record.to_graph(found).serialize(format=syntax, auto_compact=True) + "\n"
    elif options.format in ("html", "markdown", "letter"):
        output = _document(found, options.format)
    elif options.format == "json":
        output = json.dumps([record.to_json(d) for d in found], ensure_ascii=False, indent=2) + "\n"
    else:
        output = "\n".join(text.render(d) for d in found)
    write(output, options.out)
    if any(d.outcome.value in options.fail_on for d in found):
        return FAILED_ON
    return exit_code(len(found), rejected)


def _document(determinations: list[Determination], form: str) -> str:
    from reasoner import render

    if form != "letter":
        return render.to_html(determinations) if form == "html" else render.to_markdown(determinations)
    letters = []
    for determination in determinations:
        letter = render.to_letter(determination)
        if letter is None:
            print(f"note: {determination.case.iri}: no documentation is needed", file=sys.stderr)
        else:
            letters.append(letter)
    return "\n".join(letters)


def determinations(options: argparse.Namespace, *, alternatives: bool) -> tuple[list[Determination], int]:
    """The determinations of the charts that the options name, and how many charts were rejected; errors are printed."""
    from reasoner.engine import Engine, determine_case

    policy = inputs.policy(options)
    configuration = inputs.configuration(options, policy)
    engine = Engine(getattr(options, "engine", Engine.FAST))
    cases, rejected = inputs.cases(options, policy)
    found: list[Determination] = []
    for case in cases:
        try:
            found += determine_case(case, policy, configuration=configuration, alternatives=alternatives, engine=engine)
        except NecessityError as error:
            print(f"rejected: {case.source}: {error}", file=sys.stderr)
            rejected += 1
    return found, rejected


def _explain(options: argparse.Namespace) -> int:
    from reasoner import text
    from reasoner.assume import assume

    stances = dict(options.assume)
    found, rejected = determinations(options, alternatives=True)
    told = []
    for determination in found:
        try:
            if stances:
                told.append(text.what_if(determination, assume(determination, stances), stances))
            else:
                told.append(text.explain(determination, options.criterion))
        except NecessityError as error:
            print(f"rejected: {determination.case.iri}: {error}", file=sys.stderr)
            rejected += 1
    write("\n".join(told), None)
    return exit_code(len(told), rejected)


def _validate(options: argparse.Namespace) -> int:
    from rdflib import Graph

    from reasoner.engine import report

    policy = inputs.policy(options)
    configuration = inputs.configuration(options, policy)
    cases, rejected = inputs.cases(options, policy)
    whole, done = Graph(), 0
    for case in cases:
        found = report(case, policy, configuration=configuration)
        if found is None:
            print(f"note: {case.iri}: no policy version is in force on {case.start}", file=sys.stderr)
            continue
        whole += found.graph
        done += 1
    write(whole.serialize(format="turtle"), None)
    return exit_code(done, rejected)
