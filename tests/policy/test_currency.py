"""How far back evidence counts: what the policy states for each leaf, and every way in which it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner.ground.errors import PolicyError
from reasoner.policy.loading import load_policy
from reasoner.policy.model import Criterion, Policy
from tests.conftest import write_toy

ADMISSION = "https://w3id.org/necessity/core#Admission"
UNBOUNDED = (
    "adult-admission:1-diagnosis",
    "adult-admission:8-b",
    "substance-use:3",
    "child-adolescent:2",
    "description:",
)


def stated(leaf: Criterion) -> int | str | None:
    return "since admission" if leaf.since_admission else leaf.lookback


def as_published(leaf: Criterion) -> int | str | None:
    """The bound of a leaf by the table of the project's reading of the policy."""
    if leaf.id.startswith("adult-continuation:") or leaf.id == "illinois:continued-service":
        return "since admission"
    if leaf.id.startswith(UNBOUNDED):
        return None
    if leaf.id.startswith("illinois:"):
        return 90
    return 365 if leaf.id == "adult-admission:1-severity" else 180


def test_every_leaf_of_the_policy_has_its_bound(policy: Policy) -> None:
    (version,) = policy.versions
    published = {iri: version.criteria[leaf.restates or iri] for iri, leaf in version.leaves.items()}
    assert {iri: stated(leaf) for iri, leaf in version.leaves.items()} == {
        iri: as_published(leaf) for iri, leaf in published.items()
    }
    assert any(leaf.restates for leaf in version.leaves.values())
    assert version.assumed_stay == 90


def test_adult_admission_counts_over_the_admission_whatever_the_request(policy: Policy) -> None:
    (version,) = policy.versions
    published = {iri: version.criteria[leaf.restates or iri] for iri, leaf in version.leaves.items()}
    of_admission = {iri for iri, leaf in version.leaves.items() if leaf.period_of == ADMISSION}
    assert of_admission == {iri for iri, leaf in published.items() if leaf.id.startswith("adult-admission:")}
    assert {leaf.period_of for leaf in version.leaves.values()} == {ADMISSION, None}


LEAF, GROUP, SECTION = "criteria:1-a a nec:Leaf", "criteria:1 a nec:Group", "section:criteria a nec:Section"
NO_DAYS = "whole number of days from 0 to 36600, or nec:SinceAdmission"
REFUSED = {
    "text": (LEAF, 'nec:lookback "180"', NO_DAYS),
    "a negative number": (LEAF, "nec:lookback -1", NO_DAYS),
    "days before the calendar": (LEAF, "nec:lookback 4000000", NO_DAYS),
    "half a day": (LEAF, "nec:lookback 0.5", NO_DAYS),
    "a truth value": (LEAF, "nec:lookback true", NO_DAYS),
    "a number that is none": (LEAF, 'nec:lookback "many"^^xsd:integer', NO_DAYS),
    "another individual": (LEAF, "nec:lookback nec:Admission", NO_DAYS),
    "two lookbacks": (LEAF, "nec:lookback 90 , nec:SinceAdmission", "two lookbacks.*State one"),
    "a lookback of a group": (GROUP, "nec:lookback 90", "a group has no lookback.*each of its leaves"),
    "no assumed stay": (LEAF, "nec:lookback nec:SinceAdmission", "one .*assumedStay of type int"),
    "a period of nothing": (SECTION, "nec:periodOf nec:Expedited", "no value of an axis.*Values: .*core#Admission"),
    "a period of a leaf": (LEAF, "nec:periodOf nec:Admission", "a leaf has no nec:periodOf.*section"),
    "two periods": (SECTION, "nec:periodOf nec:Admission , nec:Continuation", "two periods.*Keep one"),
}


def written(root: Path, subject: str, more: str) -> Path:
    path = write_toy(root) / "ontology/toy/2030-01-01.ttl"
    text = path.read_text()
    assert subject in text
    path.write_text(text.replace(subject, subject.replace(" a ", f" {more} ; a "), 1))
    return path


@pytest.mark.usefixtures("core_alone")
@pytest.mark.parametrize(("subject", "more", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_policy_is_refused_for(tmp_path: Path, subject: str, more: str, problem: str) -> None:
    path = written(tmp_path, subject, more)
    with pytest.raises(PolicyError, match=problem) as error:
        load_policy("toy", root=tmp_path)
    assert error.value.where.startswith(str(path))


@pytest.mark.usefixtures("core_alone")
def test_a_lookback_is_read_from_the_policy_and_from_its_cache(tmp_path: Path) -> None:
    written(tmp_path, LEAF, "nec:lookback 0")
    for _ in range(2):
        load_policy.cache_clear()
        leaf = load_policy("toy", root=tmp_path).versions[0].by_id["criteria:1-a"]
        assert (leaf.lookback, leaf.since_admission, leaf.period_of) == (0, False, None)
