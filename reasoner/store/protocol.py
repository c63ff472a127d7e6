"""The SPARQL 1.1 Protocol as this endpoint speaks it: requests, media types, refusals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import pyoxigraph as ox

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
"""The names under which a machine reaches itself alone."""


TABLES = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
}
GRAPHS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
}
"""The media types of answers, the preferred one first."""


@dataclass(frozen=True)
class Ask:
    """An operation of the protocol, taken from a request."""

    kind: str
    """query or update"""
    text: str
    default_graphs: tuple[str, ...]
    named_graphs: tuple[str, ...]
    accept: str


class RefusalError(Exception):
    """A request that is refused, with the HTTP status to refuse it with."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of a URL-encoded query or form; raises `RefusalError` where it is not UTF-8."""
    try:
        return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict")
    except ValueError:
        raise RefusalError(400, "SPARQL is sent as UTF-8") from None


def iris(parameters: list[tuple[str, str]], wanted: str) -> tuple[str, ...]:
    """The IRIs of one of some parameters; raises `RefusalError` for what is none."""
    found = tuple(value for name, value in parameters if name == wanted)
    try:
        return tuple(ox.NamedNode(iri).value for iri in found)
    except ValueError as error:
        raise RefusalError(400, f"{wanted}: {error}") from None


def negotiate(accept: str, offers: Iterable[str]) -> str | None:
    """The offer that an Accept header likes best, the first among equals; None if it likes none (RFC 9110, 12.5.1)."""
    offers = list(offers)
    if not accept.strip():
        return offers[0]
    liking: dict[str, float] = {}
    for part in accept.split(","):
        pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((p.partition("=")[2] for p in parameters if p.startswith("q=")), "1")
        try:
            liking[pattern] = float(weight)
        except ValueError:
            continue
    weights = [
        next((liking[name] for name in (offer, offer.partition("/")[0] + "/*", "*/*") if name in liking), 0.0)
        for offer in offers
    ]
    best = max(weights)
    return offers[weights.index(best)] if best > 0 else None


def choose(accept: str, offers: dict[str, Any]) -> str:
    """The media type to answer with; raises `RefusalError` where none is liked, see `negotiate`."""
    media = negotiate(accept, offers)
    if media is None:
        raise RefusalError(406, f"this answer is served as {', '.join(offers)}")
    return media
