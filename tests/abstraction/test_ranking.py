"""The ranking: it finds the leaf of sentences that it has not seen, and says the same every time."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from reasoner import Policy
from reasoner.abstraction import ranking
from reasoner.abstraction.examples import ExampleKind, Examples
from reasoner.abstraction.ranking import Ranker
from reasoner.ground.serialization import CodecError

HELD_OUT = 5
"""Of so many sentences one is held out."""


@pytest.fixture(scope="module")
def examples(policy: Policy) -> Examples:
    return Examples(policy)


@pytest.fixture(scope="module")
def ranker(examples: Examples) -> Ranker:
    return Ranker(examples)


def score(ranker: Ranker, text: str, leaf: str, *cues: str) -> float:
    column = next(at for at, target in enumerate(ranker.targets) if target.endswith(f"#{leaf}"))
    return float(ranker.scores([(text, frozenset(cues))])[0, column])


def test_sentences_that_were_not_learned_find_their_leaf(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken = [e for e in examples.all if e.kind is ExampleKind.SPEAKS and e.leaves]
    unseen = spoken[::HELD_OUT]
    texts = {e.text for e in unseen}
    seen = SimpleNamespace(all=tuple(e for e in examples.all if e.text not in texts), families=examples.families)
    monkeypatch.setattr(ranking, "learned", lambda _: ranking._learn(cast(Any, seen)))
    ranker = Ranker(examples)
    scores = ranker.scores([(e.text, e.cues) for e in unseen])
    best = np.argsort(-scores, axis=1)[:, :5]
    found = [any(ranker.targets[column] in e.leaves for column in row) for e, row in zip(unseen, best, strict=True)]
    assert sum(found) / len(found) > 0.75


def test_a_sentence_scores_highest_for_what_it_speaks_to(ranker: Ranker) -> None:
    text = "Her landlord changed the locks and she is sleeping at a friend's place this week."
    assert score(ranker, text, "UnstableLivingSituation") > 4 * score(ranker, text, "SafetyPlan")


def test_what_says_nothing_of_the_patient_now_scores_lower(ranker: Ranker) -> None:
    said = score(ranker, "She drinks a bottle of wine every night.", "ActiveUseContributes")
    assert said > score(
        ranker, "Her father drank a bottle of wine every night.", "ActiveUseContributes", "family", "past"
    )


def test_a_cue_alone_lowers_a_score(ranker: Ranker) -> None:
    text = "Agrees to attend all groups."
    for cue in ("family", "past", "planned", "hypothetical", "template"):
        assert score(ranker, text, "WillingnessToEngage") > score(ranker, text, "WillingnessToEngage", cue) > 0


def test_a_name_that_no_example_has_counts_as_its_family(ranker: Ranker, examples: Examples) -> None:
    brand = "brixadi"
    assert not any(brand in example.text.lower() for example in examples.all)
    known = score(ranker, f"Counseled on {brand}.", "MedicationTreatmentAwareness")
    assert known > 2 * score(ranker, "Counseled on zzyzx.", "MedicationTreatmentAwareness")


def test_learning_twice_gives_the_same(examples: Examples) -> None:
    few = [e for e in examples.all if e.kind is not ExampleKind.DEFINITION][::20]
    some = cast(Any, SimpleNamespace(all=tuple(few), families=examples.families))
    first, second = ranking._learn(some), ranking._learn(some)
    assert first.vocabulary == second.vocabulary
    assert np.array_equal(first.matrix, second.matrix)
    kept = ranking._Archive().read(ranking._Archive().write(first))
    assert np.array_equal(kept.matrix, first.matrix)
    assert (
        replace(kept, rarity=first.rarity, matrix=first.matrix, examples=first.examples).vocabulary == first.vocabulary
    )
    assert (kept.targets, kept.findings, kept.leaves) == (first.targets, first.findings, first.leaves)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", b"{}"])
def test_an_archive_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(CodecError):
        ranking._Archive().read(content)


def test_the_ridge_is_that_of_the_whole_matrix(examples: Examples) -> None:
    few = [e for e in examples.all if e.leaves][::30]
    some = cast(Any, SimpleNamespace(all=tuple(few), families=examples.families))
    weights = ranking._learn(some)
    rows = weights.examples
    dense = np.zeros((len(few), len(weights.vocabulary)))
    for row, (start, end) in enumerate(zip(rows.starts, rows.starts[1:], strict=False)):
        dense[row, rows.columns[start:end]] = rows.values[start:end]
    goals = ranking._goals(few, weights.targets)
    ridge = np.diag([ranking._ridge(e) for e in few])
    assert np.allclose(dense.T @ np.linalg.solve(dense @ dense.T + ridge, goals), weights.matrix, atol=1e-4)


def test_the_nearest_example_names_the_finding(ranker: Ranker) -> None:
    leaf = next(target for target in ranker.targets if target.endswith("#EssentialActivitiesUncompleted"))
    (nearest,) = ranker.nearest([("Has missed 19 of the last 30 school days.", frozenset())], leaf)
    assert nearest.endswith("#SchoolActivitiesUncompleted")
