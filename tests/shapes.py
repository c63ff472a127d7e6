"""Shapes and data in Turtle, and what the compiled form and pySHACL each report of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from rdflib import Graph, URIRef

from reasoner.policy.lexicon import nodes
from reasoner.rdf import pyshacl_door, terms
from reasoner.rdf.compiled_shacl import Compiler, DoubtError
from reasoner.rdf.namespaces import RDF, SH
from reasoner.rdf.terms import Nodes, Term

EX = "https://example.org/"
PREFIXES = f"""
@prefix : <{EX}> .
@prefix sh: <{SH}> .
@prefix rdf: <{RDF}> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
TYPE = terms.of(RDF.type)
THING = terms.iri(f"{EX}Thing")


class Result(NamedTuple):
    """One validation result: local names of the focus node, the shape and the severity."""

    focus: str
    shape: str
    severity: str


def parsed(turtle: str) -> Graph:
    """A graph from Turtle, in which the prefixes are known."""
    return Graph(bind_namespaces="none").parse(data=PREFIXES + turtle, format="turtle")


def term(name: str) -> Term:
    """The term of a local name."""
    return terms.iri(EX + name)


def local(iri: str) -> str:
    """The local name of an IRI or of its term."""
    return iri.strip("<>").removeprefix(EX)


class GraphView:
    """A whole graph as compiled tests see it."""

    def __init__(self, graph: Graph) -> None:
        self.nodes: Nodes = nodes(graph)

    def values(self, node: Term, predicate: Term) -> Sequence[Term]:
        """See `reasoner.rdf.property_paths.GraphView`."""
        return self.nodes.get(node, {}).get(predicate, ())

    def subjects(self, predicate: Term, node: Term) -> Sequence[Term]:
        """See `reasoner.rdf.property_paths.GraphView`."""
        return [subject for subject, props in self.nodes.items() if node in props.get(predicate, ())]

    def types(self, node: Term) -> Collection[Term]:
        """See `reasoner.rdf.property_paths.GraphView`."""
        return self.values(node, TYPE)

    def things(self) -> list[Term]:
        """The instances of the class that the shapes of these tests target."""
        return [subject for subject in self.nodes if THING in self.types(subject)]


def property_shapes(*constraints: str, path: str = ":p") -> Graph:
    """A shape that targets things, with a named property shape for each text of constraints; their severities vary."""
    severities = ("Violation", "Warning", "Info")
    parts = [
        f":part-{number} a sh:PropertyShape ; sh:path {path} ; sh:severity sh:{severities[number % 3]} ; {constraint} ."
        for number, constraint in enumerate(constraints)
    ]
    named = " , ".join(f":part-{number}" for number in range(len(constraints)))
    return parsed(f":shape a sh:NodeShape ; sh:targetClass :Thing ; sh:property {named} .\n" + "\n".join(parts))


def node_shape(constraints: str) -> Graph:
    """A shape without a path that targets things."""
    return parsed(f":shape a sh:NodeShape ; sh:targetClass :Thing ; {constraints} .")


def compiled_results(data: Graph, shapes: Graph) -> tuple[set[Result], set[tuple[str, str]]]:
    """The results of the compiled form; and focus and shape of those that it doubts."""
    view, compiler = GraphView(data), Compiler(nodes(shapes))
    named = [str(part) for part in shapes.objects(URIRef(f"{EX}shape"), SH.property)] or [f"{EX}shape"]
    results, doubts = set(), set()
    for shape in named:
        severity = str(shapes.value(URIRef(shape), SH.severity, default=SH.Violation)).removeprefix(str(SH))
        conforms = compiler.conforms(terms.iri(shape))
        for focus in view.things():
            try:
                if not conforms(view, focus):
                    results.add(Result(local(focus), local(shape), severity))
            except DoubtError:
                doubts.add((local(focus), local(shape)))
    return results, doubts


def pyshacl_results(data: Graph, shapes: Graph) -> set[Result]:
    """The results of pySHACL, each once however many values break a shape."""
    results = pyshacl_door.validate(data, shapes).results
    return {Result(local(result.focus), local(result.shape), result.severity) for result in results}


def table_conforms(compiler: Compiler, view: GraphView, shape: Term, focus: Term) -> bool:
    """Whether a node conforms to a shape that is kept as a table, judged as `reasoner.chart.fast.chart` does."""
    table = compiler.table(shape)
    return (
        all(view.values(focus, name) for name in table.required)
        and all(
            test(view, view.values(focus, name)) for name, test in table.properties.items() if view.values(focus, name)
        )
        and all(test(view, focus) for test in table.others)
    )
