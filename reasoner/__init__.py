"""Necessity: a coverage policy as a knowledge graph, and a determination from a patient's documentation."""

from reasoner.decide import Outcome, Status
from reasoner.documentation import Case, Document, Statement
from reasoner.engine import CriterionResult, Determination, determine
from reasoner.errors import DocumentationError, EngineError, NecessityError, PolicyError, UsageError
from reasoner.load import load_policy
from reasoner.policy import Criterion, Policy, PolicyVersion

__all__ = [
    "Case",
    "Criterion",
    "CriterionResult",
    "Determination",
    "Document",
    "DocumentationError",
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
]
