"""Reading FHIR R4: a Bundle is converted to RDF element by element, then mapped by the SPARQL in ``ontology/fhir``.

A mapping sees the bundle as RDF (`reasoner.chart.fhir.from_json`), the request with its member, and the vocabulary of
the policy. What the mappings construct becomes the chart; a ``nec:note`` on a resource says why the resource is not used, or
not wholly. A mapping that names types of FHIR is run only if one of them occurs, since planning a query takes longer than
answering it from a small bundle.

The codings of the bundle are read first (`reasoner.chart.coding`): a mapping sees the IRI of the code system and the notation,
however they are written. A coding of a known system that cannot be read has a ``nec:reason``, and as ``nec:code`` the IRI of the
code.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from re import VERBOSE
from re import compile as pattern
from typing import Any, cast

from pyoxigraph import Literal, NamedNode, Quad, QueryTriples, Store, Triple

from reasoner.chart.coding import CodeSystems
from reasoner.chart.fhir.from_json import TYPE, XSD, Bundle, BundleEntry, fhir, parse_bundle
from reasoner.chart.fhir.request import NOTHING_GIVEN, RequestOptions
from reasoner.ground.errors import DocumentationError, PolicyError
from reasoner.ground.resources import ONTOLOGY
from reasoner.policy.axes import Axis

WAS_DERIVED_FROM = NamedNode("http://www.w3.org/ns/prov#wasDerivedFrom")
PROV_USED = NamedNode("http://www.w3.org/ns/prov#used")
REQUEST = NamedNode("urn:necessity:request")
"""The IRI of the request in the mappings; in the chart it is named after the resource that it is derived from.

A mapping states that resource by ``prov:wasDerivedFrom``, and others that it took facts from by ``prov:used``. Both are for
the name and the coverage report, and are no part of the chart."""

NOT_THEIRS = NamedNode("urn:necessity:notTheirs")
"""From a resource to the reason why it is not known to be the patient's, in what the mappings see."""

_TOKEN = pattern(
    r"""\#[^\n]* | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | <http://hl7\.org/fhir/([A-Za-z][A-Za-z0-9]*)> | <[^<>"{}|^`\s]*>
    | \bfhir:([A-Za-z][A-Za-z0-9]*)""",
    VERBOSE,
)
_WEAR = 1_000_000  # quads added and removed after which a store is replaced


class Vocabulary:
    """The criteria (by ``dcterms:identifier``) and code systems (SKOS) that the mappings look up, and the policy's axes.

    It is loaded once: each bundle is added to a store that has it, and removed afterwards.
    """

    def __init__(
        self, triples: Iterable[Triple | Quad], axes: tuple[Axis, ...] = (), codes: CodeSystems | None = None
    ) -> None:
        self.axes = axes
        """What a bundle has to state of its request beside dates and plan."""
        self.codes = codes
        """What reads the codings; without it they stay as they are written."""
        self._quads = [Quad(triple.subject, triple.predicate, triple.object) for triple in triples]
        self._ready: deque[tuple[Store, int]] = deque()  # one for each thread that reads

    @contextmanager
    def beside(self, quads: Iterable[Quad]) -> Iterator[Store]:
        """A store of the vocabulary and some quads, for as long as the context lasts."""
        try:
            store, worn = self._ready.pop()
        except IndexError:
            store, worn = Store(), 0
            store.bulk_extend(self._quads)
        added = [quad for quad in quads if quad.predicate != TYPE or quad not in store]
        store.extend(added)
        yield store
        worn += len(added)
        if worn < _WEAR:
            for quad in added:
                store.remove(quad)
            self._ready.append((store, worn))


@dataclass(frozen=True)
class MappedBundle:
    """What the mappings make of a bundle."""

    source: str
    triples: list[Triple] = field(repr=False)
    """The request, which may lack facts, and the statements."""
    notes: tuple[str, ...]
    """What was not used, in short."""
    missing: tuple[DocumentationError, ...]
    """Facts of the request that are not stated, or stated twice."""
    entries: tuple[BundleEntry, ...] = field(repr=False)
    notes_by_resource: dict[NamedNode, tuple[str, ...]] = field(repr=False)
    """By resource, why the mappings do not use it, or not wholly."""
    derived: dict[NamedNode, frozenset[NamedNode]] = field(repr=False)
    """By resource, the subjects of the triples that are derived from it."""
    notes_on_bundle: tuple[str, ...] = ()
    """Those of the notes that concern the bundle as a whole."""


def map_bundle(
    data: bytes | dict[str, Any],
    source: str,
    vocabulary: Vocabulary | Iterable[Triple | Quad],
    options: RequestOptions = NOTHING_GIVEN,
) -> MappedBundle:
    """The request and the statements that a FHIR Bundle holds, and what of it is not used.

    Args:
        data: the bundle as JSON, or as `parse_bundle` gives it.
        source: what to call it in errors, such as its path.
        vocabulary: the criteria (by ``dcterms:identifier``) and code systems (SKOS) that the mappings look up.
        options: facts of the request that the bundle does not state.

    Raises:
        DocumentationError: it is no Bundle in sound JSON, is not the record of one Patient, or names two different
            resources alike.
    """
    content = parse_bundle(data, source) if isinstance(data, bytes) else data
    bundle = Bundle(content, source)
    patient = bundle.patients.choose(set(bundle.roots), source, may_be_absent=bool(options.birth_date))
    for entry in bundle.entries:
        if not entry.left_out:
            entry.left_out = bundle.patients.set_aside.get(entry.iri, "")
    roots = bundle.roots
    if not isinstance(vocabulary, Vocabulary):
        vocabulary = Vocabulary(vocabulary)
    about = [Quad(REQUEST, TYPE, _nec("ReviewRequest")), Quad(REQUEST, _nec("member"), patient)]
    about += [Quad(iri, NOT_THEIRS, Literal(reason)) for iri, reason in bundle.patients.strangers(patient)]
    quads, repairs = _codings_read(bundle, vocabulary.codes) if vocabulary.codes else (bundle.quads, {})
    with vocabulary.beside((*quads, *about)) as store:
        triples = {triple for name in _wanted(bundle) for triple in _construct(store, name, mappings()[name])}
    note_triples = {triple for triple in triples if triple.predicate == _nec("note")}
    triples -= note_triples
    missing = _complete(triples, patient, options, bundle, vocabulary.axes)
    names = _names(triples, patient, vocabulary.axes)
    derived = _derived(triples, bundle, names)
    note_triples |= {
        Triple(node, _nec("note"), Literal(note)) for node, note in repairs.items() if _owner(node, roots) in derived
    }
    notes = [(bundle.show(note.subject), cast(Literal, note.object).value) for note in note_triples]
    notes += [(entry.name, entry.left_out) for entry in bundle.entries if entry.left_out]
    notes_by_resource: dict[NamedNode, tuple[str, ...]] = {}
    for note in sorted(note_triples, key=str):
        iri = _owner(note.subject, roots) or cast(NamedNode, note.subject)
        notes_by_resource[iri] = (*notes_by_resource.get(iri, ()), cast(Literal, note.object).value)
    unused = Counter(kind for iri, kind in roots.items() if iri not in derived and iri not in notes_by_resource)
    return MappedBundle(
        source=source,
        triples=sorted(_named(triples, names), key=str),
        notes=(
            *_together(notes),
            *bundle.notes,
            *(f"{kind}: {number} not used" for kind, number in sorted(unused.items())),
        ),
        missing=tuple(missing),
        entries=tuple(bundle.entries),
        notes_by_resource=notes_by_resource,
        derived=derived,
        notes_on_bundle=tuple(bundle.notes),
    )


def _codings_read(bundle: Bundle, codes: CodeSystems) -> tuple[list[Quad], dict[NamedNode, str]]:
    """The quads of a bundle with its codings read, and what had to be repaired in a coding, by its node."""
    written: dict[NamedNode, str] = {}
    repairs: dict[NamedNode, str] = {}
    about: list[Quad] = []
    for node, system, code in bundle.codings:
        coding = codes.read(system, code)
        if not system.strip() or not coding.system:
            continue
        if coding.system != system:
            written[NamedNode(f"{node.value}.system")] = coding.system
        if coding.code != code:
            written[NamedNode(f"{node.value}.code")] = coding.code
        if coding.note:
            repairs[node] = coding.note
        if coding.reason:
            about.append(Quad(node, _nec("reason"), Literal(coding.reason)))
            about.append(Quad(node, _nec("code"), NamedNode(coding.iri)))
    value = fhir("v")
    kept = (
        bundle.quads if not written else [q for q in bundle.quads if q.predicate != value or q.subject not in written]
    )
    return [*kept, *(Quad(node, value, Literal(text)) for node, text in written.items()), *about], repairs


def _together(notes: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Notes on resources in short: one for all resources of a type that have the same note."""
    same: dict[tuple[str, str], list[str]] = {}
    for name, text in sorted(notes):
        same.setdefault((name.partition("/")[0], text), []).append(name)
    for (kind, text), names in same.items():
        yield f"{names[0]}: {text}" if len(names) == 1 else f"{kind}, {len(names)} such as {names[0]}: {text}"


@cache
def mappings(folder: Path = ONTOLOGY / "fhir") -> dict[str, str]:
    """The mapping queries by the names of their files."""
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.rq"))}


@cache
def named(query: str) -> tuple[frozenset[str], frozenset[str]]:
    """The types and the elements of FHIR that a query names."""
    names = {match[1] or match[2] for match in _TOKEN.finditer(query)} - {None, ""}
    kinds = frozenset(name for name in names if name[0].isupper())
    return kinds, frozenset(names - kinds)


def _wanted(bundle: Bundle) -> list[str]:
    """The mappings that can find something: those that name no type, or one that occurs."""
    there = {cast(NamedNode, quad.object) for quad in bundle.quads if quad.predicate == TYPE}
    kinds = {kind.value.rpartition("/")[2] for kind in there}
    return [name for name, query in mappings().items() if not (named(query)[0] and kinds.isdisjoint(named(query)[0]))]


def _construct(store: Store, name: str, mapping: str) -> QueryTriples:
    try:
        return cast(QueryTriples, store.query(mapping))
    except SyntaxError as error:
        raise PolicyError(f"the mapping is not SPARQL: {error}", where=f"ontology/fhir/{name}") from error


def _complete(
    triples: set[Triple], patient: NamedNode, options: RequestOptions, bundle: Bundle, axes: tuple[Axis, ...]
) -> list[DocumentationError]:
    """Put the facts of the options in place of the bundle's; an error for each fact that is missing or stated twice."""

    def stated(subject: NamedNode, property_: NamedNode) -> list[Triple]:
        return [triple for triple in triples if triple.subject == subject and triple.predicate == property_]

    def put(subject: NamedNode, property_: NamedNode, value: NamedNode | Literal) -> None:
        triples.difference_update(stated(subject, property_))
        triples.add(Triple(subject, property_, value))

    plans = sorted((triple.object for triple in stated(REQUEST, _nec("plan"))), key=str)
    plan = cast(NamedNode, plans[0]) if plans else NamedNode(f"{REQUEST.value}#plan")
    put(REQUEST, _nec("plan"), plan)
    triples.add(Triple(plan, TYPE, _nec("Plan")))
    if options.service_start:
        triples.difference_update(stated(REQUEST, _nec("serviceEnd")))
    if options.service_end:
        put(REQUEST, _nec("serviceEnd"), _day(options.service_end))
    if options.admitted:
        put(REQUEST, _nec("admitted"), _day(options.admitted))
    missing = []
    chosen = {value.axis: NamedNode(value.iri) for value in options.axis_values}
    of_axes = [(REQUEST, NamedNode(axis.iri), chosen.get(axis.iri), axis.label, f"Give --{axis.word}") for axis in axes]
    start, place, born = options.service_start, options.jurisdiction, options.birth_date
    birth, begin, law = _nec("birthDate"), _nec("serviceStart"), _nec("jurisdiction")
    for subject, property_, option, label, mend in (
        (patient, birth, born and _day(born), "full date of birth", "Give Patient.birthDate, or --birth-date"),
        *of_axes,
        (REQUEST, begin, start and _day(start), "full date of the service's start", "Give --service-start"),
        (plan, law, place and _nec(place), "jurisdiction of the plan", "Give --jurisdiction"),
    ):
        if option:
            put(subject, property_, option)
        if len(facts := stated(subject, property_)) != 1:
            problem = f"the bundle states {'more than one' if facts else 'no'} {label}"
            missing.append(DocumentationError(problem, where=f"{bundle.source}: {bundle.show(subject)}", mend=mend))
    return missing


def _names(triples: Iterable[Triple], patient: NamedNode, axes: tuple[Axis, ...]) -> dict[Any, NamedNode]:
    """The names of the request and of its plan.

    The request is named as the Claim or ServiceRequest that it derives from, else after the patient, its value of the first
    axis and the start of service.
    """
    facts: dict[Any, Any] = {}
    for triple in sorted((triple for triple in triples if triple.subject == REQUEST), key=str):
        facts.setdefault(triple.predicate, triple.object)
    words = {NamedNode(value.iri): value.word for axis in axes[:1] for value in axis.values}
    parts = [words[facts[name]] for axis in axes[:1] if facts.get(name := NamedNode(axis.iri)) in words]
    parts += [facts[name].value for name in (_nec("serviceStart"),) if name in facts]
    request = facts.get(WAS_DERIVED_FROM, NamedNode(_inside(patient, "-".join(parts) or "request")))
    plan = NamedNode(_inside(request, "plan"))
    return {REQUEST: request, NamedNode(f"{REQUEST.value}#plan"): plan}


def _inside(iri: NamedNode, name: str) -> str:
    """The IRI of what belongs to a resource, or to a node in one."""
    return f"{iri.value}{'.' if '#' in iri.value else '#'}{name}"


def _named(triples: Iterable[Triple], names: dict[Any, NamedNode]) -> Iterator[Triple]:
    for triple in triples:
        if triple.subject != REQUEST or triple.predicate not in (WAS_DERIVED_FROM, PROV_USED):
            subject, object_ = names.get(triple.subject, triple.subject), names.get(triple.object, triple.object)
            yield Triple(subject, triple.predicate, object_)


def _derived(
    triples: Iterable[Triple], bundle: Bundle, names: dict[Any, NamedNode]
) -> dict[NamedNode, frozenset[NamedNode]]:
    """By resource, the subjects of the triples that speak of it or of a node in it."""
    roots = bundle.roots
    derived: dict[NamedNode, set[NamedNode]] = {}
    for triple in triples:
        for term in (triple.subject, triple.object):
            if owner := _owner(term, roots):
                subject = cast(NamedNode, triple.subject)
                derived.setdefault(owner, set()).add(names.get(subject, subject))
    return {iri: frozenset(subjects) for iri, subjects in derived.items()}


def _owner(term: Any, roots: dict[NamedNode, str]) -> NamedNode | None:
    """The resource that a term is, or is a node in."""
    if not isinstance(term, NamedNode):
        return None
    resource = NamedNode(term.value.partition("#")[0])
    return resource if resource in roots else None


def _day(text: str) -> Literal:
    return Literal(text, datatype=NamedNode(f"{XSD}date"))


@cache
def _nec(name: str) -> NamedNode:
    return NamedNode(f"https://w3id.org/necessity/core#{name}")
