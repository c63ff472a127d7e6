"""The commands on policies: list, show, diff, reference, export, check."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.cli import options as shared
from reasoner.cli.options import Basis, Inputs
from reasoner.cli.output import DONE, NOTHING, SOME, say, write
from reasoner.ground.errors import NecessityError

if TYPE_CHECKING:
    from reasoner.cli.options import Commands

SYNTAXES = {"turtle": "turtle", "rdfxml": "xml", "jsonld": "json-ld", "ntriples": "nt"}


def add(commands: Commands) -> None:
    """Add the commands to the parser."""
    policy = commands.add_parser(
        "policy",
        help="list, show and check policies",
        examples=("necessity policy list", "necessity policy show section:1-a"),
    )
    actions = policy.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser(
        "list",
        help="list the policies and versions with the dates they are in force",
        examples=("necessity policy list", "necessity --policies my-policies policy list"),
    )
    listing.set_defaults(run=_list)
    show = actions.add_parser(
        "show",
        help="show the criteria of a policy, one of them, or a finding",
        examples=(
            "necessity policy show",
            "necessity policy show section:1-a",
            "necessity policy show the words of a criterion",
            "necessity policy show --shapes {axes} --jurisdiction US-MO",
        ),
    )
    show.add_argument(
        "criterion",
        nargs="*",
        metavar="NAME",
        help="id of a criterion, name of a finding, or words to search for in both",
    )
    show.add_argument("--version", metavar="ID", help="the version; default: the latest")
    show.add_argument(
        "--readings", action="store_true", help="the ambiguous passages, with their readings and the reasons"
    )
    shared.add_config(show)
    show.add_argument("--shapes", action="store_true", help="the shapes that apply to one kind of request, as Turtle")
    shared.add_kind_of_request(show)
    show.set_defaults(run=_show)
    diff = actions.add_parser(
        "diff",
        help="show what changes from one version to another, and which determinations do",
        examples=("necessity policy diff policy/2025-01-01 policy/2026-01-01 charts/",),
    )
    diff.add_argument("earlier", metavar="A", help="id of a version")
    diff.add_argument("later", metavar="B", help="id of another")
    diff.add_argument("paths", nargs="*", metavar="PATH", help="charts to determine under both versions")
    shared.add_as_of(diff)
    shared.add_input_format(diff)
    shared.add_request_facts(diff)
    diff.set_defaults(run=_diff)
    reference = actions.add_parser(
        "reference",
        help="write the policy as linked HTML pages",
        examples=("necessity policy reference reference/",),
    )
    reference.add_argument("folder", metavar="DIR", type=Path, help="folder to write to, made if need be")
    reference.set_defaults(run=_reference)
    export = actions.add_parser(
        "export",
        help="write the policy's graph: ontology with core vocabulary, and shapes",
        examples=("necessity policy export --format rdfxml --part ontology --out policy.rdf",),
    )
    export.add_argument(
        "--format",
        choices=tuple(SYNTAXES),
        metavar="FORMAT",
        default="turtle",
        help="turtle (default), rdfxml, jsonld or ntriples",
    )
    export.add_argument(
        "--part",
        choices=("all", "ontology", "shapes", "alignments"),
        metavar="PART",
        default="all",
        help="all (default: ontology and shapes), ontology, shapes, or alignments with other vocabularies and code systems",
    )
    shared.add_out(export)
    export.set_defaults(run=_export)
    check = actions.add_parser(
        "check",
        help="check that a policy is well formed and consistent",
        examples=("necessity policy check", "necessity --policies my-policies policy check"),
    )
    check.set_defaults(run=_check)


def _list(options: argparse.Namespace) -> int:
    from reasoner.policy.loading import PolicyLocation, installed

    for name in installed(options.policies):
        for version in PolicyLocation(name, options.policies, options.codes).load().versions:
            until = f"to {version.valid_until}" if version.valid_until else "on"
            print(f"{version.id}  from {version.valid_from} {until}  {version.label}")
    return DONE


def _show(options: argparse.Namespace) -> int:
    from reasoner.policy import describe

    if not options.shapes:
        shared.refuse(options, ("minor", shared.REQUEST_FACTS), "is for --shapes")
    if options.shapes and (options.readings or options.criterion):
        shared.refuse(options, ("shapes",), "prints the shapes of a whole policy")
    if options.readings and options.criterion:
        shared.refuse(options, ("readings",), "prints all passages that can be read in more than one way")
    policy = Basis.of(options).policy
    version = describe.choose_version(policy, options.version)
    if options.shapes:
        print(describe.shapes(version, shared.axis_words(options), options.jurisdiction, options.minor), end="")
    elif options.readings:
        print(describe.readings(version), end="")
    elif options.criterion:
        print(describe.criterion(policy, version, " ".join(options.criterion)), end="")
    else:
        print(describe.tree(version), end="")
    return DONE


def _diff(options: argparse.Namespace) -> int:
    from reasoner.assurance import diff
    from reasoner.policy import describe
    from reasoner.render import difference

    if not options.paths:
        shared.refuse(options, ("as_of", "input_format", shared.REQUEST_FACTS), "is for charts, and none is named")
    policy = shared.policy(options)
    earlier, later = (describe.choose_version(policy, id_) for id_ in (options.earlier, options.later))
    cases, rejected = Inputs.of(options).cases(policy) if options.paths else ([], 0)
    print(difference.render(diff.diff(earlier, later)), end="")
    changes = []
    for case in cases:
        try:
            changes.append(diff.compare(case, policy, earlier, later))
        except NecessityError as error:
            say(f"rejected: {error}")
            rejected += 1
    if changes:
        print(difference.render_changes(changes), end="")
    return SOME if rejected and changes else NOTHING if rejected else DONE


def _reference(options: argparse.Namespace) -> int:
    from reasoner.policy.pages import write

    pages = write(shared.policy(options), options.folder)
    print(options.folder / pages[0])
    return DONE


def _export(options: argparse.Namespace) -> int:
    from rdflib import Graph

    from reasoner.policy import publication

    policy = shared.policy(options)
    made = {
        "ontology": lambda: publication.ontology(policy),
        "shapes": lambda: policy.shapes,
        "all": lambda: publication.ontology(policy) + policy.shapes,
        "alignments": lambda: publication.alignments(policy),
    }
    whole = Graph(bind_namespaces="none")
    whole += made[options.part]()
    for prefix, iri in sorted({**publication.PREFIXES, **policy.prefixes}.items()):
        whole.bind(prefix, iri)
    output = whole.serialize(format=SYNTAXES[options.format], encoding="utf-8", auto_compact=True)
    write(output, *shared.output_of(options))
    return DONE


def _check(options: argparse.Namespace) -> int:
    from reasoner.assurance import check
    from reasoner.determination.compiled import compiled_policy

    policy = shared.policy(options)
    problems = check.check(policy, progress=say)
    for problem in problems:
        print(problem)
    if problems:
        return NOTHING
    for version in policy.versions:
        for leaf, reason in sorted(compiled_policy(version).uncompiled.items()):
            say(f"note: {version.criteria[leaf].id} is not compiled, so the engine shacl validates it: {reason}")
    print("the policy is well formed and consistent")
    return DONE
