"""Policy versions sketched in Python, for what needs no graphs: criteria are named by a letter or a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reasoner.logic.fold import Evaluation, Status
from reasoner.policy.axes import Axis, AxisValue
from reasoner.policy.effective import EffectivePolicy, choose_readings, effective_policy
from reasoner.policy.lexicon import Lexicon
from reasoner.policy.model import (
    Criterion,
    CriterionKind,
    Interpretation,
    ListSection,
    Policy,
    PolicyParameter,
    PolicyVersion,
    Reading,
    Sources,
    Substitution,
)
from reasoner.rdf.namespaces import NEC

EMPTY = Lexicon(frozenset(), {}, {}, {}, {}, {}, frozenset(), (), {})
M, N, D, C, A = Status.MET, Status.NOT_MET, Status.NOT_DOCUMENTED, Status.CONFLICTING, Status.NOT_APPLICABLE
BY_LETTER = {"M": M, "N": N, "D": D, "C": C, "A": A}


@dataclass(frozen=True)
class Sketch:
    """A criterion and those below it."""

    id: str
    kind: CriterionKind
    members: tuple[Sketch, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def iri(id_: str) -> str:
    """The IRI of a criterion."""
    return f"urn:criterion:{id_}"


def finding(id_: str) -> str:
    """The finding class of a leaf."""
    return f"urn:finding:{id_}"


def leaf(id_: str, **facts: Any) -> Sketch:
    """A leaf."""
    return Sketch(id_, CriterionKind.LEAF, (), facts)


def all_of(id_: str, *members: Sketch, **facts: Any) -> Sketch:
    """A group of which every part has to be met."""
    return Sketch(id_, CriterionKind.ALL, members, facts)


def any_of(id_: str, *members: Sketch, **facts: Any) -> Sketch:
    """A group of which one part has to be met."""
    return Sketch(id_, CriterionKind.ANY, members, facts)


WINDOWED = "urn:axis-value:windowed"
"""A value for which the period under review ends as many days after the start of service as the parameter `WINDOW` says."""
WINDOW = "urn:parameter:window"
AXIS = Axis(
    "urn:axis",
    "period",
    "period",
    "",
    "urn:axis-class",
    (AxisValue("urn:axis", WINDOWED, "windowed", "windowed", "", WINDOW),),
)


def parameters(**values: int) -> dict[str, PolicyParameter]:
    """Parameters of a version: that of an age group by its name in the core vocabulary, and ``window``."""
    names = {name: WINDOW if name == "window" else str(NEC[name]) for name in values}
    return {names[n]: PolicyParameter(names[n], f"label of {n}", 0, 150, value, value) for n, value in values.items()}


def criteria(*sketches: Sketch) -> dict[str, Criterion]:
    """The criteria of some sketches by IRI, in published order."""
    by_iri: dict[str, Criterion] = {}
    for sketch in sketches:
        by_iri[iri(sketch.id)] = Criterion(
            iri=iri(sketch.id),
            id=sketch.id,
            kind=sketch.kind,
            notation=sketch.id,
            label=f"label of {sketch.id}",
            definition="",
            source="",
            members=tuple(iri(member.id) for member in sketch.members),
            **({"finding": finding(sketch.id)} if sketch.kind is CriterionKind.LEAF else {}) | sketch.facts,
        )
        by_iri |= criteria(*sketch.members)
    return by_iri


def version(
    *sections: Sketch,
    exclusions: tuple[Sketch, ...] = (),
    description: tuple[Sketch, ...] = (),
    spare: tuple[Sketch, ...] = (),
    valid: tuple[date, date | None] = (date(2025, 1, 1), None),
    **facts: Any,
) -> PolicyVersion:
    """A version of some sections; `spare` are criteria that only substitutions use."""
    listed = [Sketch("exclusions", CriterionKind.LIST, exclusions)] if exclusions else []
    listed += [Sketch("description", CriterionKind.LIST, description)] if description else []
    declared = criteria(*sections, *listed, *spare)
    usual: dict[str, Any] = {
        "policy": "sketch",
        "iri": f"urn:version:{valid[0]}",
        "id": f"sketch/{valid[0]}",
        "label": "Sketch",
        "lay_words": "",
        "valid_from": valid[0],
        "valid_until": valid[1],
        "parameters": parameters(ageOfMajority=18, window=7),
        "axes": (AXIS,),
        "advice": (),
        "criteria": declared,
        "sections": tuple(iri(section.id) for section in sections),
        "lists": tuple(ListSection(declared[iri(part.id)], part.id == "exclusions") for part in listed),
        "substitutions": (),
        "interpretations": (),
        "contraries": {},
        "rules": (),
        "lexicon": EMPTY,
        "policy_digest": "",
        "sources": Sources((), ()),
    }
    return PolicyVersion(**(usual | facts))


def policy(*versions: PolicyVersion) -> Policy:
    """A policy of some versions."""
    return Policy("urn:policy", "sketch", "Sketch", (), versions, {}, "", EMPTY, Sources((), ()))


def effective(policy_version: PolicyVersion, *classes: str, **choices: str) -> EffectivePolicy:
    """What a version asks of requests of some classes under some readings."""
    return effective_policy(policy_version, frozenset(classes), choose_readings(policy_version, choices))


def evaluation(asked: EffectivePolicy, **statuses: str) -> Evaluation:
    """An evaluation from the letter of each leaf's status; a leaf that is not named is not documented."""
    stated = {iri(id_): BY_LETTER[letter] for id_, letter in statuses.items()}
    return Evaluation(asked, dict.fromkeys(asked.leaves, D) | stated)


def replacing(replaced: str, *used: str, when: str | None = None) -> Substitution:
    """A substitution of criteria; of classes, where they are given as ``class:name``."""
    of_classes = replaced.startswith("class:")
    name = replaced if of_classes else iri(replaced)
    instead = used if of_classes else tuple(map(iri, used))
    label = f"{' and '.join(used) or 'nothing'} in place of {replaced}"
    return Substitution(f"urn:substitution:{replaced}:{'-'.join(used)}:{when}", label, name, instead, when, of_classes)


def interpretation(id_: str, *, strained: tuple[str, ...] = (), **readings: tuple[Substitution, ...]) -> Interpretation:
    """A passage with its readings, the first of which is the default; some of them may be strained."""
    choices = [
        Reading(f"urn:reading:{id_}:{name}", f"{id_}/{name}", name, "", "", substitutions, name in strained)
        for name, substitutions in readings.items()
    ]
    return Interpretation(f"urn:interpretation:{id_}", id_, id_, "", "", choices[0], tuple(choices[1:]))
