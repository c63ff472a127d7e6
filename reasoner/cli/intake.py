"""The command that shows what is understood of documentation, and what of it is not used."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from reasoner.cli import options as shared
from reasoner.cli.options import Inputs
from reasoner.cli.output import exit_code, say, writer
from reasoner.ground.display import plain

if TYPE_CHECKING:
    from rdflib.term import Node

    from reasoner.chart.intake_result import IntakeResult
    from reasoner.chart.report import Totals
    from reasoner.cli.options import Commands
    from reasoner.policy.model import Policy

_Node = dict[str, str | list[str]]
"""What a chart says of a node: its IRI, and values by property."""


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    intake = commands.add_parser(
        "intake",
        help="show what is understood of documentation, and what of it is not used",
        examples=(
            "necessity intake bundle.json {axes} --jurisdiction US-MO",
            "necessity intake statements.csv --to turtle --out chart.ttl --report report.json",
        ),
    )
    intake.add_argument(
        "--to",
        choices=tuple(FORMATS),
        metavar="FORMAT",
        default="text",
        help="text (default), json, or the chart itself as turtle or nquads",
    )
    shared.add_out(intake)
    intake.add_argument(
        "--report",
        metavar="FILE",
        help="write the coverage report, as JSON if the name ends in .json, else as text; - adds it to the output",
    )
    shared.add_input(intake)
    shared.add_as_of(intake)
    intake.set_defaults(run=_intake)


def _intake(options: argparse.Namespace) -> int:
    from reasoner.chart.report import Totals, to_text

    policy, inputs, form = shared.policy(options), Inputs.of(options), FORMATS[options.to]
    done = rejected = number = 0
    is_reported = options.to in ("text", "json") or options.report is not None
    totals = Totals()
    with ExitStack() as stack:
        out = stack.enter_context(writer(*shared.output_of(options)))
        report = None
        if options.report not in (None, "-"):
            report = _Report(stack.enter_context(writer(Path(options.report))), options.report)
        for number, read in enumerate(inputs.results(policy), 1):
            result = read.with_report() if is_reported else read
            for error in result.errors:
                say(f"rejected: {error}")
            rejected += bool(result.errors)
            done += result.chart is not None and not result.errors
            if is_reported and result.coverage:
                totals.add(result.coverage)
            if options.to == "json":
                out.write(b"[\n" if number == 1 else b",\n")
            out.write(form(result.reviewed(inputs.as_of), policy).encode())
            if options.report == "-" and options.to in ("turtle", "nquads") and result.coverage:
                out.write(_commented(to_text(result.coverage)).encode())
            if report:
                report.add(result)
        if options.to == "json":
            out.write(b"\n]\n" if number else b"[]\n")
        elif options.to == "text" or options.report == "-":
            end = f"\n{totals.to_text()}" if options.to == "text" else _commented(totals.to_text())
            out.write(end.encode() if number > 1 else b"")
        if report:
            report.end(totals)
    return exit_code(done, rejected)


class _Report:
    """A coverage report in a file, written source by source."""

    def __init__(self, out: BinaryIO, name: str) -> None:
        self._out = out
        self._json = name.lower().endswith(".json")
        self._lead = '{"sources": [\n'

    def add(self, result: IntakeResult) -> None:
        from reasoner.chart.report import to_json, to_text

        errors = [str(error) for error in result.errors]
        if self._json:
            record = to_json(result.coverage) if result.coverage else {"source": result.source, "parts": []}
            self._out.write((self._lead + json.dumps(record | {"errors": errors}, ensure_ascii=False)).encode())
            self._lead = ",\n"
        else:
            text = to_text(result.coverage) if result.coverage else f"Coverage of {result.source}\n"
            self._out.write("".join((text, *(f"  rejected: {error}\n" for error in errors), "\n")).encode())

    def end(self, totals: Totals) -> None:
        if self._json:
            last = json.dumps(
                {"totals": totals.kinds, "reasons": totals.reasons, "unread": totals.unread}, ensure_ascii=False
            )
            start = "" if self._lead == ",\n" else self._lead
            self._out.write(f"{start}\n], {last[1:]}\n".encode())
        else:
            self._out.write(totals.to_text().encode())


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _turtle(result: IntakeResult, policy: Policy) -> str:
    head = _commented("\n".join((result.source, *(f"missing: {error}" for error in result.errors))))
    if result.chart is None:
        return head
    graph = result.chart.graph
    for prefix, iri in policy.prefixes.items():
        graph.bind(prefix, iri)
    return head + graph.serialize(format="turtle")


def _nquads(result: IntakeResult, policy: Policy) -> str:
    if result.chart is None:
        return ""
    from urllib.parse import quote

    from reasoner.rdf.namespaces import NEC, RDF

    requests = sorted(result.chart.graph.subjects(RDF.type, NEC.ReviewRequest), key=str)
    name = requests[0] if requests else f"urn:necessity:source:{quote(result.source)}"
    return "".join(sorted(f"{triple} <{name}> .\n" for triple in result.chart.triples))


def _parts(result: IntakeResult, policy: Policy) -> dict[str, list[_Node]]:
    """The nodes of a chart by what they are, as objects with short names."""
    from rdflib import URIRef

    from reasoner.rdf.namespaces import NEC, RDF

    if result.chart is None:
        return {}
    graph = result.chart.graph
    statements = set(graph.subjects(NEC.assertion)) | set(graph.subjects(RDF.type, NEC.Statement))
    documents = set(graph.objects(None, NEC.documentedIn))
    requests = set(graph.subjects(RDF.type, NEC.ReviewRequest))
    roles: dict[str, list[_Node]] = {"request": [], "statements": [], "documents": [], "others": []}

    def short(term: Node) -> str:
        return policy.short(term) if isinstance(term, URIRef) else str(term)

    for node in sorted(graph.subjects(unique=True), key=str):
        values: dict[str, list[str]] = {}
        for predicate, value in sorted(graph.predicate_objects(node)):
            values.setdefault(short(predicate), []).append(short(value))
        facts: _Node = {name: terms[0] if len(terms) == 1 else terms for name, terms in values.items()}
        role = "request" if node in requests else "statements" if node in statements else "documents"
        roles[role if role != "documents" or node in documents else "others"].append({"iri": str(node), **facts})
    return roles


def _json(result: IntakeResult, policy: Policy) -> str:
    from reasoner.chart.report import to_json

    record = {
        "source": result.source,
        "errors": [str(error) for error in result.errors],
        "chart": _parts(result, policy),
        "coverage": to_json(result.coverage) if result.coverage else None,
    }
    return json.dumps(record, ensure_ascii=False, indent=2)


def _text(result: IntakeResult, policy: Policy) -> str:
    from reasoner.chart.report import to_text

    lines = [f"Understood of {result.source}"]
    lines += [f"  missing or wrong: {error}" for error in result.errors]
    for role, nodes in _parts(result, policy).items():
        for node in nodes:
            lines.append(f"  {'statement' if role == 'statements' else _singular(role)} {node['iri']}")
            lines += [f"    {line}" for line in _facts(node, policy)]
    return "\n".join(lines) + "\n" + (to_text(result.coverage) if result.coverage else "") + "\n"


def _singular(role: str) -> str:
    return {"documents": "document", "others": "node"}.get(role, role)


def _facts(node: _Node, policy: Policy) -> Iterable[str]:
    labels = policy.lexicon.labels
    for name, values in node.items():
        if name != "iri":
            for value in values if isinstance(values, list) else [values]:
                prefix, _, local = value.partition(":")
                label = labels.get(
                    f"<{policy.prefixes[prefix]}{local}>" if prefix in policy.prefixes else f"<{value}>", ""
                )
                value = plain(value)
                yield f"{name} {value}{f' ({label})' if label else ''}"


FORMATS: dict[str, Callable[[IntakeResult, Policy], str]] = {
    "text": _text,
    "json": _json,
    "turtle": _turtle,
    "nquads": _nquads,
}
"""What ``--to`` takes."""
