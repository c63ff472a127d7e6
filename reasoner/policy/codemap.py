"""A code map: codes that a policy's vocabulary does not have, and what each stands for, as Turtle (SKOS) or CSV.

A map adds codes and code systems, and changes nothing that the vocabulary says. In CSV a row is a code; its columns are
``system`` (a known name or an IRI), ``code``, ``label``, ``class`` (a finding class), ``broader`` (the code of a known concept
that it lies under, in the system ``broader_system`` or its own), ``severity`` and ``remission``. In Turtle it is a
``skos:Concept`` with ``skos:inScheme`` and ``skos:notation``, and ``nec:codeClass`` or ``skos:broader``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.ground.errors import DocumentationError, PolicyError
from reasoner.policy.code_systems import code_system_key, code_systems_of
from reasoner.rdf import parsing
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF, RDFS, SKOS

COLUMNS = ("system", "code", "label", "class", "broader", "broader_system", "severity", "remission")
_MEND = "See docs/intake.md"
_SAID = {
    RDF.type,
    SKOS.inScheme,
    SKOS.notation,
    SKOS.prefLabel,
    SKOS.altLabel,
    SKOS.definition,
    SKOS.broader,
    SKOS.exactMatch,
    SKOS.broadMatch,
    DCTERMS.identifier,
    NEC.codeClass,
    NEC.codeSeverity,
    NEC.codeRemission,
    NEC.codedKind,
}
_KINDS = {SKOS.Concept, SKOS.ConceptScheme, NEC.Circumstance, NEC.Measure, NEC.ReviewedService}


def read_code_map(path: Path, ontology: Graph) -> Graph:
    """The triples of a code map.

    Args:
        path: a file that ends in ``.csv`` or ``.ttl``.
        ontology: the vocabulary that it adds to.

    Raises:
        PolicyError: it cannot be read, or says something else than what codes stand for; names the line.
    """
    reader = _MapReader(path, ontology)
    return reader.of_csv() if path.suffix.lower() == ".csv" else reader.of_turtle()


class _MapReader:
    def __init__(self, path: Path, ontology: Graph) -> None:
        self.path = path
        self.ontology = ontology
        self.findings = {
            name
            for name in ontology.transitive_subjects(RDFS.subClassOf, NEC.Statement)
            if isinstance(name, URIRef) and name != NEC.Statement
        }
        self.concepts = set(ontology.subjects(SKOS.inScheme))
        try:
            self.text = parsing.read_bytes(path).decode("utf-8-sig")
        except DocumentationError as error:
            raise PolicyError(error.problem, where=error.where, mend=error.mend) from error
        except UnicodeDecodeError:
            raise PolicyError("the code map is not UTF-8", where=str(path), mend="Save it as UTF-8") from None

    def refuse(self, problem: str, line: int | None = None) -> PolicyError:
        """The error that a line gives."""
        return PolicyError(problem, where=f"{self.path}{f', line {line}' if line else ''}", mend=_MEND)

    # ------------------------------------------------------------ CSV

    def of_csv(self) -> Graph:
        graph = Graph(bind_namespaces="none")
        rows = csv.DictReader(io.StringIO(self.text, newline=""))
        header = [name.strip().lower() for name in rows.fieldnames or ()]
        rows.fieldnames = header
        unknown = sorted(set(header) - set(COLUMNS))
        if unknown or not {"system", "code"} <= set(header):
            problem = f"no column {unknown[0]!r} is known" if unknown else "it lacks the column 'system' or 'code'"
            raise self.refuse(f"{problem}: known are {', '.join(COLUMNS)}", 1)
        systems = {system.iri: system for system in code_systems_of(self.ontology)}
        names = {
            code_system_key(name): iri
            for iri, system in systems.items()
            for name in (iri, system.label, *system.names)
            if name
        }
        for row in rows:
            line = rows.line_num
            if None in row or None in row.values():
                raise self.refuse("the row has more or fewer cells than the header", line)
            cells = {name: cell.strip() for name, cell in row.items() if cell.strip()}
            if cells:
                self._row(graph, cells, names, line)
        return graph

    def _row(self, graph: Graph, cells: dict[str, str], names: dict[str, str], line: int) -> None:
        system, code = cells.get("system", ""), cells.get("code", "")
        if not system or not code:
            raise self.refuse("a code needs its system and its notation", line)
        scheme = self._scheme(system, names, line)
        if self._found(scheme, code):
            raise self.refuse("the code is known already, and a map changes none", line)
        concept = URIRef(f"{self._base(scheme)}{quote(code, safe='')}")
        if (concept, None, None) in graph:
            raise self.refuse("the code stands in the map twice", line)
        if (scheme, RDF.type, SKOS.ConceptScheme) not in self.ontology:
            graph.add((scheme, RDF.type, SKOS.ConceptScheme))
            graph.add((scheme, SKOS.prefLabel, Literal(system, lang="en")))
            graph.add((scheme, NEC.codedKind, NEC.Condition))
        graph.add((concept, RDF.type, SKOS.Concept))
        graph.add((concept, SKOS.inScheme, scheme))
        graph.add((concept, SKOS.notation, Literal(code)))
        graph.add((concept, SKOS.prefLabel, Literal(cells.get("label", code), lang="en")))
        if "class" in cells:
            graph.add((concept, NEC.codeClass, self._finding(cells["class"], line)))
        if "broader" in cells:
            within = self._scheme(cells.get("broader_system", system), names, line)
            found = self._found(within, cells["broader"])
            if not found:
                raise self.refuse("the broader code is not known", line)
            graph.add((concept, SKOS.broader, found[0]))
        for column, property_, kind in (
            ("severity", NEC.codeSeverity, NEC.Severity),
            ("remission", NEC.codeRemission, NEC.Remission),
        ):
            if column in cells:
                graph.add((concept, property_, self._named(cells[column], kind, column, line)))
        if not {"class", "broader"} & cells.keys():
            raise self.refuse("it does not say what the code stands for: give it a class or a broader code", line)

    def _scheme(self, name: str, names: dict[str, str], line: int) -> URIRef:
        iri = names.get(code_system_key(name)) or (name if ":" in name else "")
        if not iri:
            raise self.refuse("the code system is not known: name a known one, or give the IRI of another", line)
        return URIRef(iri)

    def _base(self, scheme: URIRef) -> str:
        """What stands before the notation in the IRIs of a system's concepts."""
        for concept in self.ontology.subjects(SKOS.inScheme, scheme):
            notation = str(self.ontology.value(concept, SKOS.notation) or "")
            if notation and str(concept).endswith(notation):
                return str(concept).removesuffix(notation)
        return f"{scheme}/"

    def _found(self, scheme: URIRef, code: str) -> list[Node]:
        named = self.ontology.subjects(SKOS.notation, Literal(code))
        return [concept for concept in named if (concept, SKOS.inScheme, scheme) in self.ontology]

    def _finding(self, name: str, line: int) -> URIRef:
        local = name.rpartition(":")[2] if "//" not in name else name
        found = [iri for iri in self.findings if str(iri) == name or str(iri).endswith(f"#{local}")]
        if len(found) != 1:
            raise self.refuse("the policy's vocabulary has no such finding class", line)
        return found[0]

    def _named(self, name: str, kind: URIRef, column: str, line: int) -> Node:
        for value in self.ontology.subjects(RDF.type, kind):
            spelt = {str(value).rpartition("#")[2], str(self.ontology.value(value, SKOS.prefLabel))}
            if _plain(name.removeprefix("nec:")) in map(_plain, spelt):
                return value
        raise self.refuse(f"there is no such {column}", line)

    # ------------------------------------------------------------ Turtle

    def of_turtle(self) -> Graph:
        graph = parsing.load_files((self.path,))
        for problem, term in self._problems(graph):
            raise self.refuse(problem, self._line(term))
        for concept, match in [
            *graph.subject_objects(SKOS.exactMatch),
            *graph.subject_objects(SKOS.broadMatch),
        ]:
            graph.add((concept, SKOS.broader, match))
        return graph

    def _problems(self, graph: Graph) -> Iterator[tuple[str, Node]]:
        schemes = {*graph.subjects(RDF.type, SKOS.ConceptScheme), *self.ontology.subjects(RDF.type, SKOS.ConceptScheme)}
        concepts = self.concepts | set(graph.subjects(SKOS.inScheme))
        allowed: dict[Node, Iterable[Node]] = {
            RDF.type: _KINDS,
            SKOS.inScheme: schemes,
            SKOS.broader: concepts,
            SKOS.exactMatch: concepts,
            SKOS.broadMatch: concepts,
            NEC.codeClass: self.findings,
            NEC.codeSeverity: set(self.ontology.subjects(RDF.type, NEC.Severity)),
            NEC.codeRemission: set(self.ontology.subjects(RDF.type, NEC.Remission)),
            NEC.codedKind: set(self.ontology.subjects(RDF.type, NEC.ItemKind)),
        }
        for subject, predicate, value in sorted(graph, key=lambda triple: [str(term) for term in triple]):
            if not isinstance(subject, URIRef):
                yield "a code map has no blank nodes", subject
            if predicate not in _SAID:
                yield f"<{predicate}> is nothing that a code map says", predicate
            if predicate in allowed and value not in allowed[predicate]:
                yield f"<{value}> is no {_EXPECTED[predicate]} that is known", value
        for subject in sorted(graph.subjects(unique=True), key=str):
            if (subject, RDF.type, SKOS.ConceptScheme) in graph:
                continue
            if (subject, None, None) in self.ontology:
                yield f"<{subject}> is known already, and a map changes no code", subject
            if (subject, SKOS.inScheme, None) not in graph or (subject, SKOS.notation, None) not in graph:
                yield f"<{subject}> lacks skos:inScheme or skos:notation", subject
            if not any((subject, p, None) in graph for p in (NEC.codeClass, SKOS.broader, *_MATCHES)):
                yield f"<{subject}> does not say what it stands for: nec:codeClass or skos:broader", subject

    def _line(self, term: Node) -> int | None:
        """The first line that has the end of a term's name."""
        local = str(term).replace("/", "#").rpartition("#")[2]
        return next((n for n, line in enumerate(self.text.splitlines(), 1) if local and local in line), None)


_MATCHES = (SKOS.exactMatch, SKOS.broadMatch)
_EXPECTED: dict[Node, str] = {
    RDF.type: "kind of code",
    SKOS.inScheme: "code system",
    SKOS.broader: "concept",
    SKOS.exactMatch: "concept",
    SKOS.broadMatch: "concept",
    NEC.codeClass: "finding class",
    NEC.codeSeverity: "severity",
    NEC.codeRemission: "remission",
    NEC.codedKind: "kind of item",
}


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
