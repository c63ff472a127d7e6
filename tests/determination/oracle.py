"""The logic of the policy for charts of bare attestations, written a second time, straight from its text.

It shares nothing with the reasoner: formulas in Python over the ids, so that an error must be made twice to pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from tests.conftest import Attestation

MET, NOT_MET, SILENT, CONFLICT, NA = "met", "not-met", "not-documented", "conflicting", "not-applicable"

AA, AC, CA, SU, IL = "adult-admission", "adult-continuation", "child-adolescent", "substance-use", "illinois"

# group -> (kind, parts)
GROUPS: dict[str, tuple[str, list[str]]] = {
    "adult-admission": ("all", ["1", "2", "3", "4", "5", "6", "7", "8"]),
    "adult-admission:1": ("all", ["1-diagnosis", "1-severity"]),
    "adult-admission:2": ("all", ["2-cause", "2-a", "2-b"]),
    "adult-admission:2-a": ("all", ["2-a-impairment", "2-a-activities"]),
    "adult-admission:6": ("all", ["6-plan", "6-provider", "6-emergency"]),
    "adult-admission:7": ("any", ["7-a", "7-b"]),
    "adult-admission:8": ("any", ["8-a", "8-b", "8-c", "8-d"]),
    "adult-admission:8-a": ("all", ["8-a-factor", "8-a-need"]),
    "adult-admission:8-a-factor": ("any", ["8-a-i", "8-a-ii", "8-a-iii", "8-a-iv", "8-a-v", "8-a-other"]),
    "adult-admission:8-c": ("all", ["8-c-availability", "8-c-risk"]),
    "adult-continuation": ("all", ["basis", "4"]),
    "adult-continuation:basis": ("any", ["1", "2", "3"]),
    "adult-continuation:1": ("all", ["1-a", "1-b"]),
    "adult-continuation:1-b": ("all", ["1-b-progress", "1-b-unstable"]),
    "adult-continuation:2": ("all", ["2-lack", "2-response"]),
    "adult-continuation:2-lack": ("any", ["2-a", "2-b"]),
    "adult-continuation:4": ("all", ["4-a", "4-b", "4-c", "4-d", "4-e", "4-f"]),
    "child-adolescent": ("all", ["1", "2", "3", "4", "5"]),
    "child-adolescent:2": ("any", ["2-a", "2-b", "2-c"]),
    "child-adolescent:4": ("all", ["4-mental-health", "4-physical-health", "4-education"]),
    "child-adolescent:5": ("any", ["5-family-centered", "5-contraindicated", "5-unlawful"]),
    "substance-use": ("all", ["1", "2", "3", "4", "5", "6"]),
    "substance-use:5": ("any", ["5-a", "5-b"]),
    "substance-use:6": ("all", ["6-symptoms", "6-relapse", "6-treatment"]),
    "substance-use:6-symptoms": ("any", ["6-symptoms-psychiatric", "6-symptoms-cognitive"]),
    "illinois": ("all", ["assessment", "level", "continued-service"]),
}
EXCLUSIONS = [f"exclusions:{n}" for n in range(1, 13)]
DESCRIPTION = [f"description:{n}" for n in ["days", "hours", "non-resident", "no-detoxification"]]


def fold(kind: str, parts: list[str]) -> str:
    parts = [p for p in parts if p != NA]
    if not parts:
        return NA
    if kind == "all" and NOT_MET in parts:
        return NOT_MET
    if kind == "any" and MET in parts:
        return MET
    for unresolved in (CONFLICT, SILENT):
        if unresolved in parts:
            return unresolved
    return MET if kind == "all" else NOT_MET


def leaf(attestations: list[Attestation], end: date, as_of: date, bound: date) -> str:
    counted = [
        a for a in attestations if date.fromisoformat(a.recorded) <= as_of and date.fromisoformat(a.observed) <= bound
    ]
    late = [a for a in counted if date.fromisoformat(a.recorded) > end]
    timely = [a for a in counted if a not in late]
    newest = max((a.observed for a in timely), default="")
    stances = {a.assertion for a in timely if a.observed == newest} | {a.assertion for a in late}
    if len(stances) > 1:
        return CONFLICT
    return {"Affirmed": MET, "Denied": NOT_MET, "NotApplicable": NA}[stances.pop()] if stances else SILENT


def determine(
    attestations: Iterable[Attestation],
    *,
    phase: str,
    focus: str,
    minor: bool,
    illinois: bool,
    start: str = "2025-06-02",
    end: str = "2025-07-02",
) -> tuple[str, dict[str, str]]:
    """Outcome, and status by id of everything that applies."""
    by_leaf: dict[str, list[Attestation]] = {}
    for attestation in attestations:
        by_leaf.setdefault(attestation.criterion, []).append(attestation)
    admission, sud = phase == "Admission", focus == "SubstanceUse"
    bound = date.fromisoformat(start) + timedelta(days=7) if admission else date.fromisoformat(end)
    asam = sud and illinois
    statuses: dict[str, str] = {}

    def status(id_: str) -> str:
        if id_ == f"{CA}:1":
            statuses[id_] = fold("all", [status(AA if admission else AC)])
        elif id_ == f"{SU}:1":
            statuses[id_] = fold("all", [status(AA if admission else AC), *([status(CA)] if minor else [])])
        elif id_ in GROUPS:
            kind, names = GROUPS[id_]
            parts = [f"{id_.split(':')[0]}:{name}" for name in names]
            if minor and id_ == AA:
                parts = [f"{CA}:3" if part == f"{AA}:4" else part for part in parts]
            if asam and id_ == AC:
                parts = [IL if part == f"{AC}:4" else part for part in parts]
            if id_ == IL and admission:
                parts.remove(f"{IL}:continued-service")
            statuses[id_] = fold(kind, [status(part) for part in parts])
        else:
            statuses[id_] = leaf(by_leaf.get(id_, []), date.fromisoformat(end), date(2026, 1, 1), bound)
        return statuses[id_]

    sections = [AA if admission else AC, *([CA] if minor else []), *([SU] if sud else []), *([IL] if asam else [])]
    whole = fold("all", [status(section) for section in sections])
    for id_ in (*EXCLUSIONS, *DESCRIPTION):
        status(id_)
    seven = statuses["exclusions:7"]
    if seven in (MET, CONFLICT):
        if whole == MET:
            statuses["exclusions:7"] = NA
        elif seven == MET and whole != NOT_MET:
            statuses["exclusions:7"] = SILENT
    hits = [statuses[id_] for id_ in EXCLUSIONS]
    if MET in hits:
        return "excluded", statuses
    if whole == NOT_MET:
        return "criteria-not-met", statuses
    if whole != MET or CONFLICT in hits:
        return "documentation-needed", statuses
    return "criteria-met", statuses
