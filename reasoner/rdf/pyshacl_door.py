"""Validation with pySHACL, the reference engine; the only module that imports it."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version

from rdflib import Graph, Literal, URIRef

from reasoner.ground.errors import EngineError
from reasoner.rdf.namespaces import RDF, SH

_DEPTH = 40


@dataclass(frozen=True)
class ValidationResult:
    """One `sh:ValidationResult`, in the terms of the SHACL specification (section 3.6)."""

    focus: str
    """IRI of the focus node; empty in a determination, where it is the request."""
    shape: str
    severity: str
    """Local name of the severity: Info, Warning or Violation."""
    message: str
    value: str = ""
    component: str = ""
    """IRI of the constraint component."""
    path: str = ""
    """IRI of the result path, where it is a single property."""
    language: str = ""
    """Language tag of the message; empty if it has none."""


@dataclass(frozen=True)
class ValidationReport:
    """A validation report: its results in a fixed order, and its graph."""

    results: tuple[ValidationResult, ...]
    graph: Graph = field(repr=False, compare=False)


def engine_name() -> str:
    """Name and version of the engine, as recorded in a determination's provenance."""
    return f"pyshacl {version('pyshacl')}"


def validate(data: Graph, shapes: Graph) -> ValidationReport:
    """Validate a data graph against a shapes graph: SHACL Core, without inference, and nothing is fetched.

    Raises:
        EngineError: there is no node shape, or the engine failed; either could be mistaken for conformance.
    """
    import pyshacl

    if (None, RDF.type, SH.NodeShape) not in shapes:
        raise EngineError("the shapes graph holds no node shape")
    try:
        _, graph, _ = pyshacl.validate(data, shacl_graph=shapes, inplace=True, max_validation_depth=_DEPTH)
    except Exception as error:  # pySHACL documents no base class of what it raises
        raise EngineError(f"pySHACL failed: {type(error).__name__}: {error}") from error
    if not isinstance(graph, Graph):
        raise EngineError(f"pySHACL returned no report: {graph}")
    return ValidationReport(results=_results(graph), graph=graph)


def _results(graph: Graph) -> tuple[ValidationResult, ...]:
    """The results of a report, without those that only detail another (`sh:detail`)."""
    results = []
    for node in graph.objects(None, SH.result):
        severity = graph.value(node, SH.resultSeverity)
        message = min(graph.objects(node, SH.resultMessage), key=str, default=Literal(""))
        results.append(
            ValidationResult(
                focus=str(graph.value(node, SH.focusNode)),
                shape=str(graph.value(node, SH.sourceShape)),
                severity=str(severity).removeprefix(str(SH)) if isinstance(severity, URIRef) else "",
                message=str(message),
                value=str(graph.value(node, SH.value) or ""),
                component=str(graph.value(node, SH.sourceConstraintComponent) or ""),
                path=str(path) if isinstance(path := graph.value(node, SH.resultPath), URIRef) else "",
                language=(message.language or "") if isinstance(message, Literal) else "",
            )
        )
    return tuple(sorted(results, key=lambda result: (result.focus, result.shape, result.severity, result.value)))
