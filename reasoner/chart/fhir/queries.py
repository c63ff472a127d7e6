"""The mapping queries of ``ontology/fhir``: SPARQL that makes a chart of the quads of bundles, in stages.

Each folder is a stage, and each sees what the ones before it made:

* ``known``: what the others use of persons and orders. It is no part of the chart;
* ``request``: the request and its member;
* ``plan``: the plan. It sees the dates of the request, those of the caller in place of the bundle's;
* ``evidence``: statements and documents, and why something became neither;
* ``results``: the same of resources of which a record has thousands. It sees only those of which ``known`` says something.

A query that names types of FHIR is run only if one of them occurs, since planning a query takes longer than answering it from a
small bundle; one whose pattern begins with a term that the queries of ``known`` make, only if they made it. For the same reason a
resource has as quads only the elements that any query names, and none if no query names its type and no reference leads to it.

Of a type that only ``known`` and ``results`` name (`sparing`), a resource has first what the queries of ``known`` on its type name.
What they say of it they say of each that has the same there, so they must not ask for its name, nor whose it is. Those of which
they say something have the rest too; of the others, a query can read no more than the type.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import VERBOSE
from re import compile as pattern
from typing import cast

from pyoxigraph import QueryTriples, Store

from reasoner.ground.errors import PolicyError
from reasoner.ground.resources import ONTOLOGY

KNOWN, REQUEST, PLAN, EVIDENCE, RESULTS = STAGES = ("known", "request", "plan", "evidence", "results")
"""The folders, in the order in which they are run."""

_ALWAYS = frozenset({"contained"})  # a reference can lead there by its name alone
_TOKEN = pattern(
    r"""\#[^\n]* | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | <http://hl7\.org/fhir/([A-Za-z][A-Za-z0-9]*)> | <[^<>"{}|^`\s]*>
    | \bfhir:([A-Za-z][A-Za-z0-9]*)""",
    VERBOSE,
)


_FIRST = pattern(r"(?m)^WHERE\s*\{(?:\s|\#[^\n]*)*\?\w+\s+known:(\w+)")
_MADE = pattern(r"\bknown:(\w+)")


@dataclass(frozen=True)
class MappingQuery:
    """A query of the mappings."""

    name: str
    """Its folder and file."""
    text: str
    kinds: frozenset[str]
    """The types of FHIR that it names."""
    elements: frozenset[str]
    """The elements that it names."""
    first: str = ""
    """The name of the ``known:`` term that its pattern begins with; empty if it begins with something else."""

    def run(self, store: Store) -> QueryTriples:
        """What it makes of a store; raises `PolicyError` if it is not SPARQL."""
        try:
            return cast(QueryTriples, store.query(self.text))
        except SyntaxError as error:
            raise PolicyError(f"the mapping is not SPARQL: {error}", where=f"ontology/fhir/{self.name}") from error


@cache
def of_stage(stage: str, folder: Path = ONTOLOGY / "fhir") -> tuple[MappingQuery, ...]:
    """The queries of one of `STAGES`, by name."""
    return tuple(_query(path) for path in sorted((folder / stage).glob("*.rq")))


def wanted(stage: str, kinds: Collection[str], said: Collection[str]) -> list[MappingQuery]:
    """The queries of a stage that can find something: those that name one of the types of FHIR that occur, or none.

    Args:
        stage: one of `STAGES`.
        kinds: the types that occur.
        said: the names of the ``known:`` terms that the queries of `KNOWN` made.
    """
    unsaid = _made().difference(said)
    return [
        query
        for query in of_stage(stage)
        if query.first not in unsaid and not (query.kinds and query.kinds.isdisjoint(kinds))
    ]


def _made() -> frozenset[str]:
    """The names of the ``known:`` terms that the queries of `KNOWN` make."""
    heads = (query.text.partition("CONSTRUCT")[2].partition("WHERE")[0] for query in of_stage(KNOWN))
    return frozenset(name for head in heads for name in _MADE.findall(head))


@cache
def evidence_kinds() -> frozenset[str]:
    """The types of which a query of `EVIDENCE` or `RESULTS` makes something."""
    return _kinds(EVIDENCE, RESULTS)


@cache
def sparing() -> frozenset[str]:
    """The types of which only those resources are seen whole of which a query of `KNOWN` says something."""
    return _kinds(RESULTS) - _kinds(REQUEST, PLAN, EVIDENCE)


@cache
def elements() -> frozenset[str]:
    """The elements that any query names, and those through which a reference leads."""
    return _ALWAYS.union(*(query.elements for stage in STAGES for query in of_stage(stage)))


@cache
def first_elements(kind: str) -> frozenset[str]:
    """The elements of a resource of `sparing` that are seen first: those that queries of `KNOWN` on its type name."""
    return _ALWAYS.union(*(query.elements for query in of_stage(KNOWN) if kind in query.kinds))


@cache
def named() -> frozenset[str]:
    """The types that any query names."""
    return _kinds(*STAGES)


@cache
def read_by_mappings() -> dict[str, frozenset[str]]:
    """By type the elements that are read: those named in queries of the type, or of none; under the empty name the latter alone."""
    by_kind: dict[str, set[str]] = {}
    of_any: set[str] = set()
    for query in (query for stage in STAGES for query in of_stage(stage)):
        for kind in query.kinds:
            by_kind.setdefault(kind, set()).update(query.elements)
        of_any |= set() if query.kinds else query.elements
    return {kind: frozenset(names | of_any) for kind, names in by_kind.items()} | {"": frozenset(of_any)}


def _kinds(*stages: str) -> frozenset[str]:
    return frozenset().union(*(query.kinds for stage in stages for query in of_stage(stage)))


def _query(path: Path) -> MappingQuery:
    text = path.read_text("utf-8")
    names = {match[1] or match[2] for match in _TOKEN.finditer(text)} - {None, ""}
    kinds = frozenset(name for name in names if name[0].isupper())
    first = _FIRST.search(text)
    return MappingQuery(
        f"{path.parent.name}/{path.name}", text, kinds, frozenset(names - kinds), first[1] if first else ""
    )
