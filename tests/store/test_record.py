"""The whole record: what was judged and decided can be told from the base alone, also after the chart was replaced."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner import Determination, Policy
from reasoner.chart import intake
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import StoreError
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import DCTERMS, NEC, PROV, RDF, RDFS, SH, SKOS, XSD
from reasoner.render import provenance
from reasoner.render.json import to_json
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import CATALOG, GraphKind, graph_name
from reasoner.store.questions import Answer
from tests.chart.documents.test_anchors import QUOTE, anchored
from tests.conftest import CASES, PREFIXES
from tests.store.sample_charts import CHANGED, FIRST, cases

CHARTS = [
    "mp9556/adult-admission/nothing-on-supports.ttl",
    "mp9556/adult-admission/criteria-met.ttl",
    "mp9556/adult-admission/late-entry-contradicts.ttl",
    "mp9556/exclusions/halfway-house-service.ttl",
    "mp9556/illinois/continuation-without-asam.ttl",
    "mp9556/substance-use/withdrawal-and-medication-not-applicable.ttl",
    "mp9556/dates/stay-spanning-first-day.ttl",
    "rules/unread/no-other-disorder.ttl",
]
STANCES = {"affirmed": NEC.affirmedBy, "denied": NEC.deniedBy, "not-applicable": NEC.notApplicableBy}


class Teller:
    """Tells a determination as JSON from the graphs of a base and the ontology, without the objects that it was made of."""

    def __init__(self, kb: KnowledgeBase, policy: Policy, iri: str) -> None:
        self.node = URIRef(iri)
        self.ontology = policy.ontology
        self.record = self._graph(kb.content(graph_name(GraphKind.DETERMINATION, iri)))
        for relation in (NEC.result, NEC.validationResult):
            for named in set(self.record.objects(None, relation)):
                self.record += self._graph(kb.content(graph_name(GraphKind.RESULT, str(named))))
        self.chart = self._graph("".join(kb.judged(iri).values()))

    @staticmethod
    def _graph(content: str) -> Graph:
        return Graph(bind_namespaces="none").parse(data=content, format="nt")

    def one(self, subject: Node | None, predicate: URIRef) -> Any:
        value = self.record.value(subject, predicate)
        return value.toPython() if isinstance(value, Literal) else value and str(value)

    def said(self, subject: Node | None, predicate: URIRef) -> str:
        return str(self.chart.value(subject, predicate) or "")

    def day(self, subject: Node, predicate: URIRef) -> str | None:
        value = self.record.value(subject, predicate) or self.chart.value(subject, predicate)
        return value and str(value)

    def id(self, criterion: Node | None) -> str:
        return str(self.ontology.value(criterion, DCTERMS.identifier))

    def slug(self, term: Node | None) -> str:
        return str(
            self.ontology.value(term, SKOS.notation) or terms.words(str(term).rpartition("#")[2]).replace(" ", "-")
        )

    def sets(self, relation: URIRef, member: URIRef, name: Any) -> list[list[str]]:
        found = sorted(self.record.objects(self.node, relation), key=lambda part: self.one(part, NEC.rank))
        return [sorted(map(name, self.record.objects(part, member))) for part in found]

    def anchor(self, statement: Node | None, document: Node | None) -> tuple[Any, ...] | None:
        (judged,) = self.record.subjects(NEC.resource, statement)
        target = self.record.value(judged, NEC.anchor)
        if target is None:
            return None
        text, _, characters = str(target).partition("#char=")
        start, end = map(int, characters.split(","))
        starts = self.said(URIRef(text), NEC.pageStarts).split()
        page = sum(int(first) <= start for first in starts) or None
        return str(document), text, page, start, end

    def evidence(self, statement: Node, stance: str) -> tuple[Any, ...]:
        (judged,) = (
            j for j in self.record.subjects(NEC.resource, statement) if (j, NEC.observedDay, None) in self.record
        )
        document = self.chart.value(statement, NEC.documentedIn)
        pages = sorted(map(str, self.chart.objects(statement, NEC.page)))
        return (
            str(statement),
            stance,
            str(document),
            self.said(document, DCTERMS.title),
            " · ".join(pages),
            str(self.record.value(judged, NEC.observedDay)),
            str(self.record.value(judged, NEC.recordedDay)),
            self.said(document, DCTERMS.creator),
            self.said(statement, NEC.excerpt),
            self.anchor(statement, document),
            str(self.record.value(judged, NEC.judgedDigest)),
        )

    def fact(self, node: Node) -> tuple[Any, ...]:
        topic = self.record.value(node, NEC.factTopic)
        return (
            topic and str(topic),
            str(self.record.value(node, RDFS.label) or ""),
            self.slug(self.record.value(node, NEC.status)),
            tuple(sorted(map(str, self.record.objects(node, NEC.evidence)))),
        )

    def criteria(self) -> dict[str, Any]:
        found = {}
        for result in self.record.objects(self.node, NEC.result):
            results = [
                (
                    str(self.record.value(r, SH.sourceShape)),
                    str(self.record.value(r, SH.resultSeverity)).rpartition("#")[2],
                    str(self.record.value(r, SH.sourceConstraintComponent)),
                    (path := self.record.value(r, SH.resultPath)) and str(path),
                    str(message := self.record.value(r, SH.resultMessage)),
                    message.language,
                )
                for r in self.record.objects(result, NEC.validationResult)
            ]
            found[self.id(self.record.value(result, NEC.criterion))] = (
                self.slug(self.record.value(result, NEC.status)),
                Counter(
                    self.evidence(statement, stance)
                    for stance, relation in STANCES.items()
                    for statement in self.record.objects(result, relation)
                ),
                Counter(self.fact(f) for f in self.record.objects(result, NEC.fact)),
                Counter(results),
            )
        return found

    def readings(self) -> dict[str, Any]:
        found = {}
        for tried in self.record.objects(self.node, NEC.alternative):
            statuses = {
                self.id(self.record.value(other, NEC.criterion)): self.slug(self.record.value(other, NEC.status))
                for other in self.record.objects(tried, NEC.differs)
            }
            statuses |= dict.fromkeys(self.id(c) for c in self.record.objects(tried, NEC.notAsked))
            reading = self.id(self.record.value(tried, NEC.reading))
            found[reading] = self.slug(self.record.value(tried, NEC.outcome)), statuses
        return found

    def unread(self) -> Counter[tuple[Any, ...]]:
        found = []
        for item in self.record.objects(self.node, NEC.unread):
            source = self.chart.value(item, NEC.source)
            words = self.said(source, DCTERMS.title) or str(source) if source is not None else ""
            found.append(
                (
                    str(item),
                    self.slug(self.chart.value(item, NEC.kind)),
                    words,
                    str(source) if isinstance(source, URIRef) else None,
                    self.said(item, NEC.words),
                    self.said(item, NEC.code) or None,
                    self.day(item, NEC.observed),
                    self.day(item, NEC.recorded),
                    self.said(item, NEC.reason),
                )
            )
        return Counter(found)

    def tell(self) -> dict[str, Any]:
        """The determination with the names of JSON; what has no order is counted or sorted."""
        defaults = set(self.ontology.objects(None, NEC.defaultReading))
        readings = set(self.record.objects(self.node, NEC.reading))
        review = self.record.value(self.node, PROV.wasGeneratedBy)
        version = self.record.value(self.node, NEC.policyVersion)
        sets = {
            name: self.sets(relation, NEC.criterion, self.id)
            for name, relation in (
                ("gaps", NEC.gap),
                ("grounds", NEC.ground),
                ("objections", NEC.objection),
                ("changes", NEC.change),
            )
        }
        gap_facts: dict[str, Any] = {}
        for node in self.record.objects(self.node, NEC.gapFact):
            facts = gap_facts.setdefault(self.id(self.record.value(node, NEC.criterion)), Counter())
            facts[self.fact(node)[:3]] += 1
        return {
            "request": self.one(self.node, NEC.request),
            "servicePeriod": tuple(self.day(self.node, name) for name in (NEC.serviceStart, NEC.serviceEnd)),
            "policy": (self.one(self.node, NEC.policyId), self.id(version) if version else None),
            "asOf": self.day(self.node, NEC.asOf),
            "outcome": self.slug(self.record.value(self.node, NEC.outcome)),
            "holdsUnderAllReadings": self.one(self.node, NEC.holdsUnderAllReadings),
            "holdsUnderStrainedReadings": self.one(self.node, NEC.holdsUnderStrainedReadings),
            "readings": self.readings(),
            "criteria": self.criteria(),
            **sets,
            "statementGrounds": self.sets(NEC.statementGround, NEC.statement, str),
            "gapFacts": gap_facts,
            **{
                f"{name}Count": self.one(self.node, NEC[f"{name}Count"])
                for name in ("gap", "ground", "objection", "change")
            },
            "setAside": Counter(
                (
                    self.one(aside, NEC.statement),
                    self.id(leaf) if (leaf := self.record.value(aside, NEC.criterion)) else None,
                    str(self.ontology.value(self.record.value(aside, NEC.reason), SKOS.prefLabel)),
                    self.one(aside, NEC.lookback),
                )
                for aside in self.record.objects(self.node, NEC.setAside)
            ),
            "unread": self.unread(),
            "notes": sorted(map(str, self.record.objects(self.node, NEC.note))),
            "chosenReadings": sorted(self.id(reading) for reading in readings - defaults),
            "substitutions": sorted(
                str(self.ontology.value(used, SKOS.prefLabel))
                for used in self.record.objects(self.node, NEC.appliedSubstitution)
            ),
            "requestClasses": sorted(map(str, self.record.objects(self.node, NEC.requestClass))),
            "engine": self.one(self.node, NEC.engine).partition(" ")[0],
            "software": self.one(review, PROV.wasAssociatedWith).replace("urn:necessity:software:", "necessity "),
            "policyDigest": self.one(self.node, NEC.policyDigest),
            "inputDigest": self.one(self.node, NEC.inputDigest),
            "judged": {
                self.one(judged, NEC.resource): self.one(judged, NEC.judgedDigest)
                for judged in self.record.objects(self.node, NEC.judged)
            },
        }


def told_by_json(determination: Determination) -> dict[str, Any]:
    """What JSON says, in the form of `Teller.tell`."""
    record = json.loads(json.dumps(to_json(determination)))
    del record["schema"]
    record["servicePeriod"] = tuple(record["servicePeriod"].values())
    record["policy"] = tuple(record["policy"].values())
    record["readings"] = {f"{r['id']}/{r['alternative']}": (r["outcome"], r["statuses"]) for r in record["readings"]}
    record["criteria"] = {
        c["id"]: (
            c["status"],
            Counter(tuple(tuple(v.values()) if isinstance(v, dict) else v for v in e.values()) for e in c["evidence"]),
            Counter((*list(f.values())[:3], tuple(sorted(f["evidence"]))) for f in c["facts"]),
            Counter(tuple(r.values()) for r in c["results"]),
        )
        for c in record["criteria"]
    }
    record["gapFacts"] = {id_: Counter(tuple(f.values()) for f in facts) for id_, facts in record["gapFacts"].items()}
    for name in ("setAside", "unread"):
        record[name] = Counter(tuple(value.values()) for value in record[name])
    for name in ("gaps", "grounds", "objections", "changes", "statementGrounds"):
        record[name] = [sorted(members) for members in record[name]]
    for name in ("notes", "chosenReadings", "substitutions"):
        record[name] = sorted(set(record[name]))
    return record


@pytest.mark.parametrize("name", [*CHARTS, "own", "with a text"])
def test_the_base_says_all_that_json_says(policy: Policy, name: str, tmp_path: Path) -> None:
    kb = KnowledgeBase()
    path = tmp_path / "chart.ttl"
    if name == "own":
        path.write_text(PREFIXES + FIRST)
    elif name == "with a text":
        path.write_text(anchored(f'nec:excerpt "{QUOTE}"'))
    held = intake.read_file(CASES / name if name in CHARTS else path, policy)
    for case in held:
        kb.load_case(case)
        made = determine_case(case, policy)
        kb.record(made)
        for determination in made:
            told = Teller(kb, policy, str(provenance.iri(determination))).tell()
            expected = told_by_json(determination)
            assert {key: told[key] for key in expected} == expected


def test_what_was_judged_is_told_after_the_chart_was_replaced(policy: Policy) -> None:
    kb = KnowledgeBase()
    first, second = cases(FIRST, policy)
    made = {}
    for case in (first, second):
        kb.load_case(case)
        made[case.iri] = determine_case(case, policy)
        kb.record(made[case.iri])
    iri = str(provenance.iri(made[first.iri][0]))
    before = kb.judged(iri)
    assert set(graphs.lines_of("".join(before.values()))) == set(graphs.lines_of(first.content))
    assert not list(kb.entries(GraphKind.HISTORY))
    for case in cases(CHANGED, policy):
        kb.load_case(case)
    assert kb.judged(iri) == before
    told = Graph().parse(data="".join(kb.judged(iri).values()), format="nt")
    phq, calls = (URIRef(f"http://example.org/chart#{name}") for name in ("phq", "calls"))
    assert set(told.objects(phq, NEC.severity)) == {NEC.Moderate}
    assert (phq, NEC.value, Literal("17.5", datatype=XSD.decimal)) in told
    assert (phq, NEC.page, Literal("2", datatype=XSD.integer)) in told
    assert (phq, NEC.excerpt, Literal("Ne peut pas travailler.", lang="fr")) in told
    assert (calls, NEC.excerpt, Literal("No phone.")) in told
    assert Teller(kb, policy, iri).tell()["criteria"] == told_by_json(made[first.iri][0])["criteria"]


def test_one_snapshot_is_kept_of_each_content_that_no_chart_says_any_more(policy: Policy) -> None:
    kb = KnowledgeBase()
    for text in (FIRST, CHANGED, FIRST, CHANGED):
        for case in cases(text, policy):
            kb.load_case(case)
            kb.record(determine_case(case, policy))
    rows = Answer(
        kb.query(
            """PREFIX nec: <https://w3id.org/necessity/core#> PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
            SELECT ?resource ?words { ?snapshot a nec:Snapshot ; nec:resource ?resource ; nec:says ?triple .
                ?triple rdf:subject ?resource ; rdf:predicate nec:excerpt ; rdf:object ?words }"""
        )
    )
    told = Counter((resource.rpartition("#")[2], words) for resource, words in rows.values())
    # The statement on work is about two requests, in whose charts it says different things: which it is about.
    assert told == {
        ("calls", "No phone."): 1,
        ("calls", "A phone since Monday."): 1,
        ("phq", "Ne peut pas travailler."): 4,
    }
    statements = kb.query(
        "PREFIX nec: <https://w3id.org/necessity/core#> SELECT (COUNT(*) AS ?n) { ?s a nec:Statement }"
    )
    assert int(next(iter(statements))["n"].value) == 4
    for request in ("first", "second"):
        kb.remove(f"http://example.org/chart#{request}")
    assert list(kb.entries()) == []


def test_a_run_is_an_activity_and_determinations_say_which_they_follow(policy: Policy) -> None:
    kb = KnowledgeBase()
    run, held = kb.begin_run(), cases(FIRST, policy)
    made = {}
    for case in held:
        kb.load_case(case)
        (made[case.iri],) = determine_case(case, policy)
        kb.record([made[case.iri]], run)
    (case,) = cases(CHANGED, policy)[:1]
    kb.load_case(case)
    (later,) = determine_case(case, policy)
    kb.record([later])
    catalog = Graph().parse(data=kb.content(CATALOG), format="nt")
    runs = set(catalog.subjects(RDF.type, NEC.Run))
    assert len(runs) == 2
    times = [catalog.value(one, when) for one in runs for when in (PROV.startedAtTime, PROV.endedAtTime)]
    assert all(isinstance(time.toPython(), datetime) for time in times)
    assert len({catalog.value(one, PROV.wasAssociatedWith) for one in runs}) == 1
    events = {iri: catalog.value(provenance.iri(d), PROV.qualifiedGeneration) for iri, d in made.items()}
    assert {catalog.value(event, PROV.activity) for event in events.values()} == {URIRef(run.iri)}
    assert all(catalog.value(event, PROV.atTime) for event in events.values())
    event = catalog.value(provenance.iri(later), PROV.qualifiedGeneration)
    followed = provenance.iri(made[case.iri])
    assert list(catalog.objects(event, NEC.follows)) == [followed], "also where a new chart left none current"


def test_a_determination_says_which_it_follows(policy: Policy) -> None:
    kb = KnowledgeBase()
    (case, _) = cases(FIRST, policy)
    kb.load_case(case)
    (whole,), (plain,) = determine_case(case, policy), determine_case(case, policy, alternatives=False)
    for determination in (plain, whole, plain):
        kb.record([determination])
    catalog = Graph().parse(data=kb.content(CATALOG), format="nt")
    follows = {
        name: {
            o
            for event in catalog.objects(provenance.iri(d), PROV.qualifiedGeneration)
            for o in catalog.objects(event, NEC.follows)
        }
        for name, d in (("whole", whole), ("plain", plain))
    }
    assert follows == {"whole": {provenance.iri(plain)}, "plain": {provenance.iri(whole)}}
    assert len(list(catalog.objects(provenance.iri(plain), PROV.qualifiedGeneration))) == 2
    assert [entry.kind for entry in kb.entries()].count(GraphKind.DETERMINATION) == 2


def test_a_record_depends_on_nothing_but_what_it_is_made_of(policy: Policy) -> None:
    (case, _) = cases(FIRST, policy)
    (one, results), other = (provenance.record(*determine_case(case, policy)) for _ in range(2))
    assert (one, results) == other
    for content in (one, *results.values()):
        assert graphs.canonical_lines(graphs.triples(content)) == content, "it is canonical"
    assert all(line.startswith("<urn:necessity:determination:") for line in graphs.lines_of(one))
    assert all(line.startswith(f"<{iri}> ") for iri, said in results.items() for line in graphs.lines_of(said))


def test_what_names_no_statement_stands_once_however_many_determinations_say_it(policy: Policy) -> None:
    kb = KnowledgeBase()
    named: list[set[str]] = []
    for case in cases(FIRST, policy):
        kb.load_case(case)
        for alternatives in (False, True):
            determinations = determine_case(case, policy, alternatives=alternatives)
            kb.record(determinations)
            named += [set(provenance.record(each)[1]) for each in determinations]
    assert named[0] & named[-1], "two charts lack the same"
    held = {entry.about: kb.content(entry.graph) for entry in kb.entries(GraphKind.RESULT)}
    assert held.keys() == set().union(*named)
    needed = {
        str(NEC.ShapeResult): {str(SH[name]) for name in ("sourceShape", "resultSeverity", "resultMessage")},
        str(NEC.CriterionResult): {str(NEC.criterion), str(NEC.status)},
    }
    kinds: Counter[str] = Counter()
    for iri, said in held.items():
        facts = {t.predicate.value: t.object for t in graphs.triples(said)}
        kinds[kind := facts[str(RDF.type)].value] += 1
        assert needed[kind] < facts.keys(), iri
        assert str(NEC.evidence) not in facts
    assert kinds.keys() == needed.keys()
    assert not list(kb.verify())


def test_results_are_counted_by_way_of_their_determinations(policy: Policy) -> None:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    expected: Counter[tuple[str, str]] = Counter()
    for case in cases(FIRST, policy):
        kb.load_case(case)
        (made,) = determine_case(case, policy)
        kb.record([made])
        expected.update((result.criterion.iri, result.status.name) for result in made.criteria)
    rows = kb.query(
        """SELECT ?criterion ?status (COUNT(?d) AS ?n) { ?request nec:currentDetermination ?d . ?d nec:result ?result .
            ?result nec:criterion ?criterion ; nec:status/skos:notation ?status } GROUP BY ?criterion ?status"""
    )
    told = {(c, s.replace("-", "_").upper()): int(n) for c, s, n in Answer(rows).values()}
    assert max(expected.values()) == 2
    assert told == expected


def test_what_determinations_lead_to_is_removed_with_the_last_of_them_and_not_before(policy: Policy) -> None:
    kb = KnowledgeBase()
    named: dict[str, set[str]] = {}
    for text in (FIRST, CHANGED):
        for case in cases(text, policy):
            kb.load_case(case)
            for made in determine_case(case, policy):
                named.setdefault(case.iri, set()).update(provenance.record(made)[1])
                kb.record([made])
    before = list(kb.export())
    for kind in (GraphKind.RESULT, GraphKind.HISTORY):
        for entry in kb.entries(kind):
            with pytest.raises(StoreError, match=r"no longer be whole: [1-9]\d* lead") as refused:
                kb.remove(entry.about)
            assert refused.value.where == entry.about
    assert list(kb.export()) == before
    first, second = named
    assert named[first] - named[second], "some are of the first alone"
    kb.remove(first)
    assert {entry.about for entry in kb.entries(GraphKind.RESULT)} == named[second]
    assert not list(kb.verify())
    kb.remove(second)
    assert list(kb.entries()) == []


def test_what_is_determined_anew_within_a_second_still_follows(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart is changed, put back, and changed otherwise: each of the two before follows the other."""
    monkeypatch.setattr("reasoner.store.base.now", lambda: "2026-01-01T00:00:00Z")
    kb = KnowledgeBase()
    for text in (FIRST, CHANGED, FIRST, FIRST.replace("No phone.", "No phone yet.")):
        (case, _) = cases(text, policy)
        kb.load_case(case)
        (made,) = determine_case(case, policy, alternatives=False)
        kb.record([made])
    catalog = Graph().parse(data=kb.content(CATALOG), format="nt")
    (event,) = catalog.objects(provenance.iri(made), PROV.qualifiedGeneration)
    (before,) = determine_case(cases(FIRST, policy)[0], policy, alternatives=False)
    assert provenance.iri(before) in set(catalog.objects(event, NEC.follows))
