"""Anchors: which characters of a document's text a statement rests on.

A statement names them with one triple, ``oa:hasTarget <ni:///sha-256;DIGEST#char=START,END>`` (RFC 6920, RFC 5147; code
points). Its document has that text as ``nec:text``, and where the text itself is in the data set (``nec:content``), the excerpt
has to stand in it. White space and hyphens are folded for that, as copying from a page changes them.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.chart.documents.model import DIGEST_SCHEME, DocumentText, digest_of
from reasoner.chart.model import Anchor
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, RDF

_DIGEST = re.compile(re.escape(DIGEST_SCHEME) + r"[A-Za-z0-9_-]{43}")
_TARGET = re.compile(rf"({_DIGEST.pattern})#char=(0|[1-9]\d{{0,8}}),([1-9]\d{{0,8}})")
_FOLDED = re.compile(r"(?<=\w)[-\u00ad\u2010\u2011]\s*(?=\w)|\u00ad|\s+")
_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|…|\.\.\.)\s*")
_AROUND = 32  # code points of prefix and suffix
_SHOWN = 60  # code points of words in an error


class Characters(NamedTuple):
    """Code points of a text."""

    text: str
    """The text's digest, which is its IRI."""
    start: int
    end: int


class _Text(NamedTuple):
    """A text in a data set."""

    content: str
    page_starts: tuple[int, ...]


def target_iri(text: str, start: int, end: int) -> str:
    """The IRI of code points of a text.

    Args:
        text: the text's digest; see `reasoner.chart.documents.model.DocumentText`.
        start: the first code point.
        end: the one after the last.
    """
    return f"{text}#char={start},{end}"


def parse_target(iri: str) -> Characters | None:
    """The characters that an IRI names; None if it names none."""
    match = _TARGET.fullmatch(iri)
    if match is None or int(match[2]) >= int(match[3]):
        return None
    return Characters(match[1], int(match[2]), int(match[3]))


def text_triples(document: URIRef, text: DocumentText) -> Iterator[tuple[URIRef, URIRef, Node]]:
    """The triples that give a document its text.

    Args:
        document: the document's IRI.
        text: what it says.
    """
    node = URIRef(text.digest)
    yield document, NEC.text, node
    yield node, RDF.type, NEC.DocumentText
    yield node, NEC.content, Literal(text.text)
    yield node, DCTERMS["format"], Literal(text.media_type)
    yield node, NEC.pageStarts, Literal(" ".join(str(page.start) for page in text.pages))
    yield node, NEC.original, URIRef(text.original_digest)


def find(excerpt: str, content: str) -> tuple[int, int] | None:
    """Where an excerpt stands first in a text, from the first of its parts to the last; None if it does not.

    White space and hyphens are folded. An ellipsis parts what stands apart, in order.
    """
    if not _ELLIPSIS.search(excerpt) and (exact := content.find(excerpt)) >= 0:
        return exact, exact + len(excerpt)
    folded, places = _folded(content)
    start = at = -1
    end = 0
    for part in filter(None, (_FOLDED.sub(_fold, words).strip() for words in _ELLIPSIS.split(excerpt))):
        at = folded.find(part, end)
        if at < 0:
            return None
        start = at if start < 0 else start
        end = at + len(part)
    return None if start < 0 else (places[start], places[end - 1] + 1)


def problems(data: Graph) -> Iterator[str]:
    """What is wrong with the texts of a data set, and with the anchors and excerpts of its statements."""
    texts: dict[str, _Text] = {}
    for node in sorted(data.subjects(NEC.content), key=str):
        content = data.value(node, NEC.content)
        if len(list(data.objects(node, NEC.content))) > 1 or not isinstance(content, Literal):
            yield f"<{node}>: nec:content has to be one literal"
        elif digest_of(str(content).encode()) != str(node):
            yield f"<{node}>: nec:content is not the text with this digest: name it <{digest_of(str(content).encode())}>"
        elif (starts := _page_starts(data, node, len(str(content)))) is None:
            yield f"<{node}>: nec:pageStarts has to be the first code point of each page in order, such as 0 2310 4555"
        else:
            texts[str(node)] = _Text(str(content), starts)
    for document, text in sorted(data.subject_objects(NEC.text), key=str):
        if not isinstance(text, URIRef) or not _DIGEST.fullmatch(str(text)):
            yield f"<{document}>: nec:text has to be the digest of a text, <{DIGEST_SCHEME}…> (RFC 6920)"
    for statement in sorted({*data.subjects(OA.hasTarget), *(data.subjects(NEC.excerpt) if texts else ())}, key=str):
        if problem := _problem(data, statement, texts):
            yield f"<{statement}>: {problem}"


def _problem(data: Graph, statement: Node, texts: dict[str, _Text]) -> str:
    document = data.value(statement, NEC.documentedIn)
    of_document = set(map(str, data.objects(document, NEC.text)))
    targets = list(data.objects(statement, OA.hasTarget))
    excerpt = graphs.text(data, statement, NEC.excerpt)
    if not targets:
        here = [texts[iri] for iri in of_document if iri in texts]
        if excerpt and here and not any(find(excerpt, text.content) for text in here):
            return f"nec:excerpt “{_shown(excerpt)}” does not stand in the text of <{document}>: quote its words"
        return ""
    characters = parse_target(str(targets[0]))
    if len(targets) > 1 or characters is None:
        return f"oa:hasTarget has to be one <{DIGEST_SCHEME}DIGEST#char=START,END> (RFC 6920, RFC 5147)"
    if characters.text not in of_document:
        return f"oa:hasTarget is of a text that <{document}> does not have: give the document its nec:text"
    text = texts.get(characters.text)
    if text is None:
        return ""
    if characters.end > len(text.content):
        return f"oa:hasTarget ends at {characters.end}, and the text has {len(text.content)} code points"
    there = text.content[characters.start : characters.end]
    if excerpt and find(excerpt, there) is None:
        return f"nec:excerpt “{_shown(excerpt)}” is not what stands at its target, “{_shown(there)}”"
    return ""


def anchor_of(data: Graph, statement: Node) -> Anchor | None:
    """The characters that a statement of a well-formed data set rests on: those it names, else where its excerpt stands first.

    None if it names none and its document has no text in the data set.
    """
    document = data.value(statement, NEC.documentedIn)
    target = data.value(statement, OA.hasTarget)
    if target is not None and (characters := parse_target(str(target))):
        content = data.value(URIRef(characters.text), NEC.content)
        return _anchor(data, characters, None if content is None else str(content))
    excerpt = graphs.text(data, statement, NEC.excerpt)
    for text in sorted(data.objects(document, NEC.text), key=str) if excerpt else ():
        content = data.value(text, NEC.content)
        if content is not None and (found := find(excerpt, str(content))):
            return _anchor(data, Characters(str(text), *found), str(content))
    return None


def _anchor(data: Graph, characters: Characters, content: str | None) -> Anchor:
    text, start, end = characters
    if content is None:
        return Anchor(text, start, end)
    starts = _page_starts(data, URIRef(text), len(content)) or (0,)
    return Anchor(
        text,
        start,
        end,
        page=bisect_right(starts, start),
        exact=content[start:end],
        prefix=content[max(0, start - _AROUND) : start],
        suffix=content[end : end + _AROUND],
    )


def notes(data: Graph) -> tuple[str, ...]:
    """What a reader of the anchors has to know: which excerpts were folded, and which texts are not in the data set."""
    folded: list[str] = []
    missing: dict[str, int] = {}
    for statement in sorted({*data.subjects(OA.hasTarget), *data.subjects(NEC.excerpt)}, key=str):
        anchor = anchor_of(data, statement)
        excerpt = graphs.text(data, statement, NEC.excerpt)
        if anchor and not anchor.exact:
            document = str(data.value(statement, NEC.documentedIn))
            missing[document] = missing.get(document, 0) + 1
        elif anchor and excerpt and excerpt != anchor.exact:
            folded.append(str(statement))
    parts = [
        f"<{document}> has its text elsewhere: {count} excerpt{'s were' if count > 1 else ' was'} not held against it"
        for document, count in missing.items()
    ]
    if folded:
        parts.append(
            "other white space, hyphens or left-out words than in their texts: the excerpts of "
            f"{len(folded)} statement{'s' if len(folded) > 1 else ''}, first <{folded[0]}>"
        )
    return tuple(parts)


def _page_starts(data: Graph, text: Node, length: int) -> tuple[int, ...] | None:
    """Where the pages of a text begin; None if that is not well stated."""
    stated = data.value(text, NEC.pageStarts)
    if stated is None:
        return (0,)
    numbers = str(stated).split()
    if not numbers or not all(number.isascii() and number.isdigit() and len(number) < 10 for number in numbers):
        return None
    starts = tuple(map(int, numbers))
    return starts if starts[0] == 0 and starts[-1] <= length and sorted(set(starts)) == list(starts) else None


@lru_cache(maxsize=8)  # the statements of a chart are of few texts
def _folded(text: str) -> tuple[str, array[int]]:
    """The text with white space and hyphens folded, and where each of its characters stood."""
    parts: list[str] = []
    places = array("l")
    at = 0
    for match in _FOLDED.finditer(text):
        parts.append(text[at : match.start()])
        places.extend(range(at, match.start()))
        if folded := _fold(match):
            parts.append(folded)
            places.append(match.start())
        at = match.end()
    parts.append(text[at:])
    places.extend(range(at, len(text)))
    return "".join(parts), places


def _fold(match: re.Match[str]) -> str:
    return " " if match[0].isspace() else ""


def _shown(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"
