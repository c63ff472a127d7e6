"""Reading FHIR R4: Bundles are converted to RDF element by element, then mapped by the SPARQL in ``ontology/fhir``.

A mapping sees bundles as RDF (`reasoner.chart.fhir.from_json`), for each the request with its member, and the vocabulary of
the policy. Many bundles stand in one store, since planning the queries takes longer than answering them from a small bundle:
whatever a mapping joins has to be ``nec:about`` the same request. What the mappings construct becomes the chart. On a resource, or a
node in one, ``nec:note`` says why it is not used, or not wholly, though it was understood; ``nec:reason`` says why it could not be
understood: that becomes an unread item of the chart (`reasoner.chart.fhir.unread`), unless the resource gave something else.
``known:kind``, ``known:words`` and ``known:observed`` say of such an item what its elements do not.

The codings of the bundles are read first (`reasoner.chart.coding`): a mapping sees the IRI of the code system and the notation,
however they are written, and the concept as ``known:concept``. A coding that cannot be read has a
``known:reason`` if it names a system, and as ``known:code`` the IRI of the code if that system is known. A resource that is not
known to be the patient's has ``known:notTheirs``, and ``known:untold`` unless it is known to be somebody else's. The latter, if it
is an item of care, is an unread item; that of somebody else is only noted, by the mapping of its type.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain
from typing import Any, cast

from pyoxigraph import Literal, NamedNode, Quad, Triple

from reasoner.chart.fhir import observations, queries, unmapped
from reasoner.chart.fhir.attached import AttachedTexts
from reasoner.chart.fhir.from_json import REQUEST, XSD, Bundle, BundleEntry, parse_bundle
from reasoner.chart.fhir.patients import STRANGER
from reasoner.chart.fhir.quads import TYPE, known
from reasoner.chart.fhir.references import NOWHERE
from reasoner.chart.fhir.request import NOTHING_GIVEN, RequestOptions
from reasoner.chart.fhir.unread import KINDS, UnreadNode, refused_items, unread_items
from reasoner.chart.fhir.vocabulary import Vocabulary
from reasoner.ground.errors import DocumentationError, EngineError, NecessityError, reading
from reasoner.policy.axes import Axis
from reasoner.rdf import parsing
from reasoner.rdf.terms import Nodes

WAS_DERIVED_FROM = NamedNode("http://www.w3.org/ns/prov#wasDerivedFrom")
PROV_USED = NamedNode("http://www.w3.org/ns/prov#used")
_LINKS = tuple(NamedNode(f"http://purl.org/dc/terms/{name}") for name in ("isPartOf", "references"))
_KNOWN = known("").value


@dataclass(frozen=True)
class MappedBundle:
    """What the mappings make of a bundle."""

    source: str
    statements: frozenset[Triple] = field(repr=False)
    """The request, which may lack facts, the documents and the statements."""
    unread: Nodes = field(repr=False)
    """The unread items."""
    notes: tuple[str, ...]
    """What was not used, in short."""
    missing: tuple[DocumentationError, ...]
    """Facts of the request that are not stated, or stated twice."""
    entries: tuple[BundleEntry, ...] = field(repr=False)
    reasons: frozenset[tuple[NamedNode, str]] = field(repr=False)
    """Resources, and nodes in them, that the mappings do not use, or not wholly, each with the reason."""
    derived: dict[NamedNode, frozenset[NamedNode]] = field(repr=False)
    """By resource, the subjects of the triples that are derived from it."""
    notes_on_bundle: tuple[str, ...] = ()
    """Those of the notes that concern the bundle as a whole."""

    @cached_property
    def notes_by_resource(self) -> dict[NamedNode, tuple[str, ...]]:
        """By resource, why the mappings do not use it, or not wholly."""
        roots = {entry.iri for entry in self.entries if not entry.left_out}
        found: dict[NamedNode, tuple[str, ...]] = {}
        for node, text in sorted(self.reasons, key=lambda note: (f"{note[0].value}>", note[1])):
            iri = _owner(node, roots) or node
            found[iri] = (*found.get(iri, ()), text)
        return found

    @cached_property
    def triples(self) -> frozenset[Triple]:
        """The whole chart."""
        return self.statements.union(parsing.triples_of(self.unread))


def map_bundles(
    documents: Sequence[tuple[bytes | dict[str, Any], str]],
    vocabulary: Vocabulary,
    options: RequestOptions = NOTHING_GIVEN,
) -> list[MappedBundle | NecessityError]:
    """The request and the statements that each of some FHIR Bundles holds, and what of it is not used.

    Args:
        documents: the bundles, as JSON or as `parse_bundle` gives them, and what to call each in errors, such as its path.
        vocabulary: the criteria (by ``dcterms:identifier``) and code systems (SKOS) that the mappings look up.
        options: facts of the requests that the bundles do not state.

    Returns:
        For each document what it holds, or an error: it is no Bundle in sound JSON, is not the record of one Patient, or names
        two different resources alike.
    """
    with _collecting_later():
        return _map(documents, vocabulary, options)


def _map(
    documents: Sequence[tuple[bytes | dict[str, Any], str]], vocabulary: Vocabulary, options: RequestOptions
) -> list[MappedBundle | NecessityError]:
    found: list[_Mapped | NecessityError] = []
    for number, (data, source) in enumerate(documents):
        try:
            with reading(source):
                found.append(_Mapped(data, source, number, vocabulary, options))
        except (DocumentationError, EngineError) as error:
            found.append(error)
    readings = [item for item in found if isinstance(item, _Mapped)]
    by_mark = {item.bundle.mark: item for item in readings}
    with vocabulary.beside(quad for item in readings for quad in item.quads()) as beside:
        said: set[str] = set()
        for stage in queries.STAGES if readings else ():
            for query in queries.wanted(stage, frozenset().union(*(item.kinds(stage) for item in readings)), said):
                for triple in query.run(beside.store):
                    mark = cast(NamedNode, triple.subject).value.partition(".")[0]
                    by_mark[f"{mark}."].triples[stage].add(triple)
            if stage == queries.KNOWN:
                said = {
                    triple.predicate.value.removeprefix(_KNOWN) for item in readings for triple in item.triples[stage]
                }
            beside.add(Quad(*triple) for item in readings for triple in item.after(stage))
    return [item.result() if isinstance(item, _Mapped) else item for item in found]


def map_bundle(
    data: bytes | dict[str, Any], source: str, vocabulary: Vocabulary, options: RequestOptions = NOTHING_GIVEN
) -> MappedBundle:
    """The same of one bundle; raises the error that there is."""
    (found,) = map_bundles([(data, source)], vocabulary, options)
    if isinstance(found, NecessityError):
        raise found
    return found


@contextmanager
def _collecting_later() -> Iterator[None]:
    """A context in which Python does not look for cyclic garbage: half the time, for many small objects and no cycles."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class _Mapped:
    """A bundle on its way through the stages."""

    def __init__(
        self,
        data: bytes | dict[str, Any],
        source: str,
        number: int,
        vocabulary: Vocabulary,
        options: RequestOptions,
    ) -> None:
        content = parse_bundle(data, source) if isinstance(data, bytes) else data
        self.bundle = bundle = Bundle(content, source, number, vocabulary.codes, pruned=True)
        self._patient = bundle.patients.choose(set(bundle.roots), source, may_be_absent=bool(options.birth_date))
        for entry in bundle.entries:
            if not entry.left_out:
                entry.left_out = bundle.patients.set_aside.get(entry.iri, "")
        self._vocabulary = vocabulary
        self._options = options
        self.triples: dict[str, set[Triple]] = {stage: set() for stage in queries.STAGES}
        """What the queries of each stage construct, in the names of the quads."""
        self._chart: set[Triple] = set()
        self._notes: set[tuple[NamedNode, str]] = set()
        self._reasons: dict[NamedNode, set[str]] = {}
        self._missing: list[DocumentationError] = []
        self._derived: dict[NamedNode, set[NamedNode]] = {}
        self._said: dict[NamedNode, list[tuple[str, NamedNode | Literal]]] = {}
        self._read: dict[NamedNode, set[str]] = {}
        self._of_others: set[NamedNode] = set()
        self._histories: set[NamedNode] = set()
        self._untold: dict[NamedNode, str] = {}

    def quads(self) -> Iterator[Quad]:
        """What the mappings see of the bundle from the beginning."""
        bundle = self.bundle
        yield Quad(bundle.request, TYPE, _nec("ReviewRequest"))
        yield Quad(bundle.request, _nec("member"), bundle.inner(self._patient))
        for iri, reason in bundle.patients.strangers(self._patient):
            yield Quad(bundle.inner(iri), known("notTheirs"), Literal(reason))
            if reason == STRANGER:
                self._of_others.add(iri)
            else:
                self._untold[iri] = reason
                yield Quad(bundle.inner(iri), known("untold"), Literal(reason))
        yield from bundle.quads

    def kinds(self, stage: str) -> set[str]:
        """The types of what a stage sees."""
        kinds = self.bundle.kinds
        if stage == queries.KNOWN:
            return kinds | self.bundle.kinds_named
        return (kinds - queries.sparing()) | self.bundle.told if stage == queries.RESULTS else kinds

    def after(self, stage: str) -> Iterable[Triple | Quad]:
        """What the stages that follow see beside that."""
        found = self.triples[stage]
        if stage == queries.KNOWN:
            return self._seen(found)
        outer = self.bundle.outer
        for s, p, o in found:
            if p in (_nec("note"), _nec("reason")):
                self._note(outer(s), cast(Literal, o).value, unread=p == _nec("reason"))
            elif p.value.startswith(_KNOWN):
                self._said.setdefault(outer(s), []).append(
                    (p.value.removeprefix(_KNOWN), cast("NamedNode | Literal", o))
                )
            else:
                self._chart.add(Triple(outer(s), p, outer(o)))
        if stage == queries.REQUEST:
            return self._request()
        if stage == queries.PLAN:
            self._missing = _with_plan(self._chart, self._patient, self._options, self.bundle, self._vocabulary.axes)
        if stage == queries.RESULTS:
            self._chart = set(_without_loose_links(self._chart))
            self._derived = _derived(self._chart, self.bundle.roots)
            self._note_what_no_query_says()
        return ()

    def _seen(self, found: set[Triple]) -> Iterator[Triple | Quad]:
        """What the first stage found, and what the others see of the resources that it speaks of."""
        for item in chain(found, self.bundle.seen_whole(found)):
            yield item
            if item.predicate in (known("measure"), known("circumstance")):
                resource, _, path = self.bundle.outer(item.subject).value.partition("#")
                self._read.setdefault(NamedNode(resource), set()).add(path)
            elif item.predicate == known("kind"):
                self._said.setdefault(self.bundle.outer(item.subject), []).append(
                    ("kind", cast(NamedNode, item.object))
                )
            elif item.predicate == known("history"):
                self._histories.add(self.bundle.outer(item.subject))

    def _note(self, node: NamedNode, text: str, unread: bool = False) -> None:
        self._notes.add((node, text))
        if unread:
            self._reasons.setdefault(node, set()).add(text)

    def _note_what_no_query_says(self) -> None:
        """Why Observations, and what no query reads, gave nothing, and that it is not known of items of care whose they are."""
        stated = self._affirmed_codes()
        said = self._conditions.union(cast(NamedNode, o).value for _, p, o in self._chart if p == _nec("code"))
        for iri, kind in self.bundle.roots.items():
            if iri in self._untold and kind in KINDS:
                self._note(iri, self._untold[iri], unread=True)
            if kind in unmapped.KINDS:
                self._note_unmapped(iri, self.bundle.contents[iri], stated)
            self._note_reasons(iri, said)
            if kind != "Observation":
                continue
            observation = self.bundle.contents[iri]
            if note := STRANGER if iri in self._of_others else observations.void(observation):
                self._note(iri, note)
            elif iri not in self._untold:
                read = self._read.get(iri, ())
                for path, reason in observations.unread_parts(observation, read, self._vocabulary.codes):
                    self._note(NamedNode(f"{iri.value}#{path}") if path else iri, reason, unread=True)

    def _affirmed_codes(self) -> set[str]:
        """The codes of the statements that affirm what is current."""
        affirmed = {s for s, p, o in self._chart if p == _nec("assertion") and o == _nec("Affirmed")}
        affirmed -= {s for s, p, _ in self._chart if p == _nec("remission")}
        return {cast(NamedNode, o).value for s, p, o in self._chart if p == _nec("code") and s in affirmed}

    def _note_unmapped(self, iri: NamedNode, resource: dict[str, Any], stated: set[str]) -> None:
        if note := STRANGER if iri in self._of_others else unmapped.void(resource):
            self._note(iri, note)
        elif iri not in self._untold:
            for item in unmapped.items(resource, self._vocabulary.codes):
                if item.concepts and item.concepts <= stated:
                    self._note(iri, "its diagnoses are stated elsewhere in the record")
                else:
                    self._note(NamedNode(f"{iri.value}#{item.path}") if item.path else iri, item.reason, unread=True)

    def _note_reasons(self, iri: NamedNode, said: frozenset[str]) -> None:
        """Note the disorders that a resource names beside what it is: those that are told nowhere else, and lost references."""
        resource, codes = self.bundle.contents[iri], self._vocabulary.codes
        if iri in self._of_others or unmapped.void(resource):
            return
        found = list(unmapped.reasons(resource, codes, self._conditions))
        for path, reference, kind in unmapped.lost(resource, self._conditions):
            if self.bundle.led_to(reference, iri) is None:
                found.append(unmapped.Unmapped(path, NOWHERE, kind=kind))
        known = resource["resourceType"] in KINDS
        found += unmapped.elsewhere(resource, codes, said, known) if iri not in self._histories else ()
        for item in found:
            node = NamedNode(f"{iri.value}#{item.path}") if item.path else iri
            self._said.setdefault(node, []).append(("kind", _nec(item.kind)))
            if item.path or not known:
                self._note(node, self._untold.get(iri, item.reason), unread=True)

    @cached_property
    def _conditions(self) -> frozenset[str]:
        """The codes and words of the Conditions."""
        of = [self.bundle.contents[iri].get("code") for iri, kind in self.bundle.roots.items() if kind == "Condition"]
        return frozenset().union(*(unmapped.names(code, self._vocabulary.codes) for code in of))

    def _request(self) -> list[Triple]:
        """The facts of the request, those of the caller in place of the bundle's."""
        bundle = self.bundle
        _complete(self._chart, self._patient, self._options)
        facts = [triple for triple in self._chart if triple.subject == REQUEST]
        return [Triple(bundle.request, p, o) for _, p, o in facts if p not in (WAS_DERIVED_FROM, PROV_USED)]

    def _unread(self, request: NamedNode) -> Iterator[UnreadNode]:
        """The items for what could not be understood: nodes, resources that gave nothing, and resources that are refused."""
        roots = self.bundle.roots
        reasons = {
            node: min(self._reasons[node], key=lambda text: str(Literal(text)))
            for node in sorted(self._reasons, key=str)
            if not (node in roots and node in self._derived)
        }
        given = {node: dict(sorted(said, key=str)) for node, said in self._said.items()}
        reasons |= refused_items(self.bundle, self._of_others)
        namesakes = {cast(NamedNode, o) for s, p, o in self._chart if s == REQUEST and p == WAS_DERIVED_FROM}
        return unread_items(self.bundle, reasons, given, self._vocabulary.codes, request, namesakes)

    def result(self) -> MappedBundle:
        """What came of the bundle."""
        bundle, roots = self.bundle, self.bundle.roots
        names = _names(self._chart, self._patient, self._vocabulary.axes)
        derived = {iri: {names.get(node, node) for node in nodes} for iri, nodes in self._derived.items()}
        notes = self._notes | {(node, text) for node, text in bundle.repairs.items() if _owner(node, roots) in derived}
        shown = [(bundle.show(node), text) for node, text in notes]
        shown += [(entry.name, entry.left_out) for entry in bundle.entries if entry.left_out]
        unread: Nodes = {}
        texts = AttachedTexts(bundle)
        for item in self._unread(names[REQUEST]):
            self._chart.update(texts.read(item))
            if item.resource in roots:
                derived.setdefault(item.resource, set()).add(item.iri)
            unread[str(item.iri)] = item.facts
        told = derived.keys() | {_owner(node, roots) for node, _ in notes}
        unused = Counter(kind for iri, kind in roots.items() if iri not in told)
        return MappedBundle(
            source=bundle.source,
            statements=frozenset(_named(self._chart, names)),
            unread=unread,
            notes=(
                *_together(shown),
                *bundle.notes,
                *(f"{kind}: {number} not used" for kind, number in sorted(unused.items())),
            ),
            missing=tuple(self._missing),
            entries=tuple(bundle.entries),
            reasons=frozenset(notes),
            derived={iri: frozenset(nodes) for iri, nodes in derived.items()},
            notes_on_bundle=tuple(bundle.notes),
        )


def _without_loose_links(triples: set[Triple]) -> Iterator[Triple]:
    """The triples without what ties a document to something that is none."""
    documents = {triple.subject for triple in triples if triple.predicate == TYPE and triple.object == _nec("Document")}
    for triple in triples:
        if triple.predicate not in _LINKS or {triple.subject, triple.object} <= documents:
            yield triple


def _together(notes: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Notes on resources in short: one for all resources of a type that have the same note."""
    same: dict[tuple[str, str], list[str]] = {}
    for name, text in sorted(notes):
        same.setdefault((name.partition("/")[0], text), []).append(name)
    for (kind, text), names in same.items():
        yield f"{names[0]}: {text}" if len(names) == 1 else f"{kind}, {len(names)} such as {names[0]}: {text}"


def _complete(triples: set[Triple], patient: NamedNode, options: RequestOptions) -> None:
    """Put the facts of the options in place of the bundle's, but those of the plan."""
    begin, end = _nec("serviceStart"), _nec("serviceEnd")
    if options.service_start:
        triples.difference_update(_stated(triples, REQUEST, end))
    for subject, property_, day in (
        (REQUEST, begin, options.service_start),
        (REQUEST, end, options.service_end),
        (REQUEST, _nec("admitted"), options.admitted),
        (patient, _nec("birthDate"), options.birth_date),
    ):
        if day:
            _put(triples, subject, property_, _day(day))
    for value in options.axis_values:
        _put(triples, REQUEST, NamedNode(value.axis), NamedNode(value.iri))


def _with_plan(
    triples: set[Triple], patient: NamedNode, options: RequestOptions, bundle: Bundle, axes: tuple[Axis, ...]
) -> list[DocumentationError]:
    """Give the request its plan; an error for each fact that is missing or stated twice."""
    unnamed = NamedNode(f"{REQUEST.value}#plan")
    plans = sorted((triple.object for triple in _stated(triples, REQUEST, _nec("plan"))), key=str)
    plan = cast(NamedNode, plans[0]) if plans else unnamed
    for triple in [triple for triple in triples if triple.subject == unnamed]:
        triples.remove(triple)
        triples.add(Triple(plan, triple.predicate, triple.object))
    _put(triples, REQUEST, _nec("plan"), plan)
    triples.add(Triple(plan, TYPE, _nec("Plan")))
    if options.jurisdiction:
        _put(triples, plan, _nec("jurisdiction"), _nec(options.jurisdiction))
    missing = []
    for subject, property_, label, mend in (
        (
            patient,
            _nec("birthDate"),
            "full date of birth",
            "Give Patient.birthDate, or say it beside the bundle (--birth-date)",
        ),
        *((REQUEST, NamedNode(axis.iri), axis.label, f"Say it beside the bundle (--{axis.word})") for axis in axes),
        (
            REQUEST,
            _nec("serviceStart"),
            "full date of the service's start",
            "Say it beside the bundle (--service-start)",
        ),
        (plan, _nec("jurisdiction"), "jurisdiction of the plan", "Say it beside the bundle (--jurisdiction)"),
    ):
        if len(facts := _stated(triples, subject, property_)) != 1:
            problem = f"the bundle states {'more than one' if facts else 'no'} {label}"
            missing.append(DocumentationError(problem, where=f"{bundle.source}: {bundle.show(subject)}", mend=mend))
    return missing


def _stated(triples: set[Triple], subject: NamedNode, property_: NamedNode) -> list[Triple]:
    return [triple for triple in triples if triple.subject == subject and triple.predicate == property_]


def _put(triples: set[Triple], subject: NamedNode, property_: NamedNode, value: NamedNode | Literal) -> None:
    """Make a value the only one of a property."""
    triples.difference_update(_stated(triples, subject, property_))
    triples.add(Triple(subject, property_, value))


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


def _derived(triples: Iterable[Triple], roots: dict[NamedNode, str]) -> dict[NamedNode, set[NamedNode]]:
    """By resource, the subjects of the triples that speak of it or of a node in it."""
    derived: dict[NamedNode, set[NamedNode]] = {}
    for triple in triples:
        for term in (triple.subject, triple.object):
            if owner := _owner(term, roots):
                derived.setdefault(owner, set()).add(cast(NamedNode, triple.subject))
    return derived


def _owner(term: Any, roots: Collection[NamedNode]) -> NamedNode | None:
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
