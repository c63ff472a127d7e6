"""Exports of a batch: its briefs as lines, tables, test reports and totals, written as they come, without times of the run."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

from reasoner.batch import fields
from reasoner.batch.fields import Brief, Type
from reasoner.batch.run import Rejection, Row
from reasoner.determination.engine import software_version
from reasoner.ground.errors import UsageError
from reasoner.logic.fold import UNRESOLVED, Outcome, Status
from reasoner.policy.model import Criterion, CriterionKind, Policy

_ROWS = 4096
_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Results:
    """What is exported."""

    policy: Policy
    rows: Callable[[], Iterator[Row]]
    """The determinations, from the first on each time it is called."""
    rejections: Callable[[], Iterator[Rejection]]
    outcomes: dict[str, int]
    """How many determinations have each outcome."""
    rejected: int
    fail_on: Collection[str] = ()
    """The outcomes that count as failures."""


def write_lines(results: Results, stream: BinaryIO) -> None:
    """Write the lines of JSON as they are."""
    for row in results.rows():
        stream.write(row.line.encode() + b"\n")


def write_csv(results: Results, stream: BinaryIO) -> None:
    """Write a row for each criterion of each determination."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields.CSV_COLUMNS)
    for brief in _briefs(results):
        writer.writerows(fields.csv_rows(brief))
        stream.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()


def write_parquet(results: Results, stream: BinaryIO) -> None:
    """Write a row a determination, with the columns of `schema`; raises `UsageError` where pyarrow is missing."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError("Parquet is written with pyarrow", mend="Install necessity[tables]") from error
    shape = schema()
    with pq.ParquetWriter(stream, shape, compression="zstd") as writer:
        records: list[dict[str, Any]] = []
        for brief in _briefs(results):
            records.append(fields.table_row(brief))
            if len(records) == _ROWS:
                writer.write_table(pa.Table.from_pylist(records, shape))
                records = []
        writer.write_table(pa.Table.from_pylist(records, shape))


@lru_cache(maxsize=1)
def schema() -> Any:
    """The Arrow schema of determinations: a row each, its criteria nested."""
    import pyarrow as pa

    types = {
        Type.TEXT: pa.string(),
        Type.DAY: pa.date32(),
        Type.TRUTH: pa.bool_(),
        Type.NAMES: pa.list_(pa.string()),
    }
    criterion = pa.struct([(field.name, types[field.type]) for field in fields.NESTED])
    flat = [types[field.type] for field in fields.FLAT]
    return pa.schema(zip(fields.COLUMNS, [*flat, pa.list_(criterion), types[Type.NAMES]], strict=True))


def summary(results: Results) -> dict[str, Any]:
    """The totals: determinations by outcome, what most often is missing or stands against a request, what was rejected."""
    leaves = {leaf.id for version in results.policy.versions for leaf in version.leaves.values()}
    missing: Counter[str] = Counter()
    against: Counter[str] = Counter()
    shaky = 0
    for found in _briefs(results):
        missing.update(found["gap"])
        shaky += found["holds"] is False
        if found["outcome"] in (Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED):
            against.update(_against(found, leaves))
    reasons = Counter(
        rejection.error.problem.split("; ")[0].split(": ")[-1][:120] for rejection in results.rejections()
    )
    return {
        "policy": {"id": results.policy.id, "digest": results.policy.digest},
        "software": f"necessity {software_version()}",
        "determinations": sum(results.outcomes.values()),
        "outcomes": {outcome.value: results.outcomes.get(outcome.value, 0) for outcome in Outcome},
        "changedByAnotherReading": shaky,
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


def _against(found: Brief, leaves: Collection[str]) -> list[str]:
    """The leaves that speak against a request: denied criteria, affirmed exclusions."""
    excluding = found["outcome"] == Outcome.EXCLUDED
    wrong = Status.MET if excluding else Status.NOT_MET
    return [
        id_ for id_, status in found["criteria"].items() if status == wrong and id_ in leaves and not excluding
    ] or [id_ for id_ in found["evidence"] if excluding and found["criteria"].get(id_) == wrong]


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
        found = json.loads(row.line)
        case = f"<testcase classname={_attribute(_file(row.source))} name={_attribute(f'{row.request} {row.start}')}"
        said = f"{row.outcome}: {', '.join(found['gap'])}" if found["gap"] else row.outcome
        if row.outcome in results.fail_on:
            inner = f"<failure message={_attribute(said)} type={_attribute(row.outcome)}/>"
        elif row.outcome == needed:
            inner = f"<skipped message={_attribute(said)}/>"
        else:
            inner = f"<system-out>{escape(said)}</system-out>"
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
        found = json.loads(row.line)
        missing = [(id_, "note", _asking(rules[id_], found["criteria"][id_])) for id_ in found["gap"] if id_ in rules]
        refuted = row.outcome in (Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED)
        against = [(id_, "warning", _contradicting(rules[id_])) for id_ in (_against(found, rules) if refuted else ())]
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
                "partialFingerprints": {"determination/v1": found["key"]},
            }


def _asking(rule: Criterion, status: str) -> str:
    conflicting = status in {s.value for s in UNRESOLVED if s is Status.CONFLICTING}
    problem = "Documentation conflicts" if conflicting else "Not documented"
    return f"{problem}: {rule.label}. {rule.ask}".strip()


def _contradicting(rule: Criterion) -> str:
    return f"Documented otherwise: {rule.label}. Refer to a clinical peer; nothing is denied."


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _file(source: str) -> str:
    """The file of a data set."""
    return source.partition(" <")[0].partition(", line ")[0]


def _uri(source: str) -> str:
    path = Path(_file(source))
    return path.as_uri() if path.is_absolute() else path.as_posix().replace(" ", "%20")


def _briefs(results: Results) -> Iterator[Brief]:
    for row in results.rows():
        yield json.loads(row.line)


def quarantine(folder: Path, rejections: Iterable[Rejection]) -> int:
    """Set rejected data sets aside: each as a file by itself, and ``rejected.jsonl`` with the reasons.

    Returns:
        How many there are.

    Raises:
        UsageError: the folder cannot be written.
    """
    import hashlib

    count = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "rejected.jsonl.partial"
        with partial.open("wb") as index:
            for rejection in rejections:
                name = None
                if rejection.raw:
                    name = hashlib.sha256(rejection.raw).hexdigest()[:32] + (rejection.suffix or ".txt")
                    (folder / name).write_bytes(rejection.raw)
                said = {
                    "source": rejection.source,
                    "file": name,
                    "problem": rejection.error.problem,
                    "where": rejection.error.where,
                    "mend": rejection.error.mend,
                }
                index.write(_compact(said) + b"\n")
                count += 1
        partial.replace(folder / "rejected.jsonl")
    except OSError as error:
        raise UsageError(f"--quarantine cannot be written: {error.strerror}", where=str(folder)) from error
    return count
