"""The policy as a tree: of each criterion its words, citation, shape, vocabulary, readings and substitutions."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st
from parts import paint, picture, session
from parts.components import Node, tree
from rdflib import URIRef

from reasoner.assurance import diff
from reasoner.policy import describe, evidence
from reasoner.policy.effective import EffectivePolicy, Part, leaf_shapes
from reasoner.policy.model import Criterion, CriterionKind, PolicyVersion, Substitution
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import NEC, RDF, RDFS, SKOS
from reasoner.render.wording import COMBINATION
from reasoner.review.authority import Action


def show() -> None:
    """Show the page."""
    session.user().require(Action.READ)
    policy = session.workplace().policy
    st.title("Policy", anchor=False)
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
    criterion = version.by_id.get(id_) or version.criteria.get(id_)
    with right:
        if criterion is None:
            st.text("It is asked under another version or kind of request.")
            return
        _criterion(version, criterion)


def _kind(version: PolicyVersion) -> EffectivePolicy | None:
    """What is asked of one kind of request; None if the person chooses none."""
    ontology = version.ontology
    jurisdictions = {
        str(ontology.value(place, SKOS.notation)): graphs.text(ontology, place, SKOS.prefLabel)
        for place in ontology.subjects(RDF.type, NEC.Jurisdiction)
    }
    *columns, of_jurisdiction, of_age = st.columns(len(version.axes) + 2)
    words: dict[str, str] = {}
    for column, axis in zip(columns, version.axes, strict=True):
        labels = {value.word: value.label for value in axis.values}
        if not words:  # the first decides whether a kind is chosen at all
            labels = {"": "all, as published"} | labels
        title = axis.label[:1].upper() + axis.label[1:] if words else "Asked of"
        word = column.selectbox(title, list(labels), format_func=labels.__getitem__)
        if not word:
            return None
        words[axis.word] = word
    jurisdiction = of_jurisdiction.selectbox(
        "Plan regulated in", sorted(jurisdictions, key=jurisdictions.__getitem__), format_func=jurisdictions.__getitem__
    )
    minor = of_age.selectbox("Age", ["adult", "minor"]) == "minor"
    effective = describe.effective(version, words, jurisdiction, minor)
    for substitution in effective.substitutions:
        st.info(substitution.label, icon=":material/swap_horiz:")
    return effective


def _marks(version: PolicyVersion, iri: str) -> list[str]:
    """Notes on a criterion: whether another takes its place, and which interpretations concern it."""
    replaced = any(s.replaced == iri for s in version.substitutions)
    ambiguous = any(s.replaced == iri for i in version.interpretations for r in i.readings for s in r.substitutions)
    return ["⇄ replaced by law or age"] * replaced + ["≈ other readings"] * ambiguous


def _node(
    version: PolicyVersion, criterion: Criterion, kind: CriterionKind, parts: list[Node], seen: dict[str, int]
) -> Node:
    seen[criterion.iri] = seen.get(criterion.iri, 0) + 1
    name, label = paint.names(criterion)
    return Node(
        key=f"{criterion.id or criterion.iri}@{seen[criterion.iri]}",
        name=name,
        label=label,
        how=COMBINATION[kind],
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


def _criterion(version: PolicyVersion, criterion: Criterion) -> None:
    every = [*version.substitutions, *(s for i in version.interpretations for r in i.readings for s in r.substitutions)]
    paint.html(
        "policy_criterion.html",
        id=criterion.id or criterion.iri,
        heading=" ".join(paint.names(criterion)),
        definition=criterion.definition,
        source=criterion.source,
        how=COMBINATION[criterion.kind],
        conditional=criterion.conditional,
        ask=criterion.ask,
        rules=list(evidence.rules(session.workplace().policy, version, criterion)),
        applies=_label(version, criterion.applies_to) if criterion.applies_to else "",
        substitutions=[_substitution(version, s) for s in version.substitutions if s.replaced == criterion.iri],
        stands_for=[_substitution(version, s) for s in every if criterion.iri in s.used and not s.of_classes],
        passages=[
            {
                "label": passage.label,
                "source": passage.source,
                "definition": passage.definition,
                "readings": [
                    {"id": r.id, "label": r.title, "rationale": r.rationale, "default": r is passage.default}
                    for r in passage.readings
                ],
            }
            for passage in version.interpretations
            if any(
                s.replaced == criterion.iri or criterion.iri in s.used
                for r in passage.readings
                for s in r.substitutions
            )
        ],
        vocabulary=list(_vocabulary(version, criterion)),
    )
    shown = st.segmented_control(
        "Show", ("Graph", "Shape"), default="Graph", key="policy shows", required=True, label_visibility="collapsed"
    )
    if shown == "Graph":
        st.graphviz_chart(_picture(version, criterion), width="stretch")
    else:
        paint.turtle(leaf_shapes(version, [criterion.iri]), session.workplace().policy.prefixes)


def _substitution(version: PolicyVersion, substitution: Substitution) -> str:
    """A substitution in words, with the class of requests or the reading that it is for."""
    when = f" (of {_label(version, substitution.when)})" if substitution.when else " (under a reading)"
    return substitution.label + when


def _label(version: PolicyVersion, iri: str) -> str:
    return graphs.text(version.ontology, URIRef(iri), SKOS.prefLabel) or iri


def _terms(version: PolicyVersion, criterion: Criterion) -> Iterator[tuple[str, URIRef]]:
    """The terms by which a chart speaks to a criterion, each with how it relates to it."""
    if not criterion.finding:
        return
    finding = URIRef(criterion.finding)
    yield "its own finding", finding
    below = version.ontology.transitive_subjects(RDFS.subClassOf, finding)
    for narrower in sorted(term for term in below if isinstance(term, URIRef) and term != finding):
        yield "narrower: affirms it", narrower
    for name, denied in version.contraries.items():
        if criterion.finding in denied:
            yield "contrary: denies it", URIRef(name)


def _vocabulary(version: PolicyVersion, criterion: Criterion) -> Iterator[dict[str, str]]:
    for relation, term in _terms(version, criterion):
        yield {
            "name": graphs.text(version.ontology, term, SKOS.prefLabel) or terms.local(term),
            "relation": relation,
            "definition": graphs.text(version.ontology, term, SKOS.definition),
        }


def _picture(version: PolicyVersion, criterion: Criterion) -> str:
    """A criterion with what it is part of, its parts, its terms and its substitutions, as a picture."""
    names: dict[str, str] = {}

    def named(other: Criterion) -> str:
        names[other.iri] = " ".join(paint.names(other))
        return other.iri

    edges = [
        (named(above), COMBINATION[above.kind], named(criterion))
        for above in version.criteria.values()
        if criterion.iri in above.members and above.id
    ]
    edges += [
        (named(criterion), COMBINATION[criterion.kind], named(version.criteria[member])) for member in criterion.members
    ]
    for relation, term in _terms(version, criterion):
        names[str(term)] = graphs.text(version.ontology, term, SKOS.prefLabel) or terms.local(term)
        edges.append((named(criterion), relation.partition(":")[0], str(term)))
    edges += [
        (named(criterion), "replaced by", named(version.criteria[used]))
        for substitution in version.substitutions
        if substitution.replaced == criterion.iri
        for used in substitution.used
    ]
    return picture.dot(edges, names=names, marked=criterion.iri)


def _versions() -> None:
    versions = session.workplace().policy.versions
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
