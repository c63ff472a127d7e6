"""Request axes: the properties of a request that decide which criteria of a policy apply, read from its ontology.

A policy names its axes with `nec:axis`. The values of an axis are the individuals of its `nec:axisClass`; a `skos:notation`
is the word by which command lines, forms and sheets name an axis or a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from reasoner.ground.errors import PolicyError, UsageError
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import NEC, RDF, SH, SKOS

_WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_INTAKE = "https://w3id.org/necessity/intake/"


@dataclass(frozen=True)
class AxisValue:
    """A value of an axis."""

    axis: str
    """IRI of its axis."""
    iri: str
    word: str
    label: str
    definition: str
    window: str
    """IRI of the parameter of a policy version that is the number of days from the start of service to the end of the
    period under review; empty if the period ends with the service."""


@dataclass(frozen=True)
class Axis:
    """A property of requests; a request needs exactly one value of it."""

    iri: str
    word: str
    label: str
    definition: str
    value_class: str
    """IRI of the class of its values."""
    values: tuple[AxisValue, ...]


def read_axes(ontology: Graph, policy: Node) -> tuple[Axis, ...]:
    """The axes of a policy; axes and values are sorted by `sh:order`, then by word.

    Raises:
        PolicyError: an axis has no values, or a word, label or definition is missing, malformed or used twice.
    """
    axes = [_axis(ontology, iri) for iri in _ordered(ontology, ontology.objects(policy, NEC.axis))]
    _refuse_same_words(axes)
    return tuple(axes)


def _axis(ontology: Graph, iri: Node) -> Axis:
    classes = list(ontology.objects(iri, NEC.axisClass))
    values = _ordered(ontology, ontology.subjects(RDF.type, classes[0])) if len(classes) == 1 else []
    if not values:
        raise PolicyError(
            "the axis has no values", where=str(iri), mend="Give it one nec:axisClass that has individuals"
        )
    axis = Axis(
        iri=str(iri),
        word=_word(ontology, iri),
        label=_text(ontology, iri, SKOS.prefLabel),
        definition=_text(ontology, iri, SKOS.definition),
        value_class=str(classes[0]),
        values=tuple(
            AxisValue(
                axis=str(iri),
                iri=str(value),
                word=_word(ontology, value),
                label=_text(ontology, value, SKOS.prefLabel),
                definition=_text(ontology, value, SKOS.definition),
                window=_window(ontology, value),
            )
            for value in values
        ),
    )
    _refuse_same_words(axis.values)
    return axis


def _ordered(ontology: Graph, nodes: Iterable[Node]) -> list[Node]:
    def order(node: Node) -> tuple[float, str, str]:
        place = ontology.value(node, SH.order)
        number = place.toPython() if isinstance(place, Literal) else None
        rank = float(number) if isinstance(number, int | float) else float("inf")
        return rank, graphs.text(ontology, node, SKOS.notation), str(node)

    return sorted(set(nodes), key=order)


def _word(ontology: Graph, node: Node) -> str:
    word = _text(ontology, node, SKOS.notation)
    if not _WORD.fullmatch(word):
        raise PolicyError(
            f"the word {word!r} cannot name an option or a choice",
            where=str(node),
            mend="Write small letters, digits and single hyphens in its skos:notation",
        )
    return word


def _window(ontology: Graph, value: Node) -> str:
    windows = sorted(map(str, ontology.objects(value, NEC.periodEndsAfter)))
    if len(windows) > 1:
        raise PolicyError(
            "its period ends after more than one parameter", where=str(value), mend="Keep one nec:periodEndsAfter"
        )
    return windows[0] if windows else ""


def _text(ontology: Graph, node: Node, predicate: URIRef) -> str:
    text = graphs.text(ontology, node, predicate)
    if not text:
        raise PolicyError(f"it has no {predicate}", where=str(node), mend="State it in the ontology")
    return text


def _refuse_same_words(terms: Iterable[Axis | AxisValue]) -> None:
    by_word: dict[str, Axis | AxisValue] = {}
    for term in terms:
        other = by_word.setdefault(term.word, term)
        if other is not term:
            raise PolicyError(
                f"the word {term.word!r} is that of {other.iri} too",
                where=term.iri,
                mend="Give each a skos:notation of its own",
            )


def choose(axes: Iterable[Axis], words: Mapping[str, str]) -> tuple[AxisValue, ...]:
    """The axis values that some words name, in the order of the axes.

    Args:
        axes: the axes of a policy.
        words: the word of an axis, to the word of its value; axes may be left out.

    Raises:
        UsageError: the policy has no such axis, or the axis no such value.
    """
    axes, unknown = tuple(axes), dict(words)
    chosen = []
    for axis in axes:
        if (word := unknown.pop(axis.word, None)) is not None:
            value = next((value for value in axis.values if value.word == word), None)
            if value is None:
                mend = f"Give {' or '.join(value.word for value in axis.values)}"
                raise UsageError(f"--{axis.word} cannot be {word!r}", mend=mend)
            chosen.append(value)
    if unknown:
        known = ", ".join(axis.word for axis in axes) or "none"
        raise UsageError(f"the policy's requests have no axis {next(iter(unknown))!r}", mend=f"Known: {known}")
    return tuple(chosen)


def facts(request: URIRef, values: Iterable[AxisValue]) -> list[tuple[URIRef, URIRef, URIRef]]:
    """The triples that give a request its axis values."""
    return [(request, URIRef(value.axis), URIRef(value.iri)) for value in values]


def intake_shapes(axes: Iterable[Axis], prefixes: Mapping[str, str]) -> Graph:
    """Property shapes of `intake:request`, which require one value of each axis.

    Args:
        axes: the axes of a policy.
        prefixes: namespaces by prefix, for the names of axes and values in messages.
    """
    graph = Graph(bind_namespaces="none")
    for axis in axes:
        shape, head = URIRef(f"{_INTAKE}axis-{axis.word}"), BNode()
        Collection(graph, head, [URIRef(value.iri) for value in axis.values])
        names = [_short(value.iri, prefixes) for value in axis.values]
        among = " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        graph.add((URIRef(f"{_INTAKE}request"), SH.property, shape))
        graph.add((shape, SH.path, URIRef(axis.iri)))
        graph.add((shape, SH.minCount, Literal(1)))
        graph.add((shape, SH.maxCount, Literal(1)))
        graph.add((shape, SH["in"], head))
        graph.add((shape, SH.message, Literal(f"The request needs one {_short(axis.iri, prefixes)}, {among}.")))
    return graph


def _short(iri: str, prefixes: Mapping[str, str]) -> str:
    """An IRI with its prefix where it has one, else in angle brackets."""
    name = terms.short(iri, prefixes)
    return f"<{iri}>" if name == iri else name
