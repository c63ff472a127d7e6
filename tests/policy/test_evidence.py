"""What `policy show`, the workplace and the reference tell of the evidence that counts for a criterion."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner import Policy, load_policy
from reasoner.policy.evidence import Rule, rules
from tests.conftest import write_toy

ONTOLOGY, SHAPES = "ontology/toy/2030-01-01.ttl", "shapes/toy/2030-01-01.ttl"
LEAF = "criteria:1-a a nec:Leaf"
WORDS = """
<https://example.org/toy/vocabulary> <http://purl.org/vocab/vann/preferredNamespacePrefix> "toy" ;
    <http://purl.org/vocab/vann/preferredNamespaceUri> "https://example.org/toy/vocabulary#" .
toy:joint a owl:ObjectProperty ; skos:prefLabel "joint"@en . toy:angle a owl:DatatypeProperty ; skos:prefLabel "angle"@en ; nec:unitCode "deg" .
toy:since a owl:DatatypeProperty ; skos:prefLabel "since"@en . toy:side a owl:ObjectProperty ; skos:prefLabel "side"@en .
toy:Joint a owl:Class ; skos:prefLabel "joint"@en . toy:BallJoint a owl:Class ; rdfs:subClassOf toy:Joint ; skos:prefLabel "ball joint"@en .
toy:Knee a toy:Joint ; skos:prefLabel "knee"@en . toy:Hip a toy:BallJoint ; skos:prefLabel "hip"@en .
toy:Left a toy:Side ; skos:prefLabel "left"@en . toy:Right a toy:Side ; skos:prefLabel "right"@en .
nec:Every skos:prefLabel "every"@en . toy:Trainer skos:prefLabel "trainer"@en .
toy:Scan skos:prefLabel "scan"@en . toy:scans skos:notation "S00-S99" .
"""
FACTS = """
@prefix intake: <https://w3id.org/necessity/intake/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
intake:statement sh:property toy:a , toy:b , toy:c , toy:d .
toy:a sh:path toy:joint ; sh:class toy:Joint . toy:b sh:path toy:angle ; sh:minInclusive 0 ; sh:maxExclusive 360 .
toy:c sh:path toy:since ; sh:datatype xsd:date . toy:d sh:path toy:side ; sh:in ( toy:Left toy:Right ) .
"""


def told(root: Path, more: str) -> list[Rule]:
    """What is told of the first leaf of the toy policy, with more said of it."""
    write_toy(root)
    for name, old, new in (
        (ONTOLOGY, LEAF, f"criteria:1-a {more} ; a nec:Leaf"),
        (ONTOLOGY, "@prefix owl:", "@prefix toy: <https://example.org/toy/vocabulary#> .\n@prefix owl:"),
        (ONTOLOGY, "nec:ageOfMajority 18 ;", "nec:ageOfMajority 18 ; nec:assumedStay 30 ;"),
        ("ontology/toy/vocabulary.ttl", "toy:JointStiffness a owl:Class", f"{WORDS}\ntoy:JointStiffness a owl:Class"),
    ):
        path = root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    (root / SHAPES).write_text((root / SHAPES).read_text() + FACTS)
    policy = load_policy("toy", root=root)
    version = policy.versions[0]
    return list(rules(policy, version, version.by_id["criteria:1-a"]))


@pytest.mark.usefixtures("core_alone")
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("nec:lookback 90", [("lookback", "from 90 days before the start of service")]),
        (
            "nec:lookback nec:SinceAdmission",
            [
                (
                    "lookback",
                    "from the start of the stay, or 30 days before the start of service where the record does not say when it began",
                )
            ],
        ),
        (
            "nec:speaksOnlyWith toy:joint",
            [("needs", "toy:joint  joint, without which a statement does not speak to it")],
        ),
        ("nec:detail toy:angle", [("detail", "toy:angle  angle: a number from 0 below 360 in deg")]),
        ("nec:detail toy:since", [("detail", "toy:since  since: a date")]),
        ("nec:detail toy:side", [("detail", "toy:side  side: toy:Left, toy:Right")]),
        (
            "nec:supersededPer toy:joint ; nec:holdsFor nec:Every",
            [
                ("facts", "told apart by toy:joint  joint; every has to hold"),
                ("value", "toy:Hip  hip"),
                ("value", "toy:Knee  knee"),
            ],
        ),
        (
            "nec:countsOver toy:Scan ; nec:countedCodes toy:scans",
            [("counts", "toy:Scan  scan (S00-S99): one that could not be read keeps the rule from concluding")],
        ),
        (
            "nec:speaksOnlyFrom toy:Trainer",
            [
                (
                    "author",
                    "only toy:Trainer  trainer; a statement whose author's kind is not stated counts, with a note",
                )
            ],
        ),
    ],
    ids=[
        "days",
        "a stay",
        "a needed property",
        "a number",
        "a date",
        "a choice",
        "facts",
        "what is counted",
        "authors",
    ],
)
def test_a_rule_is_told_in_words(tmp_path: Path, more: str, expected: list[tuple[str, str]]) -> None:
    given = told(tmp_path, more)
    if not more.startswith("nec:lookback"):
        assert given.pop(0) == ("lookback", "evidence of any age")
    assert given == expected


def test_every_leaf_says_how_far_back_evidence_counts_and_no_group_does(policy: Policy) -> None:
    (version,) = policy.versions
    for criterion in version.criteria.values():
        titles = [rule.title for rule in rules(policy, version, criterion)]
        assert titles.count("lookback") == (criterion.iri in version.leaves)
    (period,) = [r for r in rules(policy, version, version.by_id["adult-admission:3"]) if r.title == "period"]
    assert period.text == "that of admission, whatever the request is for"
