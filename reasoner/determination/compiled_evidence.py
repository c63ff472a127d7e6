"""The evidence graph in the form that compiled shapes read: evidence nodes by kind, without rdflib."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property

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
"""The property that leads from the request to a statement, by the stance of the statement."""
RELATIONS = frozenset(RELATION.values())
"""All the properties that lead from the request to statements."""


class EvidenceKind:
    """What leaves can see of an evidence node; nodes of one kind are alike to every leaf."""

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
        """The same for kinds that are alike."""
        self.relation = relation
        self.classes = classes
        self.facts = facts
        self.triggered = triggered
        """IRIs of the leaves that a node of this kind may matter to."""
        self.values = frozenset(value for values in facts.values() for value in values)


class LeafAnswer:
    """What a leaf reports of some evidence: compiled shapes that it violates, or results of another engine."""

    __slots__ = ("_reports", "_results", "severities", "status")

    def __init__(self, reports: Sequence[CompiledShape | ValidationResult]) -> None:
        self._reports = reports
        self._results: tuple[ValidationResult, ...] | None = None
        self.severities = tuple(report.severity for report in reports)
        self.status: Status | None = None
        """Filled in by `reasoner.determination.compiled.CompiledPolicy.status`."""

    @property
    def results(self) -> tuple[ValidationResult, ...]:
        """The validation results, without the focus node: the answer holds for every request with such evidence."""
        if self._results is None:
            self._results = tuple(map(self._result, self._reports))
        return self._results

    @staticmethod
    def _result(report: CompiledShape | ValidationResult) -> ValidationResult:
        return (
            replace(report, focus="")
            if isinstance(report, ValidationResult)
            else ValidationResult(
                focus="",
                shape=terms.name(report.shape),
                severity=report.severity,
                message=terms.text(report.message),
                component=report.component,
                path="" if report.path.alternatives else terms.name(report.path.sequence[0][0]),
                language=terms.language(report.message),
            )
        )


class Evidence:
    """The evidence graph of a request, as a `reasoner.rdf.property_paths.GraphView`.

    Args:
        request: IRI of the request.
        nodes: the evidence nodes with their kinds.
        facts: triples of the request, its member and its plan.
    """

    def __init__(
        self, request: str, nodes: dict[Term, EvidenceKind], facts: Collection[tuple[Term, Term, Term]] = ()
    ) -> None:
        self.request = f"<{request}>"
        self._facts = facts
        self._nodes = nodes
        values = frozenset[Term]().union(*[kind.values for kind in nodes.values() if kind.values])
        subjects = [subject for subject, _, _ in facts]
        self.entangled = not (values.isdisjoint(nodes) and values.isdisjoint(subjects))
        """Whether a fact of a node leads to another node, so that an answer is valid for this case only."""

    def values(self, node: Term, predicate: Term) -> Sequence[Term]:
        """See `reasoner.rdf.property_paths.GraphView`."""
        kind = self._nodes.get(node)
        if kind:
            return kind.facts.get(predicate, ())
        if predicate in RELATIONS:
            return self._related.get(predicate, ()) if node == self.request else ()
        return self._properties.get(node, {}).get(predicate, ())

    def subjects(self, predicate: Term, node: Term) -> Sequence[Term]:
        """See `reasoner.rdf.property_paths.GraphView`."""
        if predicate in RELATIONS:
            return (self.request,) if node in self._related.get(predicate, ()) else ()
        nodes = [name for name, kind in self._nodes.items() if node in kind.facts.get(predicate, ())]
        return nodes + [s for s, props in self._properties.items() if node in props.get(predicate, ())]

    def types(self, node: Term) -> Collection[Term]:
        """See `reasoner.rdf.property_paths.GraphView`."""
        kind = self._nodes.get(node)
        return kind.classes if kind else self._properties.get(node, {}).get(TYPE, ())

    @cached_property
    def _related(self) -> dict[Term, list[Term]]:
        """The evidence nodes by the property that leads to them."""
        related: dict[Term, list[Term]] = {}
        for node, kind in self._nodes.items():
            related.setdefault(kind.relation, []).append(node)
        return related

    @cached_property
    def _properties(self) -> dict[Term, dict[Term, list[Term]]]:
        """Values by subject and property, of the request, its member and its plan."""
        properties: dict[Term, dict[Term, list[Term]]] = {}
        for subject, predicate, value in self._facts:
            properties.setdefault(subject, {}).setdefault(predicate, []).append(value)
        return properties
