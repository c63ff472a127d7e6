"""A policy version, compiled: inference and the evaluation of leaves without graphs.

A leaf is a function of the evidence nodes that are of a class it asks for, and of what it reads of the request. Both
recur from chart to chart, so each answer is worked out once and remembered. Leaves with constraints that
`reasoner.rdf.compiled_shacl` does not support are evaluated by the Rust engine; a leaf that has to judge a value of which the
compiled form is not certain is evaluated by the reference engine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain, count
from typing import NamedTuple, TypeVar

import pyoxigraph as ox
from rdflib import URIRef

from reasoner.chart.model import Assertion, Case, Meaning
from reasoner.determination import inference as reference
from reasoner.determination import proof, validation
from reasoner.determination.bearing import Bearing, Fact, Settlement
from reasoner.determination.compiled_evidence import RELATION, RELATIONS, Evidence, EvidenceKind, LeafAnswer
from reasoner.determination.compiled_leaf import CompiledLeaf
from reasoner.determination.evidence_graph import evidence_graph, evidence_node
from reasoner.determination.inference import Inference
from reasoner.determination.judging import LeafReport, judge
from reasoner.determination.settling import settle
from reasoner.ground.errors import EngineError
from reasoner.logic.fold import Status, leaf_status
from reasoner.policy.effective import leaf_shapes
from reasoner.policy.lexicon import Lexicon
from reasoner.policy.model import Criterion, PolicyVersion
from reasoner.rdf import shacl_door, terms
from reasoner.rdf.compiled_owl import TYPE, Entailment, Facts
from reasoner.rdf.compiled_shacl import DoubtError
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.terms import Term

_LIMIT = 1024
"""How many entries a memory holds."""
_CODE, _AGE_GROUP = terms.of(NEC.code), terms.of(NEC.ageGroup)
_MINOR, _ADULT = terms.of(NEC.Minor), terms.of(NEC.Adult)
_STATEMENT, _ADDRESSES = terms.of(NEC.Statement), terms.of(NEC.addresses)
_OWL, _RDFS = "<http://www.w3.org/2002/07/owl#", "<http://www.w3.org/2000/01/rdf-schema#"
_AXIOMATIC = RELATIONS.union(f"{_RDFS}{name}>" for name in ("subClassOf", "subPropertyOf", "domain", "range"))
"""Properties that define terms or relate evidence to its request; the compiled axioms assume that no chart uses them."""
_HARMLESS = frozenset(f"{_OWL}{name}>" for name in ("Thing", "NamedIndividual"))
_BOOLEAN = "^^<http://www.w3.org/2001/XMLSchema#boolean>"
Property = tuple[Term, Term]
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Memory(dict[_Key, _Value]):
    """A dictionary that is emptied when it is full."""

    def __setitem__(self, key: _Key, value: _Value) -> None:
        if len(self) >= _LIMIT:
            self.clear()
        super().__setitem__(key, value)


class Inferred(NamedTuple):
    """What is inferred from a statement by itself."""

    facts: tuple[Property, ...]
    classes: frozenset[str]
    followed: frozenset[Term]
    """The values whose classes matter to its own."""


class CompiledPolicy:
    """A policy version, compiled.

    Raises:
        EngineError: a leaf does not tell silence, affirmation, denial and inapplicability apart.
    """

    def __init__(self, version: PolicyVersion) -> None:
        self.version = version
        self._entailment = entailment(version.lexicon)
        self._named = frozenset(chain.from_iterable(version.lexicon.axioms))
        self._majority = version.age_of_majority
        self._request_classes = _Memory[object, frozenset[str]]()
        self._inferred = _Memory[object, Inferred]()
        self._numeric = _Memory[Meaning, tuple[Property, ...]]()
        self._calculated = _Memory[tuple[tuple[Property, ...], ...], tuple[tuple[Property, ...], ...]]()
        self.leaves = {iri: CompiledLeaf(iri, version) for iri in version.leaves}
        self._of_one_fact = {iri: None for iri, leaf in version.leaves.items() if not leaf.topic}
        """The leaves that ask about one fact each, in order."""
        self.uncompiled = {iri: leaf.unsupported for iri, leaf in self.leaves.items() if leaf.unsupported}
        """The leaves that the Rust engine evaluates, by IRI, each with what of it is not compiled."""
        self._rust_shapes = self._uncompiled_shapes() if self.uncompiled else None
        self._classes = frozenset().union(*(leaf.classes for leaf in self.leaves.values()))
        self.predicates = frozenset().union(*(leaf.predicates for leaf in self.leaves.values()))
        """The properties that leaves read."""
        self._contexts = [read for leaf in self.leaves.values() for read in leaf.contexts]
        self._triggered: dict[Term, list[CompiledLeaf]] = {}
        for leaf in self.leaves.values():
            for name in leaf.triggers:
                self._triggered.setdefault(name, []).append(leaf)
        self._untriggered = [leaf for leaf in self.leaves.values() if leaf.reads_all and not leaf.unsupported]
        self._kinds = _Memory[object, EvidenceKind]()
        # No number is given twice: other threads may still remember answers by those that were forgotten.
        self._kind_numbers = defaultdict[object, int](count().__next__)
        self._answered = _Memory[tuple[object, ...], LeafAnswer]()
        nobody = Evidence("urn:necessity:nobody", {})
        self.silence = {iri: leaf.answer(nobody) for iri, leaf in self.leaves.items() if not leaf.unsupported}
        """The answers of the leaves without evidence."""
        if self._rust_shapes:
            silence = proof.Probe("silence", NEC.affirmed, (), Status.NOT_DOCUMENTED)
            silent = self._rust_shapes.validate(proof.attestations([silence]), silence.request)
            self.silence |= {iri: LeafAnswer(results) for iri, results in silent.items()}
        self._silent_reports: dict[str, LeafReport] = {}
        attested: dict[tuple[URIRef, str], EvidenceKind] = {}
        engine = f"compiled; {shacl_door.engine_name()}" if self.uncompiled else "compiled"
        proof.prove_all_once(version, engine, lambda leaf: partial(self._ask, leaf, attested))

    def _uncompiled_shapes(self) -> shacl_door.Shapes:
        version, leaves = self.version, tuple(self.uncompiled)
        leaf_of_shape = {terms.name(shape): leaf for leaf in leaves for shape in version.reporting(leaf)}
        return shacl_door.Shapes(leaf_shapes(version, leaves), {leaf: leaf for leaf in leaves} | leaf_of_shape)

    def infer(self, case: Case) -> Inference:
        """What `reasoner.determination.inference.infer` infers from a case; that is called where more could follow."""
        if case.mingled() or self._exceeds_axioms(case):
            return reference.infer(case, self.version)
        calculated = self.calculate([statement.meaning for statement in case.statements])
        facts: dict[str, tuple[Property, ...]] = {}
        classes: dict[str, frozenset[str]] = {}
        for place, statement in enumerate(case.statements):
            inferred = self.infer_statement(statement.meaning, calculated.get(place, ()))
            if inferred is None or (inferred.followed and _leads_to_another(case, inferred.followed)):
                return reference.infer(case, self.version)
            facts[statement.iri], classes[statement.iri] = inferred.facts, inferred.classes
        age_group = _MINOR if case.age() < self._majority else _ADULT
        return Inference(
            self._classify_request(case, age_group), classes, facts, terms.name(age_group), statements_apart=True
        )

    def infer_statement(self, meaning: Meaning, calculated: tuple[Property, ...] = ()) -> Inferred | None:
        """What is inferred from a statement; None if more may follow than from the compiled axioms.

        Args:
            meaning: what it says.
            calculated: what the policy's rules construct from it.
        """
        key = (meaning, calculated) if calculated else meaning
        inferred = self._inferred.get(key)
        if inferred is None:
            facts = self._facts(meaning.facts, calculated)
            followed = frozenset(value for p, value in facts if p in self._entailment.followed)
            types = [(TYPE, f"<{name}>") for name in meaning.classes]
            if any(_is_axiomatic(p, o) for p, o in (*facts, *types)):
                return None
            classes = self._classify(meaning, facts) if meaning.assertion is Assertion.AFFIRMED else meaning.classes
            inferred = self._inferred[key] = Inferred(facts, classes, followed)
        return inferred

    def _exceeds_axioms(self, case: Case) -> bool:
        """Whether more may follow from the request, its member or its plan than from the compiled axioms."""
        followed = self._entailment.followed
        for _, predicate, value in case.facts:
            if _is_axiomatic(predicate, value):
                return True
            if predicate in followed and any(value == f"<{statement.iri}>" for statement in case.statements):
                return True
        return False

    def _classify_request(self, case: Case, age_group: Term) -> frozenset[str]:
        """The classes of the request, remembered whatever its own IRI and those of its member and plan."""
        relevant = [fact for fact in case.facts if fact[1] in self._entailment.properties]
        subjects = dict.fromkeys([s for s, _, _ in relevant if s not in self._named])
        labels = {subject: f"_:{number}" for number, subject in enumerate(subjects)}
        request = f"<{case.iri}>"
        pattern = [(labels.get(s, s), p, labels.get(o, o)) for s, p, o in relevant]
        key = (labels.get(request, request), age_group, *pattern)
        classes = self._request_classes.get(key)
        if classes is None:
            facts: Facts = {request: {_AGE_GROUP: {age_group}}}
            for subject, predicate, value in case.facts:
                if _is_symbolic(value):
                    facts.setdefault(subject, {}).setdefault(predicate, set()).add(value)
            classes = self._request_classes[key] = _closed(self._entailment, facts, request)
        return classes

    def _classify(self, meaning: Meaning, facts: tuple[Property, ...]) -> frozenset[str]:
        """The classes of an affirmed statement."""
        node = "urn:necessity:statement"
        props: dict[Term, set[Term]] = {TYPE: {_STATEMENT, *map(terms.iri, meaning.classes)}}
        props[_ADDRESSES] = set(map(terms.iri, meaning.addresses))
        for predicate, value in facts:
            if _is_symbolic(value):
                props.setdefault(predicate, set()).add(value)
        return _closed(self._entailment, {node: props}, node)

    def _facts(self, asserted: tuple[Property, ...], calculated: tuple[Property, ...]) -> tuple[Property, ...]:
        """The facts of a statement with those that its codes and the policy's rules state."""
        facts = {*asserted, *calculated}
        facts |= {fact for p, code in facts if p == _CODE for fact in self.version.lexicon.coded.get(code, ())}
        return tuple(sorted(facts))

    def calculate(self, meanings: Sequence[Meaning]) -> Mapping[int, tuple[Property, ...]]:
        """What the policy's SPARQL rules construct from the numbers of a case, by the place of the statement.

        Args:
            meanings: what the statements of the case say, in order.
        """
        numbers = []
        for place, meaning in enumerate(meanings):
            if numeric := self.numbers(meaning):
                numbers.append((place, numeric))
        if not numbers:
            return {}
        key = tuple(facts for _, facts in numbers)
        derived = self._calculated.get(key)
        if derived is None:
            derived = self._calculated[key] = _construct(self.version.rules, key)
        return {place: facts for (place, _), facts in zip(numbers, derived, strict=True) if facts}

    def numbers(self, meaning: Meaning) -> tuple[Property, ...]:
        """The facts of a statement that the policy's rules can calculate with."""
        numeric = self._numeric.get(meaning)
        if numeric is None:
            literals = [fact for fact in meaning.facts if fact[1].startswith('"') and not fact[1].endswith(_BOOLEAN)]
            numeric = self._numeric[meaning] = tuple(literals) if self.version.rules else ()
        return numeric

    def settle(self, case: Case, inference: Inference) -> Settlement:
        """What `reasoner.determination.settling.settle` makes of a case."""

        def alone(bearing: Bearing) -> Status:
            only = Settlement({bearing.leaf: (bearing,)}, {}, (), frozenset())
            answer = self._answers(case, inference, only, only.bearings, (bearing.leaf,)).get(bearing.leaf)
            return self.status(bearing.leaf, answer or self.silence[bearing.leaf])

        return settle(case, inference, self.version, alone)

    def answers(self, case: Case, inference: Inference, settlement: Settlement) -> dict[str, LeafAnswer]:
        """The answer of each leaf that has evidence and asks about one fact; of every other such leaf it is `silence`."""
        bearings = {iri: own for iri, own in settlement.bearings.items() if iri in self._of_one_fact}
        return self._answers(case, inference, settlement, bearings, self._of_one_fact)

    def judge(self, iri: str, case: Case, inference: Inference, settlement: Settlement) -> LeafReport:
        """The report on a leaf that asks about several facts."""
        answers: dict[Fact, LeafReport] = {}
        for fact in settlement.facts.get(self.version.settled_as(iri), ()):
            if fact.bearings:
                answer = self._answers(case, inference, settlement, {iri: fact.bearings}, (iri,)).get(iri)
                answers[fact] = self._report(iri, answer or self.silence[iri])
        silence = self._report(iri, self.silence[iri])
        return judge(self.version, self.version.leaves[iri], settlement, answers, silence)

    def _answers(
        self,
        case: Case,
        inference: Inference,
        settlement: Settlement,
        bearings: Mapping[str, tuple[Bearing, ...]],
        asked: Collection[str],
    ) -> dict[str, LeafAnswer]:
        """The answers of some leaves to some bearings, without the other bearings of a settlement."""
        if not inference.statements_apart:
            return self._by_reference(case, inference, settlement, bearings, asked)
        if len(self._kind_numbers) > _LIMIT:  # answers are remembered by these numbers, so all go together
            self._kind_numbers.clear()
            self._kinds.clear()
            self._answered.clear()
        by_node: dict[str, tuple[Bearing, list[str]]] = {}
        for iri, own in bearings.items():
            for bearing in own:
                node = evidence_node(bearing) if bearing.apart else bearing.statement.iri
                entry = by_node.get(node)
                if entry is None:
                    by_node[node] = (bearing, [iri])
                elif entry[0][1:] == bearing[1:]:
                    entry[1].append(iri)
                else:  # two pieces of evidence have one IRI
                    return self._by_reference(case, inference, settlement, bearings, asked)
        at_leaf: dict[str, list[int]] = {}
        kinds: dict[Term, EvidenceKind] = {}
        facts, derived = inference.facts, settlement.derived
        for node, (bearing, leaves) in by_node.items():
            statement = bearing.statement
            stated = facts[statement.iri]
            if statement.iri in derived:
                stated = (*stated, *(fact for fact in derived[statement.iri] if fact not in stated))
            of_leaves = leaves[0] if len(leaves) == 1 else frozenset(leaves)
            kind_key = (statement.meaning, stated, bearing.stance, bearing.apart, of_leaves)
            kind = self._kinds.get(kind_key)
            if kind is None:
                classes = inference.classes[statement.iri]
                kind = self._kinds[kind_key] = self._kind(
                    classes, stated, bearing.stance, bearing.apart, frozenset(leaves)
                )
            kinds[f"<{node}>"] = kind
            for triggered in kind.triggered:
                at_leaf.setdefault(triggered, []).append(kind.number)
        age_group = (f"<{case.iri}>", _AGE_GROUP, terms.iri(inference.age_group))
        evidence = Evidence(case.iri, kinds, (*case.facts, age_group))
        answers = {}
        for iri, numbers in at_leaf.items():
            leaf = self.leaves[iri]
            if leaf.reads_all or iri not in asked:
                continue
            numbers.sort()
            key: tuple[object, ...] = (iri, *numbers)
            if leaf.contexts:
                key += tuple([frozenset(read(evidence, evidence.request)) for read in leaf.contexts])
            answer = None if evidence.entangled else self._answered.get(key)
            if answer is None:
                answer = self._answer(leaf, evidence, case, inference, settlement, bearings)
                if not evidence.entangled:
                    self._answered[key] = answer
            answers[iri] = answer
        for leaf in self._untriggered:
            if leaf.iri in asked:
                answers[leaf.iri] = self._answer(leaf, evidence, case, inference, settlement, bearings)
        if self._rust_shapes and not self.uncompiled.keys().isdisjoint(asked):
            graph = evidence_graph(case, inference, replace(settlement, bearings=bearings), self.version)
            results_by_leaf = self._rust_shapes.validate(graph, case.iri)
            answers |= {iri: LeafAnswer(results) for iri, results in results_by_leaf.items() if iri in asked}
        return answers

    def contexts(self, case: Case, inference: Inference) -> tuple[frozenset[Term], ...]:
        """What the leaves read of the request of a case, beside the evidence."""
        if not self._contexts:
            return ()
        age_group = (f"<{case.iri}>", _AGE_GROUP, terms.iri(inference.age_group))
        evidence = Evidence(case.iri, {}, [fact for fact in (*case.facts, age_group) if fact[1] in self.predicates])
        return tuple([frozenset(read(evidence, evidence.request)) for read in self._contexts])

    def evaluate(
        self, leaves: tuple[str, ...], case: Case, inference: Inference, settlement: Settlement
    ) -> dict[str, LeafReport]:
        """What `reasoner.determination.validation.evaluate_case` finds of some leaves."""
        answers = self.answers(case, inference, settlement)
        reports: dict[str, LeafReport] = {}
        for iri in leaves:
            settled = self.version.settled_as(iri)
            if iri in answers:
                reports[iri] = self._report(iri, answers[iri])
            elif iri not in self._of_one_fact and (settled in settlement.facts or settled in settlement.unread):
                reports[iri] = self.judge(iri, case, inference, settlement)
            else:
                reports[iri] = self._report_silence(iri)
        return reports

    def _report_silence(self, iri: str) -> LeafReport:
        found = self._silent_reports.get(iri)
        if found is None:
            found = self._report(iri, self.silence[iri])
            if iri not in self._of_one_fact:
                found = judge(self.version, self.version.leaves[iri], Settlement({}, {}, (), frozenset()), {}, found)
            self._silent_reports[iri] = found
        return found

    def _report(self, iri: str, answer: LeafAnswer) -> LeafReport:
        return LeafReport(self.status(iri, answer), answer.results)

    def status(self, iri: str, answer: LeafAnswer) -> Status:
        """The status that an answer gives a leaf."""
        if answer.status is None:
            answer.status = leaf_status(answer.severities, hits=self.leaves[iri].item)
        return answer.status

    def _answer(
        self,
        leaf: CompiledLeaf,
        evidence: Evidence,
        case: Case,
        inference: Inference,
        settlement: Settlement,
        bearings: Mapping[str, tuple[Bearing, ...]],
    ) -> LeafAnswer:
        try:
            return leaf.answer(evidence)
        except DoubtError:
            return self._by_reference(case, inference, settlement, bearings, (leaf.iri,))[leaf.iri]

    def _by_reference(
        self,
        case: Case,
        inference: Inference,
        settlement: Settlement,
        bearings: Mapping[str, tuple[Bearing, ...]],
        leaves: Collection[str],
    ) -> dict[str, LeafAnswer]:
        graph = evidence_graph(case, inference, replace(settlement, bearings=bearings), self.version)
        reports = validation.evaluate(self.version, tuple(leaves), graph, case.iri)
        return {iri: LeafAnswer(report.results) for iri, report in reports.items()}

    def _kind(
        self,
        entailed: frozenset[str],
        all_facts: tuple[Property, ...],
        stance: Assertion,
        apart: bool,
        leaves: frozenset[str],
    ) -> EvidenceKind:
        """The kind of evidence node that `reasoner.determination.evidence_graph.evidence_graph` writes."""
        version = self.version
        types = {version.leaves[iri].finding for iri in leaves}
        facts: dict[Term, list[Term]] = {}
        if not apart:
            for predicate, value in all_facts:
                facts.setdefault(predicate, []).append(value)
            if stance is Assertion.AFFIRMED:
                types |= {name for name in entailed if name not in version.leaf_of}
        classes = frozenset(map(terms.iri, types)) & self._classes
        seen = {p: values for p, values in facts.items() if p in self.predicates and values}
        relation = RELATION[stance]
        identity = (relation, classes, tuple((p, tuple(values)) for p, values in sorted(seen.items())))
        asked = (leaf.iri for name in sorted(classes) for leaf in self._triggered.get(name, ()))
        return EvidenceKind(self._kind_numbers[identity], relation, classes, seen, tuple(dict.fromkeys(asked)))

    def _ask(
        self, iri: str, attested: dict[tuple[URIRef, str], EvidenceKind], probes: tuple[proof.Probe, ...]
    ) -> dict[str, Status]:
        """The status of a leaf by probe, for `proof.prove`; `attested` remembers the kinds of bare statements."""
        leaf, statuses = self.leaves[iri], {}
        for probe in probes:
            if self._rust_shapes and leaf.unsupported:
                graph = proof.attestations([probe])
                answer = LeafAnswer(self._rust_shapes.validate(graph, probe.request)[iri])
            else:
                nodes: dict[Term, EvidenceKind] = {}
                for number, criterion in enumerate(probe.attested):
                    key = (probe.relation, criterion.iri)
                    if key not in attested:
                        attested[key] = self._attestation(probe.relation, criterion)
                    nodes[f"<{probe.request}:{number}>"] = attested[key]
                answer = leaf.answer(Evidence(probe.request, nodes))
            statuses[probe.name] = self.status(iri, answer)
        return statuses

    def _attestation(self, relation: URIRef, leaf: Criterion) -> EvidenceKind:
        """The kind of evidence node that a bare statement to a leaf is."""
        stance = next(stance for stance, name in RELATION.items() if name == terms.of(relation))
        someone = tuple((terms.iri(required), "<urn:necessity:someone>") for required in leaf.speaks_only_with)
        return self._kind(frozenset(), someone, stance, False, frozenset({leaf.iri}))


@lru_cache(maxsize=8)
def entailment(lexicon: Lexicon) -> Entailment:
    """The class axioms of a policy, compiled."""
    return Entailment(lexicon.axioms)


@lru_cache(maxsize=8)
def compiled_policy(version: PolicyVersion) -> CompiledPolicy:
    """A policy version, compiled when it is first asked for; see `CompiledPolicy`."""
    return CompiledPolicy(version)


def _is_axiomatic(predicate: Term, value: Term) -> bool:
    """Whether more may follow from a fact than the policy's own axioms give."""
    if predicate == TYPE:
        return value.startswith(_OWL) and value not in _HARMLESS
    return predicate in _AXIOMATIC or predicate.startswith(_OWL)


def _closed(entailment: Entailment, facts: Facts, node: Term) -> frozenset[str]:
    entailment.close(facts)
    return frozenset(terms.name(name) for name in facts[node].get(TYPE, ()) if name.startswith("<"))


def _is_symbolic(value: Term) -> bool:
    """Whether a value can matter to a class expression; text, numbers and dates cannot."""
    return value.startswith("<") or value.endswith(_BOOLEAN)


def _leads_to_another(case: Case, values: frozenset[Term]) -> bool:
    """Whether some values are nodes of the case that have facts of their own."""
    return not (
        values.isdisjoint(f"<{statement.iri}>" for statement in case.statements)
        and values.isdisjoint(subject for subject, _, _ in case.facts)
    )


def _construct(rules: tuple[str, ...], facts: tuple[tuple[Property, ...], ...]) -> tuple[tuple[Property, ...], ...]:
    """The facts that rules construct from those of some statements, for each of them in the same order."""
    store = ox.Store()
    lines = [f"<urn:necessity:n:{n}> {p} {value} ." for n, own in enumerate(facts) for p, value in own]
    store.load("\n".join(lines).encode(), format=ox.RdfFormat.N_TRIPLES)
    derived: list[set[Property]] = [set() for _ in facts]
    for rule in rules:
        try:
            triples = list(store.query(rule))  # type: ignore[arg-type]  # a rule is a CONSTRUCT, whose results are triples
        except (SyntaxError, ValueError, RuntimeError) as error:
            raise EngineError(f"a rule of the policy cannot be run: {error}", where=rule.strip()) from error
        for triple in triples:
            name = str(triple.subject)
            if name.startswith("<urn:necessity:n:"):
                derived[int(name[17:-1])].add((str(triple.predicate), terms.canonical(str(triple.object))))
    return tuple(tuple(sorted(own)) for own in derived)
