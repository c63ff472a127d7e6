"""Briefs: determinations in a line of JSON, ids and statuses and names of statements, made without the whole record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache

from reasoner.batch.fields import FIELDS
from reasoner.chart.model import Case
from reasoner.determination.compiled import compiled_policy
from reasoner.determination.determine import Period, other_readings, periods
from reasoner.determination.engine import Engine, software_version
from reasoner.determination.model import Determination
from reasoner.determination.settling import settle
from reasoner.logic.fold import Outcome
from reasoner.logic.tables import CODE, FoldTable
from reasoner.policy.configuration import Configuration, configured
from reasoner.policy.effective import choose_readings, effective_policy
from reasoner.policy.model import Policy, PolicyVersion

SCHEMA = "https://w3id.org/necessity/schema/brief/1"
"""Names the form of the JSON line; its JSON Schema is ``data/schema/brief.json``."""
_LINE = "{" + ",".join(f'"{field.name}":%({field.name})s' for field in FIELDS) + "}"


class LineWriter:
    """Briefs under one policy and one configuration.

    Args:
        policy: the policy.
        configuration: a payer's readings and parameters.
        alternatives: whether to try every other reading of the ambiguous passages too.
    """

    def __init__(
        self, policy: Policy, configuration: Configuration | None = None, *, alternatives: bool = True
    ) -> None:
        self._policy = configured(policy, configuration)
        self._configuration = configuration
        self._alternatives = alternatives
        self._plans: dict[tuple[str, frozenset[str]], tuple[FoldTable, bytes, dict[str, tuple[int, str]]]] = {}
        self._name = "\0".join(
            (
                policy.digest,
                software_version(),
                Engine.FAST,
                configuration.digest if configuration else "",
                str(alternatives),
            )
        )

    def key(self, case: Case, start: str, engine: Engine = Engine.FAST) -> str:
        """The digest of all that a determination follows from: documentation, day of review, policy, readings, software."""
        parts = (case.iri, case.digest, case.as_of.isoformat(), start, engine.value, self._name)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def lines(self, case: Case) -> Iterator[tuple[str, str, str]]:
        """The briefs of a case, one for each period of service under one policy version: start, outcome, and line."""
        for period in periods(case, self._policy):
            start, _, version = period
            head = self._head(case, period)
            if version is None:
                outcome = Outcome.NO_POLICY_VERSION
                yield start.isoformat(), outcome.value, _line(head, outcome, None, "", "", ())
                continue
            compiled = compiled_policy(version)
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
                [
                    (*order[leaf], ",".join([f'"{bearing.statement.iri}"' for bearing in bearings]))
                    for leaf, bearings in settlement.bearings.items()
                    if bearings and leaf in order
                ]
            )
            evidence = ",".join([f"{_string(id_)}:[{statements}]" for _, id_, statements in cited])
            yield (
                start.isoformat(),
                fold.outcome.value,
                _line(head, fold.outcome, fold.holds, fold.criteria, evidence, fold.gap),
            )

    def of(self, determination: Determination) -> str:
        """The brief of a whole determination, whatever engine made it."""
        version = determination.evaluation.policy.version if determination.evaluation else None
        head = self._head(
            determination.case, (determination.service_start, determination.service_end, version), determination.engine
        )
        shown = [result for result in determination.criteria if result.criterion.id]
        criteria = ",".join(f"{_string(r.criterion.id)}:{_string(r.status.value)}" for r in shown)
        evidence = ",".join(
            f"{_string(r.criterion.id)}:[{','.join(_string(b.statement.iri) for b in r.evidence)}]"
            for r in shown
            if r.evidence
        )
        gap = next(iter(determination.gaps), ())
        holds = determination.holds_under_all_readings
        return _line(head, determination.outcome, holds, criteria, evidence, gap)

    def _head(self, case: Case, period: Period, engine: Engine = Engine.FAST) -> dict[str, str]:
        """The fields that tell what is determined, as JSON texts."""
        start, end, version = period
        return {
            "key": f'"{self.key(case, start.isoformat(), engine)}"',
            "request": f'"{case.iri}"',
            "start": f'"{start.isoformat()}"',
            "end": _string(end.isoformat()) if end else "null",
            "asOf": f'"{case.as_of.isoformat()}"',
            "version": _string(version.id) if version else "null",
        }

    def _plan(
        self, version: PolicyVersion, classes: frozenset[str]
    ) -> tuple[FoldTable, bytes, dict[str, tuple[int, str]]]:
        """The plan of a kind of request, the codes of its leaves where nothing is said, and the places of its leaves."""
        found = self._plans.get((version.iri, classes))
        if found is None:
            readings = choose_readings(version, self._configuration.choices(version) if self._configuration else None)
            effective = effective_policy(version, classes, readings)
            others = [other for _, _, other in other_readings(effective)] if self._alternatives else []
            plan, compiled = FoldTable(effective, others), compiled_policy(version)
            silence = bytes(CODE[compiled.status(leaf, compiled.silence(leaf))] for leaf in plan.leaves)
            order = {leaf: (number, version.criteria[leaf].id) for number, leaf in enumerate(effective.leaves)}
            found = self._plans[version.iri, classes] = (plan, silence, order)
        return found


def _line(
    head: dict[str, str], outcome: Outcome, holds: bool | None, criteria: str, evidence: str, gap: tuple[str, ...]
) -> str:
    return _LINE % {
        **head,
        "outcome": f'"{outcome.value}"',
        "holds": "null" if holds is None else "true" if holds else "false",
        "criteria": f"{{{criteria}}}",
        "evidence": f"{{{evidence}}}",
        "gap": f"[{','.join([_string(id_) for id_ in gap])}]",
    }


@lru_cache(maxsize=4096)
def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
