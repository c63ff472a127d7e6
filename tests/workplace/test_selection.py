"""Saved selections of the worklist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner.ground.errors import UsageError
from reasoner.logic.fold import Outcome
from reasoner.workplace.selection import SORTS, Queue, Selection


@given(
    st.builds(
        Selection,
        queue=st.sampled_from(Queue),
        text=st.text(max_size=20),
        facets=st.dictionaries(
            st.sampled_from(["outcomes", "kind phase"]), st.frozensets(st.sampled_from([o.value for o in Outcome]))
        ),
        due_within=st.none() | st.integers(0, 30),
        depends=st.booleans(),
        drafts=st.booleans(),
        sort=st.sampled_from(SORTS),
        descending=st.booleans(),
    )
)
def test_a_saved_view_comes_back(selection: Selection) -> None:
    assert Selection.from_json(selection.to_json()) == selection


@pytest.mark.parametrize("text", ["", "[]", '{"sort": "secret"}', '{"unknown": 1}'])
def test_a_saved_view_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="saved view"):
        Selection.from_json(text)
