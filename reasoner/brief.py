"""Briefs: determinations in a line of JSON, ids and statuses and names of statements, made without the whole record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from reasoner.configuration import Configuration
from reasoner.decide import Outcome
from reasoner.documentation import Case
from reasoner.effective import choose_readings, effective_policy
from reasoner.engine import Engine, Period, other_readings, periods, software_version
from reasoner.plan import CODE, Plan
from reasoner.policy import Policy, PolicyVersion
from reasoner.program import program
from reasoner.settle import settle

SCHEMA = "https://w3id.org/necessity/schema/brief/1"
"""Names the form of the JSON line; its JSON Schema is ``data/schema/brief.json``."""


class Desk:
    """Briefs under one policy and one choice of readings.

    Args:
        policy: the policy.
        configuration: a payer's choice of readings.
        alternatives: whether to try every other reading of the ambiguous passages too.
    """

    def __init__(
        self, policy: Policy, configuration: Configuration | None = None, *, alternatives: bool = True
    ) -> None:
        self._policy = policy
        self._configuration = configuration
        self._alternatives = alternatives
        self._plans: dict[tuple[str, frozenset[str]], tuple[Plan, bytes, dict[str, tuple[int, str]]]] = {}
        self._name = "\0".join(
            (
                policy.digest,
                software_version(),
                Engine.FAST,
                configuration.digest if configuration else "",
                str(alternatives),
            )
        )

    def key(self, case: Case, start: str) -> str:
        """The digest of all that a brief follows from: documentation, day of review, policy, readings and software."""
        parts = (case.digest, case.as_of.isoformat(), start, self._name)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def lines(self, case: Case) -> Iterator[tuple[str, str]]:
        """The briefs of a case, one for each period of service under one policy version: its start, and the line."""
        for period in periods(case, self._policy):
            yield period[0].isoformat(), self._line(case, period)

    def _line(self, case: Case, period: Period) -> str:
        start, end, version = period
        head = (
            f'{{"key":"{self.key(case, start.isoformat())}","request":"{case.iri}","start":"{start.isoformat()}",'
            f'"end":{_quoted(end.isoformat() if end else None)},"asOf":"{case.as_of.isoformat()}"'
        )
        if version is None:
            outcome = Outcome.NO_POLICY_VERSION.value
            return (
                f'{head},"version":null,"outcome":"{outcome}","holds":null,"criteria":{{}},"evidence":{{}},"gap":[]}}'
            )
        compiled = program(version)
        inference = compiled.infer(case)
        settlement = settle(case, inference, version)
        plan, silence, order = self._plan(version, inference.request_classes)
        codes = bytearray(silence)
        position = plan.position
        for leaf, answer in compiled.answers(case, inference, settlement).items():
            if leaf in position:
                codes[position[leaf]] = CODE[compiled.status(leaf, answer)]
        fold = plan.fold(bytes(codes))
        cited = sorted(
            (*order[leaf], ",".join([f'"{bearing.statement.iri}"' for bearing in bearings]))
            for leaf, bearings in settlement.bearings.items()
            if leaf in order
        )
        evidence = ",".join([f'"{id_}":[{statements}]' for _, id_, statements in cited])
        holds = "null" if fold.holds is None else "true" if fold.holds else "false"
        return (
            f'{head},"version":{json.dumps(version.id)},"outcome":"{fold.outcome.value}","holds":{holds},'
            f'"criteria":{{{fold.criteria}}},"evidence":{{{evidence}}},"gap":{json.dumps(fold.gap, separators=(",", ":"))}}}'
        )

    def _plan(self, version: PolicyVersion, classes: frozenset[str]) -> tuple[Plan, bytes, dict[str, tuple[int, str]]]:
        """The plan of a kind of request, the codes of its leaves where nothing is said, and the places of its leaves."""
        found = self._plans.get((version.iri, classes))
        if found is None:
            readings = choose_readings(version, self._configuration.choices(version) if self._configuration else None)
            effective = effective_policy(version, classes, readings)
            others = [other for _, _, other in other_readings(effective)] if self._alternatives else []
            plan, compiled = Plan(effective, others), program(version)
            silence = bytes(CODE[compiled.status(leaf, compiled.silence(leaf))] for leaf in plan.leaves)
            order = {leaf: (number, version.criteria[leaf].id) for number, leaf in enumerate(effective.leaves)}
            found = self._plans[version.iri, classes] = (plan, silence, order)
        return found


def _quoted(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'
