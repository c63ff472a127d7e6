"""Original files beside a base: named by digest, private, encrypted with a key, held against the audit trail."""

from __future__ import annotations

import base64
import os
import stat
import sys
from pathlib import Path

import pytest

from reasoner.chart.documents.model import digest_of
from reasoner.ground.errors import StoreError, UsageError
from reasoner.store.audit import AuditTrail
from reasoner.store.originals import Originals, named_in, read_key

FAX = b"%PDF-1.7 Seen today. \x00\xff"
KEY = bytes(range(32))


def originals(folder: Path, key: bytes | None = None) -> Originals:
    return Originals(folder / "originals", AuditTrail(folder / "audit.jsonl"), key)


@pytest.mark.parametrize("key", [None, KEY])
def test_what_is_kept_is_private_and_read_by_its_digest(tmp_path: Path, key: bytes | None) -> None:
    kept = originals(tmp_path, key)
    digest = kept.keep(FAX)
    assert (digest, kept.read(digest), kept.digests()) == (digest_of(FAX), FAX, {digest})
    (file,) = kept.folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
    assert (FAX in file.read_bytes()) is (key is None)
    assert kept.keep(FAX) == digest
    assert [entry.detail for entry in AuditTrail(tmp_path / "audit.jsonl").entries()] == [digest]
    assert list(kept.problems()) == []


def test_without_the_key_nothing_is_read_or_vouched_for(tmp_path: Path) -> None:
    digest = originals(tmp_path, KEY).keep(FAX)
    with pytest.raises(StoreError, match="is encrypted"):
        originals(tmp_path).read(digest)
    with pytest.raises(StoreError, match="the key is another"):
        originals(tmp_path, KEY[::-1]).read(digest)
    assert list(originals(tmp_path).problems()) == ["not checked: 1 encrypted original; give --originals-key"]


def test_what_was_kept_without_a_key_is_encrypted_with_one(tmp_path: Path) -> None:
    digest = originals(tmp_path).keep(FAX)
    assert originals(tmp_path, KEY).keep(FAX) == digest
    (file,) = (tmp_path / "originals").iterdir()
    assert FAX not in file.read_bytes()
    assert originals(tmp_path, KEY).read(digest) == FAX


@pytest.mark.parametrize("key", [None, KEY])
def test_what_was_altered_added_or_deleted_is_named(tmp_path: Path, key: bytes | None) -> None:
    kept = originals(tmp_path, key)
    altered, deleted = kept.keep(FAX), kept.keep(b"two")
    files = {path.name[:43]: path for path in kept.folder.iterdir()}
    with files[altered.rpartition(";")[2]].open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")
    files[deleted.rpartition(";")[2]].unlink()
    added = Originals(kept.folder, key=key).keep(b"three")
    assert sorted(kept.problems()) == sorted(
        [f"added: the original <{added}>", f"altered: the original <{altered}>", f"deleted: the original <{deleted}>"]
    )
    with pytest.raises(StoreError, match="not what was kept"):
        kept.read(altered)


def test_what_no_chart_names_is_removed(tmp_path: Path) -> None:
    kept = originals(tmp_path)
    one, two = kept.keep(b"one"), kept.keep(b"two")
    assert kept.keep_only({one}) == 1
    assert kept.digests() == {one}
    assert list(kept.problems()) == []
    assert [(e.action, e.detail) for e in AuditTrail(tmp_path / "audit.jsonl").entries()][-1] == (
        "remove an original",
        two,
    )
    assert kept.keep(b"two") == two
    assert list(kept.problems()) == []


def test_only_a_digest_names_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(StoreError, match="no digest"):
        originals(tmp_path).read("ni:///sha-256;../secret")


def test_the_originals_that_a_chart_names() -> None:
    line = "<ni:///sha-256;t> <https://w3id.org/necessity/core#original> <ni:///sha-256;o> .\n"
    assert named_in(line) == {"ni:///sha-256;o"}


def test_a_key_is_32_bytes(tmp_path: Path) -> None:
    good, bad = tmp_path / "key", tmp_path / "short"
    good.write_bytes(base64.b64encode(KEY) + b"\n")
    assert read_key(good) == KEY
    bad.write_bytes(b"c2hvcnQ=")
    for path, problem in ((bad, "holds no key"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(UsageError, match=problem):
            read_key(path)


def test_without_cryptography_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(UsageError, match=r"necessity\[encryption\]"):
        originals(tmp_path, KEY).keep(FAX)
    assert originals(tmp_path).digests() == frozenset()
