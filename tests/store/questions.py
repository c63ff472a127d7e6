"""What the competency questions should answer, worked out from the policy and the determinations as Python objects.

Each function here is an independent derivation of the answer of the query of its name: no SPARQL, no stored graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rdflib import RDFS, Graph, URIRef

from reasoner.chart.model import Assertion, Case
from reasoner.determination.bearing import Reason
from reasoner.determination.model import CriterionResult, Determination
from reasoner.logic.fold import Status
from reasoner.policy.model import CriterionKind, Policy
from reasoner.rdf import terms
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF, SH, SKOS
from reasoner.render.provenance import iri

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class World:
    """What the knowledge base under test holds."""

    policy: Policy
    cases: tuple[Case, ...]
    determinations: tuple[Determination, ...]
    decisions: tuple[dict[str, Any], ...]
    """Each with its IRI, the determination's, disposition, time, overrides and own statuses (criterion id to status) and what it
    revises.
    """
    undetermined: tuple[str, ...]

    @property
    def results(self) -> Iterator[tuple[Determination, CriterionResult]]:
        """The results of published criteria."""
        for determination in self.determinations:
            for result in determination.criteria:
                if result.criterion.id:
                    yield determination, result

    @property
    def version(self):
        """The only version."""
        return self.policy.versions[0]

    def label(self, term: Any) -> str:
        """The label of a term."""
        return str(self.policy.ontology.value(term, SKOS.prefLabel))


ANSWERS: dict[str, Callable[[World], Rows]] = {}


def answer(function: Callable[[World], Rows]) -> Callable[[World], Rows]:
    ANSWERS[function.__name__.replace("_", "-")] = function
    return function


def counted(found: Any) -> Rows:
    return [(*key, number) if isinstance(key, tuple) else (key, number) for key, number in Counter(found).items()]


@answer
def outcomes(world: World) -> Rows:
    return counted(d.outcome.value for d in world.determinations)


@answer
def outcomes_by_month(world: World) -> Rows:
    return counted((d.service_start.isoformat()[:7], d.outcome.value) for d in world.determinations)


@answer
def outcomes_by_kind(world: World) -> Rows:
    return counted((*d.case.traits, d.outcome.value) for d in world.determinations)


@answer
def blocking_criteria(world: World) -> Rows:
    against: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for d in world.determinations:
        against.update({id_ for found in list(d.objections)[:10] for id_ in found})
        missing.update({id_ for found in list(d.gaps)[:1] for id_ in found})
    return [
        (id_, world.version.by_id[id_].label, against[id_], missing[id_]) for id_ in against.keys() | missing.keys()
    ]


@answer
def carrying_statements(world: World) -> Rows:
    rows = []
    for d in world.determinations:
        statements = {s.iri: s for s in d.case.statements}
        for name in next(iter(d.statement_grounds), ()):
            found = statements[name]
            rows.append((d.case.iri, name, found.document.title, found.excerpt or None))
    return rows


@answer
def reading_dependent(world: World) -> Rows:
    return [
        (d.case.iri, d.outcome.value, tried.reading.id, tried.outcome.value)
        for d in world.determinations
        for tried in d.readings
        if tried.outcome is not d.outcome and not tried.reading.strained
    ]


@answer
def without_criterion(world: World) -> Rows:
    kind = ("continuation", "substance use", "Illinois")
    return [
        (d.case.iri, d.service_start, d.outcome.value)
        for d, r in world.results
        if d.case.traits == kind and r.criterion.id == "illinois:level" and r.status is Status.NOT_DOCUMENTED
    ]


@answer
def superseded_only(world: World) -> Rows:
    return [
        (d.case.iri, r.criterion.id, r.status.value, a.statement.iri, a.statement.observed, a.statement.excerpt or None)
        for d, r in world.results
        for a in r.set_aside
        if r.status is not Status.MET and a.reason is Reason.SUPERSEDED and a.statement.assertion is Assertion.AFFIRMED
    ]


@answer
def old_evidence(world: World, days: int = 30) -> Rows:
    return [
        (d.case.iri, r.criterion.id, b.statement.iri, b.statement.observed, d.service_start)
        for d, r in world.results
        for b in r.evidence
        if d.service_start - b.statement.observed > timedelta(days=days)
    ]


@answer
def overrides(world: World) -> Rows:
    by_name = {str(iri(d)): d for d in world.determinations}
    return counted(
        (id_, by_name[decision["determination"]].status(id_).value, status)
        for decision in world.decisions
        for id_, status in decision["overrides"].items()
    )


@answer
def finding_counts_for(world: World, finding: str = "Homelessness") -> Rows:
    ontology = world.policy.ontology
    start = URIRef(f"https://w3id.org/necessity/mp9556/vocabulary#{finding}")
    above = set(ontology.transitive_objects(start, RDFS.subClassOf))
    rows = [(leaf.id, leaf.label, "affirmed") for name, leaf in world.version.leaf_of.items() if URIRef(name) in above]
    for name in above:
        rows += [
            (leaf.id, leaf.label, "denied")
            for contrary in ontology.objects(name, NEC.contraryOf)
            for leaf in [world.version.leaf_of[str(contrary)]]
        ]
    return rows


@answer
def unused_vocabulary(world: World) -> Rows:
    ontology = world.policy.ontology
    used = {
        line.split()[2].strip("<>") for case in world.cases for line in case.content.splitlines() if "#type>" in line
    }
    found = {
        narrower
        for leaf in world.version.leaves.values()
        for narrower in ontology.transitive_subjects(RDFS.subClassOf, URIRef(leaf.finding))
    }
    return [(str(name), world.label(name)) for name in found if isinstance(name, URIRef) and str(name) not in used]


@answer
def unformalized(world: World) -> Rows:
    ontology = world.policy.ontology
    return [
        (world.label(clause), str(ontology.value(clause, DCTERMS.source)), str(ontology.value(clause, NEC.rationale)))
        for clause in ontology.subjects(RDF.type, NEC.Unformalized)
    ]


@answer
def criteria(world: World) -> Rows:
    return [
        (c.id, c.notation or None, c.label, c.source or None, c.ask or None)
        for c in world.version.criteria.values()
        if c.id
    ]


@answer
def criterion_tree(world: World) -> Rows:
    parts = world.version.criteria
    return [
        (group.id, group.kind.value, parts[member].id)
        for group in parts.values()
        if group.id and group.kind in (CriterionKind.ALL, CriterionKind.ANY)
        for member in group.members
        if parts[member].id
    ]


@answer
def conflicts(world: World) -> Rows:
    rows = []
    for d, r in world.results:
        if r.status is Status.CONFLICTING:
            told = {stance: [b.statement for b in r.evidence if b.stance is stance] for stance in Assertion}
            rows += [
                (d.case.iri, r.criterion.id, one.excerpt or one.iri, other.excerpt or other.iri)
                for one in told[Assertion.AFFIRMED]
                for other in told[Assertion.DENIED]
            ]
    return rows


@answer
def late_entries(world: World) -> Rows:
    return list(
        {
            (d.case.iri, s.iri, s.recorded, d.case.end, s.document.title)
            for d, r in world.results
            for s in (b.statement for b in r.evidence)
            if d.case.end and s.recorded > d.case.end
        }
    )


@answer
def unread(world: World) -> Rows:
    return list(
        {
            (d.case.iri, i.iri, world.label(URIRef(i.kind)), i.words or None, i.code or None, i.reason)
            for d in world.determinations
            for i in d.case.unread
        }
    )


@answer
def evidence_in_text(world: World) -> Rows:
    return list(
        {
            (
                d.case.iri,
                r.criterion.id,
                r.status.value,
                b.statement.iri,
                b.statement.document.iri,
                a.exact or None,
                f"{a.text}#char={a.start},{a.end}",
            )
            for d in world.determinations
            for r in d.criteria
            for b in r.evidence
            if (a := b.statement.anchor) and r.criterion.id
        }
    )


@answer
def evidence_by_role(world: World) -> Rows:
    spoken = {
        (r.criterion.id, b.statement.document.role, b.statement.iri) for _, r in world.results for b in r.evidence
    }
    return counted((criterion, role) for criterion, role, _ in spoken if role)


@answer
def documentation_coverage(world: World) -> Rows:
    found: dict[str, Counter[Status]] = {}
    for _, r in world.results:
        if r.criterion.kind is CriterionKind.LEAF:
            found.setdefault(r.criterion.id, Counter())[r.status] += 1
    order = (Status.MET, Status.NOT_MET, Status.NOT_DOCUMENTED, Status.CONFLICTING, Status.NOT_APPLICABLE)
    return [(id_, sum(n.values()), *(n[status] for status in order)) for id_, n in found.items()]


@answer
def gaps(world: World) -> Rows:
    return [
        (d.case.iri, id_, world.version.by_id[id_].ask, d.gaps.count)
        for d in world.determinations
        for found in list(d.gaps)[:1]
        for id_ in found
    ]


@answer
def excluded_services(world: World) -> Rows:
    excluding = {iri for part in world.version.lists if part.excluding for iri in part.criterion.members}
    return [
        (d.case.iri, r.criterion.id, r.criterion.label, b.statement.excerpt or None)
        for d, r in world.results
        for b in r.evidence
        if d.outcome.value == "excluded" and r.criterion.iri in excluding and r.status is Status.MET
    ]


@answer
def decisions(world: World) -> Rows:
    outcome = {str(iri(d)): d.outcome.value for d in world.determinations}
    # A referral that an approval revises, as earlier versions had it, is a step of its own.
    acts = {decision["iri"]: decision["disposition"] for decision in world.decisions}
    revised = {d["revises"] for d in world.decisions if acts.get(d["revises"]) == d["disposition"]}
    return counted((outcome[d["determination"]], d["disposition"]) for d in world.decisions if d["iri"] not in revised)


@answer
def acts(world: World) -> Rows:
    by_name = {str(iri(d)): d for d in world.determinations}
    rows = []
    for made in world.decisions:
        case = by_name[made["determination"]].case
        facts = {(terms.name(s), terms.name(p)): o for s, p, o in case.facts if o.startswith(("<", '"'))}
        plan = terms.name(facts[case.iri, str(NEC.plan)])

        def label(subject: str, name: str, facts: dict = facts) -> str | None:
            value = facts.get((subject, str(NEC[name])))
            return world.label(URIRef(terms.name(value))) if value else None

        received = facts.get((case.iri, str(NEC.received)))
        rows.append(
            (
                case.iri,
                by_name[made["determination"]].service_start,
                terms.text(received) if received else None,
                label(case.iri, "urgency") or "standard",
                label(plan, "lineOfBusiness"),
                datetime.fromisoformat(made["time"]),
                made["disposition"],
                made["iri"],
                made["revises"],
            )
        )
    return rows


@answer
def own_statuses(world: World) -> Rows:
    by_name = {str(iri(d)): d for d in world.determinations}
    return [
        (
            by_name[made["determination"]].case.iri,
            made["determination"],
            id_,
            "https://example.org/decisions#person",
            "R. Example",
            status,
            by_name[made["determination"]].status(id_).value,
            datetime.fromisoformat(made["time"]),
        )
        for made in world.decisions
        for id_, status in made["own"].items()
    ]


@answer
def awaiting_decision(world: World) -> Rows:
    closing = {"approved", "adverse", "withdrawn"}
    decided = {decision["determination"] for decision in world.decisions if decision["disposition"] in closing}
    return [(d.case.iri, d.service_start, d.outcome.value) for d in world.determinations if str(iri(d)) not in decided]


@answer
def undetermined(world: World) -> Rows:
    return [(request, ...) for request in world.undetermined]


@answer
def interpretations(world: World) -> Rows:
    return [
        (
            passage.label,
            reading.id,
            reading.label,
            reading == passage.default,
            reading.strained,
            reading.rationale or None,
        )
        for passage in world.version.interpretations
        for reading in passage.readings
    ]


@answer
def substitutions(world: World) -> Rows:
    version = world.version
    brought = [
        (s, reading.id) for p in version.interpretations for reading in p.readings for s in reading.substitutions
    ]
    brought += [(s, None) for s in version.substitutions]

    def name(iri: str) -> str:
        return version.criteria[iri].id or iri if iri in version.criteria else iri

    return [
        (s.label, name(s.replaced), name(used) if used else None, s.when, reading)
        for s, reading in brought
        for used in (s.used or (None,))
    ]


@answer
def set_aside(world: World) -> Rows:
    names = {leaf.iri: leaf.id for leaf in world.version.leaves.values()}
    found = {(a.reason.value, names.get(a.leaf), a.statement.iri) for d in world.determinations for a in d.asides}
    return counted((reason, leaf) for reason, leaf, _ in found)


@answer
def diagnoses(world: World) -> Rows:
    ontology, found = world.policy.ontology, set()
    for case in world.cases:
        for statement in case.statements:
            if statement.assertion is Assertion.AFFIRMED:
                codes = (code for predicate, code in statement.facts if predicate == terms.of(NEC.code))
                found |= {(terms.node(code), case.iri) for code in codes}
    return counted((str(ontology.value(code, SKOS.notation)), world.label(code)) for code, _ in found)


@answer
def codes_for_criterion(world: World) -> Rows:
    ontology = world.policy.ontology
    finding = URIRef(world.version.by_id["adult-admission:8-a-iii"].finding)
    counting = {str(name) for name in ontology.transitive_subjects(RDFS.subClassOf, finding)}
    return [
        (str(ontology.value(code, SKOS.notation)), world.label(code))
        for code in ontology.subjects(RDF.type, SKOS.Concept)
        if world.policy.lexicon.codes.get(terms.of(code), frozenset()) & counting
    ]


@answer
def bare_attestations(world: World) -> Rows:
    typed = {
        line.split()[0].strip("<>")
        for case in world.cases
        for line in case.content.splitlines()
        if ("#type>" in line and "core#Statement>" not in line) or "core#code>" in line
    }
    return [
        (d.case.iri, r.criterion.id)
        for d, r in world.results
        if r.criterion.kind is CriterionKind.LEAF
        and r.status is Status.MET
        and r.evidence
        and not any(b.statement.iri in typed for b in r.evidence)
    ]


@answer
def case_statuses(world: World) -> Rows:
    return [
        (
            d.case.iri,
            r.criterion.id,
            r.criterion.label,
            r.status.value,
            len({b.statement.iri for b in r.evidence}),
            d.service_start,
        )
        for d, r in world.results
    ]


@answer
def shape_messages(world: World) -> Rows:
    shapes: Graph = world.policy.shapes
    leaf = URIRef(world.version.by_id["adult-admission:7-a"].iri)
    return [
        (str(shape), str(shapes.value(shape, SH.severity)).rpartition("#")[2], str(shapes.value(shape, SH.message)))
        for shape in {*shapes.objects(leaf, SH.property), *shapes.subjects(NEC.reportsOn, leaf)}
    ]


@answer
def policy_versions(world: World) -> Rows:
    return [(world.policy.id, v.id, v.valid_from, v.valid_until) for v in world.policy.versions]


@answer
def provenance(world: World) -> Rows:
    """The documents behind each determination, which the graph derives it from."""
    return list({(str(iri(d)), b.statement.document.iri) for d, r in world.results for b in r.evidence})
