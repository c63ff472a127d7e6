"""What several commands take: charts, a policy, a payer's choice of readings, a knowledge base."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.errors import UsageError

if TYPE_CHECKING:
    from reasoner.configuration import Configuration
    from reasoner.documentation import Case
    from reasoner.kb import KnowledgeBase
    from reasoner.policy import Policy


def add_input(parser: argparse.ArgumentParser, paths: str = "+") -> None:
    """Charts, with all that can be said of them."""
    parser.add_argument("paths", nargs=paths, metavar="PATH", help="file, folder, or - for standard input")
    add_config(parser)
    add_settings(parser)


def add_readings(parser: argparse.ArgumentParser) -> None:
    """Which readings of the text are tried."""
    parser.add_argument(
        "--readings",
        choices=("all", "default"),
        default="all",
        help="try the other readings of the text (default: all)",
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """What validates."""
    parser.add_argument(
        "--engine",
        choices=("fast", "reference"),
        default="fast",
        help="the policy compiled, or pySHACL; the results are the same (default: fast)",
    )


def add_as_of(parser: argparse.ArgumentParser) -> None:
    """The day on whose knowledge the review is made."""
    parser.add_argument("--as-of", metavar="DATE", type=_day, help="review on the knowledge of this day")


def add_config(parser: argparse.ArgumentParser) -> None:
    """A payer's choice of readings."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="a payer's choice of readings, as RDF")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """How charts are read."""
    add_as_of(parser)
    parser.add_argument(
        "--input-format", metavar="TYPE", help="file type of standard input: ttl trig nt nq jsonld rdf json ndjson csv"
    )
    add_request(parser)
    parser.add_argument("--birth-date", metavar="DATE", help="of the patient of a FHIR bundle that does not state it")
    parser.add_argument("--service-start", metavar="DATE", help="of a FHIR bundle that does not state it")
    parser.add_argument("--service-end", metavar="DATE", help="of a FHIR bundle that does not state it")


def add_request(parser: argparse.ArgumentParser) -> None:
    """The kind of a request."""
    parser.add_argument(
        "--phase", choices=("admission", "continuation"), help="of a FHIR bundle, which cannot state it"
    )
    parser.add_argument(
        "--focus", choices=("mental-health", "substance-use"), help="of a FHIR bundle, which cannot state it"
    )
    parser.add_argument("--jurisdiction", metavar="CODE", help="where the plan is regulated, such as US-MO")


def add_kb(parser: argparse.ArgumentParser) -> None:
    """A knowledge base."""
    parser.add_argument(
        "--kb",
        metavar="LOCATION",
        default=os.environ.get("NECESSITY_KB"),
        help="directory of the knowledge base, or URL of a SPARQL 1.1 endpoint (default: $NECESSITY_KB)",
    )
    parser.add_argument(
        "--kb-update",
        metavar="URL",
        default=os.environ.get("NECESSITY_KB_UPDATE"),
        help="URL of the endpoint for updates (default: $NECESSITY_KB_UPDATE, else --kb with /update for /query)",
    )


def folder(text: str) -> Path:
    """A folder, made absolute."""
    return Path(text).resolve()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write YYYY-MM-DD") from None


def policy(options: argparse.Namespace) -> Policy:
    """The policy that the options name."""
    from reasoner.load import load_policy

    return load_policy(options.policy, root=options.policies)


def configuration(options: argparse.Namespace, policy: Policy) -> Configuration | None:
    """The choice of readings that the options name, if they do."""
    from reasoner.configuration import read_configuration

    return read_configuration(options.config, policy) if options.config else None


def knowledge_base(options: argparse.Namespace, *, write: bool = False) -> KnowledgeBase:
    """The knowledge base that the options name; raises `UsageError` if they name none."""
    from reasoner.kb import KnowledgeBase
    from reasoner.store import open_store

    if not options.kb:
        raise UsageError("no knowledge base is named", mend="Give --kb LOCATION or set NECESSITY_KB")
    return KnowledgeBase(open_store(options.kb, write=write, update_url=options.kb_update))


def cases(options: argparse.Namespace, policy: Policy) -> tuple[list[Case], int]:
    """The cases of all the paths in the order of their IRIs, and how many were rejected; errors are printed."""
    from reasoner import intake, stream

    found, errors = [], []
    how = reading(options, intake.STDIN)
    for data_set in stream.data_sets(options.paths, policy, as_of=options.as_of, **how):
        found += data_set.cases
        errors += [data_set.error] if data_set.error else []
        print_notes(data_set.source, data_set.notes)
    found, twice = intake.refuse_duplicates(found)
    for error in (*errors, *twice):
        print(f"rejected: {error}", file=sys.stderr)
    return sorted(found, key=lambda case: case.iri), len(errors) + len(twice)


def print_notes(name: str, notes: Iterable[str]) -> None:
    """Print what was not used of a file."""
    for note in notes:
        print(f"note: {name}: {note}", file=sys.stderr)


def reading(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """How a file is to be read."""
    from reasoner import intake, piece

    suffix = "." + options.input_format.lstrip(".") if options.input_format else None
    known = [*intake.SUFFIXES, piece.LINES]
    if suffix and suffix not in known:
        raise UsageError(f"--input-format is {options.input_format!r}", mend=f"Known: {' '.join(known)}")
    names = ("phase", "focus", "service_start", "service_end", "jurisdiction", "birth_date")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    request = None
    if given:
        from reasoner.fhir import RequestOptions

        request = RequestOptions(**given)
    return {"suffix": suffix if name == intake.STDIN else None, "options": request}
