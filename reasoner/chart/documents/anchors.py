"""Anchors: which characters of a document's text a statement rests on.

A statement names them with one triple, ``oa:hasTarget <ni:///sha-256;DIGEST#char=START,END>`` (RFC 6920, RFC 5147; code
points). Its document has that text as ``nec:text``, and where the text itself is in the data set (``nec:content``), the excerpt
has to stand in it. White space and hyphens are folded for that, as copying from a page changes them.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
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
_TARGETS = re.compile(f"^{_TARGET.pattern}$", re.MULTILINE)
_FOLDED = re.compile(r"(?<=\w)[-\u00ad\u2010\u2011]\s*(?=\w)|\u00ad|\s+")
_ELLIPSIS = re.compile(r"\[\s{0,4}(?:…|\.\.\.)\s{0,4}\]|…|\.\.\.")
_NUMBERS = re.compile(r"[0-9]{1,9}(?: [0-9]{1,9})*")
_NO_STARTS = "nec:pageStarts has to be the first code point of each page in order, such as 0 2310 4555"
_NO_TARGET = f"oa:hasTarget has to be one <{DIGEST_SCHEME}DIGEST#char=START,END> (RFC 6920, RFC 5147)"
_AROUND = 32  # code points of prefix and suffix
_SHOWN = 60  # code points of words in an error


class Characters(NamedTuple):
    """Code points of a text."""

    text: str
    """The text's digest, which is its IRI."""
    start: int
    end: int


class Text(NamedTuple):
    """A text that is in a data set."""

    content: str
    page_starts: tuple[int, ...] = (0,)


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


def places_of(targets: Sequence[str], texts: Sequence[str]) -> list[tuple[int, int] | None]:
    """Where the characters begin and end that each of many IRIs names; None if it names none, or those of another text.

    Args:
        targets: the IRIs.
        texts: the digest of each one's text.
    """
    found = _TARGETS.findall("\n".join(targets))
    if len(found) != len(targets):
        parsed = map(parse_target, targets)
        return [c[1:] if c and c.text == text else None for c, text in zip(parsed, texts, strict=True)]
    return [
        (first, last) if named == text and (first := int(start)) < (last := int(end)) else None
        for (named, start, end), text in zip(found, texts, strict=True)
    ]


def is_digest(iri: str) -> bool:
    """Whether an IRI is the digest of a text."""
    return bool(_DIGEST.fullmatch(iri))


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


def read_text(iri: str, content: str, page_starts: str | None) -> Text | str:
    """A text of a data set, or what is wrong with it.

    Args:
        iri: its IRI, which has to be its digest.
        content: its characters.
        page_starts: the first code point of each page, as ``nec:pageStarts`` states them; None if it is not stated.
    """
    if (digest := digest_of(content.encode())) != iri:
        return f"nec:content is not the text with this digest: name it <{digest}>"
    numbers = "0" if page_starts is None else page_starts
    if not _NUMBERS.fullmatch(numbers):
        return _NO_STARTS
    starts = tuple(map(int, numbers.split(" ")))
    if starts[0] != 0 or starts[-1] > len(content) or sorted(set(starts)) != list(starts):
        return _NO_STARTS
    return Text(content, starts)


def problem_of(target: str, excerpt: str, of_document: Collection[str], texts: Mapping[str, Text]) -> str:
    """What is wrong with where a statement says that it stands; empty if nothing is.

    Args:
        target: the IRI of its characters; empty if it names none.
        excerpt: its words; empty if it has none.
        of_document: the IRIs of its document's texts.
        texts: the texts in the data set.
    """
    if not target:
        here = [texts[iri] for iri in of_document if iri in texts]
        if excerpt and here and not any(find(excerpt, text.content) for text in here):
            return f"nec:excerpt “{_shown(excerpt)}” does not stand in the text of its document: quote its words"
        return ""
    characters = parse_target(target)
    if characters is None:
        return _NO_TARGET
    if characters.text not in of_document:
        return "oa:hasTarget is of a text that its document does not have: give the document its nec:text"
    text = texts.get(characters.text)
    if text is None:
        return ""
    if characters.end > len(text.content):
        return f"oa:hasTarget ends at {characters.end}, and the text has {len(text.content)} code points"
    there = text.content[characters.start : characters.end]
    if excerpt and excerpt != there and find(excerpt, there) is None:
        return f"nec:excerpt “{_shown(excerpt)}” is not what stands at its target, “{_shown(there)}”"
    return ""


def anchor_of(target: str, excerpt: str, of_document: Collection[str], texts: Mapping[str, Text]) -> Anchor | None:
    """The characters that a statement rests on: those it names, else where its excerpt stands first.

    Takes what `problem_of` takes, which has found nothing wrong. None if it names none and its document has no text in the
    data set.
    """
    if target and (characters := parse_target(target)):
        return _anchor(characters, texts.get(characters.text))
    for iri in sorted(of_document) if excerpt else ():
        if iri in texts and (found := find(excerpt, texts[iri].content)):
            return _anchor(Characters(iri, *found), texts[iri])
    return None


def _anchor(characters: Characters, text: Text | None) -> Anchor:
    iri, start, end = characters
    if text is None:
        return Anchor(iri, start, end)
    return Anchor(
        iri,
        start,
        end,
        page=bisect_right(text.page_starts, start),
        exact=text.content[start:end],
        prefix=text.content[max(0, start - _AROUND) : start],
        suffix=text.content[end : end + _AROUND],
    )


def problems(data: Graph) -> Iterator[str]:
    """What is wrong with the texts of a data set, and with the anchors and excerpts of its statements."""
    for node in sorted(data.subjects(NEC.content, unique=True), key=str):
        for predicate in (NEC.content, NEC.pageStarts):
            values = list(data.objects(node, predicate))
            if len(values) > 1 or not all(isinstance(value, Literal) for value in values):
                yield f"<{node}>: nec:{predicate.fragment} has to be one literal"
                return
        if isinstance(text := _read(data, node), str):
            yield f"<{node}>: {text}"
    for document, text_node in sorted(data.subject_objects(NEC.text), key=str):
        if not isinstance(text_node, URIRef) or not is_digest(str(text_node)):
            yield f"<{document}>: nec:text has to be the digest of a text, <{DIGEST_SCHEME}…> (RFC 6920)"
    texts = texts_of(data)
    named = {*data.subjects(OA.hasTarget), *(data.subjects(NEC.excerpt) if texts else ())}
    for statement in sorted(
        named & set(data.subjects(NEC.documentedIn)), key=str
    ):  # a nec:Suggestion is in no document
        several = len(list(data.objects(statement, OA.hasTarget))) > 1
        if problem := _NO_TARGET if several else problem_of(*_said(data, statement), texts):
            yield f"<{statement}>: {problem}"


def texts_of(data: Graph) -> dict[str, Text]:
    """The texts of a data set that are well formed, by IRI."""
    found = {str(node): _read(data, node) for node in data.subjects(NEC.content, unique=True)}
    return {iri: text for iri, text in found.items() if isinstance(text, Text)}


def anchor_in(data: Graph, statement: Node, texts: Mapping[str, Text]) -> Anchor | None:
    """The characters that a statement of a well-formed data set rests on; see `anchor_of`."""
    return anchor_of(*_said(data, statement), texts)


def notes(data: Graph) -> tuple[str, ...]:
    """What a reader of the anchors has to know: which excerpts were folded, and which texts are not in the data set."""
    texts = texts_of(data)
    folded: list[str] = []
    missing: dict[str, int] = {}
    for statement in sorted({*data.subjects(OA.hasTarget), *data.subjects(NEC.excerpt)}, key=str):
        target, excerpt, of_document = _said(data, statement)
        if problem_of(target, excerpt, of_document, texts):
            continue
        anchor = anchor_of(target, excerpt, of_document, texts)
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


def _read(data: Graph, node: Node) -> Text | str:
    starts = data.value(node, NEC.pageStarts)
    return read_text(str(node), str(data.value(node, NEC.content)), None if starts is None else str(starts))


def _said(data: Graph, statement: Node) -> tuple[str, str, set[str]]:
    """The target and the excerpt of a statement, and the texts of its document."""
    document = data.value(statement, NEC.documentedIn)
    return (
        str(data.value(statement, OA.hasTarget) or ""),
        graphs.text(data, statement, NEC.excerpt),
        set(map(str, data.objects(document, NEC.text))),
    )


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
