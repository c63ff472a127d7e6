"""Necessity: a coverage policy as a knowledge graph, and a determination from a patient's documentation."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rdflib import Graph

from reasoner.chart.intake import read_file, read_graph
from reasoner.chart.model import Case, Document, Statement
from reasoner.determination.determine import determine_case
from reasoner.determination.engine import DEFAULT_ENGINE, Engine
from reasoner.determination.model import CriterionResult, Determination
from reasoner.ground.errors import DocumentationError, EngineError, NecessityError, PolicyError, UsageError
from reasoner.logic.fold import Outcome, Status
from reasoner.policy.configuration import Configuration, read_configuration
from reasoner.policy.loading import load_policy
from reasoner.policy.model import Criterion, Policy, PolicyVersion

__all__ = [
    "Case",
    "Configuration",
    "Criterion",
    "CriterionResult",
    "Determination",
    "Document",
    "DocumentationError",
    "Engine",
    "EngineError",
    "NecessityError",
    "Outcome",
    "Policy",
    "PolicyError",
    "PolicyVersion",
    "Statement",
    "Status",
    "UsageError",
    "determine",
    "load_policy",
    "read_configuration",
]


def determine(
    source: str | Path | Graph,
    policy: Policy | None = None,
    *,
    as_of: date | None = None,
    configuration: Configuration | None = None,
    alternatives: bool = True,
    engine: Engine = DEFAULT_ENGINE,
) -> tuple[Determination, ...]:
    """Determine every request of a document, in the order of request IRIs and service dates.

    Args:
        source: the path of an RDF file, or an rdflib graph that holds one data set.
        policy: a policy from `load_policy`; by default the one that is installed.
        as_of: the date on whose knowledge to review; by default each request's own, else today.
        configuration: a payer's readings and parameters, from `read_configuration`.
        alternatives: whether to try every other reading of the ambiguous passages too.
        engine: what validates; the determinations are the same.

    Returns:
        One determination a request, and one more for each policy version its service reaches into.

    Raises:
        DocumentationError: the documentation cannot be read or is not well formed.
        PolicyError: the policy is not well formed.
        EngineError: the validation engine did not do what was asked of it.
    """
    policy = policy or load_policy()
    cases = read_graph(source, policy, as_of) if isinstance(source, Graph) else read_file(Path(source), policy, as_of)
    return tuple(
        determination
        for case in cases
        for determination in determine_case(
            case, policy, configuration=configuration, alternatives=alternatives, engine=engine
        )
    )
