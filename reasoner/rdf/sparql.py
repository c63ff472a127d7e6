"""Guards on SPARQL: a query must not call another server."""

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

    Parsers need no space around a keyword (``true.SERVICEp:x`` is a call), so the letters of a keyword count wherever
    they are not part of a variable, a prefixed name or a language tag. If a text contains them, its comments, strings
    and IRIs are removed, and the rest must not contain them. Only the grammar of SPARQL distinguishes the IRI ``<b>``
    from the comparison ``(?a <b> ?c)``. So such a text is also refused if something between parentheses looks like an
    IRI and contains a character that begins a comment or a string.
    """
    unescaped = _unescape(text)
    if not _call(unescaped):
        return
    if ambiguous := next(_ambiguous(unescaped), None):
        raise QueryError(
            f"beside the word SERVICE or LOAD the IRI {ambiguous} could hide a call to another server",
            mend="Declare a prefix for it, or leave the word out of comments and strings",
        )
    if keyword := _call("".join(_code(unescaped))):
        raise QueryError(f"{keyword} is not allowed", mend="Nothing outside the store is asked or fetched")


def names_graphs(text: str) -> bool:
    """Whether a query names the graphs of its data set with FROM (SPARQL 1.1, section 13.2)."""
    return bool(_FROM.search("".join(_code(_unescape(text)))))


def without_text(text: str) -> str:
    """SPARQL without its comments, strings and the content of its IRIs."""
    return "".join(_code(text))


def _code(text: str) -> Iterator[str]:
    """The text without comments, strings and the content of IRIs."""
    for match in _TOKEN.finditer(text):
        yield match["other"] or ("<>" if match["iri"] else " ")


def _ambiguous(text: str) -> Iterator[str]:
    """What may be an IRI or part of a comparison, and contains a character that begins a comment or a string."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token["iri"] and depth and ("'" in token[0] or "#" in token[0]):
            yield token[0]
        if token["other"] in ("(", ")"):
            depth += 1 if token["other"] == "(" else -1


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16) % 0x110000), text)


def _call(text: str) -> str | None:
    """The first keyword that calls another server."""
    match = _CALL.search(_NAME.sub(" ", text))
    return match[0].upper() if match else None
