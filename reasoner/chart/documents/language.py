"""The words of documentation: cues, headings, abbreviations, as ``ontology/documentation`` lists them for a language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import SKOS

from reasoner.ground.errors import PolicyError
from reasoner.ground.resources import ONTOLOGY
from reasoner.rdf import parsing
from reasoner.rdf.namespaces import RDF

WORDS = Namespace("https://w3id.org/necessity/documentation/")
_SEVERAL = 4  # words that may stand where a phrase has "…"
_TOKEN = re.compile(r"…|\S+")


class Span(NamedTuple):
    """A stretch of a text, in code points."""

    start: int
    end: int


class Phrases:
    """A list of phrases, some of which say that another one is not meant where they stand."""

    def __init__(self, phrases: Iterable[str], expressions: Iterable[str], apart: Iterable[str]) -> None:
        found = [*map(_expression, phrases), *expressions]
        left_out = [*map(_expression, apart)]
        self._meant = _any_of(found)
        self._apart = _any_of(left_out)

    def find(self, text: str) -> Iterator[Span]:
        """Where a phrase stands that no phrase set apart overlaps.

        Args:
            text: in lower case, with straight apostrophes; see `lowered`.
        """
        if self._meant is None:
            return
        apart = [match.span() for match in self._apart.finditer(text)] if self._apart else []
        for match in self._meant.finditer(text):
            start, end = match.span()
            if not any(left < end and start < right for left, right in apart):
                yield Span(start, end)

    def covers(self, text: str) -> bool:
        """Whether a text, in lower case, is one of the phrases and nothing besides."""
        return bool(self._meant and self._meant.fullmatch(text))


@dataclass(frozen=True)
class HeadingWords:
    """Headings of a kind."""

    kind: str
    cue: str
    """The kind of cue that such a heading is for what stands under it; empty if it is none."""
    phrases: Phrases


@dataclass(frozen=True)
class Language:
    """How documentation is worded in a language."""

    cues: tuple[tuple[str, Phrases], ...]
    headings: tuple[HeadingWords, ...]
    titles: frozenset[str]
    """Abbreviations that end no sentence, in lower case without their full stop."""
    units: frozenset[str]
    """Abbreviations that end one only before a capital letter."""
    answers: frozenset[str]
    """Labels of check boxes that answer a question."""
    negative_answers: Phrases
    """Answers that, ticked, say no."""


def lowered(text: str) -> str:
    """The text in lower case with straight apostrophes, each character in its place."""
    low = text.lower().replace("’", "'").replace("‘", "'")
    if len(low) != len(text):  # the lower case of some letters is two characters
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text).replace("’", "'").replace("‘", "'")
    return low


@lru_cache(maxsize=1)
def english() -> Language:
    """The words of ``ontology/documentation/english-*.ttl``.

    Raises:
        PolicyError: a file cannot be read, or an expression in it is wrong.
    """
    table = parsing.load_files(sorted((ONTOLOGY / "documentation").glob("*.ttl")))
    return Language(
        cues=tuple((str(table.value(node, SKOS.notation)), _phrases(table, node)) for node in _all(table, "Cue")),
        headings=tuple(
            HeadingWords(
                kind=str(table.value(node, SKOS.notation) or ""),
                cue=str(table.value(table.value(node, WORDS.cue), SKOS.notation) or ""),
                phrases=_phrases(table, node),
            )
            for node in _all(table, "Heading")
        ),
        titles=_words(table, "Titles"),
        units=_words(table, "Units"),
        answers=_words(table, "Answers") | _words(table, "NegativeAnswers"),
        negative_answers=Phrases(_words(table, "NegativeAnswers"), (), ()),
    )


def _all(table: Graph, kind: str) -> list[URIRef]:
    return sorted(node for node in table.subjects(RDF.type, WORDS[kind]) if isinstance(node, URIRef))


def _words(table: Graph, name: str) -> frozenset[str]:
    return frozenset(str(phrase) for phrase in table.objects(WORDS[name], WORDS.phrase))


def _phrases(table: Graph, node: URIRef) -> Phrases:
    def listed(term: URIRef) -> list[str]:
        return sorted(str(value) for value in table.objects(node, term))

    try:
        return Phrases(listed(WORDS.phrase), listed(WORDS.expression), listed(WORDS.apart))
    except re.error as error:
        raise PolicyError(f"an expression is wrong: {error}", where=f"<{node}>") from error


def _expression(phrase: str) -> str:
    """A phrase as a regular expression; see the head of ``ontology/documentation/english-cues.ttl``."""
    parts: list[str] = []
    for token in _TOKEN.findall(phrase):
        if token == "…":
            parts.append(rf"(?:[^\s.;:!?]+\s+){{0,{_SEVERAL}}}?")
            continue
        words = [re.escape(word).replace(r"\*", r"[\w']*") for word in token.split("|")]
        parts.append(("(?:" + "|".join(words) + ")" if len(words) > 1 else words[0]) + r"\s+")
    body = "".join(parts).removesuffix(r"\s+")
    return rf"(?<!\w){body}(?!\w)"


def _any_of(expressions: list[str]) -> re.Pattern[str] | None:
    """One expression for all, the longer ones first."""
    return re.compile("|".join(sorted(expressions, key=lambda e: (-len(e), e)))) if expressions else None
