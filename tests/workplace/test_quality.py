"""Quality read from a knowledge base, and its commands: what people signed in the workplace is what is counted."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import Policy
from reasoner.chart.intake import read_file
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.render.provenance import iri
from reasoner.review.metrics import public_metrics
from reasoner.review.signing import read_decisions
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.quality import decided_requests, ratings, under_section
from tests.conftest import CASES

HEAD = """
@prefix nec: <https://w3id.org/necessity/core#> . @prefix prov: <http://www.w3.org/ns/prov#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <https://example.org/signed#> .
:ann skos:prefLabel "Ann\\u001b[31m Ray" ; nec:authorRole "nurse" ; nec:licence "MO 1" .
:bob skos:prefLabel "=Bob Lee" ; nec:authorRole "nurse" ; nec:licence "MO 2" .
"""
RECEIVED = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def base(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two requests: one denied and approved on appeal, one approved; both judged by two people beforehand."""
    place = tmp_path_factory.mktemp("quality")
    chart = (CASES / "mp9556/adult-admission/criteria-met.ttl").read_text()
    (place / "met.ttl").write_text(chart + ' :request nec:received "2026-11-02"^^xsd:date .')
    with KnowledgeBase(open_store(place / "kb", write=True)) as kb:
        kb.load_policy(policy)
        found = []
        for path in (place / "met.ttl", CASES / "mp9556/adult-admission/needs-round-the-clock-care.ttl"):
            (case,) = read_file(path, policy)
            kb.load_case(case)
            (determination,) = determine_case(case, policy)
            kb.record([determination])
            found.append(determination)
        met, refused = (str(iri(d)) for d in found)
        leaf = found[0].criterion("adult-admission:4").criterion.iri

        def signed(name: str, about: str, disposition: str, day: float, person: str, more: str = "") -> str:
            time = (RECEIVED + timedelta(days=day)).isoformat()
            return (
                f":{name} a nec:Decision ; nec:determination <{about}> ; nec:disposition nec:{disposition} ; {more} "
                f'prov:generatedAtTime "{time}"^^xsd:dateTime ; prov:wasAttributedTo :{person} ; nec:rationale "So." .\n'
            )

        def own(name: str, about: str, day: float, person: str, status: str) -> str:
            part = f":{name}-own a nec:OwnStatus ; nec:criterion <{leaf}> ; nec:status nec:{status} .\n"
            return signed(name, about, "Assessed", day, person, f"nec:ownStatus :{name}-own ;") + part

        appeal = "nec:filedAs nec:Appeal ; nec:askedBy nec:ByMember ; nec:urgency nec:Standard ;"
        text = HEAD + "".join(
            [
                own("r1", met, 0.1, "ann", "NotMet"),
                own("r2", met, 0.2, "ann", "Met"),
                own("r3", met, 0.3, "bob", "Met"),
                own("r4", refused, 0.4, "ann", "NotMet"),
                own("r5", refused, 0.5, "bob", "Met"),
                signed("d1", met, "Extended", 1, "ann", 'nec:noticeDate "2026-11-03"^^xsd:date ;'),
                signed("d2", met, "Approved", 3, "ann"),
                signed("d3", refused, "Adverse", 2, "bob"),
                signed("d4", refused, "Appealed", 4, "ann", appeal),
                signed("d5", refused, "Overturned", 5, "ann", "nec:independent true ;"),
            ]
        )
        for decision in read_decisions(Graph().parse(data=text, format="turtle"), policy, "signed"):
            kb.load_decision(decision)
    return place / "kb"


def test_of_what_a_person_gave_twice_the_last_counts(base: Path) -> None:
    with KnowledgeBase(open_store(base)) as kb:
        found, names = ratings(kb)
    assert sorted((names[r.rater][:4], r.status, r.determined) for r in found) == [
        ("=Bob", "met", "met"), ("=Bob", "met", "not-met"), ("Ann\x1b", "met", "met"), ("Ann\x1b", "not-met", "not-met"),
    ]  # fmt: skip


def test_decided_requests_are_those_of_the_days_and_the_line(base: Path) -> None:
    with KnowledgeBase(open_store(base)) as kb:
        found = decided_requests(kb, UTC)
        assert sorted((r.hours, r.approved, r.overturned, r.extended) for r in found if r.hours) == [
            (72, True, False, True)
        ]
        assert [(r.approved, r.overturned) for r in found if r.hours is None] == [(False, True)]
        assert len(decided_requests(kb, UTC, since=date(2026, 11, 5))) == 1
        assert len(decided_requests(kb, UTC, until=date(2026, 11, 4))) == 1
        assert decided_requests(kb, UTC, line="Medicare") == []
        assert {m.value for m in public_metrics(found) if m.name == "approved after appeal"} == {0, 1}


def test_the_command_prints_the_metrics(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kb", "metrics", "--kb", str(base), "--format", "csv"]) == 0
    rows = {(r["urgency"], r["measure"]): r for r in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert rows["standard", "decided"]["value"] == "2"
    assert rows["standard", "denied"] == {
        "urgency": "standard", "measure": "denied", "value": "1", "of": "2", "share": "0.5",
    }  # fmt: skip
    assert rows["standard", "median hours to decision"]["value"] == "72.0"
    assert rows["expedited", "mean hours to decision"]["value"] == ""
    assert main(["kb", "metrics", "--kb", str(base), "--since", "2026-12-01", "--time-zone", "America/Chicago"]) == 0
    assert "standard   decided                   0      -   -" in capsys.readouterr().out


def test_the_command_prints_agreement(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kb", "agreement", "--kb", str(base), "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["criterion"], row["cases"], row["reviewers"], row["agreement"]) == ("adult-admission:4", 2, 2, 0.5)
    assert row["asksForReading"] is True
    assert main(["kb", "agreement", "--kb", str(base), "--by", "reviewer"]) == 0
    printed = capsys.readouterr().out
    assert "Ann" in printed
    assert "\x1b" not in printed
    assert main(["kb", "agreement", "--kb", str(base), "--by", "reviewer", "--format", "csv"]) == 0
    names = {row["reviewer"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert names == {"'=Bob Lee", "Ann[31m Ray"}, "no cell is a formula, and none is obeyed by a terminal"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd"])
def test_a_time_zone_that_is_none(base: Path, zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["kb", "metrics", "--kb", str(base), "--time-zone", zone])
    assert "no time zone" in capsys.readouterr().err


def test_a_section_is_asked_also_where_nothing_speaks_to_it(policy: Policy) -> None:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    asked: dict[str, set[str]] = {}
    for name in ("mp9556/adult-admission/nothing-on-supports.ttl", "mp9556/illinois/continuation-without-asam.ttl"):
        for case in read_file(CASES / name, policy):
            kb.load_case(case)
            made = determine_case(case, policy, alternatives=False)
            kb.record(made)
            for section in {result.criterion.id.partition(":")[0] for found in made for result in found.criteria}:
                asked.setdefault(section, set()).add(case.iri)
    assert {len(requests) for requests in asked.values()} == {1, 2}
    assert {section: under_section(kb, section) for section in asked} == asked
