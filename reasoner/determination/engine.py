"""The two engines, which give the same determinations: the policy compiled, and the reference."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from reasoner.chart.model import Case
from reasoner.determination.bearing import Settlement
from reasoner.determination.compiled import compiled_policy
from reasoner.determination.inference import Inference, infer
from reasoner.determination.judging import LeafReport
from reasoner.determination.settling import settle
from reasoner.determination.validation import evaluate_alone, evaluate_case
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import pyshacl_door, shacl_door


class Engine(StrEnum):
    """What classifies a chart's statements and evaluates the leaves; determinations do not depend on it."""

    FAST = "fast"
    """The policy compiled; leaves that cannot be compiled are validated by ``shacl``."""
    REFERENCE = "reference"
    """OWL 2 RL by ``reasonable``, validation by pySHACL."""

    def infer(self, case: Case, version: PolicyVersion) -> Inference:
        """Infer classes and facts from a case."""
        return compiled_policy(version).infer(case) if self is Engine.FAST else infer(case, version)

    def settle(self, case: Case, inference: Inference, version: PolicyVersion) -> Settlement:
        """Settle a case's statements."""
        if self is Engine.FAST:
            return compiled_policy(version).settle(case, inference)
        return settle(case, inference, version, lambda bearing: evaluate_alone(version, bearing, case, inference))

    def evaluate(
        self, version: PolicyVersion, leaves: tuple[str, ...], case: Case, inference: Inference, settlement: Settlement
    ) -> dict[str, LeafReport]:
        """The status of each of some leaves, and the validation results behind it."""
        if self is Engine.FAST:
            return compiled_policy(version).evaluate(leaves, case, inference, settlement)
        return evaluate_case(version, leaves, case, inference, settlement)

    def describe(self, version: PolicyVersion | None) -> str:
        """Names and versions of the software that evaluates the leaves of a policy version."""
        if self is Engine.REFERENCE:
            return pyshacl_door.engine_name()
        uncompiled = compiled_policy(version).uncompiled if version else {}
        compiled = f"necessity {software_version()}, compiled"
        return f"{compiled}; {shacl_door.engine_name()} for {', '.join(sorted(uncompiled))}" if uncompiled else compiled


DEFAULT_ENGINE = Engine.FAST
"""The engine where none is chosen."""


@cache
def software_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("necessity")
    except PackageNotFoundError:
        return "0+unknown"
