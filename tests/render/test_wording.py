"""Words for people: every value has words, and a provider is asked for what the leaf asks for."""

from __future__ import annotations

import doctest

import pytest

from reasoner.chart.model import Assertion
from reasoner.determination.bearing import Bearing
from reasoner.determination.model import CriterionResult
from reasoner.logic.fold import Outcome, Status
from reasoner.policy.model import CriterionKind
from reasoner.render import wording
from reasoner.review.acts import Disposition
from tests.cases import make_statement
from tests.policies import all_of, iri, leaf, version

VERSION = version(all_of("s", leaf("a", ask="Name the stiff joint."), leaf("b")))


def result(id_: str, status: Status, *evidence: Bearing) -> CriterionResult:
    return CriterionResult(VERSION.leaves[iri(id_)], CriterionKind.LEAF, status, (), evidence, (), ())


def test_every_value_has_words() -> None:
    assert set(wording.HEADLINE) == set(Outcome)
    assert set(wording.STANCE) == set(Assertion)
    assert set(wording.COMBINATION) == set(CriterionKind)
    for value in (*Status, *Outcome, *Disposition):
        assert wording.words(value).replace(" ", "-") == value.value


@pytest.mark.parametrize(("contrary", "expected"), [(False, "denies"), (True, "affirms the contrary")])
def test_a_bearing_by_a_contrary_says_so(contrary: bool, expected: str) -> None:
    bearing = Bearing(iri("a"), make_statement("one", "denies", "a"), Assertion.DENIED, contrary)
    assert wording.bearing_words(bearing) == expected


def test_only_a_group_says_how_it_combines_its_parts() -> None:
    assert [wording.combination(kind) for kind in (CriterionKind.ALL, CriterionKind.LEAF)] == [": all of", ""]


def test_a_missing_leaf_is_asked_for_in_its_own_words_or_by_its_label() -> None:
    assert wording.documentation_request(result("a", Status.NOT_DOCUMENTED)) == "Name the stiff joint."
    assert wording.documentation_request(result("b", Status.NOT_DOCUMENTED)) == VERSION.leaves[iri("b")].label


def test_a_conflict_is_asked_for_with_the_date_after_which_a_statement_would_settle_it() -> None:
    statements = (make_statement("one", "affirms", "a", on=3), make_statement("two", "denies", "a", on=5))
    bearings = (Bearing(iri("a"), statement, statement.assertion) for statement in statements)
    text = wording.documentation_request(result("a", Status.CONFLICTING, *bearings))
    assert "Name the stiff joint. State it as observed after 2025-06-05;" in text


def test_text_of_a_chart_is_one_line_without_characters_that_a_terminal_obeys() -> None:
    assert wording.plain("a\x1b[31m\n b\u202ec\t") == "a[31m bc"


def test_the_examples_run() -> None:
    assert doctest.testmod(wording).failed == 0
