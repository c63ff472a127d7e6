"""New requests and evidence: what reviewers add is in the record, by name, with its characters, and says what it changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from rdflib import Graph, URIRef

from reasoner import Policy, load_policy
from reasoner.chart.model import Assertion
from reasoner.ground.errors import AccessError, ConflictError, DocumentationError
from reasoner.rdf import graphs, parsing
from reasoner.rdf.namespaces import NEC, PROV, RDF
from reasoner.review import people
from reasoner.review.acts import Disposition
from reasoner.review.authority import Role
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.evidence import Meant, Ranked
from reasoner.workplace.fields import contact_fields, findings, request_fields
from reasoner.workplace.files import Files, Upload
from reasoner.workplace.record import stated_of
from reasoner.workplace.service import Workplace
from reasoner.workplace.worklist import request_id
from tests.chart.bundles import CONDITION, PATIENT
from tests.chart.documents import packets
from tests.conftest import write_toy

NORA = people.local("Nora Fields", Role.REVIEWER)
VERA = people.local("Vera Watts", Role.VIEWER)
FACTS = {
    "phase": "admission",
    "focus": "mental-health",
    "service_start": "2026-02-16",
    "birth_date": "1987-06-14",
    "jurisdiction": "US-MO",
    "member_name": "J. Doe",
    "reference": "UM-77",
}
NOTE = b"Intake of 2026-02-09\n\nTold to leave the flat; he sleeps in the truck.\n\nWe wrote a safety plan together.\n"


@pytest.fixture
def workplace(tmp_path: Path, policy: Policy) -> Iterator[Workplace]:
    kb = KnowledgeBase(open_store(tmp_path / "kb", write=True))
    kb.load_policy(policy)
    opened = Workplace(kb, policy, tmp_path / "workplace")
    yield opened
    opened.close()


def look(workplace: Workplace, *uploads: tuple[str, bytes]) -> Files:
    return workplace.evidence.look(NORA, [Upload(*each) for each in uploads], FACTS)


def take_in(workplace: Workplace, *uploads: tuple[str, bytes], **facts: str) -> str:
    """The opaque id of a new request with some files."""
    files = look(workplace, *(uploads or (("intake.txt", NOTE),)))
    assert files.errors == ()
    about = {document.digest: {"issued": "2026-02-09", "author": "R. Example"} for document in files.documents}
    request, _ = workplace.evidence.create(NORA, FACTS | facts, files, about)
    return request_id(request)


def reading(workplace: Workplace, id_: str, words: str, criterion: str, **more: object) -> Meant:
    (document,) = workplace.evidence.documents(NORA, workplace.case_file(NORA, id_).case.iri)
    start = document.text.text.index(words)
    said = {"stance": Assertion.AFFIRMED, **more}
    return Meant(document.text.digest, start, start + len(words), criterion, **said)  # type: ignore[arg-type]


def chart(workplace: Workplace, id_: str) -> Graph:
    content = workplace._kb.chart(workplace.case_file(NORA, id_).case.iri)
    return parsing.data_set("chart", graphs.triples(content)).graph


def statuses(workplace: Workplace, id_: str) -> dict[str, str]:
    (determination,) = workplace.case_file(NORA, id_).determinations
    return {result.criterion.id: result.status.value for result in determination.criteria}


def test_a_new_request_has_its_documents_as_unread_until_somebody_states_of_them(workplace: Workplace) -> None:
    files = look(workplace, ("intake.txt", NOTE))
    request, effect = workplace.evidence.create(
        NORA, FACTS, files, {files.documents[0].digest: {"issued": "2026-02-09"}}
    )
    file = workplace.case_file(NORA, request_id(request))
    assert file.recorded
    (item,) = file.case.unread
    assert (item.words, item.slug) == ("intake.txt", "document")
    assert effect.outcomes == ("", "documentation-needed")
    assert ("adult-admission:8-a-iii", "unstable living situation", 1) in effect.spoken
    (worklist_item,) = workplace.items(NORA)
    assert (worklist_item.member, worklist_item.reference) == ("J. Doe", "UM-77")
    assert workplace._kb.originals
    assert workplace._kb.originals.read(files.documents[0].original_digest) == NOTE
    assert list(workplace._kb.verify()) == []


def test_a_statement_has_name_anchor_and_rank_and_changes_the_status(workplace: Workplace) -> None:
    id_ = take_in(workplace)
    file = workplace.case_file(NORA, id_)
    (determination,) = file.determinations
    best = workplace.evidence.suggestions(NORA, id_, determination)["adult-admission:8-a-iii"][0]
    assert best.passage.quote.startswith("Told to leave")
    said = reading(workplace, id_, best.passage.quote, "adult-admission:8-a-iii")
    effect = workplace.evidence.state(NORA, id_, file, said, Ranked(best.rank, best.score, best.method))
    assert [row for row in effect.changed if row[0] == "8.a.iii"] == [
        ("8.a.iii", "unstable living situation", "not-documented", "met")
    ]
    after = workplace.case_file(NORA, id_)
    (stated,) = stated_of(after.determinations[0])
    assert (stated.statement.anchor or ())[3:5] == (1, best.passage.quote)
    assert stated.statement.observed == stated.statement.recorded == date(2026, 2, 9)
    assert stated.criteria == ("adult-admission:8-a-iii",)
    graph = chart(workplace, id_)
    node = URIRef(stated.statement.iri)
    assert graph.value(node, PROV.wasAttributedTo) == URIRef(NORA.iri)
    assert (int(graph.value(node, NEC.rank) or 0), str(graph.value(node, NEC.rankedBy))) == (1, best.method)
    assert after.case.unread == ()
    assert after.recorded


def test_what_was_read_wrongly_is_revised_and_both_stay_visible(workplace: Workplace) -> None:
    id_ = take_in(workplace)
    said = reading(workplace, id_, "We wrote a safety plan together.", "adult-admission:6-plan")
    workplace.evidence.state(NORA, id_, workplace.case_file(NORA, id_), said)
    file = workplace.case_file(NORA, id_)
    (wrong,) = stated_of(file.determinations[0])
    denied = reading(
        workplace, id_, "We wrote a safety plan together.", "adult-admission:6-plan", stance=Assertion.DENIED
    )
    effect = workplace.evidence.state(NORA, id_, file, denied, revises=wrong.statement.iri)
    assert ("6.plan", "met", "not-met") in [(row[0], *row[2:]) for row in effect.changed]
    after = workplace.case_file(NORA, id_)
    (right,) = stated_of(after.determinations[0])
    graph = chart(workplace, id_)
    (revised,) = workplace.evidence.revised(NORA, after.case.iri)
    assert revised.words == "We wrote a safety plan together."
    assert graph.value(URIRef(right.statement.iri), PROV.wasRevisionOf) == URIRef(revised.iri)
    assert graph.value(URIRef(revised.iri), PROV.wasRevisionOf) == URIRef(wrong.statement.iri)
    assert revised.reason.startswith("Nora Fields on ")
    assert "affirmed" in revised.reason
    assert [item.iri for item in after.case.unread] == [revised.iri]


def test_a_statement_can_be_taken_back_with_a_reason(workplace: Workplace) -> None:
    id_ = take_in(workplace)
    before = statuses(workplace, id_)
    said = reading(workplace, id_, "We wrote a safety plan together.", "adult-admission:6-plan")
    workplace.evidence.state(NORA, id_, workplace.case_file(NORA, id_), said)
    file = workplace.case_file(NORA, id_)
    (stated,) = stated_of(file.determinations[0])
    with pytest.raises(DocumentationError, match="not said why"):
        workplace.evidence.take_back(NORA, id_, file, stated.statement.iri, " ")
    workplace.evidence.take_back(NORA, id_, file, stated.statement.iri, "It is his brother's.")
    assert statuses(workplace, id_) == before
    with pytest.raises(ConflictError, match="no such statement any more"):
        workplace.evidence.take_back(NORA, id_, file, stated.statement.iri, "again")


def with_bundle(workplace: Workplace, **condition: object) -> Files:
    """A bundle with a disorder of the member."""
    resources = [PATIENT | {"birthDate": "1987-06-14"}, CONDITION | condition]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    return look(workplace, ("bundle.json", json.dumps(bundle).encode()))


def test_what_a_chart_says_wrongly_is_revised_by_a_person_and_both_stay_visible(workplace: Workplace) -> None:
    id_, said = take_in(workplace), "adult-admission:1-diagnosis"
    workplace.evidence.add(NORA, id_, workplace.case_file(NORA, id_), with_bundle(workplace), {})
    assert statuses(workplace, id_)[said] == "met"
    file = workplace.case_file(NORA, id_)
    (wrong,) = (each for each in stated_of(file.determinations[0]) if said in each.criteria)
    assert wrong.text == ""
    day = wrong.statement.observed
    anew = Meant("", 0, 0, said, Assertion.DENIED, observed=day)
    effect = workplace.evidence.state(NORA, id_, file, anew, revises=wrong.statement.iri)
    assert ("1.diagnosis", "met", "not-met") in [(row[0], *row[2:]) for row in effect.changed]
    after = workplace.case_file(NORA, id_)
    (right,) = (each for each in stated_of(after.determinations[0]) if said in each.criteria)
    assert right.statement.excerpt == wrong.statement.excerpt
    assert right.statement.document == wrong.statement.document
    assert (right.statement.observed, right.statement.recorded) == (day, wrong.statement.recorded)
    graph = chart(workplace, id_)
    assert graph.value(URIRef(right.statement.iri), PROV.wasAttributedTo) == URIRef(NORA.iri)
    (revised,) = workplace.evidence.revised(NORA, after.case.iri)
    assert revised.reason.startswith("Nora Fields on ")
    assert graph.value(URIRef(right.statement.iri), PROV.wasRevisionOf) == URIRef(revised.iri)
    # A later version of the chart states it again: that counts, and what a person did stays.
    workplace.evidence.add(NORA, id_, after, with_bundle(workplace, recordedDate="2026-02-10"), {})
    assert [each.iri for each in workplace.evidence.revised(NORA, after.case.iri)] == [revised.iri]
    again = workplace.case_file(NORA, id_)
    assert len([each for each in stated_of(again.determinations[0]) if said in each.criteria]) == 2


def test_what_a_chart_says_wrongly_is_taken_back(workplace: Workplace) -> None:
    id_, said = take_in(workplace), "adult-admission:1-diagnosis"
    before = statuses(workplace, id_)
    workplace.evidence.add(NORA, id_, workplace.case_file(NORA, id_), with_bundle(workplace), {})
    file = workplace.case_file(NORA, id_)
    (wrong,) = (each for each in stated_of(file.determinations[0]) if said in each.criteria)
    workplace.evidence.take_back(NORA, id_, file, wrong.statement.iri, "It is her sister's.")
    assert statuses(workplace, id_) == before
    (revised,) = workplace.evidence.revised(NORA, file.case.iri)
    assert revised.reason.endswith("It is her sister's.")
    with pytest.raises(ConflictError, match="no such statement any more"):
        workplace.evidence.state(NORA, id_, file, Meant("", 0, 0, said, Assertion.DENIED), revises=wrong.statement.iri)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"criterion": "adult-admission:6"}, "no such leaf"),
        ({"stance": Assertion.NOT_APPLICABLE}, "cannot be not applicable"),
        ({"finding": "SafetyPlan"}, "does not speak to"),
        ({"details": {"severity": "enormous"}}, "severity"),
    ],
)
def test_what_cannot_be_stated_changes_nothing(workplace: Workplace, more: dict[str, object], problem: str) -> None:
    id_ = take_in(workplace)
    before = chart(workplace, id_).serialize(format="nt")
    said = reading(
        workplace, id_, "he sleeps in the truck", str(more.pop("criterion", "adult-admission:8-a-iii")), **more
    )
    with pytest.raises(DocumentationError, match=problem):
        workplace.evidence.state(NORA, id_, workplace.case_file(NORA, id_), said)
    assert sorted(chart(workplace, id_).serialize(format="nt")) == sorted(before)


def test_later_evidence_is_added_and_told(workplace: Workplace) -> None:
    id_ = take_in(workplace)
    resources = (PATIENT | {"birthDate": "1987-06-14"}, CONDITION)
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    files = look(
        workplace,
        ("call.pdf", packets.set_in_type("His wife means to come each week.")),
        ("bundle.json", json.dumps(bundle).encode()),
        ("old.doc", b"\xd0\xcf\x11\xe0"),
    )
    assert len(files.errors) == 1
    assert "Word 2003" in files.errors[0]
    file = workplace.case_file(NORA, id_)
    about = {files.documents[0].digest: {"issued": "2026-02-12"}}
    effect = workplace.evidence.add(NORA, id_, file, files, about)
    assert "adult-admission:7-a" in {row[0] for row in effect.spoken}
    after = workplace.case_file(NORA, id_)
    assert len(after.case.statements) > len(file.case.statements)
    assert after.case.iri == file.case.iri
    assert len(workplace.evidence.documents(NORA, after.case.iri)) == 2
    again = workplace.evidence.add(NORA, id_, after, files, about)
    assert again.changed == ()
    assert len(workplace.case_file(NORA, id_).case.statements) == len(after.case.statements)


def test_a_chart_of_somebody_else_is_refused(workplace: Workplace) -> None:
    id_ = take_in(workplace)
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT}, {"resource": CONDITION}]}
    files = workplace.evidence.look(NORA, [Upload("b.json", json.dumps(bundle).encode())])
    with pytest.raises(ConflictError, match="another birth date"):
        workplace.evidence.add(NORA, id_, workplace.case_file(NORA, id_), files, {})


def test_a_reference_is_that_of_one_request(workplace: Workplace) -> None:
    take_in(workplace)
    with pytest.raises(ConflictError, match="with this reference"):
        take_in(workplace)
    take_in(workplace, reference="UM-78")
    assert len(workplace.items(NORA)) == 2


def test_a_fact_that_is_missing_or_wrong_is_named(workplace: Workplace) -> None:
    for facts, problem in (({"birth_date": ""}, "birthDate"), ({"service_start": "soon"}, "service_start")):
        with pytest.raises(DocumentationError, match=problem):
            take_in(workplace, **facts)
    assert workplace.items(NORA) == []


def test_a_rejected_suggestion_stays_rejected(workplace: Workplace) -> None:
    id_ = take_in(workplace)
    (determination,) = workplace.case_file(NORA, id_).determinations
    criterion = "adult-admission:6-plan"
    first, *_ = workplace.evidence.suggestions(NORA, id_, determination)[criterion]
    workplace.evidence.reject(NORA, id_, criterion, first.passage.anchor)
    left = [s.passage.anchor for s in workplace.evidence.suggestions(NORA, id_, determination)[criterion]]
    assert left
    assert first.passage.anchor not in left
    workplace.evidence.reject(NORA, id_, criterion, first.passage.anchor, rejected=False)
    assert workplace.evidence.suggestions(NORA, id_, determination)[criterion][0] == first


def test_a_sentence_counts_as_unstated_until_somebody_judges_it(workplace: Workplace) -> None:
    id_ = take_in(workplace)

    def unstated() -> tuple[str, dict[str, int]]:
        (determination,) = workplace.case_file(NORA, id_).determinations
        found = workplace.evidence.unstated(NORA, id_, determination)
        return found.words, {criterion.id: number for criterion, number in found.criteria}

    home, beside = "adult-admission:8-a-iii", "adult-admission:8-c-availability"
    assert unstated() == ("1 item and 2 sentences", {home: 1, beside: 1})
    (determination,) = workplace.case_file(NORA, id_).determinations
    rejected = workplace.evidence.suggestions(NORA, id_, determination)[beside][0]
    workplace.evidence.reject(NORA, id_, beside, rejected.passage.anchor)
    assert unstated() == ("1 item and 1 sentence", {home: 1})
    # A statement of the same characters about something else leaves open what they say of the criterion.
    words = "Told to leave the flat; he sleeps in the truck."
    for criterion, left in (("adult-admission:6-plan", ("1 sentence", {home: 1})), (home, ("", {}))):
        said = reading(workplace, id_, words, criterion)
        workplace.evidence.state(NORA, id_, workplace.case_file(NORA, id_), said)
        assert unstated() == left


def test_a_conflict_that_people_have_judged_is_not_unstated(workplace: Workplace) -> None:
    id_ = take_in(workplace)
    criterion = "adult-admission:8-a-iii"
    for stance in (Assertion.AFFIRMED, Assertion.DENIED):
        said = reading(workplace, id_, "Told to leave the flat", criterion, stance=stance)
        workplace.evidence.state(NORA, id_, workplace.case_file(NORA, id_), said)
    (determination,) = workplace.case_file(NORA, id_).determinations
    assert determination.status(criterion).value == "conflicting"
    assert criterion not in {c.id for c, _ in workplace.evidence.unstated(NORA, id_, determination).criteria}


def test_who_is_written_to_is_stated_otherwise_and_letters_say_so(workplace: Workplace) -> None:
    id_ = take_in(workplace, provider_name="Harbor IOP", provider_fax="555 0100")
    file = workplace.case_file(NORA, id_)
    assert (file.case.provider_name, file.case.provider_fax, file.case.provider_npi) == ("Harbor IOP", "555 0100", "")
    before = statuses(workplace, id_)
    given = {field.name: getattr(file.case, field.name) for field in contact_fields(workplace.policy)}
    said = {
        "provider_fax": "",
        "provider_npi": "1234567893",
        "provider_address": "3 Oak Ave",
        "member_address": "1 Elm St",
    }
    workplace.evidence.change_contacts(NORA, id_, file, given | said)
    file = workplace.case_file(NORA, id_)
    assert file.recorded
    assert statuses(workplace, id_) == before
    asked = workplace.letters(file).draft(file.determinations[0], Disposition.DOCUMENTATION_REQUESTED) or ""
    assert "Harbor IOP\n3 Oak Ave\n" in asked
    assert "Provider: Harbor IOP (NPI 1234567893)\n" in asked
    assert "555 0100" not in asked
    assert "J. Doe\n1 Elm St\n" in workplace.letters(file).copy(file.determinations[0], asked, NORA)
    told = [(entry.name, entry.action, entry.detail) for entry in workplace.trail.entries()]
    assert ("Nora Fields", "add evidence", "contacts") in told
    assert "Oak" not in workplace.trail.path.read_text()


def test_a_reference_that_is_stated_later_is_that_of_one_request(workplace: Workplace) -> None:
    take_in(workplace)
    id_ = take_in(workplace, reference="")
    file = workplace.case_file(NORA, id_)
    with pytest.raises(ConflictError, match="there is a request with this reference"):
        workplace.evidence.change_contacts(NORA, id_, file, {"reference": "UM-77"})
    assert workplace.case_file(NORA, id_).case.reference == ""
    workplace.evidence.change_contacts(NORA, id_, file, {"reference": "UM-78"})
    file = workplace.case_file(NORA, id_)
    assert file.case.reference == "UM-78"
    workplace.evidence.change_contacts(NORA, id_, file, {"reference": "UM-78", "provider_name": "Harbor IOP"})


def test_a_provider_is_stated_where_none_was(workplace: Workplace) -> None:
    id_ = take_in(workplace)
    workplace.evidence.change_contacts(NORA, id_, workplace.case_file(NORA, id_), {"provider_name": "Harbor IOP"})
    file = workplace.case_file(NORA, id_)
    assert (file.case.provider_name, file.case.member_name) == ("Harbor IOP", "")
    assert [item.program for item in workplace.items(NORA)] == ["Harbor IOP"]


def test_a_request_without_a_reference_is_named_by_member_and_program(workplace: Workplace) -> None:
    take_in(workplace, reference="", provider_name="Harbor IOP")
    (item,) = workplace.items(NORA)
    assert (item.name, item.title) == ("Harbor IOP", "J. Doe, Harbor IOP")
    take_in(workplace, reference="", member_name="R. Roe")
    assert {item.title for item in workplace.items(NORA)} == {"J. Doe, Harbor IOP", "R. Roe, without a reference"}


def test_a_viewer_adds_nothing_and_each_act_is_in_the_trail(workplace: Workplace) -> None:
    id_ = take_in(workplace)
    file = workplace.case_file(NORA, id_)
    said = reading(workplace, id_, "he sleeps in the truck", "adult-admission:8-a-iii")
    acts = (
        lambda: workplace.evidence.look(VERA, []),
        lambda: workplace.evidence.create(VERA, FACTS, Files(), {}),
        lambda: workplace.evidence.add(VERA, id_, file, Files(), {}),
        lambda: workplace.evidence.state(VERA, id_, file, said),
        lambda: workplace.evidence.change_contacts(VERA, id_, file, {}),
        lambda: workplace.evidence.take_back(VERA, id_, file, "x", "y"),
        lambda: workplace.evidence.reject(VERA, id_, "x", "y"),
    )
    for act in acts:
        with pytest.raises(AccessError):
            act()
    actions = [entry.action for entry in workplace.trail.entries()]
    assert actions.count("take in a request") == 1
    assert [action for action in actions if action.startswith("refused")] == [
        "refused: take in a request",
        "refused: add evidence",
        "refused: make a statement",
        "refused: add evidence",
        *["refused: make a statement"] * 2,
    ]
    told = (workplace.trail.path).read_text()
    assert "truck" not in told
    assert "Doe" not in told


def test_the_findings_of_a_leaf_are_told_with_what_they_say(policy: Policy) -> None:
    found = findings(policy, "adult-admission:8-a-iii", date(2026, 2, 16))
    assert "homelessness" in found.values()
    against = findings(policy, "adult-continuation:4-e", date(2026, 2, 16))
    assert [label for label in against.values() if label.endswith("(speaks against it)")]
    assert not [iri for iri in found if (URIRef(iri), RDF.type, None) not in policy.ontology]


@pytest.mark.parametrize("with_examples", [True, False])
def test_another_policy_has_its_own_form_and_sentences(tmp_path: Path, with_examples: bool) -> None:
    root = write_toy(tmp_path / "toy")
    if not with_examples:
        shutil.rmtree(root / "ontology" / "toy" / "examples")
    toy = load_policy("toy", root=root)
    assert {"phase", "focus", "birth_date"} <= {field.name for field in request_fields(toy)}
    kb = KnowledgeBase(open_store(tmp_path / "kb", write=True))
    kb.load_policy(toy)
    workplace = Workplace(kb, toy, tmp_path / "workplace")
    note = b"Cannot lift the arm to comb his hair.\n"
    files = workplace.evidence.look(NORA, [Upload("note.txt", note)])
    about = {files.documents[0].digest: {"issued": "2026-02-09"}}
    request, effect = workplace.evidence.create(NORA, FACTS | {"service_start": "2030-03-01"}, files, about)
    file = workplace.case_file(NORA, request_id(request))
    found = workplace.evidence.suggestions(NORA, file.id, file.determinations[0])
    assert [s.passage.quote for s in found["criteria:1-a"]] == ([note.decode().strip()] if with_examples else [])
    assert bool(effect.spoken) is with_examples
    said = Meant(files.documents[0].digest, 0, 36, "criteria:1-a", Assertion.AFFIRMED, finding="FrozenShoulder")
    changed = workplace.evidence.state(NORA, file.id, file, said).changed
    assert [(row[0], *row[2:]) for row in changed] == [("1.a", "not-documented", "met")]
    workplace.close()
