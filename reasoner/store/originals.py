"""Originals: the files that texts were read from, beside a base, each named by its digest and encrypted where a key is given.

Only this module imports cryptography. The folder and its files can be read by their owner alone. That a file was kept, and that it
was removed, stands in the audit trail of the base.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.chart.documents.anchors import is_digest
from reasoner.chart.documents.model import DIGEST_SCHEME, digest_of
from reasoner.ground.errors import StoreError, UsageError
from reasoner.rdf.namespaces import NEC
from reasoner.store.audit import Actor, AuditTrail
from reasoner.store.backends import DirectoryStore, Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FOLDER = "originals"
"""The folder's name in the directory of a base."""
_KEPT, _REMOVED = "keep an original", "remove an original"
"""The actions of the audit trail; the detail is the digest."""
_ENCRYPTED = ".aesgcm"  # the suffix of a file: 12 bytes of nonce, then what AES-256-GCM gives, with the digest as associated data
_KEY, _NONCE = 32, 12  # bytes
_NAMED = re.compile(rf"<{re.escape(str(NEC.original))}> <([^>]+)>")


def read_key(path: Path) -> bytes:
    """The key in a file, 32 bytes in base64; raises `UsageError` if it holds none."""
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except OSError as error:
        raise UsageError(f"the key cannot be read: {error.strerror}", where=str(path)) from error
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY:
        raise UsageError("the file holds no key", where=str(path), mend="Make one: openssl rand -base64 32 > FILE")
    return key


class Originals:
    """The originals of a base, or of a folder of their own.

    Args:
        folder: where they are; it is made when the first is kept.
        trail: the audit trail; None for a folder of its own, which has none.
        key: of 32 bytes, with which they are encrypted.
    """

    def __init__(self, folder: Path, trail: AuditTrail | None = None, key: bytes | None = None) -> None:
        self.folder = folder
        self._trail = trail
        self._key = key

    @classmethod
    def beside(cls, store: Store, trail: AuditTrail | None, key: bytes | None = None) -> Originals | None:
        """Those beside a base; None if it is not in a directory of this machine."""
        return cls(store.directory / FOLDER, trail, key) if isinstance(store, DirectoryStore) else None

    def keep(self, data: bytes, by: Actor | None = None) -> str:
        """Keep a file, and return its digest as an IRI. With a key, one that was kept without is encrypted now.

        Raises:
            StoreError: it cannot be written.
            UsageError: there is a key, and cryptography is not installed.
        """
        digest = digest_of(data)
        path = self._path(digest, encrypted=self._key is not None)
        if path.exists():
            return digest
        content = data
        if self._key:
            nonce = os.urandom(_NONCE)
            content = nonce + _cipher(self._key).encrypt(nonce, data, digest.encode())
        if self._trail and digest not in self._in_trail():
            self._trail.append(by or Actor.of_process(), _KEPT, detail=digest)
        try:
            self.folder.mkdir(0o700, parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.{os.getpid()}")
            with open(partial, "wb", opener=_private) as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)
            if self._key:
                self._path(digest, encrypted=False).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"the original cannot be kept: {error.strerror}", where=str(self.folder)) from error
        return digest

    def read(self, digest: str) -> bytes:
        """A file by its digest; raises `StoreError` if it is not there, is not what was kept, or cannot be decrypted."""
        plain, encrypted = (self._path(digest, encrypted=which) for which in (False, True))
        try:
            data = encrypted.read_bytes() if encrypted.exists() else plain.read_bytes()
        except OSError as error:
            raise StoreError(f"the original cannot be read: {error.strerror}", where=digest) from error
        if encrypted.exists():
            data = self._decrypted(digest, data)
        if digest_of(data) != digest:
            raise StoreError("the original is not what was kept", where=digest)
        return data

    def digests(self) -> frozenset[str]:
        """The digests of the files that are there."""
        names = (
            {path.name.removesuffix(_ENCRYPTED) for path in self.folder.iterdir()} if self.folder.is_dir() else set()
        )
        return frozenset(iri for name in names if is_digest(iri := DIGEST_SCHEME + name))

    def keep_only(self, named: Collection[str], by: Actor | None = None) -> int:
        """Remove the files that are not among some digests, and return how many those were."""
        removed = self.digests() - frozenset(named)
        for digest in sorted(removed):
            if self._trail:
                self._trail.append(by or Actor.of_process(), _REMOVED, detail=digest)
            try:
                for encrypted in (False, True):
                    self._path(digest, encrypted=encrypted).unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(f"the original cannot be removed: {error.strerror}", where=digest) from error
        return len(removed)

    def problems(self) -> Iterator[str]:
        """What is wrong with the files, a line each: added or deleted beside the audit trail, or altered."""
        present, expected = self.digests(), self._in_trail()
        unchecked = 0
        for digest in sorted(present | expected):
            if digest not in present:
                yield f"deleted: the original <{digest}>"
            elif digest not in expected:
                yield f"added: the original <{digest}>"
            elif self._key is None and self._path(digest, encrypted=True).exists():
                unchecked += 1
            else:
                try:
                    self.read(digest)
                except StoreError:
                    yield f"altered: the original <{digest}>"
        if unchecked:
            yield f"not checked: {unchecked} encrypted original{'s' if unchecked > 1 else ''}; give --originals-key"

    def _in_trail(self) -> frozenset[str]:
        """The digests of what was kept and not removed."""
        kept: set[str] = set()
        for entry in self._trail.entries() if self._trail else ():
            if entry.action == _KEPT:
                kept.add(entry.detail)
            elif entry.action == _REMOVED:
                kept.discard(entry.detail)
        return frozenset(kept)

    def _path(self, digest: str, *, encrypted: bool) -> Path:
        if not is_digest(digest):
            raise StoreError("this is no digest of a file", where=digest[:80])
        return self.folder / (digest.removeprefix(DIGEST_SCHEME) + (_ENCRYPTED if encrypted else ""))

    def _decrypted(self, digest: str, content: bytes) -> bytes:
        if self._key is None:
            raise StoreError("the original is encrypted", where=digest, mend="Give --originals-key FILE")
        cipher = _cipher(self._key)
        from cryptography.exceptions import InvalidTag

        try:
            return cipher.decrypt(content[:_NONCE], content[_NONCE:], digest.encode())
        except (InvalidTag, ValueError) as error:
            raise StoreError("the original is not what was kept, or the key is another", where=digest) from error


def named_in(content: str) -> set[str]:
    """The digests of the files that the texts of a chart, as canonical N-Triples, were read from."""
    return set(_NAMED.findall(content))


def _cipher(key: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise UsageError("originals are encrypted with cryptography", mend="Install necessity[encryption]") from error
    return AESGCM(key)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
