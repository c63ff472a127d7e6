"""Lines of JSON: a brief for each determination, with ids, statuses and IRIs of statements, made without the whole of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from reasoner.batch.fields import FIELDS
from reasoner.chart.model import Case
from reasoner.determination.compiled import compiled_policy
from reasoner.determination.determine import Period, other_readings, periods
from reasoner.determination.engine import Engine, software_version
from reasoner.determination.model import Determination
from reasoner.logic.fold import Outcome, fact_for_pair
from reasoner.logic.tables import CODE, FoldTable
from reasoner.policy.configuration import Configuration, configured
from reasoner.policy.effective import Pair, choose_readings, effective_policy
from reasoner.policy.model import Policy, PolicyVersion

_KINDS = 256
"""How many kinds of requests are remembered; a policy knows a few dozen, but a request may have classes of its own."""
_TRUTH: dict[bool | None, str] = {None: "null", True: "true", False: "false"}
_LINE = "{" + ",".join(f'"{field.name}":%({field.name})s' for field in FIELDS) + "}"


@dataclass(frozen=True)
class _RequestKind:
    """What is worked out once for a policy version and the classes of a request."""

    table: FoldTable
    undocumented: bytes
    """The status codes of the table's leaves where no statement speaks to them."""
    by_fact: dict[str, list[str]]
    """The leaves that ask about several facts, by the leaf under which their statements are settled."""
    pairs: dict[str, list[Pair]]
    """The pairs of an alternative and a leaf, by the IRI of the leaf."""
    published: dict[str, tuple[int, str]]
    """The place in published order and the id of each leaf of the effective policy, by the leaf its statements are settled under."""


class LineWriter:
    """Writes briefs under one policy and one configuration.

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
        self._kinds: dict[tuple[str, frozenset[str]], _RequestKind] = {}
        self._basis = "\0".join(
            (
                policy.digest,
                software_version(),
                Engine.FAST,
                configuration.digest if configuration else "",
                str(alternatives),
            )
        )

    def key(self, case: Case, start: str, engine: Engine = Engine.FAST) -> str:
        """A digest of all that a determination depends on: documentation, day of review, policy, readings, engine, software."""
        parts = (case.iri, case.digest, case.as_of.isoformat(), start, engine.value, self._basis)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def lines(self, case: Case) -> Iterator[tuple[str, str, str]]:
        """The briefs of a case, one for each period of service under one policy version: its start, the outcome and the line."""
        for period in periods(case, self._policy):
            start, _, version = period
            head = self._head(case, period)
            if version is None:
                outcome = Outcome.NO_POLICY_VERSION
                yield start.isoformat(), outcome.value, _line(head, outcome, (None, None), "", "", ())
                continue
            compiled = compiled_policy(version)
            inference = compiled.infer(case)
            settlement = compiled.settle(case, inference)
            kind = self._kind(version, inference.request_classes)
            table, position, published = kind.table, kind.table.position, kind.published
            codes = bytearray(kind.undocumented)
            for leaf, answer in compiled.answers(case, inference, settlement).items():
                if leaf in position:
                    codes[position[leaf]] = CODE[compiled.status(leaf, answer)]
            for settled in settlement.facts:
                for leaf in kind.by_fact.get(settled, ()):
                    report = compiled.judge(leaf, case, inference, settlement)
                    codes[position[leaf]] = CODE[report.status]
                    for pair in kind.pairs.get(leaf, ()):
                        codes[position[pair.key]] = CODE[fact_for_pair(report.fact_statuses, pair)]
            folded = table.fold(bytes(codes))
            cited = sorted(
                [
                    (*published[leaf], ",".join([f'"{bearing.statement.iri}"' for bearing in bearings]))
                    for leaf, bearings in settlement.bearings.items()
                    if bearings and leaf in published
                ]
            )
            evidence = ",".join([f"{_string(id_)}:[{statements}]" for _, id_, statements in cited])
            yield (
                start.isoformat(),
                folded.outcome.value,
                _line(
                    head, folded.outcome, (folded.holds, folded.holds_strained), folded.criteria, evidence, folded.gap
                ),
            )

    def brief(self, determination: Determination) -> str:
        """The brief of a determination that was made whole, by either engine."""
        version = determination.evaluation.policy.version if determination.evaluation else None
        head = self._head(
            determination.case, (determination.service_start, determination.service_end, version), determination.engine
        )
        results = [result for result in determination.criteria if result.criterion.id]
        criteria = ",".join(f"{_string(r.criterion.id)}:{_string(r.status.value)}" for r in results)
        evidence = ",".join(
            f"{_string(r.criterion.id)}:[{','.join(_string(b.statement.iri) for b in r.evidence)}]"
            for r in results
            if r.evidence
        )
        gap = next(iter(determination.gaps), ())
        holds = determination.holds_under_all_readings, determination.holds_under_strained_readings
        return _line(head, determination.outcome, holds, criteria, evidence, gap)

    def _head(self, case: Case, period: Period, engine: Engine = Engine.FAST) -> dict[str, str]:
        """The fields that say what is determined, each as JSON text."""
        start, end, version = period
        return {
            "key": f'"{self.key(case, start.isoformat(), engine)}"',
            "request": f'"{case.iri}"',
            "start": f'"{start.isoformat()}"',
            "end": _string(end.isoformat()) if end else "null",
            "asOf": f'"{case.as_of.isoformat()}"',
            "version": _string(version.id) if version else "null",
            "unread": f"[{','.join([_string(item.iri) for item in case.unread])}]",
        }

    def _kind(self, version: PolicyVersion, classes: frozenset[str]) -> _RequestKind:
        kind = self._kinds.get((version.iri, classes))
        if kind is None:
            if len(self._kinds) >= _KINDS:
                self._kinds.clear()
            readings = choose_readings(version, self._configuration.choices(version) if self._configuration else None)
            effective = effective_policy(version, classes, readings)
            others = other_readings(effective) if self._alternatives else ()
            plain, strained = ([o for _, reading, o in others if reading.strained is kind] for kind in (False, True))
            table, compiled = FoldTable(effective, plain, strained), compiled_policy(version)
            asked = effective.shown({leaf: version.settled_as(leaf) for leaf in effective.leaves})
            pairs: dict[str, list[Pair]] = {}
            for pair in {pair.key: pair for read in (effective, *plain, *strained) for pair in read.pairs}.values():
                pairs.setdefault(pair.leaf.leaf, []).append(pair)
            by_fact: dict[str, list[str]] = {}
            for policy in (effective, *plain, *strained):
                for leaf in policy.leaves:
                    own = by_fact.setdefault(version.settled_as(leaf), [])
                    own += [leaf] if version.leaves[leaf].topic and leaf not in own else []
            silent = [leaf.partition(" ")[0] for leaf in table.leaves]  # of a pair, that of its leaf
            kind = self._kinds[version.iri, classes] = _RequestKind(
                table,
                bytes(CODE[compiled.status(leaf, compiled.silence(leaf))] for leaf in silent),
                by_fact,
                pairs,
                {settled: (number, version.criteria[iri].id) for number, (iri, settled) in enumerate(asked.items())},
            )
        return kind


def _line(
    head: dict[str, str],
    outcome: Outcome,
    holds: tuple[bool | None, bool | None],
    criteria: str,
    evidence: str,
    gap: tuple[str, ...],
) -> str:
    return _LINE % {
        **head,
        "outcome": f'"{outcome.value}"',
        "holds": _TRUTH[holds[0]],
        "holdsStrained": _TRUTH[holds[1]],
        "criteria": f"{{{criteria}}}",
        "evidence": f"{{{evidence}}}",
        "gap": f"[{','.join([_string(id_) for id_ in gap])}]",
    }


@lru_cache(maxsize=4096)
def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
