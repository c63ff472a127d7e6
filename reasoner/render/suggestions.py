"""Suggestions in each form: lines of JSON and CSV to work with, a page to read, and RDF. None of them is evidence."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from markupsafe import Markup, escape
from rdflib import Graph, Literal, URIRef

from reasoner.abstraction import columns
from reasoner.abstraction.suggestions import Passage, Suggestion
from reasoner.ground.display import guarded, plain
from reasoner.policy.model import Policy
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, OA, RDF
from reasoner.render.document import environment


def to_lines(suggestions: Iterable[Suggestion]) -> str:
    """A line of JSON for each suggestion."""
    return "".join(json.dumps(_fields(suggestion), ensure_ascii=False) + "\n" for suggestion in suggestions)


def _fields(suggestion: Suggestion) -> dict[str, Any]:
    passage = suggestion.passage
    return {
        "criterion": suggestion.criterion.id,
        "rank": suggestion.rank,
        **_where(passage),
        "quote": passage.quote,
        "score": suggestion.score,
        "cues": [{"kind": cue.kind, "start": cue.start, "end": cue.end} for cue in passage.sentence.cues],
        "heading": passage.sentence.heading,
        "like": terms.local(suggestion.finding) if suggestion.finding else "",
        "issued": _day(passage),
        "text": passage.document.digest,
        "also": [{**_where(copy), "issued": _day(copy)} for copy in suggestion.copies],
        "method": suggestion.method,
    }


def _where(passage: Passage) -> dict[str, Any]:
    sentence = passage.sentence
    return {"file": passage.document.name, "page": sentence.page, "start": sentence.start, "end": sentence.end}


def _day(passage: Passage) -> str:
    return passage.issued.isoformat() if passage.issued else ""


def to_text(suggestions: Sequence[Suggestion]) -> str:
    """The suggestions for a terminal: by criterion, each with its score, its passage and its cues."""
    lines: list[str] = []
    for criterion, of_criterion in groupby(suggestions, key=lambda suggestion: suggestion.criterion):
        lines.append(f"{criterion.id}  {criterion.label}")
        for suggestion in of_criterion:
            passage = suggestion.passage
            cues = f"  [{', '.join(sorted(passage.kinds))}]" if passage.kinds else ""
            lines.append(f"{suggestion.rank:4}  {suggestion.score:.4f}  {plain(passage.quote)}{cues}")
            lines += [f"              {plain(_told(each))}" for each in (passage, *suggestion.copies)]
        lines.append("")
    return "\n".join(lines) or "No sentence was found.\n"


def to_csv(suggestions: Iterable[Suggestion], facts: Mapping[str, str]) -> str:
    """A review sheet: a row for each suggestion, with blank cells for what a person says of it.

    Args:
        suggestions: in the order of the rows.
        facts: facts of the request, by column.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, (*columns.ORDER, *facts), lineterminator="\n")
    writer.writeheader()
    for suggestion in suggestions:
        passage = suggestion.passage
        row = {
            columns.CRITERION: suggestion.criterion.id,
            columns.LABEL: suggestion.criterion.label,
            columns.RANK: str(suggestion.rank),
            columns.QUOTE: passage.quote,
            columns.CUES: ", ".join(sorted(passage.kinds)),
            columns.BEFORE: passage.before.strip(),
            columns.AFTER: passage.after.strip(),
            columns.HEADING: passage.sentence.heading,
            columns.LIKE: terms.local(suggestion.finding) if suggestion.finding else "",
            columns.FILE: passage.document.name,
            columns.PAGE: str(passage.sentence.page),
            "document": passage.document.name,
            "issued": _day(passage),
            columns.SCORE: str(suggestion.score),
            columns.TEXT: passage.document.digest,
            columns.START: str(passage.sentence.start),
            columns.END: str(passage.sentence.end),
            columns.ALSO: " | ".join(
                f"{copy.document.name} {copy.sentence.start}-{copy.sentence.end} {_day(copy)}".rstrip()
                for copy in suggestion.copies
            ),
            columns.METHOD: suggestion.method,
        }
        writer.writerow({name: guarded(cell) for name, cell in (row | dict(facts)).items()})
    return text.getvalue()


def to_html(suggestions: Sequence[Suggestion]) -> str:
    """The suggestions as one self-contained page to read, by criterion, with the cues marked."""
    criteria = [
        {
            "id": criterion.id,
            "label": criterion.label,
            "definition": criterion.definition,
            "rows": [_row(suggestion) for suggestion in of_criterion],
        }
        for criterion, of_criterion in groupby(suggestions, key=lambda suggestion: suggestion.criterion)
    ]
    method = suggestions[0].method if suggestions else ""
    return environment("html").get_template("suggestions.html").render(criteria=criteria, method=method)


def _row(suggestion: Suggestion) -> dict[str, Any]:
    passage = suggestion.passage
    return {
        "rank": suggestion.rank,
        "quote": _marked(passage),
        "before": plain(" ".join(passage.before.split())),
        "after": plain(" ".join(passage.after.split())),
        "cues": sorted(passage.kinds),
        "heading": passage.sentence.heading,
        "where": [_told(each) for each in (passage, *suggestion.copies)],
        "like": terms.words(terms.local(suggestion.finding)) if suggestion.finding else "",
    }


def _told(passage: Passage) -> str:
    issued = f" of {passage.issued}" if passage.issued else ""
    sentence = passage.sentence
    return f"{passage.document.name}{issued}, page {sentence.page}, characters {sentence.start}–{sentence.end}"


def _marked(passage: Passage) -> Markup:
    """The words of a sentence with its cues marked."""
    start, text = passage.sentence.start, passage.document.text
    parts, at = [], start
    for cue in sorted(passage.sentence.cues, key=lambda cue: (cue.start, -cue.end)):
        if cue.start < at or cue.end > passage.sentence.end:  # within another cue, or in the heading
            continue
        parts.append(escape(_line(text[at : cue.start])))
        parts.append(Markup('<mark title="{}">{}</mark>').format(cue.kind, _line(text[cue.start : cue.end])))
        at = cue.end
    return Markup("").join((*parts, escape(_line(text[at : passage.sentence.end]))))


def _line(text: str) -> str:
    """Text in one line, without what a terminal or a page would obey; a space at either end is kept."""
    return f"{text[:1].isspace() * ' '}{plain(text)}{text[-1:].isspace() * ' '}"


def to_graph(suggestions: Iterable[Suggestion], policy: Policy) -> Graph:
    """The suggestions as RDF; none is a statement, and no determination reads them."""
    graph = Graph(bind_namespaces="none")
    for prefix, iri in sorted(policy.prefixes.items()):
        graph.bind(prefix, iri)
    graph.bind("oa", OA)
    for suggestion in suggestions:
        passage = suggestion.passage
        key = "\n".join((suggestion.criterion.iri, passage.anchor, suggestion.method))
        node = URIRef("urn:necessity:suggestion:" + hashlib.sha256(key.encode()).hexdigest()[:32])
        graph.add((node, RDF.type, NEC.Suggestion))
        graph.add((node, NEC.suggests, URIRef(suggestion.criterion.iri)))
        graph.add((node, NEC.rank, Literal(suggestion.rank)))
        graph.add((node, NEC.score, Literal(Decimal(str(suggestion.score)))))
        graph.add((node, NEC.rankedBy, Literal(suggestion.method)))
        graph.add((node, NEC.words, Literal(passage.quote)))
        graph.add((node, NEC.source, Literal(passage.document.name)))
        graph.add((node, NEC.page, Literal(str(passage.sentence.page))))
        if suggestion.finding:
            graph.add((node, NEC.likeFinding, URIRef(suggestion.finding)))
        for kind in passage.kinds:
            graph.add((node, NEC.cue, Literal(kind)))
        for each in (passage, *suggestion.copies):
            graph.add((node, OA.hasTarget, URIRef(each.anchor)))
    return graph
