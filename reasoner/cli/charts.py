"""The commands on charts: determine, explain, validate."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.cli import batch
from reasoner.cli import options as shared
from reasoner.cli.formats import FORMATS, STREAMS, Determined, Display, StreamFormat
from reasoner.cli.options import Basis, Inputs, Method
from reasoner.cli.output import Gate, columns, exit_code, is_styled, say, write
from reasoner.cli.parser import listed
from reasoner.ground.errors import NecessityError, UsageError, reading

if TYPE_CHECKING:
    from rdflib import Graph

    from reasoner.chart.model import Case
    from reasoner.cli.options import Commands
    from reasoner.determination.model import Determination
    from reasoner.policy.model import Policy

APPLIES: dict[str, tuple[str, ...]] = {
    "whole": ("text",),
    **dict.fromkeys(("jobs", "resume", "quarantine", "max_quarantined", "lineage"), STREAMS),
}
"""The options that do something with some formats only, and with which."""


def add(commands: Commands) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "determine",
        help="determine the requests in files, folders or standard input (-)",
        examples=(
            "necessity determine chart.ttl",
            "necessity determine charts/ --format compact --out briefs.jsonl --jobs 0",
            "necessity determine charts/ --format parquet --out new.parquet --resume auto --quarantine bad/ --max-quarantined 1%",
            "necessity determine bundle.json {axes} --jurisdiction US-MO",
            "necessity determine - --input-format nq --format summary --fail-on no-policy-version < charts.nq",
        ),
    )
    default, *others = FORMATS
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        metavar="FORMAT",
        default=default,
        help=f"{default} (default), {listed(others)}",
    )
    parser.add_argument(
        "--whole", action="store_true", help="with text: print each of many requests whole, not a table of them"
    )
    shared.add_out(parser)
    parser.add_argument(
        "--fail-on",
        metavar="OUTCOME,…",
        type=_outcomes,
        default=(),
        help="exit with 1 if one of these outcomes occurs",
    )
    shared.add_review(parser)
    shared.add_readings(parser)
    shared.add_engine(parser)
    batch.add(parser, STREAMS)
    shared.add_input(parser)
    parser.set_defaults(run=_determine)

    explain = commands.add_parser(
        "explain",
        help="say why: what carries, completes or refutes a determination",
        examples=(
            "necessity explain chart.ttl",
            "necessity explain chart.ttl section:1-a",
            "necessity explain chart.ttl --assume section:1-a=affirmed",
        ),
    )
    explain.add_argument("paths", nargs=1, metavar="PATH", help="file, folder, or - for standard input")
    explain.add_argument("criterion", nargs="?", metavar="CRITERION", help="id of a criterion: explain this one alone")
    explain.add_argument(
        "--assume",
        metavar="ID=STANCE",
        action="append",
        default=[],
        type=_assumption,
        help="determine as if a leaf were affirmed, denied, not-applicable or silent, or one of its facts: ID FACT=STANCE; "
        "may be repeated",
    )
    shared.add_review(explain)
    shared.add_input_format(explain)
    shared.add_request_facts(explain)
    explain.set_defaults(run=_explain)

    validate = commands.add_parser(
        "validate",
        help="print the plain sh:ValidationReport of the requests, as Turtle",
        examples=("necessity validate chart.ttl", "necessity validate chart.ttl --evidence > evidence.ttl"),
    )
    validate.add_argument(
        "--evidence",
        action="store_true",
        help="print the settled evidence instead, which any SHACL engine can hold against policy show --shapes",
    )
    shared.add_review(validate)
    shared.add_input(validate)
    validate.set_defaults(run=_validate)


def _assumption(text: str) -> tuple[str, str]:
    name, equals, stance = text.rpartition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form CRITERION=STANCE or 'CRITERION FACT=STANCE'")
    return name, stance


def _outcomes(text: str) -> tuple[str, ...]:
    from reasoner.logic.fold import Outcome

    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    known = [outcome.value for outcome in Outcome]
    unknown = [part for part in chosen if part not in known]
    if unknown or not chosen:
        raise argparse.ArgumentTypeError(f"unknown outcome {', '.join(unknown)}; known: {', '.join(known)}")
    return chosen


def _determine(options: argparse.Namespace) -> int:
    from reasoner.determination.engine import Engine

    form = FORMATS[options.format]
    names = [name for name in APPLIES if getattr(options, name) is not None and getattr(options, name) is not False]
    _refuse(names, options.format, options.out)
    out, mode = shared.output_of(options)
    inputs, basis = Inputs.of(options), Basis.of(options)
    method = Method(alternatives=options.readings == "all", engine=Engine(options.engine))
    gate = Gate(options.fail_on, options.max_quarantined)
    if isinstance(form, StreamFormat):
        if form.binary and out is None and sys.stdout.isatty():
            raise UsageError(f"--format {options.format} is no text for a terminal", mend="Give --out FILE")
        how = batch.BatchOptions(out, mode, options.jobs, options.resume, options.quarantine, options.lineage)
        return batch.run(inputs, basis, method, form, gate, how)
    determined = determine(inputs, basis, method)
    display = Display(whole=bool(options.whole), width=columns(out), styled=is_styled(out))
    write(form.write(determined, display), out, mode)
    outcomes = Counter(determination.outcome.value for determination in determined.determinations)
    return gate.code(outcomes, determined.rejected, outcomes.total() + determined.rejected)


def _refuse(names: Iterable[str], form: str, out: Path | None) -> None:
    """Raise `UsageError` for an option that does nothing with a format, or without another option."""
    for name in names:
        if form not in APPLIES[name]:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} is for --format {', '.join(APPLIES[name])}, not {form}")
        if name == "resume" and out is None:
            raise UsageError("--resume needs the --out of the batch that was interrupted")


def determine(inputs: Inputs, basis: Basis, method: Method) -> Determined:
    """Determine charts; errors are printed."""
    from reasoner.determination.determine import determine_case

    cases, rejected = inputs.cases(basis.policy)
    determinations: list[Determination] = []
    for case in cases:
        try:
            with reading(case.source):
                determinations += determine_case(
                    case,
                    basis.policy,
                    configuration=basis.configuration,
                    alternatives=method.alternatives,
                    engine=method.engine,
                )
        except NecessityError as error:
            say(f"rejected: {error}")
            rejected += 1
    return Determined(tuple(determinations), rejected)


def _explain(options: argparse.Namespace) -> int:
    from reasoner.determination.engine import DEFAULT_ENGINE
    from reasoner.determination.whatif import assume
    from reasoner.render import text

    stances = dict(options.assume)
    if stances and options.criterion:
        shared.refuse(options, ("assume",), "is about a determination as a whole, not about one criterion")
    method = Method(alternatives=True, engine=DEFAULT_ENGINE)
    determined = determine(Inputs.of(options), Basis.of(options), method)
    explanations, rejected = [], determined.rejected
    for determination in determined.determinations:
        try:
            if stances:
                explanations.append(text.what_if(determination, assume(determination, stances), stances))
            else:
                explanations.append(text.explain(determination, options.criterion))
        except NecessityError as error:
            say(f"rejected: {determination.case.iri}: {error}")
            rejected += 1
    write("\n".join(explanations), None)
    return exit_code(len(explanations), rejected)


def _validate(options: argparse.Namespace) -> int:
    from reasoner.determination.determine import report, settle_evidence

    def graph_of(case: Case) -> Graph | None:
        if options.evidence:
            settled = settle_evidence(case, basis.policy, configuration=basis.configuration)
            return settled[0] if settled else None
        validation = report(case, basis.policy, configuration=basis.configuration)
        return validation.graph if validation else None

    basis = Basis.of(options)
    cases, rejected = Inputs.of(options).cases(basis.policy)
    made: dict[str, Graph] = {}
    for case in cases:
        try:
            graph = graph_of(case)
        except NecessityError as error:
            say(f"rejected: {error}")
            rejected += 1
            continue
        if graph is None:
            say(f"note: {case.iri}: no policy version is in force on {case.start}")
        else:
            made[case.iri] = graph
    write(_evidence(made, basis.policy) if options.evidence else _merged(made.values()), None)
    return exit_code(len(made), rejected)


def _merged(graphs: Iterable[Graph]) -> str:
    """Graphs as one, in Turtle."""
    from rdflib import Graph

    merged = Graph()
    for graph in graphs:
        merged += graph
    return merged.serialize(format="turtle")


def _evidence(graphs: Mapping[str, Graph], policy: Policy) -> str:
    """Settled evidence by the IRI of its request: of one in Turtle, of several in TriG.

    Each of several has a graph of its own, named as the request is, since two may say different things of one statement.
    """
    from rdflib import Dataset, Graph, URIRef

    alone = len(graphs) == 1
    written = Graph() if alone else Dataset()
    for prefix, namespace in policy.prefixes.items():
        written.bind(prefix, namespace)
    for request, graph in graphs.items():
        target = written.graph(URIRef(request)) if isinstance(written, Dataset) else written
        target += graph
    return written.serialize(format="turtle" if alone else "trig")
