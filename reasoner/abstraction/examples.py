"""The example sentences of a policy: how notes speak of each finding, how they do not, and which words belong together.

They stand in the folder ``examples`` of the policy's ontology, a graph of their own that determining does not read:

- `skos:example` on a finding class: a sentence that speaks to it, whether it affirms or denies it;
- `nec:counterExample` on a finding class: a sentence with its words that says nothing of the patient as they are now;
- `skos:Concept` with `skos:hiddenLabel`: a family of words that notes use for one thing.

What the vocabulary itself says of each finding class, label and definition, is an example too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from rdflib import Graph, URIRef

from reasoner.chart.documents.model import document_text
from reasoner.chart.documents.sentences import sentences
from reasoner.ground import cache
from reasoner.ground.errors import PolicyError
from reasoner.policy.model import Policy
from reasoner.rdf import parsing, terms
from reasoner.rdf.namespaces import NEC, RDF, SKOS


class ExampleKind(Enum):
    """What an example shows."""

    SPEAKS = "speaks"
    """The sentence speaks to its finding."""
    COUNTER = "counter"
    """The sentence has the words of its finding and does not speak to it."""
    DEFINITION = "definition"
    """The words of the vocabulary."""


@dataclass(frozen=True)
class Example:
    """A sentence, and what it is an example of."""

    text: str
    finding: str
    """IRI of the finding class that it stands with."""
    leaves: frozenset[str]
    """IRIs of the finding classes of the leaves that this finding speaks to; none for what is background in any policy."""
    kind: ExampleKind

    @cached_property
    def cues(self) -> frozenset[str]:
        """The kinds of cues that the sentence has."""
        document = document_text("", "text/plain", [self.text], self.text.encode())
        return frozenset(cue.kind for sentence in sentences(document) for cue in sentence.cues)


class Examples:
    """The examples of a policy, which are read at first use.

    Args:
        policy: the policy.

    Raises:
        PolicyError: it has no examples.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._files = policy.sources.example_files
        if not self._files:
            raise PolicyError(
                "the policy has no example sentences, so no sentence can be ranked",
                where=policy.id,
                mend="Write them to the folder examples of its ontology",
            )

    @cached_property
    def key(self) -> str:
        """A digest that changes with the examples, the vocabulary and the code."""
        return cache.key("examples", (*self._files, *self._policy.sources.ontology_files))

    @cached_property
    def _graph(self) -> Graph:
        return parsing.load_files(self._files)

    @cached_property
    def families(self) -> dict[str, tuple[str, ...]]:
        """Word, to the names of the families that it belongs to."""
        found: dict[str, list[str]] = {}
        for family in sorted(map(str, self._graph.subjects(RDF.type, SKOS.Concept))):
            for word in self._graph.objects(URIRef(family), SKOS.hiddenLabel):
                found.setdefault(str(word), []).append(family)
        return {word: tuple(names) for word, names in found.items()}

    @cached_property
    def all(self) -> tuple[Example, ...]:
        """The examples, in a fixed order."""
        return tuple(sorted(self._read(), key=lambda example: (example.finding, example.kind.value, example.text)))

    def _read(self) -> Iterator[Example]:
        for predicate, kind in ((SKOS.example, ExampleKind.SPEAKS), (NEC.counterExample, ExampleKind.COUNTER)):
            for finding, text in self._graph.subject_objects(predicate):
                if (finding, None, None) not in self._policy.ontology:
                    raise PolicyError(
                        "an example stands with a class that the policy does not declare",
                        where=f"<{finding}>",
                        mend="Correct its name",
                    )
                yield Example(str(text), str(finding), self.leaves(str(finding)), kind)
        ontology = self._policy.ontology
        for iri in map(terms.name, self._policy.lexicon.findings):
            words = [
                str(value)
                for predicate in (SKOS.prefLabel, SKOS.definition)
                if (value := ontology.value(URIRef(iri), predicate)) is not None
            ]
            if leaves := self.leaves(iri):
                yield Example(". ".join(words), iri, leaves, ExampleKind.DEFINITION)

    @cached_property
    def _leaf_findings(self) -> frozenset[str]:
        return frozenset(leaf.finding for version in self._policy.versions for leaf in version.leaves.values())

    @cached_property
    def _contraries(self) -> dict[str, tuple[str, ...]]:
        return {name: leaves for version in self._policy.versions for name, leaves in version.contraries.items()}

    def leaves(self, finding: str) -> frozenset[str]:
        """The finding classes of the leaves that a finding speaks to: those it implies, contradicts or marks as not applicable."""
        relations = self._policy.lexicon.relations
        names = {finding} | relations.broader.get(finding, frozenset())
        found = names & self._leaf_findings
        for name in names:
            found |= {*self._contraries.get(name, ()), *relations.inapplicable.get(name, ())} & self._leaf_findings
        return frozenset(found)
