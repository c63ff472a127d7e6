"""The policy as a tree: own words, citation, shape, vocabulary, readings, and where another rule takes its place."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st
from parts import paint, picture
from parts.components import Node, tree
from parts.desk import review, turtle, user
from rdflib import URIRef

from reasoner.assurance import diff
from reasoner.policy import describe
from reasoner.policy.effective import EffectivePolicy, Part, leaf_shapes
from reasoner.policy.model import Criterion, CriterionKind, PolicyVersion, Substitution
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, RDF, RDFS, SKOS
from reasoner.review.authority import Action


def show() -> None:
    """Show the page."""
    user().require(Action.READ)
    policy = review().policy
    st.title("Policy")
    st.text(policy.label)
    view = st.segmented_control(
        "View",
        ("Criteria", "Versions"),
        default="Criteria",
        key="view of policy",
        required=True,
        label_visibility="collapsed",
    )
    version = policy.versions[-1]
    if len(policy.versions) > 1:
        version = st.selectbox("Version", policy.versions[::-1], format_func=lambda v: f"{v.id}, from {v.valid_from}")
    if view == "Versions":
        _versions()
        return
    effective = _kind(version)
    nodes = list(_effective(effective) if effective else _published(version))
    known = {node.key: node for top in nodes for node in top.walk()}
    asked = st.session_state.get("policy criterion") or st.query_params.get("criterion")
    picked = next((key for key in known if key.partition("@")[0] == asked), next(iter(known)))
    left, right = st.columns([6, 5], gap="medium")
    with left, st.container(height=680, border=True):
        key = f"policy {version.id} {sorted(effective.request_classes) if effective else ''}"
        now = tree("Criteria of the policy", nodes, key=key, selected=picked, opened=[node.key for node in nodes])
    id_ = (now or picked).partition("@")[0]
    st.session_state["policy criterion"] = st.query_params["criterion"] = id_
    found = version.by_id.get(id_) or version.criteria.get(id_)
    with right:
        if found is None:
            st.text("It is asked under another version or kind of request.")
            return
        _criterion(version, found)


def _kind(version: PolicyVersion) -> EffectivePolicy | None:
    """What is asked of one kind of request, if one is chosen."""
    ontology = version.ontology
    places = {
        str(ontology.value(place, SKOS.notation)): graphs.text(ontology, place, SKOS.prefLabel)
        for place in ontology.subjects(RDF.type, NEC.Jurisdiction)
    }
    *boxes, place, age = st.columns(len(version.axes) + 2)
    words: dict[str, str] = {}
    for box, axis in zip(boxes, version.axes, strict=True):
        choices = {value.word: value.label for value in axis.values}
        if not words:  # the first decides whether a kind is chosen at all
            chosen = box.selectbox(
                "Asked of", ["", *choices], format_func=lambda w, c=choices: c.get(w, "all, as published")
            )
            if not chosen:
                return None
            words[axis.word] = chosen
        else:
            words[axis.word] = box.selectbox(axis.label.capitalize(), choices, format_func=choices.get)
    where = place.selectbox("Plan regulated in", sorted(places, key=places.get), format_func=lambda p: places[p])
    minor = age.selectbox("Age", ["adult", "minor"]) == "minor"
    found = describe.effective(version, words, where, minor)
    for substitution in found.substitutions:
        st.info(substitution.label, icon=":material/swap_horiz:")
    return found


def _marks(version: PolicyVersion, iri: str) -> list[str]:
    replaced = [s for s in version.substitutions if s.replaced == iri]
    read = [
        i.id for i in version.interpretations if any(s.replaced == iri for r in i.readings for s in r.substitutions)
    ]
    return (["⇄ replaced by law or age"] if replaced else []) + ([f"≈ {', '.join(read)}"] if read else [])


def _node(
    version: PolicyVersion, criterion: Criterion, kind: CriterionKind, parts: list[Node], seen: dict[str, int]
) -> Node:
    seen[criterion.iri] = seen.get(criterion.iri, 0) + 1
    return Node(
        key=f"{criterion.id or criterion.iri}@{seen[criterion.iri]}",
        name=criterion.notation or criterion.id,
        label=criterion.label,
        how=paint.HOW[kind],
        marks=_marks(version, criterion.iri),
        parts=parts,
    )


def _published(version: PolicyVersion) -> Iterator[Node]:
    seen: dict[str, int] = {}

    def node(iri: str, above: tuple[str, ...]) -> Node:
        criterion = version.criteria[iri]
        parts = [node(member, (*above, iri)) for member in criterion.members if member not in above]
        return _node(version, criterion, criterion.kind, parts, seen)

    for iri in (*version.sections, *(section.criterion.iri for section in version.lists)):
        yield node(iri, ())


def _effective(effective: EffectivePolicy) -> Iterator[Node]:
    seen: dict[str, int] = {}
    version = effective.version

    def node(part: Part) -> Node:
        return _node(version, part.criterion, part.kind, [node(member) for member in part.members], seen)

    yield from (node(section) for section in effective.sections)
    for section in effective.lists:
        parts = [
            _node(version, version.criteria[iri], CriterionKind.LEAF, [], seen) for iri in section.criterion.members
        ]
        yield _node(version, section.criterion, CriterionKind.LIST, parts, seen)


def _criterion(version: PolicyVersion, found: Criterion) -> None:
    every = [*version.substitutions, *(s for i in version.interpretations for r in i.readings for s in r.substitutions)]
    paint.html(
        "policy_criterion.html",
        id=found.id or found.iri,
        name=found.notation or found.id,
        label=found.label,
        definition=found.definition,
        source=found.source,
        how=paint.HOW[found.kind],
        conditional=found.conditional,
        ask=found.ask,
        applies=_label(version, found.applies_to) if found.applies_to else "",
        substitutions=[_told(version, s) for s in version.substitutions if s.replaced == found.iri],
        stands_for=[_told(version, s) for s in every if found.iri in s.used and not s.of_classes],
        passages=[
            {
                "label": passage.label,
                "source": passage.source,
                "definition": passage.definition,
                "readings": [
                    {"id": r.id, "label": r.label, "rationale": r.rationale, "default": r is passage.default}
                    for r in passage.readings
                ],
            }
            for passage in version.interpretations
            if any(s.replaced == found.iri or found.iri in s.used for r in passage.readings for s in r.substitutions)
        ],
        vocabulary=list(_vocabulary(version, found)),
    )
    shown = st.segmented_control(
        "Show", ("Graph", "Shape"), default="Graph", key="policy shows", required=True, label_visibility="collapsed"
    )
    if shown == "Graph":
        st.graphviz_chart(picture.dot(_edges(version, found), marked=found.notation or found.id), width="stretch")
    else:
        st.code(turtle(leaf_shapes(version, [found.iri])), language=None, wrap_lines=True)


def _told(version: PolicyVersion, substitution: Substitution) -> str:
    when = f" (of {_label(version, substitution.when)})" if substitution.when else " (under a reading)"
    return substitution.label + when


def _label(version: PolicyVersion, iri: str) -> str:
    return graphs.text(version.ontology, URIRef(iri), SKOS.prefLabel) or iri


def _vocabulary(version: PolicyVersion, found: Criterion) -> Iterator[dict[str, str]]:
    if not found.finding:
        return
    finding, ontology = URIRef(found.finding), version.ontology
    narrower = sorted(
        n for n in ontology.transitive_subjects(RDFS.subClassOf, finding) if isinstance(n, URIRef) and n != finding
    )
    contrary = [URIRef(name) for name, denied in version.contraries.items() if found.finding in denied]
    for relation, terms in (
        ("its own finding", [finding]),
        ("narrower: affirms it", narrower),
        ("contrary: denies it", contrary),
    ):
        for term in terms:
            yield {
                "name": str(term).rpartition("#")[2],
                "relation": relation,
                "definition": graphs.text(ontology, term, SKOS.definition),
            }


def _edges(version: PolicyVersion, found: Criterion) -> Iterator[tuple[str, str, str]]:
    name = found.notation or found.id
    for above in version.criteria.values():
        if found.iri in above.members and above.id:
            yield above.notation or above.id, paint.HOW[above.kind], name
    for member in found.members:
        part = version.criteria[member]
        yield name, paint.HOW[found.kind], part.notation or part.id or part.label
    for term in _vocabulary(version, found):
        yield name, term["relation"].partition(":")[0], term["name"]
    for substitution in version.substitutions:
        if substitution.replaced == found.iri:
            for used in substitution.used:
                yield name, "replaced by", version.criteria[used].id or version.criteria[used].label


def _versions() -> None:
    versions = review().policy.versions
    for version in versions:
        until = f"to {version.valid_until}" if version.valid_until else "on"
        st.text(f"{version.id}: in force from {version.valid_from} {until}")
    if len(versions) == 1:
        st.info("There is one version, so there is nothing to compare.", icon=":material/difference:")
        return
    before, after = st.columns(2)
    earlier = before.selectbox("From", versions, format_func=lambda v: v.id)
    later = after.selectbox("To", versions, index=len(versions) - 1, format_func=lambda v: v.id)
    paint.html("differences.html", differences=diff.diff(earlier, later))
