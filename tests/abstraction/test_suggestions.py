"""Suggestions: the sentence that speaks to a criterion comes first, with its place, and no copy of it takes another's."""

from __future__ import annotations

from datetime import date

import pytest

from reasoner import Policy, UsageError
from reasoner.abstraction.suggestions import Abstractor, asked, leaves_of
from reasoner.policy import describe
from tests.abstraction.conftest import text

NOTE = """\
Seen for 50 minutes in the office.

He was told to leave his cousin's flat and has been sleeping in the truck since Friday.
Agrees to come four mornings a week and asked when he can begin.
His aunt takes lithium.
"""


def test_the_sentence_that_speaks_to_a_criterion_comes_first(policy: Policy, abstractor: Abstractor) -> None:
    version = policy.versions[-1]
    criteria = [version.by_id["adult-admission:8-a-iii"], version.by_id["adult-admission:5"]]
    found = abstractor.suggest([text(NOTE)], criteria)
    firsts = {s.criterion.id: s.passage.quote for s in found if s.rank == 1}
    assert firsts["adult-admission:8-a-iii"].startswith("He was told to leave")
    assert firsts["adult-admission:5"].startswith("Agrees to come")
    assert [s.criterion.id for s in found if s.rank == 1] == [criterion.id for criterion in criteria]


def test_a_suggestion_leads_to_its_characters(policy: Policy, abstractor: Abstractor) -> None:
    document = text(NOTE)
    (first, *_) = abstractor.suggest([document], [policy.versions[-1].by_id["adult-admission:5"]])
    digest, _, span = first.passage.anchor.partition("#char=")
    start, end = map(int, span.split(","))
    assert (digest, document.text[start:end]) == (document.digest, first.passage.quote)
    assert document.text.find(first.passage.before + first.passage.quote + first.passage.after) >= 0


def test_scores_fall_and_ranks_rise_up_to_the_best(policy: Policy, abstractor: Abstractor) -> None:
    found = abstractor.suggest([text(NOTE)], [policy.versions[-1].by_id["adult-admission:5"]], best=3)
    assert [s.rank for s in found] == [1, 2, 3]
    assert sorted((s.score for s in found), reverse=True) == [s.score for s in found]


def test_a_sentence_has_the_criteria_that_it_speaks_to(policy: Policy, abstractor: Abstractor) -> None:
    leaves = [criterion for criterion in policy.versions[-1].by_id.values() if criterion.finding]
    document = text(NOTE)
    found = abstractor.by_sentence([document], leaves)
    of_housing = [s.criterion.id for s in found if s.passage.quote.startswith("He was told to leave")]
    assert of_housing[0] == "adult-admission:8-a-iii"
    assert len(of_housing) <= 3
    starts = [s.passage.sentence.start for s in found]
    assert starts == sorted(starts)
    ranked = {(s.criterion.id, s.passage.quote): s.rank for s in abstractor.suggest([document], leaves)}
    assert all(ranked[s.criterion.id, s.passage.quote] == s.rank for s in found)
    assert abstractor.by_sentence([], leaves) == ()


def test_a_copy_is_told_once_with_each_place(policy: Policy, abstractor: Abstractor) -> None:
    documents = [text(NOTE, "may.txt"), text("Copied forward.\n\n" + NOTE, "june.txt")]
    found = abstractor.suggest(documents, [policy.versions[-1].by_id["adult-admission:8-a-iii"]])
    (first,) = [s for s in found if s.passage.quote.startswith("He was told to leave")]
    assert first.passage.document.name == "may.txt"
    assert [copy.document.name for copy in first.copies] == ["june.txt"]
    assert first.copies[0].quote == first.passage.quote


def test_what_was_copied_forward_is_told_once_with_its_first_day(policy: Policy, abstractor: Abstractor) -> None:
    paragraph = (
        "Housing: he was told to leave his cousin's flat. Sleeps in the truck. Agrees to come four mornings a week.\n"
    )
    june, may = text(f"Came late.\n\n{paragraph.upper()}", "june.txt"), text(f"{paragraph}\nSaid little.\n", "may.txt")
    days = {june.digest: date(2026, 6, 10), may.digest: date(2026, 5, 4)}
    found = abstractor.suggest([june, may], [policy.versions[-1].by_id["adult-admission:8-a-iii"]], issued=days)
    (first,) = [s for s in found if s.passage.quote.casefold().startswith("sleeps in the truck")]
    assert (first.passage.document.name, first.passage.issued) == ("may.txt", date(2026, 5, 4))
    assert [(copy.document.name, copy.issued) for copy in first.copies] == [("june.txt", date(2026, 6, 10))]
    assert len({s.passage.quote.casefold() for s in found}) == len(found) == 5


def test_what_is_short_and_stands_in_no_copied_paragraph_is_told_each_time(
    policy: Policy, abstractor: Abstractor
) -> None:
    documents = [text("Sleeps in the truck.\n", "may.txt"), text("Sleeps in the truck.\n\nCame late.\n", "june.txt")]
    found = abstractor.suggest(documents, [policy.versions[-1].by_id["adult-admission:8-a-iii"]])
    assert [s.passage.document.name for s in found if s.passage.quote.startswith("Sleeps")] == ["may.txt", "june.txt"]


def test_a_record_without_words_has_no_suggestions(policy: Policy, abstractor: Abstractor) -> None:
    assert abstractor.suggest([], policy.versions[-1].by_id.values()) == ()


def test_the_criteria_are_those_of_the_kind_of_request(policy: Policy) -> None:
    version = policy.versions[-1]

    def ids(minor: bool) -> set[str]:
        words = {"phase": "admission", "focus": "mental-health"}
        return {criterion.id for criterion in asked(describe.effective(version, words, "US-MO", minor))}

    assert "adult-admission:4" in ids(False) - ids(True)
    assert "child-adolescent:3" in ids(True) - ids(False)
    assert {"exclusions:1", "description:days"} <= ids(False)
    assert not any(name.startswith(("substance-use", "illinois", "adult-continuation")) for name in ids(False))


def test_a_group_stands_for_its_leaves(policy: Policy) -> None:
    version = policy.versions[-1]
    found = [leaf.id for leaf in leaves_of(version, "adult-admission:6")]
    assert found == ["adult-admission:6-plan", "adult-admission:6-provider", "adult-admission:6-emergency"]
    with pytest.raises(UsageError, match="no criterion 'adult-admission:99'"):
        leaves_of(version, "adult-admission:99")
