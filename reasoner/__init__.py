"""Necessity: a coverage policy as a knowledge graph, and a determination from a patient's documentation."""

from reasoner.chart.model import Case, Document, Statement
from reasoner.determination.determine import determine
from reasoner.determination.model import CriterionResult, Determination
from reasoner.ground.errors import DocumentationError, EngineError, NecessityError, PolicyError, UsageError
from reasoner.logic.fold import Outcome, Status
from reasoner.policy.loading import load_policy
from reasoner.policy.model import Criterion, Policy, PolicyVersion

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
