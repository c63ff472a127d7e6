"""A determination as PROV-O: what it says, from what, by which software."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache

import pyoxigraph as ox
from rdflib import Graph, Literal, URIRef

from reasoner.chart.documents.anchors import target_iri
from reasoner.chart.model import Anchor, Assertion
from reasoner.determination.engine import software_version
from reasoner.determination.model import CriterionResult, Determination, FactResult
from reasoner.logic.fold import Outcome, Status
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, PROV, RDF, RDFS, SH, XSD
from reasoner.rdf.pyshacl_door import ValidationResult
from reasoner.render.annotations import write_selectors
from reasoner.render.json import judged, smallest
from reasoner.render.wording import PART_2_NOTICE

_nec, _prov, _rdf, _rdfs, _sh = (terms.VocabularyTerms(str(namespace)) for namespace in (NEC, PROV, RDF, RDFS, SH))
"""The terms that records are written in."""
_STATUS = {
    Status.MET: _nec.Met,
    Status.NOT_MET: _nec.NotMet,
    Status.NOT_DOCUMENTED: _nec.NotDocumented,
    Status.CONFLICTING: _nec.Conflicting,
    Status.NOT_APPLICABLE: _nec.NotApplicable,
}
_BY_STANCE = {
    Assertion.AFFIRMED: _nec.affirmedBy,
    Assertion.DENIED: _nec.deniedBy,
    Assertion.NOT_APPLICABLE: _nec.notApplicableBy,
}
_OUTCOME = {
    Outcome.CRITERIA_MET: _nec.CriteriaMet,
    Outcome.CRITERIA_NOT_MET: _nec.CriteriaNotMet,
    Outcome.DOCUMENTATION_NEEDED: _nec.DocumentationNeeded,
    Outcome.EXCLUDED: _nec.Excluded,
    Outcome.NO_POLICY_VERSION: _nec.NoPolicyVersion,
}


def to_graph(determinations: Iterable[Determination], *, selectors: bool = False, part_2: bool = False) -> Graph:
    """Determinations as RDF that stands by itself: their records, the software, and the charts as they were judged.

    Args:
        determinations: what to write.
        selectors: whether the characters that statements stand on are written as Web Annotation selectors too.
        part_2: whether 42 CFR Part 2 is known to protect the records, whatever the chart says; its notice goes with them.
    """
    graph = _graph()
    for determination in determinations:
        if part_2 or determination.case.has_part2_records:
            graph.add((iri(determination), DCTERMS.rights, Literal(PART_2_NOTICE, lang="en")))
        content, common_results = record(determination)
        for said in graphs.triples("".join((content, *common_results.values()))):
            graph.add((terms.node(str(said.subject)), terms.node(str(said.predicate)), terms.node(str(said.object))))
        for triple in parsing.data_set(determination.case.iri, graphs.triples(determination.case.content)).graph:
            graph.add(triple)
        for statement in determination.case.statements:
            if anchor := statement.anchor:
                graph.add((URIRef(statement.iri), OA.hasTarget, _target(anchor)))
                graph.add((URIRef(statement.document.iri), NEC.text, URIRef(anchor.text)))
            if selectors:
                write_selectors(graph, statement)
    if graph:
        write_software(graph)
    return graph


def record(determination: Determination) -> tuple[str, Mapping[str, str]]:
    """A determination as canonical N-Triples: a PROV-O entity that leads from each result to the statements behind it.

    It names statements, with the digest of what was judged of each, and says nothing else of them: they are described in
    the chart. It is the same whenever and by whomever it is made; when that was stands in the knowledge base's catalog.

    Returns:
        the record; and the common results that it names, each by its IRI: what is alike in many records, that is, criterion
        results that name no statement, and shape results.
    """
    writer = _Record(determination)
    return "".join(sorted(set(writer.write()))), writer.common_results


def write_software(graph: Graph) -> None:
    """Add this version of the software to a graph."""
    agent = URIRef(software())
    graph.add((agent, RDF.type, PROV.SoftwareAgent))
    graph.add((agent, RDFS.label, Literal(f"necessity {software_version()}")))


def iri(determination: Determination) -> URIRef:
    """The IRI of a determination: the same for the same input, policy, configuration, software, engine and as-of date.

    One for which no other readings were tried has another IRI than one for which they were.
    """
    parts = (
        determination.case.iri,
        determination.case.digest,
        determination.case.as_of.isoformat(),
        determination.service_start.isoformat(),
        str(determination.version),
        determination.policy_digest,
        software_version(),
        determination.engine,
        *(reading.iri for reading in determination.chosen),
        *((determination.configuration.digest,) if determination.configuration else ()),
        *(("the readings in force alone",) if determination.version and not determination.readings else ()),
    )
    return URIRef("urn:necessity:determination:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32])


def software() -> str:
    """The IRI of this version of the software."""
    return f"urn:necessity:software:{software_version()}"


def _target(anchor: Anchor) -> URIRef:
    return URIRef(target_iri(anchor.text, anchor.start, anchor.end))


def _literal(value: str | bool | int | date, language: str = "") -> str:
    """A literal as a term."""
    if isinstance(value, str):
        return str(ox.Literal(value, language=language) if language else ox.Literal(value))
    return _typed(value)


@lru_cache(maxsize=4096, typed=True)
def _typed(value: bool | int | date) -> str:
    """A truth value, a number or a day as a term."""
    return terms.of(Literal(value))


def _named_by_content(kind: str, facts: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The IRI of a common result of a kind, and what is said of it as canonical N-Triples."""
    said = sorted(f"{predicate} {value} .\n" for predicate, value in facts)
    name = f"urn:necessity:{kind}:" + hashlib.sha256("".join(said).encode()).hexdigest()[:32]
    return name, "".join(f"<{name}> {line}" for line in said)


@lru_cache(maxsize=4096)
def _shape_result(result: ValidationResult) -> tuple[str, str]:
    """The IRI of a shape result, and what is said of it as canonical N-Triples."""
    facts = [
        (_rdf.type, _nec.ShapeResult),
        (_sh.sourceShape, terms.iri(result.shape)),
        (_sh.resultSeverity, getattr(_sh, result.severity)),
        (_sh.sourceConstraintComponent, terms.iri(result.component)),
        (_sh.resultMessage, _literal(result.message, result.language)),
        *([(_sh.resultPath, terms.iri(result.path))] if result.path else ()),
    ]
    return _named_by_content("shape-result", facts)


@lru_cache(maxsize=4096)
def _bare_result(criterion: str, status: Status, reported: tuple[ValidationResult, ...]) -> tuple[str, dict[str, str]]:
    """The IRI of a criterion result that names no statement; and it with its shape results, each by its IRI.

    Args:
        criterion: IRI of the criterion.
        status: the status.
        reported: what validation reported.
    """
    shape_results = dict(map(_shape_result, reported))
    facts = _facts_of_result(criterion, status, tuple(shape_results))
    name, said = _named_by_content("criterion-result", facts)
    return name, {name: said, **shape_results}


@lru_cache(maxsize=4096)
def _facts_of_result(criterion: str, status: Status, shape_results: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """What every criterion result says, as pairs of predicate and object; the shape results by IRI."""
    return (
        (_rdf.type, _nec.CriterionResult),
        (_nec.criterion, terms.iri(criterion)),
        (_nec.status, _STATUS[status]),
        *((_nec.validationResult, terms.iri(name)) for name in shape_results),
    )


def _graph() -> Graph:
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in (
        ("nec", NEC),
        ("oa", OA),
        ("prov", PROV),
        ("rdf", RDF),
        ("dcterms", DCTERMS),
        ("sh", SH),
        ("xsd", XSD),
    ):
        graph.bind(prefix, namespace)
    return graph


class _Record:
    """Writes one determination, as terms rather than in a graph: most of the time of recording one went into the graph."""

    def __init__(self, determination: Determination) -> None:
        self.determination = determination
        self.iri = str(iri(determination))
        self.node = terms.iri(self.iri)
        self.lines: list[str] = []
        self.common_results: dict[str, str] = {}
        """What is said of each common result that it names."""

    def write(self) -> list[str]:
        """Its triples, as lines of N-Triples."""
        determination, case = self.determination, self.determination.case
        self._say(self.node, _rdf.type, _nec.Determination)
        self._say(self.node, _rdf.type, _prov.Entity)
        self._say(self.node, _nec.request, terms.iri(case.iri))
        self._say(self.node, _nec.outcome, _OUTCOME[determination.outcome])
        self._say(self.node, _nec.serviceStart, _literal(determination.service_start))
        if determination.service_end:
            self._say(self.node, _nec.serviceEnd, _literal(determination.service_end))
        self._say(self.node, _nec.asOf, _literal(case.as_of))
        self._say(self.node, _nec.policyId, _literal(determination.policy))
        self._say(self.node, _nec.engine, _literal(f"{determination.engine} ({determination.engine_version})"))
        self._say(self.node, _nec.inputDigest, _literal(case.digest))
        self._say(self.node, _nec.policyDigest, _literal(determination.policy_digest))
        for note in determination.notes:
            self._say(self.node, _nec.note, _literal(note))
        for name in determination.code_maps:
            self._say(self.node, _nec.codeMap, _literal(name))
        self._write_activity()
        self._write_configuration()
        self._write_readings()
        self._write_judged()
        for result in determination.criteria:
            if result.criterion.id:
                self._write_result(result)
        self._write_asides()
        self._write_justifications()
        for item in case.unread:
            self._say(self.node, _nec.unread, terms.iri(item.iri))
        return self.lines

    def _say(self, subject: str, predicate: str, value: str) -> None:
        """Add a triple of terms."""
        self.lines.append(f"{subject} {predicate} {value} .\n")

    def _named(self, name: str) -> str:
        return f"<{self.iri}#{name}>"

    def _part(self, relation: str, kind: str, name: str, of: str = "") -> str:
        """A new node of a kind that the determination, or a part of it, leads to."""
        node = self._named(name)
        self._say(of or self.node, relation, node)
        self._say(node, _rdf.type, kind)
        return node

    def _write_activity(self) -> None:
        case, version = self.determination.case, self.determination.version
        activity = self._part(_prov.wasGeneratedBy, _prov.Activity, "review")
        self._say(activity, _prov.wasAssociatedWith, terms.iri(software()))
        self._say(activity, _prov.used, terms.iri(case.iri))
        if version:
            self._say(self.node, _nec.policyVersion, terms.iri(version))
            self._say(activity, _prov.used, terms.iri(version))
        for document in {statement.document.iri for statement in case.statements}:
            self._say(activity, _prov.used, terms.iri(document))
        if self.determination.configuration:
            self._say(activity, _prov.used, terms.iri(self.determination.configuration.iri))

    def _write_configuration(self) -> None:
        configuration = self.determination.configuration
        if not configuration:
            return
        self._say(self.node, _nec.configuration, terms.iri(configuration.iri))
        self._say(self.node, _nec.configurationLabel, _literal(configuration.label))
        self._say(self.node, _nec.configurationDigest, _literal(configuration.digest))
        for parameter in self.determination.changed_parameters:
            self._say(self.node, terms.iri(parameter.iri), _literal(parameter.value))
        for leaf in self.determination.changed_lookbacks:
            entity = self._named(f"lookback-{leaf.id}")
            days = _nec.SinceAdmission if leaf.lookback is None else _literal(leaf.lookback)
            self._say(self.node, _nec.changedLookback, entity)
            self._say(entity, _nec.criterion, terms.iri(leaf.iri))
            self._say(entity, _nec.lookback, days)

    def _write_readings(self) -> None:
        determination = self.determination
        if determination.evaluation:
            for reading in determination.evaluation.policy.readings:
                self._say(self.node, _nec.reading, terms.iri(reading.iri))
            for name in determination.evaluation.policy.request_classes:
                self._say(self.node, _nec.requestClass, terms.iri(name))
        for substitution in determination.substitutions:
            self._say(self.node, _nec.appliedSubstitution, terms.iri(substitution.iri))
        if determination.holds_under_all_readings is not None:
            self._say(self.node, _nec.holdsUnderAllReadings, _literal(determination.holds_under_all_readings))
        if determination.holds_under_strained_readings is not None:
            self._say(self.node, _nec.holdsUnderStrainedReadings, _literal(determination.holds_under_strained_readings))
        for tried in determination.readings:
            entity = self._part(_nec.alternative, _nec.AlternativeOutcome, tried.reading.id)
            self._say(entity, _nec.reading, terms.iri(tried.reading.iri))
            self._say(entity, _nec.outcome, _OUTCOME[tried.outcome])
            for criterion, status in determination.differences(tried).items():
                if status is None:
                    self._say(entity, _nec.notAsked, terms.iri(criterion.iri))
                    continue
                other = self._part(
                    _nec.differs, _nec.AlternativeStatus, f"{tried.reading.id}.{criterion.id}", of=entity
                )
                self._say(other, _nec.criterion, terms.iri(criterion.iri))
                self._say(other, _nec.status, _STATUS[status])

    def _write_judged(self) -> None:
        """Each resource of the chart with the digest of what was judged of it; of a statement also when it counts from."""
        case = self.determination.case
        statements = {statement.iri: statement for statement in case.statements}
        for number, (resource, digest) in enumerate(judged(case).items(), start=1):
            node = self._named(f"judged-{number}")
            self._say(self.node, _nec.judged, node)
            self._say(node, _nec.resource, f"<{resource}>")
            self._say(node, _nec.judgedDigest, f'"{digest}"')
            if statement := statements.get(resource):
                self._say(node, _nec.observedDay, _literal(statement.observed))
                self._say(node, _nec.recordedDay, _literal(statement.recorded))
                if statement.anchor:
                    self._say(node, _nec.anchor, terms.iri(_target(statement.anchor)))

    def _write_result(self, result: CriterionResult) -> None:
        if not (result.evidence or result.facts):
            common, said = _bare_result(result.criterion.iri, result.status, result.results)
            self._say(self.node, _nec.result, terms.iri(common))
            self.common_results |= said
            return
        name = result.criterion.id
        entity = self._named(name)
        self._say(self.node, _nec.result, entity)
        shape_results = dict(map(_shape_result, result.results))
        self.common_results |= shape_results
        for predicate, value in _facts_of_result(result.criterion.iri, result.status, tuple(shape_results)):
            self._say(entity, predicate, value)
        for bearing in result.evidence:
            statement = terms.iri(bearing.statement.iri)
            self._say(entity, _nec.evidence, statement)
            self._say(entity, _BY_STANCE[bearing.stance], statement)
        for number, fact in enumerate(result.facts, start=1):
            self._write_fact(self._part(_nec.fact, _nec.FactResult, f"{name}.fact-{number}", of=entity), fact)

    def _write_fact(self, node: str, fact: FactResult) -> None:
        self._say(node, _nec.status, _STATUS[fact.status])
        if fact.topic:
            self._say(node, _nec.factTopic, terms.canonical(fact.topic))
            self._say(node, _rdfs.label, _literal(fact.label))
        if fact.in_remission:
            self._say(node, _nec.remission, _literal(True))
        for bearing in fact.evidence:
            self._say(node, _nec.evidence, terms.iri(bearing.statement.iri))

    def _write_asides(self) -> None:
        for number, aside in enumerate(self.determination.asides, start=1):
            entity = self._part(_nec.setAside, _nec.SetAside, f"aside-{number}")
            self._say(entity, _nec.statement, terms.iri(aside.statement.iri))
            self._say(entity, _nec.reason, getattr(_nec, aside.reason.name.title().replace("_", "")))
            if aside.days is not None:
                self._say(entity, _nec.lookback, _literal(aside.days))
            if aside.leaf:
                self._say(entity, _nec.criterion, terms.iri(aside.leaf))

    def _write_justifications(self) -> None:
        determination = self.determination
        leaves = {result.criterion.id: terms.iri(result.criterion.iri) for result in determination.criteria}
        for name, count, family in (
            ("gap", _nec.gapCount, determination.gaps),
            ("ground", _nec.groundCount, determination.grounds),
            ("statementGround", None, determination.statement_grounds),
            ("objection", _nec.objectionCount, determination.objections),
            ("change", _nec.changeCount, determination.changes),
        ):
            if count:
                self._say(self.node, count, _literal(family.count))
            for rank, members in enumerate(smallest(family), start=1):
                entity = self._part(getattr(_nec, name), _nec.Justification, f"{name}-{rank}")
                self._say(entity, _nec.rank, _literal(rank))
                for member in members:
                    if member in leaves:
                        self._say(entity, _nec.criterion, leaves[member])
                    else:
                        self._say(entity, _nec.statement, terms.iri(member))
        for id_, facts in determination.gap_facts.items():
            for number, fact in enumerate(facts, start=1):
                node = self._part(_nec.gapFact, _nec.FactResult, f"gap-{id_}.fact-{number}")
                self._say(node, _nec.criterion, leaves[id_])
                self._write_fact(node, replace(fact, evidence=()))
