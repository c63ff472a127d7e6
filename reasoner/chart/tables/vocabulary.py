"""The vocabulary of sheets: what their columns mean, and what their cells name in a policy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import quote

import pyoxigraph as ox
from rdflib import Namespace

from reasoner.chart.coding import code_systems
from reasoner.chart.tables.cells import CellError, UnknownCodeError
from reasoner.chart.tables.rows import plain
from reasoner.ground.errors import PolicyError
from reasoner.ground.resources import ONTOLOGY
from reasoner.policy.model import Policy, PolicyVersion
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.namespaces import NEC, OWL, PROV, SH, SKOS, XSD

REQUEST, STATEMENT, SYSTEM = "request", "statement", "system"
"""The columns that name a request, a statement, and the code system of the column of codes."""
SHEET = Namespace("https://w3id.org/necessity/sheet/")
TEXT, DAY, NUMBER = str(XSD.string), str(XSD.date), str(XSD.decimal)
TRUTH, ANY = str(XSD.boolean), str(OWL.NamedIndividual)
PERSON, CRITERION, FINDING, CONCEPT = str(PROV.Person), str(NEC.Criterion), str(NEC.Statement), str(SKOS.Concept)
OF_REQUEST, OF_MEMBER, OF_PLAN = str(NEC.ReviewRequest), str(NEC.Member), str(NEC.Plan)
OF_PROGRAM = str(NEC.Program)
OF_PARTIES = (OF_REQUEST, OF_MEMBER, OF_PLAN, OF_PROGRAM)
"""What there is one of for a request: itself, and whom it is about."""
OF_STATEMENT, OF_DOCUMENT, OF_UNREAD = str(NEC.Statement), str(NEC.Document), str(NEC.Unread)
_SHOWN = 12  # of the values that a cell can have
_NAME = re.compile(r"[A-Za-z][\w-]*:[\w.-]+")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//|[A-Za-z0-9]).+")
_BOUNDS = (SH.minInclusive, SH.maxInclusive, SH.minExclusive, SH.maxExclusive)
_PROPERTIES = tuple(terms.of(kind) for kind in (OWL.DatatypeProperty, OWL.ObjectProperty, OWL.AnnotationProperty))


@dataclass(frozen=True)
class SheetColumn:
    """What the cells of a column mean; see ``ontology/sheet/columns.ttl``."""

    name: str
    of: str
    property: str
    value: str
    several: bool = False
    meaning: str = ""
    label: str = ""
    """What a form calls it; empty where that is its name."""


@lru_cache(maxsize=4)
def columns(policy: Policy) -> dict[str, SheetColumn]:
    """The columns that have a meaning of their own, by name: those of every sheet, and one for each axis of the policy.

    Raises:
        PolicyError: the word of an axis is the name of another column.
    """
    table = parsing.load_files([ONTOLOGY / "sheet" / "columns.ttl"])
    by_name: dict[str, SheetColumn] = {}
    for node, notation in table.subject_objects(SKOS.notation):
        of, property_, value, several = (
            str(table.value(node, term) or "") for term in (SHEET.of, SHEET.property, SHEET.value, SHEET.several)
        )
        meaning, label = (graphs.text(table, node, term) for term in (SKOS.definition, SKOS.prefLabel))
        by_name[str(notation)] = SheetColumn(str(notation), of, property_, value, several == "true", meaning, label)
    for axis in policy.axes:
        name = axis.word.replace("-", "_")
        if name in (REQUEST, STATEMENT, SYSTEM) or (name in by_name and by_name[name].property != axis.iri):
            raise PolicyError(
                f"the word {axis.word!r} is that of a column of sheets already",
                where=axis.iri,
                mend="Give the axis another skos:notation",
            )
        by_name[name] = SheetColumn(name, OF_REQUEST, axis.iri, axis.value_class, meaning=axis.definition)
    return dict(sorted(by_name.items()))


class Names:
    """What the cells of a sheet name, in one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.lexicon = policy.lexicon

    def expand(self, name: str) -> str | None:
        """The IRI of a name with a prefix, or of an IRI."""
        prefix, colon, local = name.partition(":")
        if colon and prefix in self.policy.prefixes and _NAME.fullmatch(name):
            return self.policy.prefixes[prefix] + local
        return name if colon and _IRI.fullmatch(name) else None

    def property(self, name: str) -> str | None:
        """The IRI of what a column is named for: a declared name with its prefix, as it is or as `rows.plain`."""
        iri = self.expand(name)
        if iri and terms.iri(iri) in self.lexicon.declared:
            return iri
        alike = self.properties.get(plain(name), set())
        return next(iter(alike)) if len(alike) == 1 else None

    @cached_property
    def properties(self) -> dict[str, set[str]]:
        """The IRIs of properties by prefix and name, as `rows.plain` has it."""
        by_name: dict[str, set[str]] = {}
        for term, kinds in self.lexicon.types.items():
            if not kinds.isdisjoint(_PROPERTIES):
                iri = terms.name(term)
                for prefix, space in self.policy.prefixes.items():
                    if iri.startswith(space):
                        by_name.setdefault(plain(f"{prefix}:{iri.removeprefix(space)}"), set()).add(iri)
        return by_name

    @cached_property
    def datatypes(self) -> dict[str, str]:
        """`DAY` or `NUMBER` by the IRI of a property that the policy's shapes say is one."""
        of: dict[str, str] = {}
        for said in self.lexicon.shapes.values():
            named = {terms.name(term) for term in said.get(terms.of(SH.datatype), ())}
            bounded = any(terms.of(bound) in said for bound in _BOUNDS)
            for path in filter(lambda term: term.startswith("<"), said.get(terms.of(SH.path), ())):
                if DAY in named:
                    of[terms.name(path)] = DAY
                elif bounded or named & {str(XSD.integer), NUMBER}:
                    of[terms.name(path)] = NUMBER
        return of

    def find(self, kind: str, cell: str, system: str) -> str:
        """The term that a cell names; raises `CellError` where it names none, or more than one."""
        if kind == CONCEPT:
            return self.code(cell, system)
        expanded = self.expand(cell)
        term = terms.iri(expanded) if expanded else ""
        if kind == FINDING:
            finding = term if term in self.lexicon.declared else self.findings.get(cell)
            if finding is None:
                raise CellError("the policy's vocabulary has no such finding class")
            return finding
        if term and term in self.lexicon.declared:
            return term
        named = self.individuals.get((kind, plain(cell)), set())
        if len(named) == 1:
            return next(iter(named))
        known = sorted(
            {self.lexicon.labels.get(t, "") for (k, _), ts in self.individuals.items() if k == kind for t in ts}
        )
        among = f": write {', '.join(known)}" if all(known) and len(known) <= _SHOWN else ""
        raise CellError(f"it names {'more than one' if named else 'no'} {terms.local(kind)}{among}")

    def criterion(self, cell: str, version: PolicyVersion) -> str:
        """The term of a leaf, by its IRI or by its id in a version; raises `CellError` where there is none."""
        leaf = self.policy.criterion(cell) or version.by_id.get(cell)
        if leaf is None:
            raise CellError(f"{version.id} has no such criterion")
        return terms.iri(leaf.iri)

    def code(self, cell: str, system: str) -> str:
        """The concept that a cell is the code of; raises `UnknownCodeError` where it is of none, or of more than one."""
        expanded = self.expand(cell)
        if expanded and terms.iri(expanded) in self.lexicon.declared:
            return terms.iri(expanded)
        coding = code_systems(self.policy).read(system, cell)
        if not coding.concept:
            raise UnknownCodeError(coding.reason)
        return terms.iri(coding.concept)

    def repair(self, cell: str, system: str) -> str:
        """What had to be repaired to read a code, in words; empty if nothing was."""
        return code_systems(self.policy).read(system, cell).note

    def any_code(self, cell: str, system: str) -> str:
        """The IRI of a code of a record, known or not."""
        try:
            return terms.name(self.code(cell, system))
        except CellError:
            iri = code_systems(self.policy).read(system, cell).iri
            space = node(system, "urn:necessity:code:")
            named = cell if not iri or _IRI.fullmatch(cell) else iri
            return node(named, space if space.endswith(("/", "#", ":")) else f"{space}/")

    def kind(self, system: str) -> str:
        """The IRI of the kind of item that the codes of a system are of: a condition, unless another is stated."""
        of = code_systems(self.policy).system(system) if system else None
        return of.kind if of and of.kind else str(NEC.Condition)

    @cached_property
    def conditions(self) -> frozenset[str]:
        """The terms of the leaves that count conditions as their own facts, and of the finding classes of these and below."""
        counting = [
            leaf
            for version in self.policy.versions
            for leaf in version.leaves.values()
            if leaf.population == leaf.iri and str(NEC.Condition) in leaf.counts_over
        ]
        within = self.lexicon.relations.is_within
        return frozenset(
            {terms.iri(leaf.iri) for leaf in counting}
            | {name for name in self.lexicon.findings for leaf in counting if within(terms.name(name), leaf.finding)}
        )

    @cached_property
    def findings(self) -> dict[str, str]:
        """Finding classes by name."""
        return {terms.local(terms.name(term)): term for term in self.lexicon.findings}

    @cached_property
    def individuals(self) -> dict[tuple[str, str], set[str]]:
        """Individuals by class and name: what follows the namespace, the label or the notation."""
        by_class_and_name: dict[tuple[str, str], set[str]] = {}
        for term, kinds in self.lexicon.types.items():
            if terms.of(OWL.NamedIndividual) in kinds:
                spelt = {
                    terms.local(terms.name(term)),
                    self.lexicon.labels.get(term, ""),
                    self.lexicon.notations.get(term, ""),
                }
                for kind in kinds:
                    for name in spelt - {""}:
                        by_class_and_name.setdefault((terms.name(kind), plain(name)), set()).add(term)
        return by_class_and_name


@lru_cache(maxsize=4)
def names_of(policy: Policy) -> Names:
    """What cells name in a policy."""
    return Names(policy)


def node(name: str, base: str) -> str:
    """A name that is an IRI as it is, any other below a base."""
    if _IRI.fullmatch(name):
        try:
            return ox.NamedNode(name).value
        except ValueError:
            pass
    return base + quote(name, safe="")


def literal(text: str, datatype: object) -> ox.Literal:
    """A literal of a datatype."""
    return ox.Literal(text, datatype=ox.NamedNode(str(datatype)))


def guessed(cell: str) -> ox.Literal:
    """The literal of a property that says nothing of its values: a number, a truth value or a date, else text."""
    if re.fullmatch(r"[+-]?\d+", cell):
        return literal(cell, XSD.integer)
    if re.fullmatch(r"[+-]?\d*\.\d+", cell):
        return literal(cell, XSD.decimal)
    if cell.lower() in ("true", "false"):
        return literal(cell.lower(), XSD.boolean)
    return literal(cell, XSD.date) if terms.day(f'"{cell}"^^<{XSD.date}>') else ox.Literal(cell)
