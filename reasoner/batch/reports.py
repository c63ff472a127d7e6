"""Reports on a batch: totals, test results (JUnit), findings (SARIF) and rejected data sets. They hold no time of the run."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

from reasoner.batch.exports import briefs
from reasoner.batch.fields import Brief
from reasoner.batch.model import Rejection, Results
from reasoner.determination.engine import software_version
from reasoner.ground.locks import cannot_be_written
from reasoner.logic.fold import Outcome, Status
from reasoner.policy.model import Criterion, CriterionKind

_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML 1.0 does not allow."""


def summary(results: Results) -> dict[str, Any]:
    """The totals: determinations by outcome, what is most often missing or stands against a request, what was rejected."""
    leaves = {leaf.id for version in results.policy.versions for leaf in version.leaves.values() if leaf.id}
    missing: Counter[str] = Counter()
    against: Counter[str] = Counter()
    unread: Counter[tuple[str, str]] = Counter()
    dependent = unread_in = 0
    for brief in briefs(results):
        missing.update(brief["gap"])
        dependent += brief["holds"] is False
        unread.update({(of["kind"], of["reason"]): of["count"] for of in brief["unreadCounts"]})
        unread_in += bool(brief["unread"])
        if brief["outcome"] in (Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED):
            against.update(_against(brief, leaves))
    reasons = Counter(
        rejection.error.problem.split("; ")[0].split(": ")[-1][:120] for rejection in results.rejections()
    )
    return {
        "policy": {"id": results.policy.id, "digest": results.policy.digest},
        "software": f"necessity {software_version()}",
        "determinations": sum(results.outcomes.values()),
        "outcomes": {outcome.value: results.outcomes.get(outcome.value, 0) for outcome in Outcome},
        "changedByAnotherReading": dependent,
        "unread": {
            "determinations": unread_in,
            "items": unread.total(),
            "counts": [
                {"kind": kind, "reason": reason, "count": count}
                for (kind, reason), count in sorted(unread.items(), key=lambda pair: (-pair[1], pair[0]))
            ],
        },
        "missing": _ranked(missing, "criterion"),
        "against": _ranked(against, "criterion"),
        "rejected": results.rejected,
        "reasons": _ranked(reasons, "reason"),
    }


def write_summary(results: Results, stream: BinaryIO) -> None:
    """Write the totals of `summary` as JSON."""
    stream.write(json.dumps(summary(results), ensure_ascii=False, indent=2).encode() + b"\n")


def _ranked(counts: Counter[str], name: str) -> list[dict[str, Any]]:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{name: key, "count": count} for key, count in ranked]


def _against(brief: Brief, leaves: Collection[str]) -> list[str]:
    """The leaves that stand against a request: exclusions that are affirmed, or else criteria that are denied."""
    statuses = brief["criteria"]
    if brief["outcome"] == Outcome.EXCLUDED:
        return [id_ for id_ in brief["evidence"] if statuses.get(id_) == Status.MET]
    return [id_ for id_, status in statuses.items() if status == Status.NOT_MET and id_ in leaves]


def write_junit(results: Results, stream: BinaryIO) -> None:
    """A test case a determination: failed by an outcome to fail on, skipped where documentation is needed."""
    failing = sum(count for outcome, count in results.outcomes.items() if outcome in results.fail_on)
    needed = Outcome.DOCUMENTATION_NEEDED.value
    skipped = 0 if needed in results.fail_on else results.outcomes.get(needed, 0)
    total = sum(results.outcomes.values()) + results.rejected
    counts = f'tests="{total}" failures="{failing}" errors="{results.rejected}" skipped="{skipped}"'
    name = _attribute(f"necessity {results.policy.id}")
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>\n<testsuite name={name} {counts}>\n'
    stream.write(head.encode())
    for row in results.rows():
        gap = json.loads(row.line)["gap"]
        case = f"<testcase classname={_attribute(_file(row.source))} name={_attribute(f'{row.request} {row.start}')}"
        message = f"{row.outcome}: {', '.join(gap)}" if gap else row.outcome
        if row.outcome in results.fail_on:
            inner = f"<failure message={_attribute(message)} type={_attribute(row.outcome)}/>"
        elif row.outcome == needed:
            inner = f"<skipped message={_attribute(message)}/>"
        else:
            inner = f"<system-out>{escape(message)}</system-out>"
        stream.write(f"{case}>{inner}</testcase>\n".encode())
    for rejection in results.rejections():
        case = f"<testcase classname={_attribute(_file(rejection.source))} name={_attribute(rejection.source)}"
        inner = f"<error message={_attribute(str(rejection.error))} type={_attribute(type(rejection.error).__name__)}/>"
        stream.write(f"{case}>{inner}</testcase>\n".encode())
    stream.write(b"</testsuite>\n</testsuites>\n")


def _attribute(text: str) -> str:
    return quoteattr(_CONTROL.sub("\ufffd", text))


def write_sarif(results: Results, stream: BinaryIO) -> None:
    """SARIF 2.1.0: a result for each criterion that is missing or speaks against a request; rejections are notifications."""
    rules: dict[str, Criterion] = {}
    for version in results.policy.versions:
        rules |= {c.id: c for c in version.criteria.values() if c.id and c.kind is CriterionKind.LEAF}
    driver = {
        "name": "necessity",
        "version": software_version(),
        "rules": [
            {
                "id": id_,
                "shortDescription": {"text": rule.label},
                "fullDescription": {"text": rule.definition},
                "help": {"text": f"{rule.ask or rule.definition} ({rule.source})"},
            }
            for id_, rule in sorted(rules.items())
        ],
    }
    stream.write(
        b'{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":'
    )
    stream.write(_compact(driver) + b'},"results":[')
    for number, result in enumerate(_sarif_results(results, rules)):
        stream.write((b",\n" if number else b"\n") + _compact(result))
    notifications = [
        {
            "level": "error",
            "message": {"text": str(rejection.error)},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(rejection.source)}}}],
        }
        for rejection in results.rejections()
    ]
    invocation = {"executionSuccessful": True, "toolExecutionNotifications": notifications}
    stream.write(b'],"invocations":[' + _compact(invocation) + b"]}]}\n")


def _sarif_results(results: Results, rules: dict[str, Criterion]) -> Iterator[dict[str, Any]]:
    for row in results.rows():
        brief = json.loads(row.line)
        missing = [
            (id_, "note", _request_text(rules[id_], brief["criteria"][id_])) for id_ in brief["gap"] if id_ in rules
        ]
        adverse = row.outcome in (Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED)
        against = [(id_, "warning", _objection_text(rules[id_])) for id_ in (_against(brief, rules) if adverse else ())]
        for id_, level, text in (*missing, *against):
            yield {
                "ruleId": id_,
                "level": level,
                "message": {"text": text},
                "locations": [
                    {
                        "physicalLocation": {"artifactLocation": {"uri": _uri(row.source)}},
                        "logicalLocations": [{"fullyQualifiedName": row.request, "kind": "resource"}],
                    }
                ],
                "partialFingerprints": {"determination/v1": brief["key"]},
            }


def _request_text(rule: Criterion, status: str) -> str:
    problem = "Documentation conflicts" if status == Status.CONFLICTING else "Not documented"
    return f"{problem}: {rule.label}. {rule.ask}".strip()


def _objection_text(rule: Criterion) -> str:
    return f"Documented otherwise: {rule.label}. Refer to a clinical peer; nothing is denied."


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _file(source: str) -> str:
    """The file of a data set."""
    return source.partition(" <")[0].partition(", line ")[0]


def _uri(source: str) -> str:
    path = Path(_file(source))
    return path.as_uri() if path.is_absolute() else path.as_posix().replace(" ", "%20")


def _private(path: str, flags: int) -> int:
    """Open a file that is for its user alone, if it is new."""
    return os.open(path, flags, 0o600)


QUARANTINE = "--quarantine"
"""What errors call the folder of rejected data sets."""


def quarantine(folder: Path, rejections: Iterable[Rejection]) -> None:
    """Set rejected data sets aside in a `locked` folder: each as a file, where its content is known, and why in ``rejected.jsonl``.

    Raises:
        UsageError: the folder cannot be written.
    """
    try:
        partial = folder / "rejected.jsonl.partial"
        with open(partial, "wb", opener=_private) as index:
            for rejection in rejections:
                name = None
                if rejection.raw:
                    name = hashlib.sha256(rejection.raw).hexdigest()[:32] + (rejection.suffix or ".txt")
                    with open(folder / name, "wb", opener=_private) as copy:
                        copy.write(rejection.raw)
                reason = {
                    "source": rejection.source,
                    "file": name,
                    "problem": rejection.error.problem,
                    "where": rejection.error.where,
                    "mend": rejection.error.mend,
                }
                index.write(_compact(reason) + b"\n")
        partial.replace(folder / "rejected.jsonl")
    except OSError as error:
        raise cannot_be_written(folder, QUARANTINE, error) from error
