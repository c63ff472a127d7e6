"""Validation with the ``shacl`` engine, for shapes that are not compiled; the only module that imports it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version as installed

from rdflib import Graph, Literal

from reasoner.ground.errors import EngineError
from reasoner.rdf.namespaces import SH
from reasoner.rdf.pyshacl_door import ValidationResult


def engine_name() -> str:
    """Name and version of the engine, as recorded in a determination's provenance."""
    return f"shacl {installed('shacl')}"


class Shapes:
    """Shapes of leaves, parsed once for any number of validations.

    Args:
        shapes: the shapes graph.
        leaf_of: the IRI of each named shape that may report, to the IRI of its leaf.

    Raises:
        EngineError: the engine refuses the shapes.
    """

    def __init__(self, shapes: Graph, leaf_of: Mapping[str, str]) -> None:
        import shacl

        self._leaf_of = leaf_of
        self._leaves = tuple(dict.fromkeys(leaf_of.values()))
        self._languages = {
            (str(shape), str(message)): message.language or ""
            for shape, message in shapes.subject_objects(SH.message)
            if isinstance(message, Literal)
        }
        """The language tags of messages, which the engine leaves out."""
        try:
            self._shapes = shacl.Shapes.from_text(shapes.serialize(format="nt"), "ntriples")
        except Exception as error:  # the engine documents no base class of what it raises
            raise EngineError(f"shacl refuses the shapes: {error}", where=", ".join(self._leaves)) from error

    def validate(self, data: Graph, request: str) -> dict[str, tuple[ValidationResult, ...]]:
        """The results of each leaf for a request.

        Args:
            data: the evidence graph, with one request.
            request: the IRI of the request.

        Raises:
            EngineError: the engine failed, or reported a shape or a focus node that it was not asked about.
        """
        try:
            report = self._shapes.validate_text(data.serialize(format="nt"), "ntriples")
        except Exception as error:  # as above
            raise EngineError(f"shacl failed: {error}") from error
        by_leaf: dict[str, list[ValidationResult]] = {leaf: [] for leaf in self._leaves}
        for result in report.results:
            shape = (result.source_shape or "").strip("<>")
            if shape not in self._leaf_of or result.focus_node != f"<{request}>":
                raise EngineError(
                    f"the engine reported the shape {shape}, which is no named shape of a leaf", where=request
                )
            path = result.path or ""
            message = min(result.messages, default="")
            by_leaf[self._leaf_of[shape]].append(
                ValidationResult(
                    focus=request,
                    shape=shape,
                    severity=result.severity,
                    message=message,
                    value=result.value_plain or "",
                    component=result.component_iri,
                    path=path.strip("<>") if path.count("<") == 1 else "",
                    language=self._languages.get((shape, message), ""),
                )
            )
        return {
            leaf: tuple(sorted(results, key=lambda r: (r.focus, r.shape, r.severity, r.value)))
            for leaf, results in by_leaf.items()
        }
