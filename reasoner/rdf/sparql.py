"""Guards on SPARQL: a query must not call another server, nor be nested so deeply that it ends the process."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from reasoner.ground.errors import QueryError

MAX_NESTED = 128
"""Brackets within one another that SPARQL may have."""
MAX_JOINTS = 2000
"""Operators, separators and keywords between patterns and values that SPARQL may have."""
_BRACKET = re.compile(r"[(){}\[\]]")
_PATTERN = re.compile(r"\b(?:SELECT|ASK|CONSTRUCT|DESCRIBE|WHERE)\b", re.IGNORECASE)
_JOINT = re.compile(r"[.;,+*/|&!^-]|\b(?:UNION|OPTIONAL|MINUS|BIND|FILTER)\b", re.IGNORECASE)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_NAME = re.compile(r"[?$:@][\w-]*")
_CALL = re.compile(r"SERVICE|LOAD", re.IGNORECASE)
_FROM = re.compile(r"(?<![?$:@\w-])FROM(?:\s*(?:NAMED\s*)?<|\s+(?:NAMED\s+)?[\w.-]*:)", re.IGNORECASE)
_PREFIXED = re.compile(r"(?<![\w?$@:\\-])([A-Za-z](?:[\w.-]*[\w-])?)?:")
_NAMED = re.compile(_PREFIXED.pattern + r"[\w.%-]*")
_DECLARED = re.compile(r"PREFIX\s+([\w.-]*):", re.IGNORECASE)
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n\r]*)
      | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
      | (?P<text>\"{3}(?:(?:"|"")?(?:[^"\\]|\\.))*\"{3} | '{3}(?:(?:'|'')?(?:[^'\\]|\\.))*'{3}
              | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*')
      | (?P<other>\\. | \s+ | [()] | [^\s"'\#<\\()]+ | .)""",
    re.VERBOSE | re.DOTALL,
)


def refuse_outreach(text: str) -> None:
    """Raise `QueryError` for SPARQL that would fetch from elsewhere: SERVICE, or LOAD in an update; or is too deep.

    Parsers need no space around a keyword (``true.SERVICEp:x`` is a call), so the letters of a keyword count wherever
    they are not part of a variable, a prefixed name or a language tag. If a text contains them, its comments, strings
    and IRIs are removed, and the rest must not contain them. Only the grammar of SPARQL distinguishes the IRI ``<b>``
    from the comparison ``(?a <b> ?c)``. So such a text is also refused if something between parentheses looks like an
    IRI and contains a character that begins a comment or a string.
    """
    refuse_depth(text)
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


def refuse_depth(text: str) -> None:
    """Raise `QueryError` for SPARQL that a store could not take apart within its stack, and would end the process.

    Counted are brackets within one another, and in a query, or in an update with WHERE, all that joins or alters patterns and
    values.
    """
    code = without_text(_unescape(text))
    depth = 0
    for bracket in _BRACKET.finditer(code):
        depth += 1 if bracket[0] in "([{" else -1
        if depth > MAX_NESTED:
            raise QueryError(f"it nests brackets deeper than {MAX_NESTED}", mend="Ask a simpler question")
    if _PATTERN.search(code) and sum(1 for _ in _JOINT.finditer(code)) > MAX_JOINTS:
        mend = "Ask a simpler question; give many values with VALUES"
        raise QueryError(f"it joins more than {MAX_JOINTS} patterns and values", mend=mend)


def names_graphs(text: str) -> bool:
    """Whether a query names the graphs of its data set with FROM (SPARQL 1.1, section 13.2)."""
    return bool(_FROM.search("".join(_code(_unescape(text)))))


def undeclared_prefixes(text: str) -> set[str]:
    """The prefixes that SPARQL seems to use and does not declare; perhaps others too, never fewer."""
    code = without_text(_unescape(text))
    return {match[1] or "" for match in _PREFIXED.finditer(code)} - set(_DECLARED.findall(code))


def undeclared_name(text: str, known: Collection[str]) -> tuple[int, str] | None:
    """Where the first name with a prefix that is neither declared nor known begins in SPARQL, and the name; None if there is none."""
    code = "".join(
        match["other"] or re.sub(r"[^\n]", " ", match[0]) for match in _TOKEN.finditer(text)
    )  # of the same length
    declared = {*_DECLARED.findall(code), *known}
    for match in _NAMED.finditer(code):
        if (match[1] or "") not in declared:
            return match.start(), match[0]
    return None


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
