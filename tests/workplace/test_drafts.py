"""Drafts: a person's own, field by field, and never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner.ground.errors import ConflictError
from reasoner.workplace.drafts import Drafts


def test_drafts_are_kept_apart_and_nothing_is_overwritten(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts.db")
    assert drafts.save("c", "a", "rationale", "one", 0).revision == 1
    assert drafts.save("c", "b", "rationale", "other", 0).revision == 1
    with pytest.raises(ConflictError, match="another window"):
        drafts.save("c", "a", "rationale", "two", 0)
    assert drafts.save("c", "a", "rationale", "one", 0).revision == 2
    assert Drafts(tmp_path / "drafts.db").fields("c", "a")["rationale"].value == "one"
    assert drafts.fields("c", "b")["rationale"].value == "other"
    assert drafts.subjects("a") == {"c"}
    drafts.discard("c", "a")
    assert drafts.fields("c", "a") == {}
    assert (tmp_path / "drafts.db").stat().st_mode & 0o077 == 0


def test_who_has_left_a_request_is_not_at_work_on_it_but_for_a_draft(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts.db")
    drafts.enter("c", "a", "Ann")
    assert [one.seen is not None for one in drafts.colleagues("c", "b")] == [True]
    drafts.leave("c", "a")
    assert drafts.colleagues("c", "b") == []
    drafts.save("c", "a", "rationale", "one", 0)
    (ann,) = drafts.colleagues("c", "b")
    assert (ann.name, ann.seen) == ("Ann", None)
    drafts.enter("c", "a", "Ann")
    assert drafts.colleagues("c", "b")[0].seen
