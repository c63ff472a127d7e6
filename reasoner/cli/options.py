"""What several commands take, as options of the parser and as frozen values: charts, a policy, a knowledge base.

A command's `run` makes these values of the parser's namespace, which goes no further.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.cli.output import is_written_through, say
from reasoner.cli.parser import AXIS, Parser
from reasoner.ground.errors import UsageError
from reasoner.ground.urls import named, shown

if TYPE_CHECKING:
    from reasoner.chart.fhir.request import RequestOptions
    from reasoner.chart.intake_result import IntakeResult
    from reasoner.chart.model import Case
    from reasoner.determination.engine import Engine
    from reasoner.policy.configuration import Configuration
    from reasoner.policy.loading import PolicyLocation
    from reasoner.policy.model import Policy
    from reasoner.store.base import KnowledgeBase

    Commands = argparse._SubParsersAction[Parser]

_REQUEST = ("service_start", "service_end", "jurisdiction", "birth_date", "admitted")
"""The options that state facts of a request beside its axes, by the names of `reasoner.chart.fhir.request.RequestOptions`."""
REQUEST_FACTS = "request facts"
"""Stands for `_REQUEST` and the options of axes in `refuse`."""


@dataclass(frozen=True)
class Inputs:
    """Charts, and how they are read."""

    paths: tuple[str, ...]
    """Files, folders, patterns, or ``-`` for standard input."""
    as_of: date | None
    """The day of review, in place of the requests' own."""
    stdin_suffix: str | None
    """The file type of standard input, such as ``.ttl``."""
    request: RequestOptions | None
    """Facts of a request that FHIR does not state."""

    @classmethod
    def of(cls, options: argparse.Namespace) -> Inputs:
        """The charts that the options of `add_input` and `add_as_of` name; raises `UsageError` for what cannot be."""
        from reasoner.chart import sources
        from reasoner.chart.packing import PACKED, file_type

        suffix = "." + options.input_format.lstrip(".") if options.input_format else None
        known = (*sources.ALL_SUFFIXES, sources.XML)
        if suffix and file_type(suffix)[0] not in known:
            mend = f"Known: {' '.join(sources.ALL_SUFFIXES)}, each also packed as {' or '.join(PACKED)}"
            raise UsageError(f"--input-format is {options.input_format!r}", mend=mend)
        if suffix and not any(map(sources.is_stream, options.paths)):
            raise UsageError("--input-format is for standard input", mend="The name of a file tells its type")
        _refuse_to_replace(options)
        facts = {name: value for name in _REQUEST if (value := getattr(options, name)) is not None}
        request, words = None, axis_words(options)
        if facts or words:
            if not any(sources.may_be_fhir(name, suffix) for name in sources.find(options.paths, sources.ALL_SUFFIXES)):
                refuse(options, (REQUEST_FACTS,), "is for FHIR, and a chart or a sheet states it itself")
            from reasoner.chart.fhir.request import RequestOptions
            from reasoner.policy.axes import choose

            request = RequestOptions(choose(policy(options).axes, words) if words else (), **facts)
        return cls(tuple(map(named, options.paths)), getattr(options, "as_of", None), suffix, request)

    def suffix(self, name: str) -> str | None:
        """The file type of one of the sources, where its name does not tell it."""
        from reasoner.chart import sources

        return sources.given_type(name, self.stdin_suffix)

    def cases(self, policy: Policy) -> tuple[list[Case], int]:
        """The cases of all the paths in the order of their IRIs, and how many were rejected; errors are printed."""
        from reasoner.chart.apart import gather

        def told() -> Iterator[IntakeResult]:
            for result in self.results(policy):
                yield result
                print_notes(result.source, result.notes)

        cases, errors, _ = gather(told())
        print_passed_over(self.paths)
        for error in errors:
            say(f"rejected: {error}")
        return sorted(cases, key=lambda case: case.iri), len(errors)

    def results(self, policy: Policy) -> Iterator[IntakeResult]:
        """What each data set of the paths becomes."""
        from reasoner.chart import intake

        return intake.read_all(self.paths, policy, as_of=self.as_of, suffix=self.stdin_suffix, options=self.request)


@dataclass(frozen=True)
class Basis:
    """What requests are held against: a policy, and a payer's readings and parameters. Both are read once."""

    location: PolicyLocation
    """Where the policy is, for other processes to load it from."""
    policy: Policy
    """With the parameters that the configuration sets."""
    configuration: Configuration | None

    @classmethod
    def of(cls, options: argparse.Namespace) -> Basis:
        """The policy and the configuration that the options name, those of `add_config` among them."""
        from reasoner.policy.configuration import configured, read_configuration

        location = policy_location(options)
        policy = location.load()
        configuration = read_configuration(options.config, policy) if options.config else None
        return cls(location, configured(policy, configuration), configuration)


@dataclass(frozen=True)
class Method:
    """How requests are determined."""

    alternatives: bool
    """Whether every other reading of the text is tried too."""
    engine: Engine


@dataclass(frozen=True)
class BaseLocation:
    """Where a knowledge base is."""

    location: str
    """A directory, or the URL of a SPARQL endpoint."""
    update_url: str | None
    key: Path | None = None
    """The file with the key of the originals."""

    @classmethod
    def of(cls, options: argparse.Namespace) -> BaseLocation:
        """The knowledge base that the options of `add_kb` name; raises `UsageError` if they name none."""
        if not options.kb:
            raise UsageError("no knowledge base is named", mend="Give --kb LOCATION or set NECESSITY_KB")
        return cls(options.kb, options.kb_update, options.originals_key)

    def open(self, *, write: bool = False, checked: bool = True) -> KnowledgeBase:
        """Open it, as `KnowledgeBase` takes the options; raises `StoreError` where that fails."""
        from reasoner.store.backends import open_store
        from reasoner.store.base import KnowledgeBase

        store = open_store(self.location, write=write, update_url=self.update_url)
        return KnowledgeBase(store, checked=checked, key=self.read_key())

    def read_key(self) -> bytes | None:
        """The key of the originals, if one is named; raises `UsageError` if its file holds none."""
        from reasoner.store.originals import read_key

        return read_key(self.key) if self.key else None


def add_input(parser: Parser, paths: str = "+") -> None:
    """Charts, with what their files do not say; `paths` is how many there are, as argparse writes it."""
    parser.add_argument(
        "paths", nargs=paths, metavar="PATH", help="file, folder, pattern in quotes, or - for standard input"
    )
    add_input_format(parser)
    add_request_facts(parser)


def add_input_format(parser: argparse.ArgumentParser) -> None:
    """The file type of standard input."""
    parser.add_argument(
        "--input-format",
        metavar="TYPE",
        help="file type of standard input: ttl, trig, nt, nq, jsonld, rdf, json, ndjson, csv, xlsx or parquet; "
        ".gz or .zst behind it if it is packed",
    )


def add_request_facts(parser: Parser) -> None:
    """What a FHIR bundle does not say of a request."""
    group = parser.add_argument_group("facts of a request that FHIR does not state")
    group.add_argument("--service-start", metavar="DATE", help="first day of the service period")
    group.add_argument("--service-end", metavar="DATE", help="last day of the service period")
    group.add_argument(
        "--admitted", metavar="DATE", help="first day of the stay, if it began before the service period"
    )
    group.add_argument("--birth-date", metavar="DATE", help="birth date of the patient")
    add_jurisdiction(group)
    parser.take_axes(group)


def add_kind_of_request(parser: Parser) -> None:
    """The kind of request that a policy is shown for."""
    group = parser.add_argument_group("the kind of request, with --shapes")
    add_jurisdiction(group)
    group.add_argument("--minor", action="store_true", help="for a member under the age of majority")
    parser.take_axes(group)


def add_jurisdiction(group: argparse._ArgumentGroup) -> None:
    """Where the plan is regulated."""
    group.add_argument("--jurisdiction", metavar="CODE", help="where the plan is regulated, such as US-MO")


def add_review(parser: argparse.ArgumentParser) -> None:
    """On what basis requests are determined."""
    add_as_of(parser)
    add_config(parser)


def add_as_of(parser: argparse.ArgumentParser) -> None:
    """The day on whose knowledge the review is made."""
    parser.add_argument(
        "--as-of",
        metavar="DATE",
        type=day,
        help="review with what was known on this day: what was recorded later does not count",
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """A payer's configuration."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="what a payer sets otherwise than the policy: readings, parameters and lookbacks, as RDF",
    )


def add_readings(parser: argparse.ArgumentParser) -> None:
    """Which readings of the policy are tried."""
    parser.add_argument(
        "--readings",
        choices=("all", "default"),
        metavar="WHICH",
        default="all",
        help="all (if left out) tries the other readings of the policy too, default does not and is faster",
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """What validates."""
    parser.add_argument(
        "--engine",
        choices=("fast", "reference"),
        metavar="ENGINE",
        default="fast",
        help="fast (default) uses the compiled policy, reference uses pySHACL; the results are the same",
    )


def add_out(parser: argparse.ArgumentParser) -> None:
    """Where the results go."""
    parser.add_argument("--out", metavar="FILE", type=new_file, help="write to a file, whole or not at all")
    parser.add_argument(
        "--mode",
        metavar="MODE",
        type=_mode,
        help="permissions of that file, such as 640; default: those of the file that is there, or 600",
    )


def output_of(options: argparse.Namespace) -> tuple[Path | None, int | None]:
    """The file of the results, None for standard output, and its mode; raises `UsageError` for a mode without file."""
    if options.out is None:
        refuse(options, ("mode",), "is for the file of --out")
    return options.out, options.mode


def add_kb(parser: argparse.ArgumentParser) -> None:
    """A knowledge base."""
    group = parser.add_argument_group("knowledge base")
    group.add_argument(
        "--kb",
        metavar="LOCATION",
        default=os.environ.get("NECESSITY_KB"),
        help="the directory of the knowledge base, or the URL of a SPARQL 1.1 endpoint; default NECESSITY_KB",
    )
    group.add_argument(
        "--kb-update",
        metavar="URL",
        default=os.environ.get("NECESSITY_KB_UPDATE"),
        help="the endpoint's URL for updates; default NECESSITY_KB_UPDATE, else that of --kb with /update for /query",
    )
    add_originals_key(parser)


def add_originals_key(parser: argparse.ArgumentParser) -> None:
    """The key of the originals."""
    parser.add_argument(
        "--originals-key",
        metavar="FILE",
        type=Path,
        default=os.environ.get("NECESSITY_ORIGINALS_KEY"),
        help="the key with which original files are encrypted, 32 bytes in base64; default NECESSITY_ORIGINALS_KEY",
    )


def refuse(options: argparse.Namespace, names: Iterable[str], problem: str) -> None:
    """Raise `UsageError` for an option that is given and would do nothing.

    Args:
        options: as the parser gives them.
        names: the options, as the namespace calls them; `REQUEST_FACTS` for those that state facts of a request.
        problem: what follows on the option's name.
    """
    for name in names:
        values: dict[str, object] = {**axis_words(options)} if name == REQUEST_FACTS else {}
        values |= {key: getattr(options, key, None) for key in (_REQUEST if name == REQUEST_FACTS else (name,))}
        for key, value in values.items():
            if value is not None and value is not False and value != []:
                raise UsageError(f"--{key.replace('_', '-')} {problem}", mend="Leave it out")


def _refuse_to_replace(options: argparse.Namespace) -> None:
    """Raise `UsageError` for a file to write to that is one of those that are read, or that another option writes to."""
    from reasoner.chart import archives, sources

    written = dict[Path, str]()
    if getattr(options, "quarantine", None):
        written[(options.quarantine / "rejected.jsonl").resolve()] = "quarantine"
    for option in ("out", "lineage", "report"):
        name = getattr(options, option, None)
        if name in (None, sources.STDIN) or is_written_through(target := Path(name)):
            continue
        if (other := written.setdefault(target.resolve(), option)) != option:
            raise UsageError(f"--{option} is the file of --{other}", where=str(target), mend="Name another one")
        if target.is_file():
            for source in sources.find(options.paths, sources.ALL_SUFFIXES):
                read = Path(archives.file_of(source))
                if read.is_file() and target.samefile(read):
                    raise UsageError(f"--{option} is a file that is read", where=str(target), mend="Name another one")


def axis_words(options: argparse.Namespace) -> dict[str, str]:
    """The words of the axis values that are given, by the word of the axis."""
    values = ((name, value) for name, value in vars(options).items() if name.startswith(AXIS))
    return {name.removeprefix(AXIS): value for name, value in values if value is not None}


def request_facts(options: argparse.Namespace, policy: Policy) -> dict[str, str]:
    """The facts of the request that the options state, by the column of a sheet; blank for those that they do not.

    Raises:
        UsageError: a value is not what it has to be, such as a date.
    """
    from reasoner.abstraction.columns import REQUEST_FACTS
    from reasoner.chart.fhir.request import RequestOptions

    words = axis_words(options)
    stated = {name: getattr(options, name) for name in REQUEST_FACTS}
    RequestOptions((), **stated)
    return {axis.word: words.get(axis.word, "") for axis in policy.axes} | {
        name: value or "" for name, value in stated.items()
    }


def _mode(text: str) -> int:
    if not re.fullmatch("0?[0-7]{3}", text) or text[-3] not in "67":
        raise argparse.ArgumentTypeError(f"{text!r} is no mode that lets you read and write the file; write it as 640")
    return int(text, 8)


def folder(text: str) -> Path:
    """A folder, made absolute."""
    return Path(text).resolve()


def new_file(text: str) -> Path:
    """A file to write, as the parser takes it, in a folder that is there."""
    path = _local(text)
    if not path.name or path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; name a file")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r}: there is no folder {str(path.parent)!r}; make it first")
    return _writable(path, path.resolve().parent)


def new_folder(text: str) -> Path:
    """A folder to write to, as the parser takes it; it need not be there."""
    path = _local(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file; name a folder")
    return _writable(path, next(folder for folder in (path, *path.absolute().parents) if folder.exists()))


def _writable(path: Path, folder: Path) -> Path:
    """A path at which something can be made in a folder: better told now than after hours."""
    if not is_written_through(path) and not os.access(folder, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"{str(path)!r}: you may not write to the folder {str(folder)!r}")
    return path


def _local(text: str) -> Path:
    if "://" in text:
        raise argparse.ArgumentTypeError(f"{shown(text)!r} is a URL; write to this machine, and copy it from there")
    return Path(text)


def day(text: str) -> date:
    """A date, as the parser takes it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write YYYY-MM-DD") from None


def policy_location(options: argparse.Namespace) -> PolicyLocation:
    """Where the policy is that the options name."""
    from reasoner.policy.loading import PolicyLocation

    return PolicyLocation(options.policy, options.policies, options.codes)


def policy(options: argparse.Namespace) -> Policy:
    """The policy that the options name."""
    return policy_location(options).load()


def print_passed_over(paths: Iterable[str]) -> None:
    """Print what is not read of folders."""
    from reasoner.chart import sources

    for name, words in sources.passed_over(paths, sources.ALL_SUFFIXES):
        print_notes(name, [f"not read: {words}"])


def print_notes(name: str, notes: Iterable[str]) -> None:
    """Print what was not used of a file."""
    for note in notes:
        say(f"note: {name}: {note}")
