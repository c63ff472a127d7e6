"""Evidence as compiled tests see it: the request, the nodes that are affirmed, denied or not applicable, and their kinds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from reasoner.chart.model import Assertion
from reasoner.logic.fold import Status
from reasoner.rdf import terms
from reasoner.rdf.compiled_owl import TYPE
from reasoner.rdf.compiled_shacl import CompiledShape
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.pyshacl_door import ValidationResult
from reasoner.rdf.terms import Term

RELATION = {
    Assertion.AFFIRMED: terms.of(NEC.affirmed),
    Assertion.DENIED: terms.of(NEC.denied),
    Assertion.NOT_APPLICABLE: terms.of(NEC.notApplicable),
}
"""How the request relates to a statement, by its stance."""
RELATIONS = frozenset(RELATION.values())
"""The ways in which the request relates to statements."""


class EvidenceKind:
    """A kind of evidence node: what of it a leaf can see."""

    __slots__ = ("classes", "facts", "number", "relation", "triggered", "values")

    def __init__(
        self,
        number: int,
        relation: Term,
        classes: frozenset[Term],
        facts: dict[Term, list[Term]],
        triggered: tuple[str, ...],
    ) -> None:
        self.number = number
        self.relation = relation
        self.classes = classes
        self.facts = facts
        self.triggered = triggered
        self.values = frozenset(value for values in facts.values() for value in values)


class LeafAnswer:
    """What a leaf's shapes report: those that are broken, or results of another engine."""

    __slots__ = ("_reports", "severities", "status")

    def __init__(self, reports: Sequence[CompiledShape | ValidationResult]) -> None:
        self._reports = reports
        self.severities = tuple(report.severity for report in reports)
        self.status: Status | None = None

    def results(self, request: str) -> tuple[ValidationResult, ...]:
        """The validation results, for a request in focus."""
        return tuple(
            replace(report, focus=request)  # an answer may be another request's too
            if isinstance(report, ValidationResult)
            else ValidationResult(
                focus=request,
                shape=terms.name(report.shape),
                severity=report.severity,
                message=report.message,
                component=report.component,
                path="" if report.path.alternatives else terms.name(report.path.sequence[0][0]),
            )
            for report in self._reports
        )


class Evidence:
    """The evidence graph of a request as compiled tests see it."""

    def __init__(
        self, request: str, nodes: dict[Term, EvidenceKind], said: Collection[tuple[Term, Term, Term]] = ()
    ) -> None:
        self.request = f"<{request}>"
        self._said = said
        self._nodes = nodes
        self._related: dict[Term, list[Term]] | None = None
        self._graph: dict[Term, dict[Term, list[Term]]] | None = None
        values = frozenset[Term]().union(*[kind.values for kind in nodes.values() if kind.values])
        subjects = [subject for subject, _, _ in said]
        self.entangled = not (values.isdisjoint(nodes) and values.isdisjoint(subjects))
        """Whether a fact of a node leads to another node, so that an answer holds for this case alone."""

    def values(self, node: Term, predicate: Term) -> Sequence[Term]:
        """See `reasoner.rdf.property_paths.GraphView`."""
        kind = self._nodes.get(node)
        if kind:
            return kind.facts.get(predicate, ())
        if predicate in RELATIONS:
            return self._relations().get(predicate, ()) if node == self.request else ()
        return self._facts().get(node, {}).get(predicate, ())

    def subjects(self, predicate: Term, node: Term) -> Sequence[Term]:
        """See `reasoner.rdf.property_paths.GraphView`."""
        if predicate in RELATIONS:
            return (self.request,) if node in self._relations().get(predicate, ()) else ()
        found = [name for name, kind in self._nodes.items() if node in kind.facts.get(predicate, ())]
        return found + [s for s, props in self._facts().items() if node in props.get(predicate, ())]

    def types(self, node: Term) -> Collection[Term]:
        """See `reasoner.rdf.property_paths.GraphView`."""
        kind = self._nodes.get(node)
        return kind.classes if kind else self._facts().get(node, {}).get(TYPE, ())

    def _relations(self) -> dict[Term, list[Term]]:
        if self._related is None:
            self._related = {}
            for node, kind in self._nodes.items():
                self._related.setdefault(kind.relation, []).append(node)
        return self._related

    def _facts(self) -> dict[Term, dict[Term, list[Term]]]:
        if self._graph is None:
            self._graph = {}
            for subject, predicate, value in self._said:
                self._graph.setdefault(subject, {}).setdefault(predicate, []).append(value)
        return self._graph
