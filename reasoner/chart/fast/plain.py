"""Plain writing: lines of N-Quads cut between graphs, and the terms that need no parser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from reasoner.rdf import parsing
from reasoner.rdf.terms import Term

ODD, IRI, TEXT, TYPED = range(4)
"""How a term is written: so that it needs a parser, or the words for what is wrong with it; as a plain IRI; as plain text; as a
plain literal of another datatype."""

# IRIs that need no closer look: a scheme, an authority with at most a port, path, query and fragment of plain characters.
_PLAIN = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]"
_AUTHORITY = r"(?://[A-Za-z0-9._~-]*(?::[0-9]*)?(?=[/?#>])|(?!//))"
_IRI = rf"<[A-Za-z][A-Za-z0-9+.-]*:{_AUTHORITY}{_PLAIN}*(?:\?{_PLAIN}*)?(?:#{_PLAIN}*)?>"
_SOUND_IRIS = re.compile(rf"(?:{_IRI})*+").fullmatch
# Those of text are written without one, or with a language.
_OF_TEXT = r"<http://www\.w3\.org/(?:2001/XMLSchema#string|1999/02/22-rdf-syntax-ns#(?:dirL|l)angString)>"
_SOUND_TYPED = re.compile(rf'"[^"\\\x00-\x1f\x7f\ufffe\uffff]*"\^\^(?!{_OF_TEXT}){_IRI}').fullmatch
_SOUND_TEXT = re.compile(r'"(?:[^"\\]|\\["\\nr])*"').fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]").search  # recorded with escapes
_TAIL = re.compile(rb' <[^ "<>\n]*> \.\n').fullmatch
_STEP = 4096
_TOGETHER = 64  # terms that are looked at in one go
_SHORT = 100  # days and numbers, which recur


def runs(data: bytes) -> Iterator[tuple[bytes, int, list[bytes]]]:
    """The runs of lines of N-Quads: the graph, where it ends, and the lines without it if all of them end with it.

    A run is a stretch of lines that end with the same graph. A line that ends otherwise than with one, such as a comment,
    belongs to the run before it. The graph is empty if no line of all ends with one.

    Args:
        data: whole lines; the last may lack its end.
    """
    start, total = 0, len(data)
    if not data.endswith(b"\n"):
        data += b"\n"
    while start < total:
        tail, start, lines = _run(data, start)
        yield tail[1:-3], min(start, total), lines


def _run(data: bytes, start: int) -> tuple[bytes, int, list[bytes]]:
    """The run of lines that begins at a place: its tail, where it ends, and its lines without the tail, if all have it."""
    far = data.index(b"\n", start) + 1
    tail = _tail(data[start:far])
    while tail:
        while (found := data.rfind(tail, far, far + _STEP)) >= 0:
            far = found + len(tail)
        following = data[far : data.find(b"\n", far) + 1]
        if following.endswith(tail):  # a line longer than a step
            far += len(following)
            continue
        lines = data[start : far - len(tail)].split(tail)
        if data.count(b"\n", start, far) == len(lines) and (not following or _tail(following)):
            return tail, far, lines
        break
    far, lines, is_plain = start, [], True
    while following := data[far : data.find(b"\n", far) + 1]:
        other = _tail(following)
        if tail and other not in (tail, b""):
            break
        is_plain = is_plain and bool(other)
        tail, far = tail or other, far + len(following)
        lines.append(following[: -len(tail)])
    return tail, far, lines if is_plain else []


def _tail(line: bytes) -> bytes:
    """How a line ends that names its graph plainly, from the space before the graph on; empty for another line."""
    tail = line[line.rfind(b" <") :]
    return tail if _TAIL(tail) else b""


def kinds(terms: Sequence[Term], namespaces: tuple[str, ...] = ()) -> list[int]:
    """How terms are written; IRIs that begin in a certain way are odd."""
    found = [ODD] * len(terms)
    iris, texts = [], []
    for place, term in enumerate(terms):
        ends = term[:1] + term[-1:]
        if len(term) > parsing.MAX_LITERAL:
            continue
        if ends == "<>" and not term.startswith(namespaces):
            iris.append(place)
        elif ends == '""' and "\\" not in term:
            texts.append(place)
        elif ends == '""' and _is_sound_text(term):
            found[place] = TEXT
        elif ends == '">' and _is_sound_typed(term):
            found[place] = TYPED
    for kind, places, are_sound in ((IRI, iris, _are_iris), (TEXT, texts, _are_texts)):
        for first in range(0, len(places), _TOGETHER):
            some = places[first : first + _TOGETHER]
            together = are_sound([terms[place] for place in some])
            for place in some:
                if together or are_sound([terms[place]]):
                    found[place] = kind
    return found


def _are_iris(terms: list[Term]) -> bool:
    """Whether terms that begin and end as IRIs are all plainly written, looked at together."""
    whole = "".join(terms)
    return whole.count("<") == len(terms) and bool(_SOUND_IRIS(whole))


def _are_texts(texts: list[Term]) -> bool:
    """Whether texts without a backslash that begin and end with a quote are all plainly written, looked at together."""
    whole = "".join(texts)
    if whole.count('"') == 2 * len(texts) and whole.isprintable() and '"' not in texts:
        return True
    return len(texts) == 1 and _is_sound_text(texts[0])


def _is_sound_text(term: Term) -> bool:
    """Whether a term that begins and ends with a quote is plainly written text."""
    return bool(_SOUND_TEXT(term)) and not _CONTROL(term)


def _is_sound_typed(term: Term) -> bool:
    """Whether a term is a plainly written literal of another datatype than those of text."""
    return _is_short_and_typed(term) if len(term) < _SHORT else bool(_SOUND_TYPED(term))


@lru_cache(maxsize=16384)
def _is_short_and_typed(term: Term) -> bool:
    return bool(_SOUND_TYPED(term))
