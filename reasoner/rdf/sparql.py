"""What may be asked of a store: SPARQL that stays inside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoner.ground.errors import QueryError

_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_NAME = re.compile(r"[?$:@][\w-]*")
_CALL = re.compile(r"SERVICE|LOAD", re.IGNORECASE)
_FROM = re.compile(r"(?<![?$:@\w-])FROM(?:\s*(?:NAMED\s*)?<|\s+(?:NAMED\s+)?[\w.-]*:)", re.IGNORECASE)
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n\r]*)
      | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
      | (?P<text>\"{3}(?:(?:"|"")?(?:[^"\\]|\\.))*\"{3} | '{3}(?:(?:'|'')?(?:[^'\\]|\\.))*'{3}
              | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*')
      | (?P<other>\\. | \s+ | [()] | [^\s"'\#<\\()]+ | .)""",
    re.VERBOSE | re.DOTALL,
)


def refuse_outreach(text: str) -> None:
    """Raise `QueryError` for SPARQL that would fetch from elsewhere: SERVICE, or LOAD in an update.

    Parsers want no space around a keyword (``true.SERVICEp:x`` is a call), so the letters count wherever they are in
    no variable, prefixed name or language tag. Only a text that has them there is looked at closely: its comments,
    strings and IRIs are taken out, and what is left must not have them. SPARQL tells the IRI ``<b>`` from the
    comparison ``(?a <b> ?c)`` by grammar alone, so what looks like an IRI between parentheses, where comparisons are,
    and could hide the start of a comment or string is refused in such a text.
    """
    plain = _unescape(text)
    if not _call(plain):
        return
    ambiguous = next(_ambiguous(plain), None)
    if ambiguous:
        raise QueryError(
            f"beside the word SERVICE or LOAD the IRI {ambiguous} could hide a call to another server",
            mend="Declare a prefix for it, or leave the word out of comments and strings",
        )
    found = _call("".join(_code(plain)))
    if found:
        raise QueryError(f"{found} is not allowed", mend="Nothing outside the store is asked or fetched")


def names_graphs(text: str) -> bool:
    """Whether a query says with FROM which graphs it is asked of."""
    return bool(_FROM.search("".join(_code(_unescape(text)))))


def _code(text: str) -> Iterator[str]:
    """The text without comments and strings, its IRIs empty."""
    for match in _TOKEN.finditer(text):
        yield match["other"] or ("<>" if match["iri"] else " ")


def _ambiguous(text: str) -> Iterator[str]:
    """What may be an IRI or part of a comparison, and holds what begins a comment or string."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token["iri"] and depth and ("'" in token[0] or "#" in token[0]):
            yield token[0]
        if token["other"] in ("(", ")"):
            depth += 1 if token["other"] == "(" else -1


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16) % 0x110000), text)


def _call(text: str) -> str | None:
    found = _CALL.search(_NAME.sub(" ", text))
    return found[0].upper() if found else None
