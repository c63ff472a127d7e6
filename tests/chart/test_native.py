"""The cutter in C finds what the one in Python finds, of any lines; a library of another source is not used."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generate import generate
from hatch_build import build
from reasoner.chart.fast import native
from reasoner.chart.fast.cut import NOTHING, Cut, KnownTerms, cut_in_c, cut_in_python, iris, kinds_in_c
from reasoner.chart.fast.memory import ReusedMemory
from reasoner.chart.fast.plain import IRI, ODD, kinds
from reasoner.rdf import parsing
from tests.conftest import ROOT
from tests.explore import examples

TERMS = (
    *(
        "<urn:a>",
        "<http://e.org:80/x?q#f>",
        "<http://e.org:x/>",
        "<http://e.org>",
        "<http://e?>",
        "<//e>",
        "<a:>",
        "<:a>",
        "<>",
    ),
    *(
        "<urn:a%20b>",
        "<mailto:a@b>",
        "<http://e/a'()*+,;=:@-~!$&>",
        "<http://e/#a#b>",
        "<http://e/?a?b>",
        "<http://é/>",
    ),
    *(
        '"t"',
        '"a b"',
        '"a \\" b"',
        '"\\n\\r\\\\"',
        '"\\u0041"',
        '"x\\"',
        '"é\u2028\xa0"',
        '""',
        '"',
        "",
        "<",
        "_:b",
        '"x"@en',
    ),
    *(
        '"\x7f"',
        '"\t"',
        '"\x00"',
        '"\ufffd"',
        '"\ufffe"',
        '"\uffff"',
        '"\x01"^^<a:b>',
        '"\ufffe"^^<a:b>',
        '"x"^^<a:b>',
        '"x"^^<>',
    ),
    *('"1"^^<http://www.w3.org/2001/XMLSchema#integer>', '"1"^^<http://www.w3.org/2001/XMLSchema#string>'),
    *(f'"1"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#{name}>' for name in ("langString", "dirLangString", "HTML")),
)
GRAPHS = ("<urn:g>", "<urn:h>", "<>", '<g">', "<g h>", "<a<b>", "_:g", "")
ENDS = (" .\n", " .\n", " .\n", ".\n", " .\r\n", "\n", " . \n", " .", " .# \n")
LINE = st.tuples(
    st.lists(st.sampled_from(TERMS), min_size=3, max_size=3) | st.lists(st.sampled_from(TERMS), max_size=4),
    st.sampled_from(GRAPHS[:2]) | st.sampled_from(GRAPHS),
    st.just(" .\n") | st.sampled_from(ENDS),
).map(lambda line: " ".join([*line[0], line[1]]) + line[2])
PLAIN = st.tuples(st.lists(st.sampled_from(TERMS), min_size=3, max_size=3), st.sampled_from(GRAPHS[:2])).map(
    lambda line: " ".join([*line[0], line[1]]) + " .\n"
)


def agree(library: ctypes.CDLL, data: bytes, vocabulary: KnownTerms = NOTHING) -> Cut:
    expected, found = cut_in_python(data, vocabulary), cut_in_c(library, data, vocabulary)
    terms = [term.encode() for term in found.terms]
    ends = np.cumsum([0, *map(len, terms)])
    kinds_of_all = kinds_in_c(library, b"".join(terms), ends, vocabulary)
    assert kinds_of_all[found.known :].tolist() == found.kind[found.known :].tolist()
    for name, one, other in zip(Cut._fields, expected, found, strict=True):
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype, name
            assert one.tolist() == other.tolist(), name
        elif name == "terms":
            assert [*one] == [*other]
        else:
            assert one == other, name
    iri = np.flatnonzero(found.kind == IRI).astype(np.int32)
    assert iris(found.terms, iri) == iris(expected.terms, iri)
    return found


VOCABULARY = KnownTerms(("<urn:b>", "<urn:a>", "<http://e/#x>", "<urn:g>"), ("<urn:a", "<http://e"))


def test_terms_of_a_vocabulary_have_the_first_numbers_and_others_of_its_namespaces_are_odd(
    library: ctypes.CDLL,
) -> None:
    data = b"<urn:c> <urn:a> <http://e/> <urn:g> .\n<urn:ab> <http://e/#x> <http:> <urn:g> .\n"
    found = agree(library, data, vocabulary=VOCABULARY)
    assert ([*found.terms][: found.known], found.graph.tolist()) == (VOCABULARY.terms, [3])
    rows = [[found.terms[code] for code in codes] for codes in (found.subject, found.predicate, found.object)]
    assert rows == [["<urn:ab>", "<urn:c>"], ["<http://e/#x>", "<urn:a>"], ["<http:>", "<http://e/>"]]
    odd = [found.terms[code] for code in np.flatnonzero(found.kind == ODD)]
    assert odd == ["<urn:ab>", "<http://e/>"]


@examples(600)
@given(lines=st.lists(LINE, max_size=7) | st.lists(PLAIN, max_size=9))
def test_lines_of_any_kind(library: ctypes.CDLL, lines: list[str]) -> None:
    agree(library, "".join(lines).encode())
    agree(library, "".join(lines).encode(), vocabulary=VOCABULARY)


@examples(400)
@given(text=st.text(alphabet='<> .\n"\\ugé:/?#^a0@\ufffe\x00\r', max_size=60))
def test_any_text(library: ctypes.CDLL, text: str) -> None:
    agree(library, text.encode())
    agree(library, text.replace("g", " <urn:g> .\n").encode())


@examples(400)
@given(terms=st.lists(st.text(alphabet='<>"\\^ \n:/g\u00e9\ufffe\0', max_size=9) | PLAIN, max_size=6))
def test_terms_by_themselves(library: ctypes.CDLL, terms: list[str]) -> None:
    written = [term.encode() for term in terms]
    found = kinds_in_c(library, b"".join(written), np.cumsum([0, *map(len, written)]))
    assert found.tolist() == kinds(terms)


@pytest.mark.parametrize("seed", range(6))
def test_generated_charts_and_what_becomes_of_them(library: ctypes.CDLL, seed: int) -> None:
    chance = random.Random(seed)
    charts = [text.replace(" .\n", f" <urn:g:{number}> .\n") for number, text in enumerate(generate(3, seed=seed))]
    found = agree(library, "".join(charts).encode())
    assert len(found.graph) == 3
    assert found.row[-1] == sum(text.count("\n") for text in charts)
    for _ in range(40):
        data = bytearray("".join(charts).encode())
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(3)] = bytes(chance.choices(b' \n<>".\\', k=chance.randrange(3)))
        agree(library, bytes(data).decode(errors="ignore").encode())


def test_more_terms_than_there_was_room_for(library: ctypes.CDLL) -> None:
    data = "".join(f'<urn:s:{n}> <urn:p> "{n % 7000}" <urn:g> .\n' for n in range(20_000)).encode()
    found = agree(library, data)
    assert len(found.terms) == 20_000 + 7_000 + 2
    assert agree(library, data[: data.index(b"\n") + 1]).row[-1] == 1, "room that was kept is used again"


def test_a_term_may_be_as_long_as_it_can_be_kept(library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_LITERAL", 6)
    agree(library, '<a:> <b:> "éééé" <urn:g> .\n<a:> <b:> "ééééé" <urn:g> .\n'.encode())


def test_a_library_of_another_source_is_not_used(
    library: ctypes.CDLL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    shutil.copytree(native.SOURCE, source, ignore=shutil.ignore_patterns("*.py", "*.so"))
    (source / "terms.h").write_text((source / "terms.h").read_text() + "\n")
    assert build(source, tmp_path / "libcut.so") == ""
    stale = "libcut.so was built from another version; install the package again"
    assert native.loaded(tmp_path / "libcut.so") == stale
    assert native.loaded(tmp_path / "none.so") == "no library was built"
    (tmp_path / "text.so").write_text("no library")
    assert native.loaded(tmp_path / "text.so") == "text.so is no library of this machine; install the package again"
    native._found.cache_clear()
    monkeypatch.setattr(native, "LIBRARY", tmp_path / "libcut.so")
    monkeypatch.delenv("NECESSITY_CUTTER", raising=False)
    try:
        assert (native.library(), native.language()) == (None, f"Python: {stale}")
    finally:
        native._found.cache_clear()


def test_without_a_compiler_there_is_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", str(tmp_path / "none"))
    assert "No such file" in build(native.SOURCE, tmp_path / "libcut.so")
    monkeypatch.setenv("CC", f"{sys.executable} -c 'raise SystemExit(3)'")
    assert "ends with 3" in build(native.SOURCE, tmp_path / "libcut.so")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("chosen", "said"), [("python", ["Python: NECESSITY_CUTTER=python"]), ("", ["C", "Python: no library was built"])]
)
def test_the_version_says_which_cutter_is_used(chosen: str, said: list[str]) -> None:
    environment = os.environ | {"NECESSITY_CUTTER": chosen}
    command = [sys.executable, "-m", "reasoner", "--version"]
    ran = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.removesuffix(")\n").partition(" (charts are cut in ")[2] in said


@pytest.mark.parametrize("held", ["row", "graph", "content"])
def test_what_was_cut_stays_while_a_part_of_it_is_held(held: str, library: ctypes.CDLL) -> None:
    texts = ["".join(f'<a:{n}> <a:p> "{m}" <a:{n * m // 200}> .\n' for n in range(200)) for m in (7, 3, 2)]
    parts = [getattr(cut_in_c(library, text.encode()), held)[1:] for text in texts]
    for part, text in zip(parts, texts, strict=True):
        assert bytes(part) == bytes(getattr(cut_in_c(library, text.encode()), held)[1:])


def test_memory_that_nobody_holds_is_used_again() -> None:
    memory = ReusedMemory()
    first = memory.of(100)
    address, part = first.ctypes.data, first[10:20].view(np.int16)
    del first
    assert memory.of(100).ctypes.data != address
    del part
    assert memory.of(200).ctypes.data == address
    assert len(memory.of(2**26)) == 2**26, "more than is kept"
