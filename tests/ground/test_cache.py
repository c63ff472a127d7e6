"""The cache of what is built from files."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from reasoner import load_policy
from reasoner.ground import cache
from reasoner.ground.serialization import Codec
from tests.conftest import ROOT


@dataclass(frozen=True)
class Note:
    text: str
    number: int


CODEC = Codec(Note)
NOTE = Note("kept", 1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NECESSITY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def never() -> Note:
    raise AssertionError("it was built anew")


def with_checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def test_what_is_built_is_kept(folder: Path) -> None:
    assert cache.cached("name", CODEC, lambda: NOTE) == NOTE
    assert cache.cached("name", CODEC, never) == NOTE
    assert [path.name for path in folder.iterdir()] == ["name.data"]


def test_what_cannot_be_written_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Path, target: Path) -> Path:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    assert cache.cached("name", CODEC, lambda: NOTE) == NOTE
    assert list(folder.iterdir()) == []


class Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("signed", [False, True], ids=["as it is", "with its checksum"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00",
        b'[["kept"],[],[0,1]',
        b"null",
        b'{"strings":["kept"]}',
        b'[["kept"],[],[0,"os.system"]]',
        b'[["kept"],[],[0,true]]',
        b'[["kept"],[],[0,1.5]]',
        b'[["kept"],[],[0,1,2]]',
        b'[["kept"],[],["kept",1]]',
        b'[["kept"],[],[7,1]]',
        b'[[["kept"]],[],[0,1]]',
        b'[["kept"],[[0,1]],[0,1]]',
        b"[" * 100_000,
        b'[["kept"],[],[0,' + b"9" * 10_000 + b"]]",
        b'[["kept"],[],[0,1],["__reduce__","os.system"]]',
    ],
    ids=lambda content: content[:30].decode("latin-1"),
)
def test_what_is_foreign_is_replaced(folder: Path, content: bytes, signed: bool) -> None:
    cache.cached("name", CODEC, lambda: NOTE)
    good = (folder / "name.data").read_bytes()
    (folder / "name.data").write_bytes(with_checksum(content) if signed else content)
    assert cache.cached("name", CODEC, lambda: NOTE) == NOTE
    assert (folder / "name.data").read_bytes() == good


@pytest.mark.parametrize("signed", [False, True])
def test_nothing_in_a_file_runs(folder: Path, tmp_path: Path, signed: bool) -> None:
    trace = tmp_path / "trace"
    content = pickle.dumps(Runs(f"touch {trace}"))
    folder.mkdir(mode=0o700)
    (folder / "name.data").write_bytes(with_checksum(content) if signed else content)
    assert cache.cached("name", CODEC, lambda: NOTE) == NOTE
    assert cache.cached("name", CODEC, never) == NOTE
    assert not trace.exists()


def test_a_damaged_file_is_replaced(folder: Path) -> None:
    cache.cached("name", CODEC, lambda: NOTE)
    path = folder / "name.data"
    path.write_bytes(path.read_bytes().replace(b"kept", b"bent"))
    assert cache.cached("name", CODEC, lambda: NOTE) == NOTE


def test_a_folder_that_others_write_to_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    assert cache.folder() is None
    assert cache.cached("name", CODEC, lambda: NOTE) == NOTE
    assert list(folder.iterdir()) == []
    monkeypatch.setenv("NECESSITY_CACHE", "")
    assert cache.folder() is None


def test_the_key_covers_all_of_the_package() -> None:
    covered = {path for path, _ in cache._modules(cache._PACKAGE)}
    assert covered == {str(path) for path in (ROOT / "reasoner").rglob("*.py")}


def test_the_key_changes_with_the_code_and_with_the_files(tmp_path: Path) -> None:
    module, file = tmp_path / "code" / "below" / "module.py", tmp_path / "a.ttl"
    module.parent.mkdir(parents=True)
    module.write_text("A = 1")
    file.write_text("a")

    def key() -> str:
        return cache.key("name", [file], package=tmp_path / "code")

    keys = [key(), key()]
    module.write_text("A = 10")
    keys.append(key())
    file.write_text("b")
    keys.append(key())
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert cache.key("other", [file], package=tmp_path / "code") not in keys


def test_a_policy_is_the_same_from_the_cache(folder: Path) -> None:
    built = load_policy.__wrapped__("mp9556")
    (path,) = folder.iterdir()
    written = path.stat().st_mtime_ns
    cached = load_policy.__wrapped__("mp9556")
    assert path.stat().st_mtime_ns == written, "the second came from the cache"
    assert vars(cached.lexicon) == vars(built.lexicon)
    assert (cached.digest, cached.prefixes, cached.sources) == (built.digest, built.prefixes, built.sources)
    for version, other in zip(cached.versions, built.versions, strict=True):
        own = {"lexicon": cached.lexicon}
        assert {**vars(version), **own} == {**vars(other), **own}
        assert version.lexicon is cached.lexicon
        assert type(version.criteria[version.sections[0]]) is type(other.criteria[other.sections[0]])
    assert "ontology" not in vars(cached.sources), "no graph was read"


def test_a_policy_with_wrong_types_is_built_anew(folder: Path) -> None:
    built = load_policy.__wrapped__("mp9556")
    (path,) = folder.iterdir()
    good = path.read_bytes()
    strings, shared, body = json.loads(good.partition(b"\n")[2])
    body[0] = [body[0]]  # the policy's IRI
    path.write_bytes(with_checksum(json.dumps([strings, shared, body]).encode()))
    assert load_policy.__wrapped__("mp9556").iri == built.iri
    assert json.loads(path.read_bytes().partition(b"\n")[2])[2][0] != body[0]
