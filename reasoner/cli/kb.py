"""The commands on knowledge bases: init, load, determine, list, remove, export, verify."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.cli import options as inputs
from reasoner.cli.output import DONE, NOTHING, exit_code
from reasoner.errors import NecessityError, UsageError

if TYPE_CHECKING:
    from datetime import date

    from reasoner.configuration import Configuration
    from reasoner.decisions import Acceptance, Decision
    from reasoner.documentation import Case
    from reasoner.kb import KnowledgeBase
    from reasoner.policy import Policy

_SYNTAXES = ("nquads", "trig")
_Contents = list[tuple[str, str, str]]


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    kb = commands.add_parser("kb", help="keep policy, charts, determinations and decisions in one queryable graph")
    actions = kb.add_subparsers(required=True, metavar="ACTION")

    init = actions.add_parser("init", help="make a knowledge base, or bring the policy in it up to date")
    init.set_defaults(run=_init)
    load = actions.add_parser(
        "load", help="load charts, recorded decisions and acceptances; the same content changes nothing"
    )
    inputs.add_input(load)
    load.set_defaults(run=_load)
    determine = actions.add_parser("determine", help="determine the charts that have no current determination")
    inputs.add_config(determine)
    inputs.add_as_of(determine)
    determine.add_argument("--again", action="store_true", help="determine all charts, not only those that need it")
    inputs.add_readings(determine)
    determine.add_argument("--jobs", metavar="N", type=int, default=1, help="processes (default: 1; 0: one a core)")
    determine.set_defaults(run=_determine)
    listing = actions.add_parser("list", help="what the knowledge base holds")
    _add_kind(listing)
    listing.set_defaults(run=_list)
    remove = actions.add_parser("remove", help="take out a request with its determinations, or anything else listed")
    remove.add_argument("iris", nargs="+", metavar="IRI", help="IRI of a request, determination, decision or policy")
    remove.add_argument("--with-decisions", action="store_true", help="remove recorded decisions and acceptances too")
    remove.set_defaults(run=_remove)
    export = actions.add_parser("export", help="write all named graphs, or those of one kind")
    _add_kind(export)
    export.add_argument("--format", choices=_SYNTAXES, default="nquads", help="syntax (default: nquads)")
    export.add_argument("--out", metavar="FILE", type=Path, help="write to a file, whole or not at all")
    export.set_defaults(run=_export)
    verify = actions.add_parser("verify", help="hold every named graph against its digest")
    verify.set_defaults(run=_verify)
    for parser in (init, load, determine, listing, remove, export, verify):
        inputs.add_kb(parser)


def _add_kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kind", choices=("policy", "chart", "determination", "decision", "acceptance"), help="only of this kind"
    )


def _init(options: argparse.Namespace) -> int:
    policy = inputs.policy(options)
    with inputs.knowledge_base(options, write=True) as kb:
        print(f"{kb.load_policy(policy).value:9}  policy  {policy.iri}")
    return DONE


def _load(options: argparse.Namespace) -> int:
    from reasoner import intake
    from reasoner.errors import DocumentationError

    policy = inputs.policy(options)
    loaded: dict[str, str] = {}
    done = rejected = 0
    with inputs.knowledge_base(options, write=True) as kb:
        for name in intake.find(options.paths):
            cases, decisions, acceptances, errors = _read(name, policy, options)
            for kind, load, items in (
                ("chart", kb.load_case, cases),
                ("decision", kb.load_decision, decisions),
                ("acceptance", kb.load_acceptance, acceptances),
            ):
                for item in items:
                    try:
                        if item.iri in loaded:
                            raise DocumentationError(
                                f"<{item.iri}> has been loaded from {loaded[item.iri]}",
                                where=name,
                                mend="Keep a request and its statements in one data set",
                            )
                        print(f"{load(item).value:9}  {kind}  {item.iri}")
                    except NecessityError as error:
                        errors.append(error)
                        continue
                    loaded[item.iri] = name
                    done += 1
            for error in errors:
                print(f"rejected: {error}", file=sys.stderr)
            rejected += len(errors)
    return exit_code(done, rejected)


def _read(
    name: str, policy: Policy, options: argparse.Namespace
) -> tuple[list[Case], list[Decision], list[Acceptance], list[NecessityError]]:
    """The cases, decisions and acceptances of one file, and the errors of what is none of them."""
    from reasoner import intake
    from reasoner.chart import read_cases
    from reasoner.decisions import holds_decisions, read_acceptances, read_decisions

    cases: list[Case] = []
    decisions: list[Decision] = []
    acceptances: list[Acceptance] = []
    try:
        datasets, errors, notes = intake.datasets(name, policy, **inputs.reading(options, name))
    except NecessityError as error:
        return cases, decisions, acceptances, [error]
    inputs.print_notes(name, notes)
    for found in datasets:
        try:
            if holds_decisions(found):
                decisions += read_decisions(found.graph, policy, found.name)
                acceptances += read_acceptances(found.graph, policy, found.name)
            else:
                cases += read_cases(found, policy, options.as_of)
        except NecessityError as error:
            errors.append(error)
    cases, twice = intake.refuse_duplicates(cases)
    return cases, decisions, acceptances, [*errors, *twice]


def _determine(options: argparse.Namespace) -> int:
    from reasoner.kb import Kind

    policy = inputs.policy(options)
    done = rejected = 0
    with inputs.knowledge_base(options, write=True) as kb:
        requests = [entry.about for entry in kb.entries(Kind.CHART)] if options.again else kb.undetermined(policy)
        started = time.monotonic()
        for contents, errors in _determined(kb, requests, policy, options):
            for error in errors:
                print(f"rejected: {error}", file=sys.stderr)
                rejected += 1
            if contents:
                print(f"{kb.record_content(contents).value:9}  determination  {contents[0][1]}")
                done += 1
            if (done + rejected) % 500 == 0:
                rate = (done + rejected) / (time.monotonic() - started)
                print(f"{done + rejected} of {len(requests)} charts, {rate:.1f} a second", file=sys.stderr)
    return DONE if not requests else exit_code(done, rejected)


def _determined(
    kb: KnowledgeBase, requests: list[str], policy: Policy, options: argparse.Namespace
) -> Iterator[tuple[_Contents, list[str]]]:
    """The determinations of each request as contents, with errors in their place; in the order of the requests."""
    if options.jobs < 0:
        raise UsageError(f"--jobs is {options.jobs}", mend="Give the number of processes, or 0 for one a core")
    work = partial(
        _determine_chart,
        policy=(options.policy, options.policies),
        configuration=inputs.configuration(options, policy),
        as_of=options.as_of,
        alternatives=options.readings == "all",
    )
    charts = ((request, kb.chart(request)) for request in requests)
    jobs = options.jobs or os.cpu_count() or 1
    if jobs == 1:
        yield from map(work, charts)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for chunk in _chunks(charts, 64 * jobs):
            yield from pool.map(work, chunk, chunksize=8)


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    items = iter(items)
    while chunk := list(islice(items, size)):
        yield chunk


def _determine_chart(
    chart: tuple[str, str],
    *,
    policy: tuple[str | None, Path | None],
    configuration: Configuration | None,
    as_of: date | None,
    alternatives: bool,
) -> tuple[_Contents, list[str]]:
    from reasoner.engine import determine_case
    from reasoner.kb import read_chart, to_content
    from reasoner.load import load_policy

    loaded = load_policy(policy[0], root=policy[1])
    try:
        case = read_chart(*chart, loaded, as_of)
        found = determine_case(case, loaded, configuration=configuration, alternatives=alternatives)
        return [to_content(determination) for determination in found], []
    except NecessityError as error:
        return [], [str(error)]


def _list(options: argparse.Namespace) -> int:
    with inputs.knowledge_base(options) as kb:
        for entry in kb.entries(_kind(options)):
            print(f"{entry.kind.slug:13}  {entry.loaded.isoformat()}  {entry.digest[:12]}  {entry.about}")
    return DONE


def _remove(options: argparse.Namespace) -> int:
    done = rejected = 0
    with inputs.knowledge_base(options, write=True) as kb:
        for iri in options.iris:
            try:
                print(f"removed {kb.remove(iri, decisions=options.with_decisions)} named graphs of {iri}")
                done += 1
            except NecessityError as error:
                print(f"rejected: {error}", file=sys.stderr)
                rejected += 1
    return exit_code(done, rejected)


def _export(options: argparse.Namespace) -> int:
    import pyoxigraph as ox

    from reasoner.cli.output import writer

    syntax = {"nquads": ox.RdfFormat.N_QUADS, "trig": ox.RdfFormat.TRIG}[options.format]
    with inputs.knowledge_base(options) as kb, writer(options.out) as stream:
        ox.serialize(kb.export(_kind(options)), output=stream, format=syntax)
    return DONE


def _verify(options: argparse.Namespace) -> int:
    with inputs.knowledge_base(options) as kb:
        problems = list(kb.verify())
        held = sum(1 for _ in kb.entries())
    for problem in problems:
        print(problem)
    if not problems:
        print(f"all {held} named graphs are as they were loaded")
    return NOTHING if problems else DONE


def _kind(options: argparse.Namespace) -> Any:
    from reasoner.kb import Kind

    return Kind[options.kind.upper()] if options.kind else None
