"""Files of documents: every character kept, and an error in the place of what cannot be read."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from reasoner.chart.documents.model import DocumentText
from reasoner.chart.documents.reading import read_documents
from reasoner.ground.errors import DocumentationError


def read(data: bytes, name: str = "note.txt") -> DocumentText:
    (text,) = read_documents(data, name)
    assert isinstance(text, DocumentText)
    return text


def test_every_character_is_kept(tmp_path: Path) -> None:
    data = "\ufeffÄrger,\r\nsaid “no” 𝒳.\r\n".encode()
    (tmp_path / "note.txt").write_bytes(data)
    (text,) = read_documents(tmp_path / "note.txt")
    assert isinstance(text, DocumentText)
    assert text.text.encode() == data
    named = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    assert text.digest == text.original_digest == f"ni:///sha-256;{named}"
    assert text.name == str(tmp_path / "note.txt")


def test_other_encodings_are_noted() -> None:
    assert read("naïve".encode("windows-1252")).notes == ("the text is not UTF-8 and was read as windows-1252",)
    assert read("naïve".encode("utf-16")).text == "\ufeffnaïve".removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("data", "name", "problem"),
    [
        (b"", "note.txt", "has no text"),
        (b" \n", "note.txt", "has no text"),
        (b"a\0b", "note.txt", "not plain text"),
        (b"\x81", "note.txt", "no known encoding"),
        (b"words", "note.xyz", "kind of document is not read"),
    ],
)
def test_what_cannot_be_read(data: bytes, name: str, problem: str) -> None:
    (error,) = read_documents(data, name)
    assert isinstance(error, DocumentationError)
    assert problem in error.problem
    assert error.where == name


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (error,) = read_documents(tmp_path / "none.txt")
    assert isinstance(error, DocumentationError)
