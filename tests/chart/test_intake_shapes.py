"""The intake shapes decide: what is added to them counts, whichever reader takes the chart."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from reasoner import DocumentationError, Policy
from reasoner.chart import reading
from reasoner.chart.fast.chart import reader
from reasoner.chart.intake import read_file
from reasoner.ground import resources
from reasoner.rdf import parsing
from tests.conftest import ROOT, Attestation, chart

ADDED = {
    "a property of documents": (
        'intake:document sh:property [ sh:path dcterms:title ; sh:maxCount 1 ; sh:message "One title." ] .',
        'dcterms:title "Note"',
        'dcterms:title "Note" , "Other"',
        "One title",
    ),
    "a constraint that is not compiled": (
        'intake:document sh:property [ sh:path dcterms:title ; sh:pattern "^N" ; sh:message "Begin with N." ] .',
        'dcterms:title "Note"',
        'dcterms:title "A note"',
        "Begin with N",
    ),
    "a demand on documents": (
        'intake:document sh:property [ sh:path dcterms:issued ; sh:minCount 1 ; sh:message "No issue date." ] .',
        'dcterms:issued "2025-06-02"^^xsd:date',
        "a nec:Document",
        "No issue date",
    ),
    "a constraint of statements as a whole": (
        'intake:statement sh:not [ sh:property [ sh:path nec:page ; sh:minCount 1 ] ] ; sh:message "No page." .',
        "nec:documentedIn :note ;",
        'nec:documentedIn :note ; nec:page "3" ;',
        "No page",
    ),
    "a value with classes that it must not have": (
        'intake:statement sh:property [ sh:path nec:code ; sh:not intake:is-statement ; sh:message "No code." ] .',
        "nec:documentedIn :note ;",
        "nec:documentedIn :note ; nec:code :other-statement ;",
        "No code",
    ),
    "a shape with targets of its own": (
        "intake:titled a sh:NodeShape ; sh:targetSubjectsOf dcterms:creator ; "
        'sh:property [ sh:path dcterms:title ; sh:maxCount 1 ; sh:message "One title." ] .',
        'dcterms:title "Note"',
        'dcterms:title "Note" , "Other"',
        "One title",
    ),
    "a second shape of requests": (
        "intake:other a sh:NodeShape ; sh:targetClass nec:ReviewRequest ; "
        'sh:property [ sh:path nec:serviceEnd ; sh:minCount 1 ; sh:message "No end." ] .',
        'nec:serviceEnd "2025-07-02"^^xsd:date ;',
        "",
        "No end",
    ),
}
SOUND = chart([Attestation("adult-admission:3"), Attestation("adult-admission:4")])
"""A chart that conforms to the shapes as they ship."""


def shapes_with(folder: Path, added: str) -> Path:
    """A folder with a copy of the intake shapes and something added to them."""
    (folder / "intake.ttl").write_text(f"{(ROOT / 'shapes' / 'intake.ttl').read_text()}\n{added}\n")
    return folder


@pytest.fixture
def use_shapes(policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def use(added: str) -> None:
        monkeypatch.setattr(resources, "SHAPES", shapes_with(tmp_path, added))
        reading.intake_shapes.cache_clear()
        reader.cache_clear()

    yield use
    reading.intake_shapes.cache_clear()
    reader.cache_clear()


@pytest.mark.parametrize("name", ADDED)
def test_what_is_added_to_the_shapes_counts(
    policy: Policy, tmp_path: Path, use_shapes: Callable[[str], None], name: str
) -> None:
    added, sound, broken, message = ADDED[name]
    path = tmp_path / "chart.ttl"
    before, found, after = SOUND.rpartition(sound)
    assert found
    path.write_text(f"{before}{broken}{after}")
    if "other-statement" in broken:
        path.write_text(
            path.read_text() + Attestation("adult-admission:5").turtle(9).replace(":s9", ":other-statement")
        )
    read_file(path, policy)
    use_shapes(added)
    with pytest.raises(DocumentationError, match=message):
        read_file(path, policy)
    path.write_text(SOUND)
    (case,) = read_file(path, policy)
    assert [statement.iri for statement in case.statements] == [
        "http://example.org/chart#s0",
        "http://example.org/chart#s1",
    ]


def test_the_shapes_as_they_ship_are_all_known(policy: Policy) -> None:
    """Else every chart would be read slowly, and no other test would tell."""
    (data,) = parsing.parse_datasets(SOUND.encode(), parsing.SYNTAXES[".ttl"], "chart")
    assert reader(policy).cases(reader(policy).layouts.nodes(data), "chart") is not None


@pytest.mark.parametrize(
    ("name", "refused"),
    [("iop:MinorRequest", True), ("iop:IllinoisSubstanceUseContinuation", True), ("<urn:of-a-payer>", False)],
)
def test_a_request_does_not_choose_what_it_is_asked(policy: Policy, tmp_path: Path, name: str, refused: bool) -> None:
    path = tmp_path / "chart.ttl"
    path.write_text(SOUND.replace("a nec:ReviewRequest", f"a nec:ReviewRequest , {name}", 1))
    with pytest.raises(DocumentationError, match="inferred from its facts") if refused else nullcontext():
        read_file(path, policy)


@pytest.mark.parametrize("flags", [(), ("-O",)])
def test_two_titles_are_refused_with_assertions_left_out(tmp_path: Path, flags: tuple[str, ...]) -> None:
    added, sound, broken, message = ADDED["a property of documents"]
    shapes_with(tmp_path, added)
    path = tmp_path / "chart.ttl"
    path.write_text(SOUND.replace(sound, broken))
    script = f"""
from pathlib import Path
from reasoner import DocumentationError, load_policy
from reasoner.chart.intake import read_file
from reasoner.ground import resources
from reasoner.rdf import parsing
policy = load_policy()
resources.SHAPES = Path({str(tmp_path)!r})
try:
    print(len(read_file(Path({str(path)!r}), policy)), "cases")
except DocumentationError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, *flags, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert message in done.stdout
