"""The ``necessity`` command. Results go to standard output, errors and progress to standard error."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import IO, NoReturn

from reasoner.errors import NecessityError, UsageError

DONE, FAILED_ON, NOTHING, SOME = 0, 1, 2, 3
"""Exit codes: done; a `--fail-on` outcome; usage or policy error, or nothing determined; some input rejected."""

FORMATS = ("text", "json", "jsonl", "turtle", "jsonld", "html", "markdown", "letter")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with some arguments, by default the process's own, and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except NecessityError as error:
        print(f"necessity: {error}", file=sys.stderr)
        return NOTHING
    except BrokenPipeError:
        # The reader has left, as `head` does; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def entry() -> NoReturn:
    """Run as a program."""
    sys.exit(main())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="necessity", description="Determine from documentation whether a coverage policy's criteria are met."
    )
    parser.add_argument("--policy", metavar="NAME", help="policy to use, where more than one is installed")
    parser.add_argument(
        "--policies", metavar="DIR", type=_folder, help="folder with ontology/ and shapes/ of other policies"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    determine = commands.add_parser("determine", help="determine the requests in files, folders or standard input (-)")
    _add_input(determine)
    determine.add_argument(
        "--readings",
        choices=("all", "default"),
        default="all",
        help="try the other readings of the text (default: all)",
    )
    determine.add_argument("--format", choices=FORMATS, default="text", help="form of the results (default: text)")
    determine.add_argument("--out", metavar="FILE", type=Path, help="write the results to a file, whole or not at all")
    determine.add_argument(
        "--fail-on", metavar="OUTCOME,…", type=_outcomes, default=(), help="exit with 1 on these outcomes"
    )
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
    _add_config(explain)
    _add_settings(explain)
    explain.set_defaults(run=_explain)

    validate = commands.add_parser("validate", help="print the plain sh:ValidationReport of the requests, as Turtle")
    _add_input(validate)
    validate.set_defaults(run=_validate)

    policy = commands.add_parser("policy", help="list, show and check policies")
    actions = policy.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("list", help="the installed policies and their versions").set_defaults(run=_policy_list)
    show = actions.add_parser("show", help="the criteria of a policy, or one of them")
    show.add_argument("criterion", nargs="?", metavar="CRITERION", help="id of a criterion, as listed without one")
    show.add_argument("--version", metavar="ID", help="version (default: the latest)")
    show.add_argument("--readings", action="store_true", help="the passages that can be read in more than one way")
    show.add_argument(
        "--shapes", action="store_true", help="the effective shapes as Turtle, for requests of the given kind"
    )
    show.add_argument("--minor", action="store_true", help="with --shapes: a member under the age of majority")
    _add_request(show)
    show.set_defaults(run=_policy_show)
    diff = actions.add_parser("diff", help="what changes from one version to another, and which determinations do")
    diff.add_argument("earlier", metavar="A", help="id of a version")
    diff.add_argument("later", metavar="B", help="id of another")
    diff.add_argument("paths", nargs="*", metavar="PATH", help="charts to determine under both versions")
    _add_settings(diff)
    diff.set_defaults(run=_policy_diff)
    check = actions.add_parser("check", help="prove that a policy is well formed and consistent")
    check.set_defaults(run=_policy_check)
    return parser


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder, or - for standard input")
    _add_config(parser)
    _add_settings(parser)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="a payer's choice of readings, as RDF")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-of", metavar="DATE", type=_date, help="review on the knowledge of this day")
    parser.add_argument(
        "--input-format", metavar="TYPE", help="file type of standard input: ttl trig nt nq jsonld rdf json"
    )
    _add_request(parser)
    parser.add_argument("--service-start", metavar="DATE", help="of a FHIR bundle that does not state it")
    parser.add_argument("--service-end", metavar="DATE", help="of a FHIR bundle that does not state it")


def _add_request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--phase", choices=("admission", "continuation"), help="of a FHIR bundle, which cannot state it"
    )
    parser.add_argument(
        "--focus", choices=("mental-health", "substance-use"), help="of a FHIR bundle, which cannot state it"
    )
    parser.add_argument("--jurisdiction", metavar="CODE", help="where the plan is regulated, such as US-MO")


def _folder(text: str) -> Path:
    return Path(text).resolve()


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write YYYY-MM-DD") from None


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


def _load(options: argparse.Namespace):  # type: ignore[no-untyped-def]
    from reasoner.policy import load_policy

    return load_policy(options.policy, root=options.policies)


def _configuration(options: argparse.Namespace, policy):  # type: ignore[no-untyped-def]
    from reasoner.configuration import read_configuration

    return read_configuration(options.config, policy) if options.config else None


def _cases(options: argparse.Namespace, policy):  # type: ignore[no-untyped-def]
    """The cases of all the paths in the order of their IRIs; errors are printed and counted."""
    from reasoner import intake
    from reasoner.fhir import RequestOptions

    request = RequestOptions(
        phase=options.phase,
        focus=options.focus,
        service_start=options.service_start,
        service_end=options.service_end,
        jurisdiction=options.jurisdiction,
    )
    suffix = "." + options.input_format.lstrip(".") if options.input_format else None
    if suffix and suffix not in intake.SUFFIXES:
        raise UsageError(f"--input-format is {options.input_format!r}", mend=f"Known: {' '.join(intake.SUFFIXES)}")
    found, errors = [], []
    for name in intake.find(options.paths):
        stdin_suffix = suffix if name == intake.STDIN else None
        cases, refused, notes = intake.read(
            name, policy, as_of=options.as_of, suffix=stdin_suffix, options=request
        )  # fmt: skip
        found += cases
        errors += refused
        for note in notes:
            print(f"note: {name}: {note}", file=sys.stderr)
    found, twice = intake.refuse_duplicates(found)
    for error in (*errors, *twice):
        print(f"rejected: {error}", file=sys.stderr)
    return sorted(found, key=lambda case: case.iri), len(errors) + len(twice)


def _determine(options: argparse.Namespace) -> int:
    from reasoner import record, text

    determinations, rejected = _determinations(options, alternatives=options.readings == "all")
    if options.format in ("turtle", "jsonld"):
        syntax = {"turtle": "turtle", "jsonld": "json-ld"}[options.format]
        output = record.to_graph(determinations).serialize(format=syntax, auto_compact=True) + "\n"
    elif options.format in ("html", "markdown", "letter"):
        output = _document(determinations, options.format)
    elif options.format == "json":
        output = json.dumps([record.to_json(d) for d in determinations], ensure_ascii=False, indent=2) + "\n"
    elif options.format == "jsonl":
        output = "".join(json.dumps(record.to_json(d), ensure_ascii=False) + "\n" for d in determinations)
    else:
        output = "\n".join(text.render(d) for d in determinations)
    _write(output, options.out)
    if any(d.outcome.value in options.fail_on for d in determinations):
        return FAILED_ON
    return _exit_code(len(determinations), rejected)


def _document(determinations, form: str) -> str:  # type: ignore[no-untyped-def]
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


def _determinations(options: argparse.Namespace, *, alternatives: bool):  # type: ignore[no-untyped-def]
    from reasoner.engine import determine_case

    policy = _load(options)
    configuration = _configuration(options, policy)
    cases, rejected = _cases(options, policy)
    found = []
    for case in cases:
        try:
            found += determine_case(case, policy, configuration=configuration, alternatives=alternatives)
        except NecessityError as error:
            print(f"rejected: {case.source}: {error}", file=sys.stderr)
            rejected += 1
    return found, rejected


def _explain(options: argparse.Namespace) -> int:
    from reasoner import text
    from reasoner.assume import assume

    stances = dict(options.assume)
    determinations, rejected = _determinations(options, alternatives=True)
    told = []
    for determination in determinations:
        try:
            if stances:
                told.append(text.what_if(determination, assume(determination, stances), stances))
            else:
                told.append(text.explain(determination, options.criterion))
        except NecessityError as error:
            print(f"rejected: {determination.case.iri}: {error}", file=sys.stderr)
            rejected += 1
    _write("\n".join(told), None)
    return _exit_code(len(told), rejected)


def _validate(options: argparse.Namespace) -> int:
    from rdflib import Graph

    from reasoner.engine import report

    policy = _load(options)
    configuration = _configuration(options, policy)
    cases, rejected = _cases(options, policy)
    whole, done = Graph(), 0
    for case in cases:
        found = report(case, policy, configuration=configuration)
        if found is None:
            print(f"note: {case.iri}: no policy version is in force on {case.start}", file=sys.stderr)
            continue
        whole += found.graph
        done += 1
    _write(whole.serialize(format="turtle"), None)
    return _exit_code(done, rejected)


def _exit_code(done: int, rejected: int) -> int:
    if not done:
        return NOTHING
    return SOME if rejected else DONE


def _write(output: str, path: Path | None) -> None:
    if path is None:
        stream: IO[str] = sys.stdout
        stream.write(output)
        stream.flush()
        return
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(output, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"--out cannot be written: {error.strerror}", where=str(path)) from error


def _policy_list(options: argparse.Namespace) -> int:
    from reasoner.policy import installed, load_policy

    for name in installed(options.policies):
        for version in load_policy(name, root=options.policies).versions:
            until = f"to {version.valid_until}" if version.valid_until else "on"
            print(f"{version.id}  from {version.valid_from} {until}  {version.label}")
    return DONE


def _policy_show(options: argparse.Namespace) -> int:
    from reasoner import outline

    policy = _load(options)
    version = outline.choose_version(policy, options.version)
    if options.shapes:
        print(outline.shapes(version, options.phase, options.focus, options.jurisdiction, options.minor), end="")
    elif options.readings:
        print(outline.readings(version), end="")
    elif options.criterion:
        print(outline.criterion(version, options.criterion), end="")
    else:
        print(outline.tree(version), end="")
    return DONE


def _policy_diff(options: argparse.Namespace) -> int:
    from reasoner import diff, outline

    policy = _load(options)
    earlier, later = (outline.choose_version(policy, id_) for id_ in (options.earlier, options.later))
    cases, rejected = _cases(options, policy) if options.paths else ([], 0)
    print(diff.render(diff.diff(earlier, later)), end="")
    if cases:
        print(diff.render_changes(diff.compare(case, policy, earlier, later) for case in cases), end="")
    return SOME if rejected and cases else NOTHING if rejected else DONE


def _policy_check(options: argparse.Namespace) -> int:
    from reasoner import check

    problems = check.check(_load(options), progress=lambda line: print(line, file=sys.stderr))
    for problem in problems:
        print(problem)
    if not problems:
        print("the policy is well formed and consistent")
    return NOTHING if problems else DONE


if __name__ == "__main__":
    entry()
