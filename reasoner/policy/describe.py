"""A policy version as text: its criteria, its readings, and the shapes of one kind of request."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from rdflib import Literal, URIRef

from reasoner.ground.errors import UsageError
from reasoner.policy import axes, evidence, search
from reasoner.policy.effective import EffectivePolicy, choose_readings, effective_policy
from reasoner.policy.model import Criterion, CriterionKind, Policy, PolicyVersion
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, RDF, SKOS
from reasoner.rdf.owl_rl import classify

_KIND = {
    CriterionKind.ALL: ": all of",
    CriterionKind.ANY: ": any of",
    CriterionKind.LEAF: "",
    CriterionKind.LIST: ": each by itself",
}
_REQUEST = "urn:necessity:request"


def choose_version(policy: Policy, version_id: str | None) -> PolicyVersion:
    """The version with an id, by default the latest; raises `UsageError` for one that is not there."""
    if version_id is None:
        return policy.versions[-1]
    for version in policy.versions:
        if version_id in (version.id, version.id.rpartition("/")[2]):
            return version
    known = ", ".join(version.id for version in policy.versions)
    raise UsageError(f"there is no version {version_id!r}", mend=f"Choose one of: {known}")


def tree(version: PolicyVersion) -> str:
    """The criteria as published, before routing and substitutions, an id and label a line; then the parameters."""
    lines = [version.label, f"{version.id}, in force from {version.valid_from}", ""]

    def walk(iri: str, depth: int) -> None:
        criterion = version.criteria[iri]
        lines.append(f"{'  ' * depth}{criterion.id or '-'}  {criterion.label}{_KIND[criterion.kind]}")
        if depth == 0 or criterion.kind is not CriterionKind.LEAF:
            for member in criterion.members:
                if member in version.sections:
                    lines.append(f"{'  ' * (depth + 1)}{version.criteria[member].id}, where it applies")
                else:
                    walk(member, depth + 1)

    for section in (*version.sections, *(part.criterion.iri for part in version.lists)):
        if version.criteria[section].id:
            walk(section, 0)
            lines.append("")
    lines.append("parameters, which a configuration may set")
    for parameter in sorted(version.parameters.values(), key=lambda parameter: parameter.label):
        own = f"; {parameter.default} by the policy itself" if parameter.changed else ""
        lines.append(
            f"  {parameter.label}  {parameter.value}  ({parameter.minimum} to {parameter.maximum}{own})  <{parameter.iri}>"
        )
    if version.changed_lookbacks:
        lines += ["", "lookbacks, as the configuration sets them"]
        lines += [
            f"  {leaf.id}  {leaf.current_lookback}  ({leaf.own_lookback} by the policy itself)"
            for leaf in version.changed_lookbacks
        ]
    return "\n".join([*lines, ""])


def criterion(policy: Policy, version: PolicyVersion, name: str) -> str:
    """One criterion in full, by its id, number or IRI; otherwise the results of `reasoner.policy.search.find`.

    Raises:
        UsageError: nothing is found.
    """
    named = version.by_id.get(name) or version.criteria.get(name.strip("<>")) or version.by_id.get(_id(name))
    return search.find(policy, version, name) if named is None else "\n".join(_criterion(policy, version, named)) + "\n"


def _id(name: str) -> str:
    """The id of a criterion from its number as published: ``adult:8.a.iii`` is ``adult:8-a-iii``."""
    return name.replace(".", "-")


def _criterion(policy: Policy, version: PolicyVersion, criterion: Criterion) -> Iterator[str]:
    yield f"{criterion.id}  {criterion.label}{_KIND[criterion.kind]}"
    yield from textwrap.wrap(criterion.definition, 100, initial_indent="  ", subsequent_indent="  ")
    yield f"  source    {criterion.source}"
    yield f"  iri       {criterion.iri}"
    for source in (criterion, *_groups_above(version, criterion)):
        if source.applies_to and source.id:
            inherited = "" if source is criterion else f" (as {source.id})"
            yield f"  asked of  {search.label(policy, source.applies_to)}{inherited}"
            text = graphs.text(policy.ontology, URIRef(source.applies_to), SKOS.definition)
            yield from textwrap.wrap(text, 100, initial_indent=" " * 12, subsequent_indent=" " * 12)
    if criterion.finding:
        yield f"  finding   {search.label(policy, criterion.finding)}"
        yield from (
            f"  affirmed  {search.label(policy, n)}" for n in search.narrower(version.ontology, criterion.finding)
        )
        yield from (
            f"  contrary  {search.label(policy, name)}" for name in search.contraries(version, criterion.finding)
        )
    yield from (f"  {rule.title:<9} {rule.text}" for rule in evidence.rules(policy, version, criterion))
    if criterion.ask:
        yield f"  ask       {criterion.ask}"
    if criterion.conditional:
        yield "  may be stated not applicable"
        yield from (
            f"  not applicable by  {search.label(policy, n)}" for n in search.inapplicable(version, criterion.finding)
        )
    for interpretation in version.interpretations:
        if search.turns_on(version, interpretation, criterion):
            names = ", ".join(reading.id.partition("/")[2] for reading in interpretation.alternatives)
            yield f"  reading   {interpretation.id}  {interpretation.label}: by default {interpretation.default.label}; or {names}"
    for member in criterion.members:
        part = version.criteria[member]
        yield f"  part      {part.id}  {part.label}"


def _groups_above(version: PolicyVersion, criterion: Criterion) -> Iterator[Criterion]:
    """The groups that contain a criterion, the nearest first, up to its section."""
    for group in version.criteria.values():
        if criterion.iri in group.members and criterion.iri not in version.sections:
            yield group
            yield from _groups_above(version, group)


def readings(version: PolicyVersion) -> str:
    """The passages that can be read in more than one way, with each reading and its rationale."""
    lines: list[str] = []
    for interpretation in version.interpretations:
        lines += [f"{interpretation.id}  {interpretation.label}", *_indented(interpretation.definition, 2)]
        lines += _indented(f"Source: {interpretation.source}", 2) if interpretation.source else []
        for reading in interpretation.readings:
            mark = " (default)" if reading is interpretation.default else ""
            lines += [f"    {reading.id}{mark}: {reading.title}", *_indented(reading.definition, 8)]
            lines += _indented(f"Why: {reading.rationale}", 8)
            lines += [line for each in reading.substitutions for line in _indented(f"So: {each.label}", 8)]
            lines += [f"        <{reading.iri}>"]
        lines.append("")
    return "\n".join(lines)


def shapes(version: PolicyVersion, words: Mapping[str, str], jurisdiction: str | None, minor: bool) -> str:
    """The effective shapes of one kind of request as Turtle; raises `UsageError` as `effective` does."""
    return effective(version, words, jurisdiction, minor).shapes.serialize(format="turtle")


def effective(
    version: PolicyVersion, words: Mapping[str, str], jurisdiction: str | None, minor: bool
) -> EffectivePolicy:
    """The effective policy of one kind of request under the default readings.

    Args:
        version: the policy version.
        words: the word of each axis, to the word of its value.
        jurisdiction: the ISO 3166-2 code of the plan's jurisdiction, such as US-MO.
        minor: whether the member is under the age of majority.

    Raises:
        UsageError: an axis or the jurisdiction is missing or unknown.
    """
    values = axes.choose(version.axes, words)
    if len(values) < len(version.axes) or not jurisdiction:
        options = ", ".join(f"--{axis.word}" for axis in version.axes)
        mend = f"Give {f'{options} and ' if options else ''}--jurisdiction"
        raise UsageError("the kind of request is not said", mend=mend)
    request, plan = URIRef(_REQUEST), URIRef(_REQUEST + ":plan")
    places = version.ontology.subjects(SKOS.notation, Literal(jurisdiction))
    place = next((place for place in places if (place, RDF.type, NEC.Jurisdiction) in version.ontology), None)
    if place is None:
        raise UsageError(f"there is no jurisdiction {jurisdiction!r}", mend="Give an ISO 3166-2 code such as US-MO")
    entailed = classify(
        version.ontology,
        [
            (request, RDF.type, NEC.ReviewRequest),
            *axes.facts(request, values),
            (request, NEC.ageGroup, NEC.Minor if minor else NEC.Adult),
            (request, NEC.plan, plan),
            (plan, NEC.jurisdiction, place),
        ],
    )
    classes = frozenset(str(o) for s, p, o in entailed if s == request and p == RDF.type and isinstance(o, URIRef))
    return effective_policy(version, classes, choose_readings(version))


def _indented(text: str, spaces: int) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent=" " * spaces, subsequent_indent=" " * spaces)
