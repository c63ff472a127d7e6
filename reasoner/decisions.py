"""Decisions of people on requests, as read from a data set once they are well formed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from rdflib import Graph

from reasoner import graphs, paths, shacl
from reasoner.documentation import undeclared
from reasoner.errors import DocumentationError
from reasoner.namespaces import NEC, PROV, RDF
from reasoner.policy import Policy

_PARTS = frozenset({NEC.override, PROV.wasAttributedTo})


@dataclass(frozen=True)
class Decision:
    """A person's decision: its IRI, the determination it had before it, and its triples as canonical N-Triples."""

    iri: str
    determination: str
    content: str = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return graphs.digest(self.content)


def holds_decisions(data: Graph) -> bool:
    """Whether a data set is about decisions rather than documentation."""
    return (None, RDF.type, NEC.Decision) in data


def read_decisions(data: Graph, policy: Policy, source: str) -> tuple[Decision, ...]:
    """The decisions of one data set, ordered by IRI.

    Raises:
        DocumentationError: it is not well formed, or an adverse decision lacks licence or rationale; names the nodes.
    """
    problems = [*undeclared(data, policy)]
    problems += [f"<{r.focus}>: {r.message.removesuffix('.')}" for r in shacl.validate(data, _shapes()).results]
    for override in data.objects(None, NEC.override):
        for criterion in data.objects(override, NEC.criterion):
            if policy.criterion(str(criterion)) is None:
                problems.append(f"<{override}>: <{criterion}> is no criterion of the policy")
    if problems:
        raise DocumentationError("; ".join(dict.fromkeys(problems)), where=source)
    return tuple(
        Decision(
            iri=str(iri),
            determination=str(data.value(iri, NEC.determination)),
            content=graphs.canonical(_parts(data, iri)),
        )
        for iri in sorted(data.subjects(RDF.type, NEC.Decision))
    )


def _parts(data: Graph, iri) -> Graph:  # type: ignore[no-untyped-def]
    whole = Graph(bind_namespaces="none")
    for triple in graphs.closure(data, iri, follow=_PARTS):
        whole.add(triple)
    return whole


@lru_cache(maxsize=1)
def _shapes() -> Graph:
    return graphs.load_files([paths.SHAPES / "decision.ttl"])
