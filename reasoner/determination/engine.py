"""The two engines, which give the same determinations: the policy compiled, and the reference."""

from __future__ import annotations

from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

from reasoner.chart.model import Case
from reasoner.determination.compiled import compiled_policy
from reasoner.determination.evidence_graph import evidence_graph
from reasoner.determination.inference import Inference, infer
from reasoner.determination.settling import Settlement
from reasoner.determination.validation import LeafReport, evaluate
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import pyshacl_door, shacl_door


class Engine(StrEnum):
    """What classifies charts and validates them; determinations do not depend on it."""

    FAST = "fast"
    """The policy compiled; what cannot be compiled is validated by ``shacl``."""
    REFERENCE = "reference"
    """OWL 2 RL by ``reasonable``, validation by pySHACL."""

    def infer(self, case: Case, version: PolicyVersion) -> Inference:
        """What follows from a case."""
        return compiled_policy(version).infer(case) if self is Engine.FAST else infer(case, version)

    def evaluate(
        self, version: PolicyVersion, leaves: tuple[str, ...], case: Case, inference: Inference, settlement: Settlement
    ) -> dict[str, LeafReport]:
        """The status of each of some leaves, and the validation results behind it."""
        if self is Engine.FAST:
            return compiled_policy(version).evaluate(leaves, case, inference, settlement)
        return evaluate(version, leaves, evidence_graph(case, inference, settlement, version), case.iri)

    def describe(self, version: PolicyVersion | None) -> str:
        """What validates the leaves of a version, and in what version."""
        if self is Engine.REFERENCE:
            return pyshacl_door.engine_name()
        foreign = compiled_policy(version).foreign if version else {}
        compiled = f"necessity {software_version()}, compiled"
        return f"{compiled}; {shacl_door.engine_name()} for {', '.join(sorted(foreign))}" if foreign else compiled


DEFAULT_ENGINE = Engine.FAST
"""The engine of whoever chooses none."""


def software_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("necessity")
    except PackageNotFoundError:
        return "0+unknown"
