"""A determination as PROV-O: what it says, from what, by which software."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from rdflib import Graph, Literal, URIRef

from reasoner.chart.documents.anchors import target_iri
from reasoner.chart.model import Statement, Unread
from reasoner.determination.engine import software_version
from reasoner.determination.model import CriterionResult, Determination, FactResult
from reasoner.logic.fold import Outcome, Status
from reasoner.rdf import terms
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, PROV, RDF, RDFS, SH, XSD
from reasoner.render.annotations import write_selectors
from reasoner.render.json import smallest

_STATUS = {
    Status.MET: NEC.Met,
    Status.NOT_MET: NEC.NotMet,
    Status.NOT_DOCUMENTED: NEC.NotDocumented,
    Status.CONFLICTING: NEC.Conflicting,
    Status.NOT_APPLICABLE: NEC.NotApplicable,
}
_OUTCOME = {
    Outcome.CRITERIA_MET: NEC.CriteriaMet,
    Outcome.CRITERIA_NOT_MET: NEC.CriteriaNotMet,
    Outcome.DOCUMENTATION_NEEDED: NEC.DocumentationNeeded,
    Outcome.EXCLUDED: NEC.Excluded,
    Outcome.NO_POLICY_VERSION: NEC.NoPolicyVersion,
}


def to_graph(determinations: Iterable[Determination], *, selectors: bool = False) -> Graph:
    """Determinations as RDF: PROV-O entities, with a path from each result to the excerpts of the chart behind it.

    A criterion result has evidence (statements with their excerpt and document), SHACL validation results and, where its leaf
    asks about several, the facts with their statuses.

    Args:
        determinations: what to write.
        selectors: whether the characters that statements stand on are written as Web Annotation selectors too.
    """
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
    for determination in determinations:
        _write(graph, determination)
        for statement in determination.case.statements if selectors else ():
            if (URIRef(statement.iri), NEC.documentedIn, None) in graph:
                write_selectors(graph, statement)
    return graph


def iri(determination: Determination) -> URIRef:
    """The IRI of a determination: the same for the same input, policy, configuration, software, engine and as-of date."""
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
    )
    return URIRef("urn:necessity:determination:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32])


def software() -> str:
    """The IRI of this version of the software."""
    return f"urn:necessity:software:{software_version()}"


def _write(graph: Graph, determination: Determination) -> None:
    case, node = determination.case, iri(determination)
    activity, agent = node + "#review", URIRef(software())
    graph.add((node, RDF.type, NEC.Determination))
    graph.add((node, RDF.type, PROV.Entity))
    graph.add((node, NEC.request, URIRef(case.iri)))
    graph.add((node, NEC.outcome, _OUTCOME[determination.outcome]))
    graph.add((node, NEC.serviceStart, Literal(determination.service_start)))
    if determination.service_end:
        graph.add((node, NEC.serviceEnd, Literal(determination.service_end)))
    graph.add((node, NEC.asOf, Literal(case.as_of)))
    graph.add((node, NEC.engine, Literal(f"{determination.engine} ({determination.engine_version})")))
    graph.add((node, NEC.inputDigest, Literal(case.digest)))
    graph.add((node, NEC.policyDigest, Literal(determination.policy_digest)))
    if determination.configuration:
        graph.add((activity, PROV.used, URIRef(determination.configuration.iri)))
        graph.add((node, NEC.configurationDigest, Literal(determination.configuration.digest)))
        for parameter in determination.changed_parameters:
            graph.add((node, URIRef(parameter.iri), Literal(parameter.value)))
        for leaf in determination.changed_lookbacks:
            entity = node + f"#lookback-{leaf.id}"
            days = NEC.SinceAdmission if leaf.lookback is None else Literal(leaf.lookback)
            graph.add((node, NEC.changedLookback, entity))
            graph.add((entity, NEC.criterion, URIRef(leaf.iri)))
            graph.add((entity, NEC.lookback, days))
    if determination.evaluation:
        for reading in determination.evaluation.policy.readings:
            graph.add((node, NEC.reading, URIRef(reading.iri)))
        for name in determination.evaluation.policy.request_classes:
            graph.add((node, NEC.requestClass, URIRef(name)))
    if determination.holds_under_all_readings is not None:
        graph.add((node, NEC.holdsUnderAllReadings, Literal(determination.holds_under_all_readings)))
    if determination.holds_under_strained_readings is not None:
        graph.add((node, NEC.holdsUnderStrainedReadings, Literal(determination.holds_under_strained_readings)))
    for tried in determination.readings:
        entity = node + "#" + tried.reading.id
        graph.add((node, NEC.alternative, entity))
        graph.add((entity, RDF.type, NEC.AlternativeOutcome))
        graph.add((entity, NEC.reading, URIRef(tried.reading.iri)))
        graph.add((entity, NEC.outcome, _OUTCOME[tried.outcome]))
    for note in determination.notes:
        graph.add((node, NEC.note, Literal(note)))
    _write_justifications(graph, node, determination)
    graph.add((node, PROV.wasGeneratedBy, activity))
    graph.add((activity, RDF.type, PROV.Activity))
    graph.add((activity, PROV.wasAssociatedWith, agent))
    graph.add((agent, RDF.type, PROV.SoftwareAgent))
    graph.add((agent, RDFS.label, Literal(f"necessity {software_version()}")))
    graph.add((activity, PROV.used, URIRef(case.iri)))
    if determination.version:
        graph.add((node, NEC.policyVersion, URIRef(determination.version)))
        graph.add((activity, PROV.used, URIRef(determination.version)))
    for document in sorted({statement.document.iri for statement in case.statements}):
        graph.add((activity, PROV.used, URIRef(document)))
    report = node + "#report"
    for result in determination.criteria:
        if result.criterion.id:
            _write_result(graph, node, result)
    if determination.criteria:
        graph.add((node, NEC.validationReport, report))
        graph.add((report, RDF.type, SH.ValidationReport))
        reported = list(graph.objects(node, NEC.result / NEC.validationResult))
        graph.add((report, SH.conforms, Literal(not reported)))
        for validation_result in reported:
            graph.add((report, SH.result, validation_result))
    for number, aside in enumerate(determination.asides, start=1):
        entity = node + f"#aside-{number}"
        graph.add((node, NEC.setAside, entity))
        graph.add((entity, RDF.type, NEC.SetAside))
        graph.add((entity, NEC.statement, URIRef(aside.statement.iri)))
        graph.add((entity, NEC.reason, NEC[aside.reason.name.title().replace("_", "")]))
        if aside.days is not None:
            graph.add((entity, NEC.lookback, Literal(aside.days)))
        if aside.leaf:
            graph.add((entity, NEC.criterion, URIRef(aside.leaf)))
        _write_statement(graph, aside.statement)
    for item in case.unread:
        graph.add((node, NEC.unread, URIRef(item.iri)))
        _write_unread(graph, item)


def _write_unread(graph: Graph, item: Unread) -> None:
    node = URIRef(item.iri)
    graph.add((node, RDF.type, NEC.Unread))
    graph.add((node, NEC.kind, URIRef(item.kind)))
    graph.add((node, NEC.reason, Literal(item.reason)))
    if item.code:
        graph.add((node, NEC.code, URIRef(item.code)))
    if item.words:
        graph.add((node, NEC.words, Literal(item.words)))
    if item.document:
        graph.add((node, NEC.source, URIRef(item.document)))
        if item.source != item.document:
            graph.add((URIRef(item.document), DCTERMS.title, Literal(item.source)))
    elif item.source:
        graph.add((node, NEC.source, Literal(item.source)))
    for name, day in ((NEC.observed, item.observed), (NEC.recorded, item.recorded)):
        if day:
            graph.add((node, name, Literal(day)))


def _write_justifications(graph: Graph, node: URIRef, determination: Determination) -> None:
    graph.add((node, NEC.gapCount, Literal(determination.gaps.count)))
    leaves = {result.criterion.id: URIRef(result.criterion.iri) for result in determination.criteria}
    for relation, family in (
        (NEC.gap, determination.gaps),
        (NEC.ground, determination.grounds),
        (NEC.statementGround, determination.statement_grounds),
        (NEC.objection, determination.objections),
        (NEC.change, determination.changes),
    ):
        for rank, members in enumerate(smallest(family), start=1):
            entity = node + f"#{relation.fragment}-{rank}"
            graph.add((node, relation, entity))
            graph.add((entity, RDF.type, NEC.Justification))
            graph.add((entity, NEC.rank, Literal(rank)))
            for member in members:
                if member in leaves:
                    graph.add((entity, NEC.criterion, leaves[member]))
                else:
                    graph.add((entity, NEC.statement, URIRef(member)))


def _write_result(graph: Graph, node: URIRef, result: CriterionResult) -> None:
    entity = node + f"#{result.criterion.id}"
    graph.add((node, NEC.result, entity))
    graph.add((entity, RDF.type, NEC.CriterionResult))
    graph.add((entity, NEC.criterion, URIRef(result.criterion.iri)))
    graph.add((entity, NEC.status, _STATUS[result.status]))
    for bearing in result.evidence:
        graph.add((entity, NEC.evidence, URIRef(bearing.statement.iri)))
        _write_statement(graph, bearing.statement)
    for number, fact in enumerate(result.facts, start=1):
        _write_fact(graph, entity, entity + f".fact-{number}", fact)
    for reported in result.results:
        # A leaf's shape has at most one result for a request, so the shape's name identifies the result.
        validation_result = node + "#" + reported.shape.rpartition("/")[2] + f"@{result.criterion.id}"
        graph.add((entity, NEC.validationResult, validation_result))
        graph.add((validation_result, RDF.type, SH.ValidationResult))
        graph.add((validation_result, SH.focusNode, URIRef(reported.focus)))
        graph.add((validation_result, SH.sourceShape, URIRef(reported.shape)))
        graph.add((validation_result, SH.resultSeverity, SH[reported.severity]))
        graph.add((validation_result, SH.sourceConstraintComponent, URIRef(reported.component)))
        if reported.path:
            graph.add((validation_result, SH.resultPath, URIRef(reported.path)))
        graph.add((validation_result, SH.resultMessage, Literal(reported.message)))


def _write_fact(graph: Graph, result: URIRef, node: URIRef, fact: FactResult) -> None:
    graph.add((result, NEC.fact, node))
    graph.add((node, RDF.type, NEC.FactResult))
    graph.add((node, NEC.status, _STATUS[fact.status]))
    if fact.topic:
        graph.add((node, NEC.factTopic, terms.node(fact.topic)))
        graph.add((node, RDFS.label, Literal(fact.label)))
    if fact.in_remission:
        graph.add((node, NEC.remission, Literal(True)))
    for bearing in fact.evidence:
        graph.add((node, NEC.evidence, URIRef(bearing.statement.iri)))


def _write_statement(graph: Graph, statement: Statement) -> None:
    node, document = URIRef(statement.iri), URIRef(statement.document.iri)
    graph.add((node, RDF.type, NEC.Statement))
    graph.add((node, NEC.assertion, NEC[statement.assertion.value]))
    graph.add((node, NEC.observed, Literal(statement.observed)))
    graph.add((node, NEC.recorded, Literal(statement.recorded)))
    graph.add((node, NEC.documentedIn, document))
    for subject, predicate, text in (
        (node, NEC.excerpt, statement.excerpt),
        (node, NEC.page, statement.page),
        (document, DCTERMS.title, statement.document.title),
        (document, DCTERMS.creator, statement.document.author),
        (document, NEC.authorRole, statement.document.role),
    ):
        if text:
            graph.add((subject, predicate, Literal(text)))
    if anchor := statement.anchor:
        graph.add((node, OA.hasTarget, URIRef(target_iri(anchor.text, anchor.start, anchor.end))))
        graph.add((document, NEC.text, URIRef(anchor.text)))
