"""Validation with the ``shacl`` engine, for the leaves that are not compiled; the only module that imports it."""

from __future__ import annotations

from importlib.metadata import version as installed

from rdflib import Graph

from reasoner.effective import leaf_shapes
from reasoner.errors import EngineError
from reasoner.policy import PolicyVersion
from reasoner.shacl import ValidationResult


def engine_name() -> str:
    """Name and version of the engine, as recorded in a determination's provenance."""
    return f"shacl {installed('shacl')}"


class Shapes:
    """The shapes of some leaves, prepared once."""

    def __init__(self, version: PolicyVersion, leaves: tuple[str, ...]) -> None:
        import shacl

        self._leaves = leaves
        self._leaf_of = {leaf: leaf for leaf in leaves}
        for leaf in leaves:
            self._leaf_of |= {shape[1:-1]: leaf for shape in version.reporting(leaf)}
        shapes = leaf_shapes(version, leaves)
        try:
            self._shapes = shacl.Shapes.from_text(shapes.serialize(format="nt"), "ntriples")
        except Exception as error:  # whatever the engine raises is an engine's failure to its caller
            raise EngineError(f"shacl refuses the shapes: {error}", where=", ".join(leaves)) from error

    def validate(self, data: Graph, request: str) -> dict[str, tuple[ValidationResult, ...]]:
        """The results of each leaf, for a request in an evidence graph.

        Raises:
            EngineError: the engine failed, or reported what was not asked.
        """
        try:
            report = self._shapes.validate_text(data.serialize(format="nt"), "ntriples")
        except Exception as error:  # as above
            raise EngineError(f"shacl failed: {error}") from error
        found: dict[str, list[ValidationResult]] = {leaf: [] for leaf in self._leaves}
        for result in report.results:
            shape = result.source_shape.strip("<>")
            if shape not in self._leaf_of or result.focus_node != f"<{request}>":
                raise EngineError(
                    f"the engine reported the shape {shape}, which is no named shape of a leaf", where=request
                )
            found[self._leaf_of[shape]].append(
                ValidationResult(
                    focus=request,
                    shape=shape,
                    severity=result.severity,
                    message=min(result.messages, default=""),
                    value=result.value_plain or "",
                    component=result.component_iri,
                    path=(result.path or "").strip("<>") if (result.path or "").count("<") == 1 else "",
                )
            )
        return {
            leaf: tuple(sorted(results, key=lambda r: (r.focus, r.shape, r.severity, r.value)))
            for leaf, results in found.items()
        }
