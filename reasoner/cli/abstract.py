"""The commands on notes: abstract, which suggests sentences for every criterion, and find, which does so for one."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.cli import options as shared
from reasoner.cli.output import DONE, NOTHING, SOME, exit_code, say, write
from reasoner.ground.errors import UsageError, reading

if TYPE_CHECKING:
    from reasoner.abstraction.suggestions import Suggestion
    from reasoner.chart.documents.model import DocumentText
    from reasoner.cli.options import Commands
    from reasoner.policy.model import Criterion, Policy, PolicyVersion

FORMATS = {"jsonl": "suggestions.jsonl", "html": "suggestions.html", "csv": "review.csv", "turtle": "suggestions.ttl"}
"""The forms of suggestions, with the file that each is written to in a folder."""


def add(commands: Commands) -> None:
    """Add the commands to the parser."""
    abstract = commands.add_parser(
        "abstract",
        help="suggest the sentences of notes that may speak to each criterion, or accept those that a person marked",
        examples=(
            "necessity abstract notes/ {axes} --jurisdiction US-MO --out sheets",
            "necessity abstract --accept sheets/review.csv --reviewer 'M. Example' --out chart.ttl notes/",
        ),
    )
    abstract.add_argument(
        "paths", nargs="*", metavar="PATH", help="the documents of one record: files, folders or patterns"
    )
    abstract.add_argument(
        "--format",
        choices=tuple(FORMATS),
        metavar="FORMAT",
        help="jsonl (default), html to read, csv to fill in, or turtle; with --out: all of them",
    )
    abstract.add_argument(
        "--out",
        metavar="PATH",
        type=Path,
        help="a folder to write the suggestions and the documents' texts to; with --accept a file for the chart",
    )
    abstract.add_argument(
        "--accept",
        metavar="REVIEWED.csv",
        type=Path,
        help="make statements of the rows of a review sheet that have a stance, and write the chart as Turtle",
    )
    abstract.add_argument(
        "--originals",
        metavar="DIR",
        type=Path,
        help="with --accept: a folder to keep the files in that the statements rest on, for kb load --originals",
    )
    shared.add_originals_key(abstract)
    abstract.add_argument("--reviewer", metavar="NAME", help="with --accept: who marked the rows that do not say so")
    _add_model(abstract)
    shared.add_request_facts(abstract)
    abstract.set_defaults(run=_abstract)

    find = commands.add_parser(
        "find",
        help="find the sentences of notes that may speak to one criterion, best first",
        examples=(
            "necessity find section:1-a notes/",
            "necessity find section:1 notes/ --format jsonl",
        ),
    )
    find.add_argument(
        "criterion", metavar="CRITERION", help="id of a leaf, or of a group or section for all its leaves"
    )
    find.add_argument(
        "paths", nargs="+", metavar="PATH", help="the documents of one record: files, folders or patterns"
    )
    find.add_argument(
        "--format", choices=("text", "jsonl"), metavar="FORMAT", default="text", help="text (default) or jsonl"
    )
    _add_model(find)
    find.set_defaults(run=_find)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="DIR",
        type=Path,
        help="rank with a sentence encoder too: a folder with model.onnx and tokenizer.json",
    )


@dataclass(frozen=True)
class Documents:
    """The documents of one record that could be read."""

    texts: tuple[DocumentText, ...]
    rejected: int

    @classmethod
    def of(cls, paths: Sequence[str]) -> Documents:
        """Those of some paths; what cannot be read is printed. Raises `UsageError` where there is none."""
        from reasoner.chart import sources
        from reasoner.chart.documents.reading import SUFFIXES, TEXT, read_documents
        from reasoner.ground.errors import DocumentationError

        if not paths:
            raise UsageError("no document is named", mend="Give files, folders or patterns")
        texts: list[DocumentText] = []
        rejected = 0
        for name in sources.find(paths, tuple(SUFFIXES)):
            if name == sources.STDIN:
                found = read_documents(sys.stdin.buffer.read(), "standard input", TEXT)
            else:
                found = read_documents(Path(name), name)
            for document in found:
                if isinstance(document, DocumentationError):
                    say(f"rejected: {document}")
                    rejected += 1
                else:
                    shared.print_notes(document.name, document.notes)
                    texts.append(document)
        return cls(tuple(texts), rejected)


def _abstract(options: argparse.Namespace) -> int:
    if options.accept and options.format:
        raise UsageError("--accept writes a chart", mend="Leave out --format")
    for option in ("reviewer", "originals"):
        if getattr(options, option) and not options.accept:
            raise UsageError(f"--{option} is for --accept", mend="Leave it out")
    policy = shared.policy(options)
    facts = shared.request_facts(options, policy)
    if options.accept:
        documents = Documents.of(options.paths) if options.paths else Documents((), 0)
        if options.originals and not documents.texts:
            raise UsageError("--originals keeps documents, and none is named", mend="Name them as PATH")
        code, named = _accept(policy, options.accept, documents, options.reviewer or "", facts, options.out)
        if options.originals:
            _keep(options.originals, options.originals_key, documents, named)
        return code
    criteria = _criteria(policy, facts)
    documents = Documents.of(options.paths)
    suggestions = _suggest(policy, documents, criteria, options.model)
    if options.out is None:
        write(_written(options.format or "jsonl", suggestions, documents, policy, facts), None)
        return exit_code(len(documents.texts), documents.rejected)
    folder = _folder(options.out)
    for form in (options.format,) if options.format else FORMATS:
        write(_written(form, suggestions, documents, policy, facts), folder / FORMATS[form])
    for document in documents.texts:
        write(document.text, _folder(folder / "texts") / f"{document.digest.rpartition(';')[2]}.txt")
    say(f"{len(suggestions)} suggestions for {len(criteria)} criteria")
    return exit_code(len(documents.texts), documents.rejected)


def _find(options: argparse.Namespace) -> int:
    from reasoner.abstraction.suggestions import leaves_of
    from reasoner.render import suggestions as forms

    policy = shared.policy(options)
    criteria = leaves_of(policy.versions[-1], options.criterion)
    documents = Documents.of(options.paths)
    found = _suggest(policy, documents, criteria, options.model)
    write(forms.to_lines(found) if options.format == "jsonl" else forms.to_text(found), None)
    return exit_code(len(documents.texts), documents.rejected)


def _suggest(
    policy: Policy, documents: Documents, criteria: Sequence[Criterion], model: Path | None
) -> tuple[Suggestion, ...]:
    from reasoner.abstraction.dates import issued
    from reasoner.abstraction.suggestions import Abstractor

    days = {document.digest: issued(document, date.today()) for document in documents.texts}
    known = {digest: day for digest, day in days.items() if day}
    return Abstractor(policy, model).suggest(documents.texts, criteria, issued=known)


def _accept(
    policy: Policy, sheet: Path, documents: Documents, reviewer: str, facts: dict[str, str], out: Path | None
) -> tuple[int, frozenset[str]]:
    """Write the chart of a reviewed sheet; the exit code, and the digests of the texts that its statements rest on."""
    from reasoner.abstraction.accepting import accept
    from reasoner.chart import intake
    from reasoner.rdf import parsing
    from reasoner.rdf.namespaces import NEC

    accepted = accept(
        parsing.read_bytes(sheet),
        str(sheet),
        policy,
        today=date.today(),
        reviewer=reviewer,
        facts={name: value for name, value in facts.items() if value},
        documents=documents.texts,
    )
    for error in accepted.errors:
        say(f"rejected: {error}")
    graph = accepted.chart
    if not graph:
        say("note: no row has a stance" if not accepted.errors else "note: nothing was taken")
        return NOTHING, frozenset()
    with reading(str(sheet)):  # what is written can be determined, or is an error
        intake.read_graph(graph, policy)
    for prefix, iri in sorted(policy.prefixes.items()):
        graph.bind(prefix, iri)
    graph.bind("oa", "http://www.w3.org/ns/oa#")
    write(graph.serialize(format="turtle"), out)
    return SOME if accepted.errors or documents.rejected else DONE, frozenset(map(str, graph.objects(None, NEC.text)))


def _keep(folder: Path, key: Path | None, documents: Documents, named: frozenset[str]) -> None:
    """Keep the files of documents whose texts are among some digests."""
    from reasoner.store.originals import Originals, read_key

    originals = Originals(folder, key=read_key(key) if key else None)
    for document in documents.texts:
        if document.digest in named:
            originals.keep(document.original)


def _criteria(policy: Policy, facts: dict[str, str]) -> tuple[Criterion, ...]:
    """The leaves that the request is asked; all of them, where the options do not say what kind of request it is."""
    from reasoner.abstraction.suggestions import asked, leaves_of
    from reasoner.policy import describe

    version = _version(policy, facts["service_start"])
    words = {axis.word: facts[axis.word] for axis in policy.axes if facts[axis.word]}
    if not words and not facts["jurisdiction"]:
        sections = (*version.sections, *(section.criterion.iri for section in version.lists))
        return tuple(dict.fromkeys(leaf for section in sections for leaf in leaves_of(version, section)))
    return asked(describe.effective(version, words, facts["jurisdiction"], _is_minor(version, facts)))


def _version(policy: Policy, start: str) -> PolicyVersion:
    if not start:
        return policy.versions[-1]
    version = policy.version_on(date.fromisoformat(start))
    if version is None:
        raise UsageError(f"no version of the policy is in force on {start}", mend="Correct --service-start")
    return version


def _is_minor(version: PolicyVersion, facts: dict[str, str]) -> bool:
    from reasoner.ground.days import age_on

    if not facts["birth_date"]:
        return False
    if not facts["service_start"]:
        raise UsageError("the age at the start of service is not said", mend="Give --service-start with --birth-date")
    start, born = date.fromisoformat(facts["service_start"]), date.fromisoformat(facts["birth_date"])
    if born > start:
        raise UsageError("--birth-date lies after --service-start", mend="Give the member's date of birth")
    return age_on(start, born) < version.age_of_majority


def _written(
    form: str, suggestions: Sequence[Suggestion], documents: Documents, policy: Policy, facts: dict[str, str]
) -> str:
    from reasoner.render import suggestions as forms

    if form == "jsonl":
        return forms.to_lines(suggestions)
    if form == "html":
        return forms.to_html(suggestions)
    if form == "turtle":
        return forms.to_graph(suggestions, policy).serialize(format="turtle")
    digests = hashlib.sha256("\n".join(document.digest for document in documents.texts).encode()).hexdigest()
    named = {"request": f"record-{digests[:12]}"} | facts
    return forms.to_csv(suggestions, named)


def _folder(path: Path) -> Path:
    try:
        path.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out cannot be a folder: {error.strerror}", where=str(path)) from error
    return path
