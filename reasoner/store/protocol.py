"""The SPARQL 1.1 Protocol as this endpoint speaks it: requests, media types, refusals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

import pyoxigraph as ox

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
"""The names by which a machine reaches only itself."""
TABLE_TYPES = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
    "application/json": ox.QueryResultsFormat.JSON,
    "application/xml": ox.QueryResultsFormat.XML,
}
"""The media types of tables and truth values, the preferred one first."""
GRAPH_TYPES = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/json": ox.RdfFormat.JSON_LD,
    "application/xml": ox.RdfFormat.RDF_XML,
}
"""The media types of graphs, the preferred one first."""


@dataclass(frozen=True)
class Operation:
    """A query or update operation, as a request asks for it."""

    kind: str
    """query, update, change (of a knowledge base), graph: to read one whole, or prefixes: to list them"""
    text: str
    default_graphs: tuple[str, ...]
    named_graphs: tuple[str, ...]
    accept: str
    """The Accept header of the request."""


class RefusalError(Exception):
    """A request that is refused, with the HTTP status to refuse it with."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def parse_parameters(text: str) -> list[tuple[str, str]]:
    """The parameters of a URL-encoded query or form; raises `RefusalError` where it is not UTF-8."""
    try:
        return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict")
    except ValueError:
        raise RefusalError(400, "SPARQL is sent as UTF-8") from None


def graph_iris(parameters: list[tuple[str, str]], parameter: str) -> tuple[str, ...]:
    """The values of a parameter that names graphs; raises `RefusalError` for one that is no IRI."""
    values = tuple(value for name, value in parameters if name == parameter)
    try:
        return tuple(ox.NamedNode(value).value for value in values)
    except ValueError as error:
        raise RefusalError(400, f"{parameter}: {error}") from None


def negotiate(accept: str, offers: Iterable[str]) -> str | None:
    """The offered media type that an Accept header prefers (RFC 9110, 12.5.1).

    Args:
        accept: the header.
        offers: media types; of equally preferred ones the first is taken.

    Returns:
        The media type; None if the header accepts none of them.
    """
    offers = list(offers)
    if not accept.strip():
        return offers[0]
    qualities = _qualities(accept)
    offered = [
        next((qualities[name] for name in (offer, offer.partition("/")[0] + "/*", "*/*") if name in qualities), 0.0)
        for offer in offers
    ]
    best = max(offered)
    return offers[offered.index(best)] if best > 0 else None


def takes_gzip(accept: str) -> bool:
    """Whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3)."""
    qualities = _qualities(accept)
    return next((qualities[name] for name in ("gzip", "x-gzip", "*") if name in qualities), 0.0) > 0


def _qualities(accept: str) -> dict[str, float]:
    """What a header accepts, in lower case, with the quality of each."""
    qualities: dict[str, float] = {}
    for part in accept.split(","):
        pattern, *parameters = (token.strip().lower() for token in part.split(";"))
        quality = next((p.partition("=")[2] for p in parameters if p.startswith("q=")), "1")
        try:
            qualities[pattern] = float(quality)
        except ValueError:
            continue
    return qualities


def content_type(header: str) -> tuple[str, str]:
    """Media type and charset of a Content-Type header, in lower case; empty where there is none."""
    message = Message()
    message["Content-Type"] = header
    charset = message.get_content_charset("")
    return (message.get_content_type() if header else ""), charset


def choose(accept: str, offers: dict[str, Any]) -> str:
    """The media type to answer with, as `negotiate` gives it; raises `RefusalError` if none is accepted."""
    media = negotiate(accept, offers)
    if media is None:
        raise RefusalError(406, f"this answer is served as {', '.join(offers)}")
    return media
