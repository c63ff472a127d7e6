"""The words of documentation: cues, headings, abbreviations, as ``ontology/documentation`` lists them for a language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from rdflib import Graph, Namespace
from rdflib.term import Node

from reasoner.ground.errors import PolicyError
from reasoner.ground.resources import ONTOLOGY
from reasoner.rdf import parsing
from reasoner.rdf.namespaces import RDF, SKOS

WORDS = Namespace("https://w3id.org/necessity/documentation/")
_SEVERAL = 4  # words that may stand where a phrase has "…"
_SPACE = r"[\s\"“”(]+"  # also between a subject and what is quoted of it
_WORD = re.compile(r"\w+")
_PLAIN = re.compile(r"(?:[a-z,;'\"()\s-]|\.(?!\.))*")
"""Text in which no expression can be found: without digits and signs."""
_TERMS = ("phrase", "subject", "expression", "apart")
_BEFORE = 48  # code points before a subject in which its clause can begin
_NAMED = re.compile(r"<(\w+)>")
_PREFIX = 3  # letters of a word with any ending by which it is found


class _PhraseUse(IntEnum):
    """What a phrase of a list is."""

    MEANT = 0
    SUBJECT = 1
    """Meant where a clause begins with it."""
    APART = 2
    """None of the list is meant in it."""


class Span(NamedTuple):
    """A stretch of a text, in code points."""

    start: int
    end: int


class Phrases:
    """A list of phrases, some of which say that another one is not meant where they stand."""

    def __init__(self, phrases: Iterable[str], apart: Iterable[str] = ()) -> None:
        self._meant = _any_of(map(_expression, phrases))
        self._apart = _any_of(map(_expression, apart))

    def find(self, text: str) -> bool:
        """Whether a phrase stands in a text in lower case and none that is set apart."""
        return bool(self._meant.search(text)) and not self._apart.search(text)

    def covers(self, text: str) -> bool:
        """Whether a text in lower case is one of the phrases and nothing besides."""
        return bool(self._meant.fullmatch(text))


class CueWords:
    """The phrases of every kind of cue, found by their first words."""

    def __init__(self, lists: Iterable[CueList], clauses: Clauses) -> None:
        begun: dict[tuple[str, str, _PhraseUse], list[str]] = {}
        openers, determiners, joiners = map(_alternatives, clauses)
        self._opens = re.compile(rf"(?:^|[^\w\s'*)/]\s*|(?<!\w)(?:{openers})\s+)(?:(?:{determiners})[\s-]+)*$")
        self._said_of = re.compile(
            rf"(?:'s?)?\s*(?:\([^)\n]{{1,20}}\)\s*)?"
            rf"(?:[:–—-]\s*[^\s\"“]|,\s(?:{determiners})\s|(?<=[\s)])[\"“]?(?!(?:{joiners})\b)[a-z])"
        )
        """What follows a subject: a word that says something of it, or a sign before anything but speech."""
        self._expressions: list[tuple[str, re.Pattern[str]]] = []
        for cue in lists:
            for phrases, use in (
                (cue.phrases, _PhraseUse.MEANT),
                (cue.subjects, _PhraseUse.SUBJECT),
                (cue.apart, _PhraseUse.APART),
            ):
                for phrase in phrases:
                    for key in _keys(phrase):
                        begun.setdefault((key, cue.kind, use), []).append(_expression(phrase))
            if cue.expressions:
                self._expressions.append((cue.kind, _any_of(cue.expressions)))
        self._by_word: dict[str, list[tuple[str, _PhraseUse, re.Pattern[str]]]] = {}
        for (key, kind, use), expressions in sorted(begun.items()):
            self._by_word.setdefault(key, []).append((kind, use, _any_of(expressions)))

    def find(self, low: str, start: int, end: int) -> list[tuple[str, Span]]:
        """The cues of a stretch of a text in lower case: each phrase, but for one that a phrase set apart overlaps or covers."""
        meant: list[tuple[str, int, int]] = []
        apart: list[tuple[str, int, int]] = []
        for word in _WORD.finditer(low, start, end):
            at = word.start()
            for key in (word[0], word[0][:_PREFIX] + "*"):
                for kind, use, expression in self._by_word.get(key, ()):
                    found = expression.match(low, at, end)
                    if found and (use is not _PhraseUse.SUBJECT or self._is_subject(low, start, *found.span())):
                        (apart if use is _PhraseUse.APART else meant).append((kind, at, found.end()))
        for kind, expression in () if _PLAIN.fullmatch(low, start, end) else self._expressions:
            meant.extend((kind, *found.span()) for found in expression.finditer(low, start, end) if found[0])
        return [
            (kind, Span(left, right))
            for kind, left, right in meant
            if not any(
                kind == other and left < stop and begin < right and not (left <= begin and stop < right)
                for other, begin, stop in apart
            )
        ]

    def _is_subject(self, low: str, start: int, left: int, right: int) -> bool:
        """Whether words of a sentence begin a clause, but for what stands before a subject, and something is said of them."""
        first = max(start, left - _BEFORE)
        before = low[first:left] if first == start else "x" + low[first:left]
        return bool(self._said_of.match(low, right) and self._opens.search(before))


class Clauses(NamedTuple):
    """Words by which the subject of a clause is known."""

    openers: frozenset[str]
    determiners: frozenset[str]
    joiners: frozenset[str]


class CueList(NamedTuple):
    """What ``ontology/documentation`` says of a kind of cue."""

    kind: str
    phrases: list[str]
    subjects: list[str]
    expressions: list[str]
    apart: list[str]


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

    cues: CueWords
    headings: tuple[HeadingWords, ...]
    unfinished: Phrases
    """Words with which no sentence ends."""
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
    try:
        return Language(
            cues=CueWords(
                (
                    CueList(_notation(table, node), *(_spelt(table, node, term) for term in _TERMS))
                    for node in _all(table, "Cue")
                ),
                Clauses(*(_words(table, name) for name in ("Openers", "Determiners", "Joiners"))),
            ),
            headings=tuple(
                HeadingWords(
                    kind=_notation(table, node),
                    cue=_notation(table, table.value(node, WORDS.cue)),
                    phrases=Phrases(_listed(table, node, "phrase"), _listed(table, node, "apart")),
                )
                for node in _all(table, "Heading")
            ),
            unfinished=Phrases(_words(table, "Unfinished")),
            titles=_words(table, "Titles"),
            units=_words(table, "Units"),
            answers=_words(table, "Answers") | _words(table, "NegativeAnswers"),
            negative_answers=Phrases(_words(table, "NegativeAnswers")),
        )
    except re.error as error:
        raise PolicyError(f"an expression is wrong: {error}", where="ontology/documentation") from error


def _all(table: Graph, kind: str) -> list[Node]:
    return sorted(table.subjects(RDF.type, WORDS[kind]), key=str)


def _notation(table: Graph, node: Node | None) -> str:
    return str(table.value(node, SKOS.notation) or "")


def _listed(table: Graph, node: Node, term: str) -> list[str]:
    return sorted(map(str, table.objects(node, WORDS[term])))


def _spelt(table: Graph, node: Node, term: str) -> list[str]:
    """The phrases of a list with the words of the lists that they name."""
    if term == "expression":
        return _listed(table, node, term)
    named = {_notation(table, words): "|".join(_listed(table, words, "phrase")) for words in _all(table, "WordList")}
    return [_NAMED.sub(lambda name: named[name[1]], phrase) for phrase in _listed(table, node, term)]


def _words(table: Graph, name: str) -> frozenset[str]:
    return frozenset(_listed(table, WORDS[name], "phrase"))


def _keys(phrase: str) -> Iterator[str]:
    """What the first word of a phrase can begin with: words, or the beginning of one with a star for the rest."""
    for word in phrase.split(None, 1)[0].split("|"):
        begin = _WORD.match(word)
        if begin is None:
            raise re.error(f"{phrase!r} begins with no word")
        yield begin[0][:_PREFIX] + "*" if word[begin.end() :].startswith("*") else begin[0]


def _expression(phrase: str) -> str:
    """A phrase as a regular expression; see the head of ``ontology/documentation/language.ttl``."""
    parts: list[str] = []
    for token in phrase.split():
        if token == "…":
            parts.append(rf"(?:[^\s.,;:!?]+\s+){{0,{_SEVERAL}}}?")
            continue
        words = [re.escape(word).replace(r"\*", r"[\w']*") for word in token.removesuffix("?").split("|")]
        choice = rf"(?:{'|'.join(words)})"
        parts.append(rf"(?:{choice}{_SPACE})?" if token.endswith("?") else rf"{choice}{_SPACE}")
    return rf"(?<!\w){''.join(parts).removesuffix(_SPACE)}(?!\w|'\w)"


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word)))


def _any_of(expressions: Iterable[str]) -> re.Pattern[str]:
    """One expression for all, the longer ones first; it finds nothing if there are none."""
    return re.compile("|".join(sorted(set(expressions), key=lambda e: (-len(e), e))) or r"(?!)")
