"""The commands on knowledge bases: init, load, determine, list, remove, export, verify; others are in `quality`."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.cli import options as shared
from reasoner.cli import quality
from reasoner.cli.kb_loading import AT_ONCE, Loader
from reasoner.cli.options import BaseLocation, Basis, Inputs
from reasoner.cli.output import DONE, NOTHING, exit_code, say
from reasoner.cli.parser import listed
from reasoner.ground.errors import NecessityError, StoreError, UsageError, contained

if TYPE_CHECKING:
    from datetime import date

    from reasoner.chart.apart import Gathered
    from reasoner.chart.fast.stream import StreamedDataSet
    from reasoner.chart.intake_result import IntakeResult
    from reasoner.cli.options import Commands
    from reasoner.policy.configuration import Configuration
    from reasoner.policy.loading import PolicyLocation
    from reasoner.policy.model import Policy
    from reasoner.rdf.parsing import DataSet
    from reasoner.review.acts import Acceptance, Decision
    from reasoner.store.catalog import GraphKind
    from reasoner.store.contents import DeterminationRecord

SYNTAXES = {"nquads": "application/n-quads", "trig": "application/trig"}
"""What ``kb export --format`` takes, with the media types."""
_KINDS = ("policy", "vocabulary", "chart", "determination", "result", "decision", "acceptance", "shared", "history")
_Chart = tuple[str, str]
"""IRI of a request, and its chart as N-Quads."""
_Contents = tuple["Gathered", list["Decision"], list["Acceptance"]]
"""The cases of a file with the errors of what is rejected, the decisions and the acceptances."""
_Determined = tuple[list["DeterminationRecord"], list[str]]
"""The determinations of a chart as `reasoner.store.contents.to_content` gives them, and errors."""


def add(commands: Commands) -> None:
    """Add the commands to the parser."""
    kb = commands.add_parser(
        "kb",
        help="keep policy, charts, determinations and decisions in a knowledge base",
        examples=(
            "necessity kb init --kb base",
            "necessity kb load charts/ --kb base",
            "necessity kb determine --kb base --jobs 0",
        ),
    )
    actions = kb.add_subparsers(required=True, metavar="ACTION")

    init = actions.add_parser(
        "init",
        help="make a knowledge base, or bring the policy in it up to date",
        examples=("necessity kb init --kb base",),
    )
    init.set_defaults(run=_init)
    load = actions.add_parser(
        "load",
        help="load charts, recorded decisions and acceptances; the same content changes nothing",
        examples=("necessity kb load charts/ --kb base", "necessity kb load decisions.ttl --kb base"),
    )
    shared.add_input(load)
    load.add_argument(
        "--originals",
        metavar="PATH",
        action="append",
        default=[],
        help="a document, or a folder of them or of abstract --originals: the files that texts of the charts were read from "
        "are kept beside the base; can be repeated",
    )
    load.set_defaults(run=_load)
    determine = actions.add_parser(
        "determine",
        help="determine the charts that have no current determination",
        examples=("necessity kb determine --kb base --jobs 0", "necessity kb determine --kb base --again"),
    )
    determine.add_argument(
        "--again", action="store_true", help="determine all charts, those with a current determination too"
    )
    shared.add_review(determine)
    shared.add_readings(determine)
    determine.add_argument(
        "--jobs", metavar="N", type=int, default=1, help="number of processes, 0 for one per core; default 1"
    )
    determine.set_defaults(run=_determine)
    listing = actions.add_parser(
        "list",
        help="list what the knowledge base holds",
        examples=("necessity kb list --kb base --kind determination",),
    )
    _add_kind(listing)
    listing.set_defaults(run=_list)
    remove = actions.add_parser(
        "remove",
        help="take out a request with its determinations, or anything else listed",
        examples=("necessity kb remove https://example.org/chart#request --kb base",),
    )
    remove.add_argument("iris", nargs="+", metavar="IRI", help="IRI of a request, determination, decision or policy")
    remove.add_argument("--with-decisions", action="store_true", help="remove recorded decisions and acceptances too")
    remove.set_defaults(run=_remove)
    export = actions.add_parser(
        "export",
        help="write all named graphs or those of one kind, or determinations with their decisions as FHIR",
        examples=(
            "necessity kb export --kb base --format trig --kind decision --out decisions.trig",
            "necessity kb export --kb base --format fhir --out responses.ndjson",
        ),
    )
    _add_kind(export)
    export.add_argument(
        "--format",
        choices=(*SYNTAXES, "fhir"),
        metavar="FORMAT",
        default="nquads",
        help="nquads (default), trig, or fhir: a line for each request with its current determinations and decisions",
    )
    export.add_argument(
        "--request",
        metavar="IRI",
        action="append",
        default=[],
        help="with fhir: only this request; may be repeated",
    )
    shared.add_config(export)
    shared.add_out(export)
    export.set_defaults(run=_export)
    verify = actions.add_parser(
        "verify",
        help="compare every named graph, and the catalog, with the audit trail",
        examples=("necessity kb verify --kb base", "necessity kb verify --kb base --head DIGEST"),
    )
    verify.add_argument("--head", metavar="DIGEST", help="a digest that was noted earlier and has to be in the trail")
    verify.set_defaults(run=_verify)
    for parser in (init, load, determine, listing, remove, export, verify, *quality.add(actions)):
        shared.add_kb(parser)


def _add_kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", choices=_KINDS, metavar="KIND", help=f"only graphs of this kind: {listed(_KINDS)}")


def _init(options: argparse.Namespace) -> int:
    policy = shared.policy(options)
    with BaseLocation.of(options).open(write=True) as kb:
        print(f"{kb.load_policy(policy).value:9}  policy  {policy.iri}")
    return DONE


def _load(options: argparse.Namespace) -> int:
    from reasoner.chart import sources
    from reasoner.store.acts import load_signed_elsewhere, signed_at

    policy, inputs, base = shared.policy(options), Inputs.of(options), BaseLocation.of(options)
    signed: list[tuple[Decision, str]] = []
    with base.open(write=True) as kb:
        loader = Loader(kb)
        for name in sources.find(inputs.paths):
            contents = _read_stream(name, policy, inputs) or _read(name, policy, inputs)
            charts, decisions, acceptances = contents
            loader.note_rejected(charts.spoken_of)
            for case in charts.cases:
                loader.take(case, name)
            signed += [(decision, name) for decision in decisions]
            for acceptance in acceptances:
                loader.load("acceptance", acceptance.iri, name, partial(kb.load_acceptance, acceptance))
            for error in charts.errors:
                loader.reject(error)
        loader.flush(last=True)
        for decision, name in sorted(signed, key=lambda entry: signed_at(entry[0], policy)):
            loader.load("decision", decision.iri, name, partial(load_signed_elsewhere, kb, decision, policy))
        loader.keep(options.originals, base.read_key())
    return exit_code(loader.done, loader.rejected)


def _read_stream(name: str, policy: Policy, inputs: Inputs) -> _Contents | None:
    """The same as `_read` for N-Quads of charts alone, graph by graph and many times faster; None for any other file."""
    from reasoner.chart import sources
    from reasoner.chart.apart import gather
    from reasoner.chart.fast import piece, stream
    from reasoner.rdf.namespaces import NEC
    from reasoner.store.catalog import CATALOG

    if sources.is_stream(name) or not name.endswith(piece.QUADS):
        return None
    others = [f"<{NEC[act]}>".encode() for act in ("Decision", "Acceptance", "Withdrawal")] + [CATALOG.encode()]

    def data_sets() -> Iterator[StreamedDataSet]:
        for part in piece.pieces([name]):
            if any(other in part.read() for other in others):
                raise stream.ScatteredError
            yield from stream.read(part, policy, as_of=inputs.as_of, options=inputs.request)

    try:
        with contained(name):
            return gather(data_sets()), [], []
    except (stream.ScatteredError, NecessityError):
        return None  # the whole file says it better


def _read(name: str, policy: Policy, inputs: Inputs) -> _Contents:
    """The cases, decisions and acceptances of one file, and the errors of what is none of them."""
    from reasoner.chart import intake
    from reasoner.chart.apart import Gathered, gather
    from reasoner.review.signing import holds_decisions, read_acceptances, read_decisions
    from reasoner.store.catalog import CATALOG

    decisions: list[Decision] = []
    acceptances: list[Acceptance] = []
    errors: list[NecessityError] = []
    suffix = inputs.suffix(name)

    def charts() -> Iterator[IntakeResult]:
        """The data sets but those in which people alone signed something, of which that is read."""
        for result in intake.read_source(name, policy, suffix=suffix, as_of=inputs.as_of, options=inputs.request):
            if result.source.endswith(f" <{CATALOG}>"):
                problem, mend = "it is the export of a whole base", "Write kb export --kind chart, and --kind decision"
                raise StoreError(f"{problem}, in which charts share parts", where=name, mend=mend)
            shared.print_notes(name, result.notes)
            signed = result.chart is not None and holds_decisions(result.chart)
            if not signed or (result.chart and _holds_requests(result.chart)):
                yield result
            if result.chart is None or not signed:
                continue
            try:
                decisions.extend(read_decisions(result.chart.graph, policy, result.source))
                acceptances.extend(read_acceptances(result.chart.graph, policy, result.source))
            except NecessityError as error:
                errors.append(error)

    try:
        found = gather(charts())
    except StoreError as error:
        return Gathered([], [error], []), [], []
    return found._replace(errors=[*found.errors, *errors]), decisions, acceptances


def _holds_requests(data: DataSet) -> bool:
    """Whether a data set describes requests, beside what people signed."""
    from reasoner.rdf import terms
    from reasoner.rdf.namespaces import NEC, RDF

    request = terms.of(NEC.ReviewRequest)
    return any(request in said.get(terms.of(RDF.type), ()) for said in data.nodes.values())


def _determine(options: argparse.Namespace) -> int:
    from reasoner.ground.processes import spread
    from reasoner.store.catalog import GraphKind

    if options.jobs < 0:
        raise UsageError(f"--jobs is {options.jobs}", mend="Give the number of processes, or 0 for one a core")
    basis, base = Basis.of(options), BaseLocation.of(options)
    work = partial(
        _determine_chart,
        location=basis.location,
        configuration=basis.configuration,
        as_of=options.as_of,
        alternatives=options.readings == "all",
    )
    done = rejected = 0
    with base.open(write=True) as kb:
        requests = (
            [entry.about for entry in kb.entries(GraphKind.CHART)]
            if options.again
            else kb.undetermined(basis.policy, basis.configuration)
        )
        started = time.monotonic()
        run = kb.begin_run()
        determined = spread(work, kb.charts(requests), options.jobs or os.cpu_count() or 1, ahead=AT_ONCE)
        while some := list(islice(determined, AT_ONCE)):
            for error in (error for _, errors in some for error in errors):
                say(f"rejected: {error}")
                rejected += 1
            made = [contents for contents, _ in some if contents]
            for contents, change in zip(made, kb.record_contents(made, run), strict=True):
                print(f"{change.value:9}  determination  {contents[0][1]}")
                done += 1
            rate = (done + rejected) / (time.monotonic() - started)
            say(f"{done + rejected} of {len(requests)} charts, {rate:.1f} a second")
    return DONE if not requests else exit_code(done, rejected)


def _determine_chart(
    chart: _Chart,
    *,
    location: PolicyLocation,
    configuration: Configuration | None,
    as_of: date | None,
    alternatives: bool,
) -> _Determined:
    """The determinations of a chart as contents of the knowledge base, or the errors in their place."""
    from reasoner.determination.determine import determine_case
    from reasoner.store.contents import read_chart, to_content

    policy = location.load()
    try:
        case = read_chart(*chart, policy, as_of)
        determined = determine_case(case, policy, configuration=configuration, alternatives=alternatives)
        return [to_content(determination) for determination in determined], []
    except NecessityError as error:
        return [], [str(error)]


def _list(options: argparse.Namespace) -> int:
    with BaseLocation.of(options).open() as kb:
        for entry in kb.entries(_kind(options.kind)):
            print(f"{entry.kind.slug:13}  {entry.loaded}  {entry.digest[:12]}  {entry.about or entry.graph}")
    return DONE


def _remove(options: argparse.Namespace) -> int:
    done = rejected = 0
    with BaseLocation.of(options).open(write=True) as kb:
        for iri in options.iris:
            try:
                print(f"removed {kb.remove(iri, decisions=options.with_decisions)} named graphs of {iri}")
                done += 1
            except NecessityError as error:
                say(f"rejected: {error}")
                rejected += 1
    return exit_code(done, rejected)


def _export(options: argparse.Namespace) -> int:
    base, output = BaseLocation.of(options), shared.output_of(options)
    if options.format == "fhir":
        shared.refuse(options, ("kind",), "is for graphs, and --format fhir writes none")
        return _export_responses(base, Basis.of(options), options.request, output)
    import pyoxigraph as ox

    from reasoner.cli.output import writer

    shared.refuse(options, ("request", "config"), "is for --format fhir")
    syntax = ox.RdfFormat.from_media_type(SYNTAXES[options.format])
    # Charts and decisions are told apart alike in all formats, other graphs are not.
    with base.open(checked=not options.kind) as kb, writer(*output) as stream:
        ox.serialize(kb.export(_kind(options.kind)), output=stream, format=syntax)
    return DONE


def _export_responses(
    base: BaseLocation, basis: Basis, requests: Sequence[str] | None, output: tuple[Path | None, int | None]
) -> int:
    """Write determinations with what people signed in view of them, as FHIR: of some requests, else of all."""
    from reasoner.cli.output import writer
    from reasoner.render import fhir
    from reasoner.store.acts import acts_on
    from reasoner.store.catalog import GraphKind
    from reasoner.store.contents import read_current

    done = rejected = 0
    with base.open() as kb, writer(*output) as stream:
        for request in requests or [entry.about for entry in kb.entries(GraphKind.CHART)]:
            try:
                determinations = read_current(kb, request, basis.policy, basis.configuration)
                decisions = acts_on(kb, request, basis.policy)
            except NecessityError as error:
                say(f"rejected: {error}")
                rejected += 1
                continue
            stream.write(f"{fhir.to_text(determinations, decisions)}\n".encode())
            done += 1
    return exit_code(done, rejected)


def _verify(options: argparse.Namespace) -> int:
    with BaseLocation.of(options).open() as kb:
        if options.head and kb.trail is None:
            raise UsageError(
                "a base behind an endpoint has no audit trail here", mend="Verify it where its directory is"
            )
        problems = list(kb.verify(options.head))
        total = len(kb.entries())
        head = kb.trail.head() if kb.trail else ""
    for problem in problems:
        print(problem)
    if not problems:
        print(f"all {total} named graphs are as they were loaded")
        print(f"the last entry of the audit trail has the digest {head}" if head else "there is no audit trail here")
    return NOTHING if problems else DONE


def _kind(name: str | None) -> GraphKind | None:
    from reasoner.store.catalog import GraphKind

    return GraphKind[name.upper()] if name else None
