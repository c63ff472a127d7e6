"""The cache of what is built from files."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from reasoner import cache, load_policy


def test_the_cache_holds_nothing_but_the_package_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NECESSITY_CACHE", str(tmp_path / "cache"))
    built: list[int] = []

    def build() -> frozenset:
        built.append(1)
        return frozenset({"a"})

    for _ in range(2):
        assert cache.cached("name", frozenset, build, lambda found: ()) == {"a"}
    assert len(built) == 1
    (tmp_path / "cache" / "name.pickle").write_bytes(pickle.dumps(os.system))
    assert cache.cached("name", frozenset, build, lambda found: ()) == {"a"}
    assert len(built) == 2, "a foreign file is no cache"
    (tmp_path / "cache").chmod(0o777)
    assert cache.folder() is None, "what others can write to is no cache"
    monkeypatch.setenv("NECESSITY_CACHE", "")
    assert cache.folder() is None
    load_policy.__wrapped__("mp9556")
