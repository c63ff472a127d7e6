"""Which criteria apply to a request under a reading, how they combine, and the outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.second_evaluator.kleene import CONFLICT, MET, NA, NOT_MET, OPEN, Status, all_of, any_of
from tests.second_evaluator.leaves import FACTORS, Leaves
from tests.second_evaluator.record import Request

ALL, ANY = all_of, any_of
EXCLUSIONS = [f"exclusions:{number}" for number in range(1, 13)]
DESCRIPTION = [f"description:{name}" for name in ("days", "hours", "non-resident", "no-detoxification")]

READINGS = {
    "continuation-combination": ["all", "any"],
    "lack-of-improvement": ["both"],
    "phases": ["both"],
    "minor-community": ["both"],
    "illinois-scope": ["narrow", "broad", "fourth"],
    "illinois-funding": ["state"],
    "description-force": ["required"],
    "severity-scope": ["any"],
    "impairment-degree": ["mild"],
    "improvement-duty": ["conditional"],
    "level-of-care": ["least"],
    "substance-use-6": ["co-occurring"],
}
"""The alternatives of each interpretation, beside its default."""
OF_LEAVES = ("impairment-degree", "level-of-care")
"""The interpretations by which a single leaf is read otherwise."""
STRAINED = ("continuation-combination", "all")


@dataclass(frozen=True)
class Group:
    """Criteria that are combined; without an id where the policy gives the combination none."""

    id: str
    combine: Callable[..., Status]
    parts: tuple[Group | str, ...]
    """Groups, and leaves by id."""


class Sections:
    """The criteria that apply to a request under a choice of readings."""

    def __init__(self, request: Request, readings: Mapping[str, str]) -> None:
        self.request, self.readings = request, readings
        # "Illinois if the plan is issued or regulated there"; illinois-funding/state: "fully insured plans only"
        reached = request.illinois and (readings.get("illinois-funding") != "state" or request.fully_insured)
        self.asam = request.substance_use and reached
        self.scope = readings.get("illinois-scope", "default")

    def whole(self) -> Group:
        """All sections that apply."""
        request, scope = self.request, self.scope
        parts: list[Group] = []
        if self.asam and scope == "broad":
            # "In place of every adult and substance-use section, both phases, child-adolescent 2-5 stay."
            parts.append(self._illinois())
            if request.minor:
                parts.append(self._child_adolescent(first=None))
        else:
            parts.append(self._adult())
            if request.minor:
                parts.append(self._child_adolescent(self._adult_for_youth_and_substance_use()))
            if request.substance_use:
                parts.append(self._illinois() if self.asam and scope == "fourth" else self._substance_use())
            if self.asam and scope == "default" and request.admission:
                # "Required at admission beside the other sections; at continuation it stands in place of
                # adult-continuation:4."
                parts.append(self._illinois())
        if self.readings.get("description-force") == "required":
            parts.append(Group("", ALL, tuple(DESCRIPTION)))
        return Group("", ALL, tuple(parts))

    def _adult(self) -> Group:
        return self._adult_admission() if self.request.admission else self._adult_continuation()

    def _adult_for_youth_and_substance_use(self) -> tuple[Group, ...]:
        """phases/both: "at continuation adult-admission too, for minors and for SUD focus"."""
        if self.readings.get("phases") == "both" and not self.request.admission:
            return self._adult_admission(), self._adult_continuation()
        return (self._adult(),)

    def _adult_admission(self) -> Group:
        def part(name: str, combine: Callable[..., Status], *parts: Group | str) -> Group:
            prefixed = (p if isinstance(p, Group) else f"adult-admission:{p}" for p in parts)
            return Group(f"adult-admission:{name}", combine, tuple(prefixed))

        severity = () if self.readings.get("severity-scope") == "any" else ("1-severity",)
        community: Group | str = "adult-admission:4"
        if self.request.minor:
            community = "child-adolescent:3"
            if self.readings.get("minor-community") == "both":
                community = Group("", ALL, ("child-adolescent:3", "adult-admission:4"))
        return Group(
            "adult-admission",
            ALL,
            (
                part("1", ALL, "1-diagnosis", *severity),
                part("2", ALL, "2-cause", part("2-a", ALL, "2-a-impairment", "2-a-activities"), "2-b"),
                "adult-admission:3",
                community,
                "adult-admission:5",
                part("6", ALL, "6-plan", "6-provider", "6-emergency"),
                part("7", ANY, "7-a", "7-b"),
                part(
                    "8",
                    ANY,
                    part("8-a", ALL, part("8-a-factor", ANY, *FACTORS), "8-a-need"),
                    "8-b",
                    part("8-c", ALL, "8-c-availability", "8-c-risk"),
                    "8-d",
                ),
            ),
        )

    def _adult_continuation(self) -> Group:
        name = "adult-continuation"
        lack = ALL if self.readings.get("lack-of-improvement") == "both" else ANY
        one = Group(
            f"{name}:1",
            ALL,
            (f"{name}:1-a", Group(f"{name}:1-b", ALL, (f"{name}:1-b-progress", f"{name}:1-b-unstable"))),
        )
        two = Group(
            f"{name}:2",
            ALL,
            (Group(f"{name}:2-lack", lack, (f"{name}:2-a", f"{name}:2-b")), f"{name}:2-response"),
        )
        three = f"{name}:3"
        four: Group = Group(f"{name}:4", ALL, tuple(f"{name}:4-{letter}" for letter in "abcdef"))
        if self.asam and self.scope in ("default", "narrow"):
            four = self._illinois()
        combination = self.readings.get("continuation-combination")
        if combination:
            return Group(name, ALL if combination == "all" else ANY, (one, two, three, four))
        if self.readings.get("improvement-duty") == "conditional":
            # "A duty beside the others: all of (1 or 3) and (1-a or 2) and 4."
            duty = (Group("", ANY, (one, three)), Group("", ANY, (f"{name}:1-a", two)), four)
            return Group(name, ALL, duty)
        return Group(name, ALL, (Group(f"{name}:basis", ANY, (one, two, three)), four))

    def _child_adolescent(self, first: tuple[Group, ...] | None) -> Group:
        name = "child-adolescent"
        needs = tuple(f"{name}:4-{need}" for need in ("mental-health", "physical-health", "education"))
        family = tuple(f"{name}:5-{way}" for way in ("family-centered", "contraindicated", "unlawful"))
        return Group(
            name,
            ALL,
            (
                *((Group(f"{name}:1", ALL, first),) if first else ()),
                Group(f"{name}:2", ANY, (f"{name}:2-a", f"{name}:2-b", f"{name}:2-c")),
                f"{name}:3",
                Group(f"{name}:4", ALL, needs),
                Group(f"{name}:5", ANY, family),
            ),
        )

    def _substance_use(self) -> Group:
        name = "substance-use"
        adult = self._adult_for_youth_and_substance_use()
        above = (*adult, *((self._child_adolescent(adult),) if self.request.minor else ()))
        symptoms = (f"{name}:6-symptoms-psychiatric", f"{name}:6-symptoms-cognitive")
        six = Group(
            f"{name}:6", ALL, (Group(f"{name}:6-symptoms", ANY, symptoms), f"{name}:6-relapse", f"{name}:6-treatment")
        )
        if self.readings.get("substance-use-6") == "co-occurring":
            six = Group("", ANY, (six, f"{name}:6-no-cooccurring"))
        return Group(
            name,
            ALL,
            (
                Group(f"{name}:1", ALL, above),
                f"{name}:2",
                f"{name}:3",
                f"{name}:4",
                Group(f"{name}:5", ANY, (f"{name}:5-a", f"{name}:5-b")),
                six,
            ),
        )

    def _illinois(self) -> Group:
        reason = () if self.request.admission else ("illinois:continued-service",)
        return Group("illinois", ALL, ("illinois:assessment", "illinois:level", *reason))


def statuses(group: Group, leaves: Leaves) -> tuple[Status, dict[str, Status]]:
    """The status of a group, and of everything in it by id."""
    found: dict[str, Status] = {}

    def status(part: Group | str) -> Status:
        if isinstance(part, str):
            if part not in found:
                found[part] = leaves.status(part)
            return found[part]
        combined = part.combine([status(below) for below in part.parts])
        if part.id == "adult-admission:8-a":
            # "8-a is evaluated as any factor together with its own need; the ids stay."
            combined = any_of(all_of(leaves.pair(factor)) for factor in FACTORS)
        if part.id:
            found[part.id] = combined
        return combined

    return status(group), found


def outcome(group: Group, leaves: Leaves) -> tuple[str, dict[str, Status]]:
    """The outcome, and the status by id of all that applies, exclusions and description included."""
    whole, found = statuses(group, leaves)
    for leaf in (*EXCLUSIONS, *DESCRIPTION):
        found[leaf] = leaves.status(leaf)
    # "7 applies only where the criteria are not otherwise met: affirmed or conflicting, it is not applicable if they are
    # met; affirmed, it is not documented while they are unresolved and met if they are not met."
    seven = found["exclusions:7"]
    if seven in (MET, CONFLICT) and whole is MET:
        found["exclusions:7"] = NA
    elif seven is MET and whole is not NOT_MET:
        found["exclusions:7"] = OPEN
    hits = [found[leaf] for leaf in EXCLUSIONS]
    if MET in hits:
        return "excluded", found
    if whole is NOT_MET:
        return "criteria-not-met", found
    if whole is not MET or CONFLICT in hits:
        return "documentation-needed", found
    return "criteria-met", found
