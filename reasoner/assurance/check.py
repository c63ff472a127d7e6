"""The check of a policy: well formed, spelt right, consistent, and treated alike by every engine."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from rdflib import Graph, URIRef
from rdflib.term import Node

from reasoner.chart.reading import intake_shapes
from reasoner.determination.compiled import compiled_policy, entailment
from reasoner.determination.validation import evaluate
from reasoner.ground import resources
from reasoner.ground.errors import NecessityError
from reasoner.policy import axes
from reasoner.policy.effective import choose_readings, effective_policy
from reasoner.policy.model import Policy, PolicyVersion
from reasoner.rdf import hermit_door, parsing, pyshacl_door, terms
from reasoner.rdf.compiled_owl import TYPE, Facts
from reasoner.rdf.namespaces import NEC, OWL, RDF
from reasoner.rdf.owl_rl import Triple, classify

_SAMPLE = "urn:necessity:sample:"


def check(policy: Policy, progress: Callable[[str], None] = lambda line: None) -> list[str]:
    """The problems of a policy, each a sentence that names the place; empty if there are none.

    Args:
        policy: a policy from `reasoner.policy.loading.load_policy`, which refuses what cannot be read at all.
        progress: called with the name of each check before it is run.
    """
    problems: list[str] = []
    for title, run in (
        ("declared IRIs", _undeclared),
        ("authoring shapes", _authored),
        ("every effective policy", _composed),
        ("HermiT and OWL 2 RL", _classified),
    ):
        progress(f"checking {title}")
        try:
            problems += run(policy)
        except NecessityError as error:
            problems.append(str(error))
    return problems


def _undeclared(policy: Policy) -> Iterator[str]:
    """IRIs in the policy's namespaces that its ontology says nothing about; named shapes are declared by the shapes."""
    shapes = {str(subject) for subject in policy.shapes.subjects(unique=True)}
    for graph, declared in ((policy.ontology, policy.declared), (policy.shapes, policy.declared | shapes)):
        for subject, predicate, value in sorted(graph, key=str):
            for term in (predicate, value):
                if (
                    not isinstance(term, URIRef)
                    or not str(term).startswith(policy.namespaces)
                    or predicate == OWL.versionIRI
                ):
                    continue
                if str(term) not in declared:
                    yield f"<{subject}>: <{term}> is not declared"


def _authored(policy: Policy) -> Iterator[str]:
    """What the authoring shapes find in the ontology and the shapes together, those of intake among them."""
    whole = Graph(bind_namespaces="none")
    whole += policy.ontology
    whole += policy.shapes
    whole += intake_shapes(policy)
    for result in pyshacl_door.validate(whole, parsing.load_files([resources.SHAPES / "authoring.ttl"])).results:
        yield f"<{result.focus}>: {result.message}"


def _composed(policy: Policy) -> Iterator[str]:
    """Effective policies that cannot be composed; raises `EngineError` if an engine does not evaluate a leaf."""
    for version in policy.versions:
        evaluate(version, tuple(version.leaves), Graph(), "urn:necessity:nobody")
        compiled_policy(version)
        kinds = {_classes(classify(version.ontology, facts), node) for node, facts in _requests(version).items()}
        choices = {"default readings": choose_readings(version)}
        for interpretation in version.interpretations:
            for reading in interpretation.alternatives:
                choices[reading.id] = choose_readings(version, {interpretation.id: reading.id})
        for name, chosen in choices.items():
            for classes in kinds:
                try:
                    effective_policy(version, classes, chosen)
                except NecessityError as error:
                    yield f"{name}: {error}"


def _requests(version: PolicyVersion) -> dict[URIRef, list[Triple]]:
    """Sample requests of every kind: values of the axes, age group, funding and a few jurisdictions."""
    requests: dict[URIRef, list[Triple]] = {}
    ontology = version.ontology
    tested = [v for r, v in ontology.subject_objects(OWL.hasValue) if (r, OWL.onProperty, NEC.jurisdiction) in ontology]
    other = [place for place in _individuals(ontology, NEC.Jurisdiction) if place not in tested][:1]
    for number, (values, age, place, funding) in enumerate(
        itertools.product(
            itertools.product(*(axis.values for axis in version.axes)),
            _individuals(ontology, NEC.AgeGroup),
            [*sorted(set(tested), key=str), *other],
            [None, *_individuals(ontology, NEC.Funding)],
        )
    ):
        request, plan = URIRef(f"{_SAMPLE}request-{number}"), URIRef(f"{_SAMPLE}plan-{number}")
        facts: list[Triple] = [
            (request, RDF.type, NEC.ReviewRequest),
            *axes.facts(request, values),
            (request, NEC.ageGroup, age),
            (request, NEC.plan, plan),
            (plan, NEC.jurisdiction, place),
        ]
        if funding is not None:
            facts.append((plan, NEC.funding, funding))
        requests[request] = facts
    return requests


def _individuals(ontology: Graph, of_class: URIRef) -> list[Node]:
    return sorted(ontology.subjects(RDF.type, of_class), key=str)


def _classes(entailed: list[Triple], node: URIRef) -> frozenset[str]:
    return frozenset(str(o) for s, p, o in entailed if s == node and p == RDF.type and isinstance(o, URIRef))


def _classified(policy: Policy) -> Iterator[str]:
    """Sample requests and findings that HermiT and the OWL 2 RL engine classify differently."""
    samples = list(_requests(policy.versions[-1]).values())
    for number, name in enumerate(sorted(map(terms.name, policy.lexicon.findings))):
        node = URIRef(f"{_SAMPLE}finding-{number}")
        samples.append([(node, RDF.type, NEC.Statement), (node, RDF.type, URIRef(name))])
    for number, leaf in enumerate(sorted(policy.versions[-1].leaves)):
        node = URIRef(f"{_SAMPLE}attestation-{number}")
        samples.append([(node, RDF.type, NEC.Statement), (node, NEC.addresses, URIRef(leaf))])
    facts = [fact for sample in samples for fact in sample]
    by_hermit = hermit_door.classify_dl(policy.ontology, facts, policy.id)
    entailed = classify(policy.ontology, facts)
    by_rules: dict[str, set[str]] = {}
    for subject, predicate, value in entailed:
        if predicate == RDF.type and isinstance(value, URIRef):
            by_rules.setdefault(str(subject), set()).add(str(value))
    by_compiled_axioms = _compiled(policy, facts)
    for iri, classes in sorted(by_hermit.items()):
        inferred, thing = by_rules.get(iri, set()), {str(OWL.Thing)}
        differing = (by_compiled_axioms.get(iri, set()) ^ inferred) - thing
        if differing:
            yield f"{iri}: the compiled axioms and OWL 2 RL differ on {', '.join(sorted(differing))}"
        differing = (inferred ^ classes) - thing
        if differing:
            kind = next(str(fact[2]) for fact in facts if str(fact[0]) == iri and fact[2] != NEC.Statement)
            yield f"{iri} ({kind}): HermiT and OWL 2 RL differ on {', '.join(sorted(differing))}"


def _compiled(policy: Policy, assertions: list[Triple]) -> dict[str, set[str]]:
    """The named classes of each subject by the compiled axioms."""
    facts: Facts = {}
    for subject, predicate, value in assertions:
        facts.setdefault(terms.of(subject), {}).setdefault(terms.of(predicate), set()).add(terms.of(value))
    entailment(policy.lexicon).close(facts)
    return {
        terms.name(subject): {terms.name(name) for name in props.get(TYPE, ()) if name.startswith("<")}
        for subject, props in facts.items()
    }
