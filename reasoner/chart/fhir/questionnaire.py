"""A policy as a form: the FHIR R4 Questionnaire that asks for what a kind of request has to document.

The form follows the effective policy. A group of criteria is a group of items and a leaf is a question; the criterion's id is
the ``linkId``. The evidence for an answer is asked for beneath it; the ``linkId`` is then the leaf's id, a full stop and the
property's name. The mappings in ``ontology/fhir`` read the response by those ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rdflib import URIRef

from reasoner.ground.errors import UsageError
from reasoner.policy import axes
from reasoner.policy.axes import AxisValue
from reasoner.policy.effective import EffectivePolicy, Part, choose_readings, effective_policy
from reasoner.policy.model import Criterion, CriterionKind, Policy, PolicyVersion
from reasoner.policy.topics import topic_values
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import NEC, OWL, RDF, SH, SKOS
from reasoner.rdf.owl_rl import classify
from reasoner.rdf.terms import Term

Item = dict[str, Any]

AGE_GROUPS = {"adult": NEC.Adult, "minor": NEC.Minor}
FUNDINGS = {"fully-insured": NEC.FullyInsured, "self-funded": NEC.SelfFunded}
STANCES = {"affirmed": NEC.Affirmed, "denied": NEC.Denied, "not-applicable": NEC.NotApplicable}

GATE = "arises"
"""What follows the id of a conditional leaf in the question whether its situation arises."""

_HELP = {
    "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl",
    "valueCodeableConcept": {
        "coding": [{"system": "http://hl7.org/fhir/questionnaire-item-control", "code": "help", "display": "Help"}]
    },
}
_CODES = "https://w3id.org/necessity/core"
_PARTS = {
    CriterionKind.ALL: "All of its parts are asked for.",
    CriterionKind.ANY: "One of its parts is enough.",
    CriterionKind.LIST: "Each item stands by itself; what is left out blocks nothing.",
}
_STATED_TYPE = re.compile(r"\(xsd:(\w+)\)")
_TYPES = {
    "date": "date",
    "boolean": "boolean",
    "integer": "integer",
    "nonNegativeInteger": "integer",
    "decimal": "decimal",
    "string": "text",
}


@dataclass(frozen=True)
class Subject:
    """The kind of request that a form is for."""

    axis_values: tuple[AxisValue, ...]
    """One of each axis of the policy, from `reasoner.policy.axes.choose`."""
    age_group: str = "adult"
    jurisdiction: str | None = None
    funding: str | None = None
    service_start: date | None = None
    """Written into the form."""

    def __post_init__(self) -> None:
        for option, value, known in (
            ("age-group", self.age_group, AGE_GROUPS),
            ("funding", self.funding, (*FUNDINGS, None)),
        ):
            if value not in known:
                mend = f"Give {' or '.join(name for name in known if name)}"
                raise UsageError(f"--{option} cannot be {value!r}", mend=mend)


def questionnaire(
    policy: Policy, version: PolicyVersion, subject: Subject, choices: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The Questionnaire, as JSON, for one kind of request.

    Args:
        policy: the policy.
        version: the version of it that is asked for.
        subject: the kind of request.
        choices: the readings in place of the defaults, as `reasoner.policy.effective.choose_readings` takes them.

    Raises:
        UsageError: the kind of request is not said, or the jurisdiction or a reading is not known.
    """
    if [value.axis for value in subject.axis_values] != [axis.iri for axis in version.axes]:
        mend = f"Give {', '.join(f'--{axis.word}' for axis in version.axes)}"
        raise UsageError("the kind of request is not said", mend=mend)
    effective = _effective(version, subject, choices)
    words = [value.word for value in subject.axis_values]
    kind = [*words, subject.age_group, subject.jurisdiction, subject.funding]
    chosen = [reading.id.replace("/", "-") for reading in effective.readings if reading not in _defaults(version)]
    name = "-".join([part.lower() for part in kind if part] + chosen)
    title = f"{version.label}: {', '.join([*(value.label for value in subject.axis_values), subject.age_group])}"
    return {
        "resourceType": "Questionnaire",
        "id": re.sub(r"[^A-Za-z0-9.-]", "-", f"{version.id}-{name}")[:64],
        "meta": {"profile": ["http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire"]},
        "url": f"{version.iri}/questionnaire/{name}",
        "version": f"{version.id.rpartition('/')[2]}-{policy.digest[:12]}",
        "name": re.sub(r"\W+", "_", f"Questionnaire_{version.id}_{name}"),
        "title": f"{title}, {subject.jurisdiction}" if subject.jurisdiction else title,
        "status": "active",
        "subjectType": ["Patient"],
        "description": graphs.text(version.ontology, URIRef(version.iri), SKOS.definition)
        or f"What {version.label} asks to be documented.",
        "effectivePeriod": {"start": version.valid_from.isoformat()}
        | ({"end": version.valid_until.isoformat()} if version.valid_until else {}),
        "item": list(_QuestionnaireItems(effective, subject).items()),
    }


def _defaults(version: PolicyVersion) -> tuple[object, ...]:
    return tuple(interpretation.default for interpretation in version.interpretations)


def _effective(version: PolicyVersion, subject: Subject, choices: Mapping[str, str] | None) -> EffectivePolicy:
    request, plan = URIRef("urn:necessity:request"), URIRef("urn:necessity:request:plan")
    facts = [
        (request, RDF.type, NEC.ReviewRequest),
        *axes.facts(request, subject.axis_values),
        (request, NEC.ageGroup, AGE_GROUPS[subject.age_group]),
        (request, NEC.plan, plan),
    ]
    if subject.jurisdiction:
        facts.append((plan, NEC.jurisdiction, _place(version, subject.jurisdiction)))
    if subject.funding:
        facts.append((plan, NEC.funding, FUNDINGS[subject.funding]))
    entailed = classify(version.ontology, facts)
    classes = frozenset(str(o) for s, p, o in entailed if s == request and p == RDF.type and isinstance(o, URIRef))
    return effective_policy(version, classes, choose_readings(version, choices))


def _place(version: PolicyVersion, code: str) -> URIRef:
    for place in version.ontology.subjects(RDF.type, NEC.Jurisdiction):
        if isinstance(place, URIRef) and graphs.text(version.ontology, place, SKOS.notation) == code:
            return place
    raise UsageError(f"there is no jurisdiction {code!r}", mend="Give an ISO 3166-2 code such as US-MO")


class _QuestionnaireItems:
    """The items of one form; what is asked for in two places is asked once."""

    def __init__(self, effective: EffectivePolicy, subject: Subject) -> None:
        self.effective = effective
        self.version = effective.version
        self.ontology = effective.version.ontology
        self.subject = subject
        self.asked: set[str] = set()

    def items(self) -> Iterator[Item]:
        yield self.request()
        for section in self.effective.sections:
            if section.criterion.iri not in self.asked:
                yield self.part(section)
        for listed in self.effective.lists:
            criterion = listed.criterion
            members = tuple(Part(self.version.criteria[iri], CriterionKind.LEAF) for iri in criterion.members)
            force = "What is affirmed here of the service excludes it." if listed.excluding else ""
            yield self.part(Part(criterion, CriterionKind.LIST, members), force)

    # -- the request

    def request(self) -> Item:
        subject = self.subject
        start: Item = {"type": "date", "required": True}
        if subject.service_start:
            start["initial"] = [{"valueDate": subject.service_start.isoformat()}]
        place: Item = {"type": "string"}
        if subject.jurisdiction:
            named = graphs.text(self.ontology, _place(self.version, subject.jurisdiction), SKOS.prefLabel)
            place = _fixed([{"code": subject.jurisdiction, "display": named}])
        bearer: Item = {"type": "choice", "answerOption": self.codings(FUNDINGS)}
        if subject.funding:
            bearer = _fixed([{"code": subject.funding, "display": self.label(FUNDINGS[subject.funding])}])
        facts = (
            *(
                (axis.word, URIRef(axis.iri), _fixed([{"code": value.word, "display": value.label}]))
                for axis, value in zip(self.version.axes, subject.axis_values, strict=True)
            ),
            ("service-start", NEC.serviceStart, start),
            ("service-end", NEC.serviceEnd, {"type": "date"}),
            ("jurisdiction", NEC.jurisdiction, place),
            ("funding", NEC.funding, bearer),
        )
        return {
            "linkId": "request",
            "text": _sentence(self.label(NEC.ReviewRequest)),
            "type": "group",
            "item": [
                {"linkId": name, "text": _sentence(self.label(property_)), **item, "item": [self.help(name, property_)]}
                for name, property_, item in facts
            ],
        }

    # -- criteria

    def part(self, part: Part, force: str = "") -> Item:
        criterion = part.criterion
        if part.kind is CriterionKind.LEAF:
            return self.conditional(criterion) if criterion.conditional else self.leaf(criterion)
        self.asked.add(criterion.iri)
        definition = " ".join(filter(None, (criterion.definition, _PARTS[part.kind], force)))
        items = [_help(f"{_id(criterion)}.help", definition, criterion.source)]
        for number, member in enumerate(part.members):
            if member.criterion.iri in self.asked:
                text = f"{_sentence(member.criterion.label)}: asked for elsewhere in this form."
                items.append({"linkId": f"{_id(criterion)}.see-{number}", "text": text, "type": "display"})
            else:
                self.asked.add(member.criterion.iri)
                items.append(self.part(member))
        return {**_named(criterion), "text": _sentence(criterion.label), "type": "group", "item": items}

    def leaf(self, leaf: Criterion) -> Item:
        """The question for a leaf, and beneath it what the answer rests on."""
        text = f"{_sentence(leaf.label)}. {leaf.ask}" if leaf.ask else f"{_sentence(leaf.label)}."
        stances = [name for name in STANCES if name != "not-applicable" or leaf.conditional]
        affirmed = {"question": leaf.id, "operator": "=", "answerCoding": {"system": _CODES, "code": "affirmed"}}
        answered = {"question": leaf.id, "operator": "exists", "answerBoolean": True}
        items = [_help(f"{leaf.id}.help", leaf.definition, leaf.source)]
        opening = [URIRef(iri) for iri in leaf.speaks_only_with]
        topic = topic_values(self.version, leaf)
        if topic:
            items.append(self.topic(leaf, topic, answered))
        for property_ in dict.fromkeys((*opening, *map(URIRef, leaf.details))):
            if topic and str(property_) == leaf.topic:
                continue
            # Text cannot name an individual: it is asked for only where it is enough that something is there.
            leads = (property_, RDF.type, OWL.ObjectProperty) in self.ontology
            if not leads or property_ in opening or self.values(property_):
                items.append(self.detail(leaf.id, property_, answered if property_ in opening else affirmed))
        items += self.evidence(leaf.id, answered)
        options = self.codings({name: STANCES[name] for name in stances})
        return {**_named(leaf), "text": text, "type": "choice", "answerOption": options, "item": items}

    def topic(self, leaf: Criterion, values: Mapping[Term, str], when: Item) -> Item:
        """The question which of the leaf's facts an answer is about; an answer to none of them is about what it does not name."""
        property_ = URIRef(leaf.topic)
        options = [{"valueCoding": self.coding(URIRef(terms.name(value)))} for value in values]
        named = (property_, RDF.type, OWL.ObjectProperty) in self.ontology
        name = f"{leaf.id}.{_split(leaf.topic)[1]}"
        return {
            "linkId": name,
            "text": _sentence(self.label(property_)),
            "type": "choice" if named else "open-choice",
            "repeats": True,
            "answerOption": options,
            "enableWhen": [when],
            "item": [self.help(name, property_)],
        }

    def conditional(self, leaf: Criterion) -> Item:
        """A conditional leaf: whether its situation arises and, if so, the leaf itself."""
        gate = f"{leaf.id}.{GATE}"
        arises = {"question": gate, "operator": "=", "answerBoolean": True}
        not_so = {**arises, "answerBoolean": False}
        return {
            "linkId": f"{leaf.id}.condition",
            "text": _sentence(leaf.label),
            "type": "group",
            "item": [
                {
                    "linkId": gate,
                    "text": f"{_sentence(leaf.label)}: does the situation arise in which this is asked for?",
                    "type": "boolean",
                    "item": [
                        _help(f"{gate}.help", f"{leaf.definition} No says: not applicable.", leaf.source),
                        *self.evidence(gate, not_so),
                    ],
                },
                self.leaf(leaf) | {"enableWhen": [arises]},
            ],
        }

    def evidence(self, above: str, when: Item) -> list[Item]:
        return [
            {**self.detail(above, NEC.excerpt, when), "type": "text"},
            {**self.detail(above, NEC.page, when), "type": "string"},
            {**self.detail(above, NEC.observed, when), "type": "date"},
        ]

    def detail(self, above: str, property_: URIRef, when: Item) -> Item:
        """The question for a property of the statement that an answer makes."""
        name = f"{above}.{_split(str(property_))[1]}"
        question: Item = {"linkId": name, "text": _sentence(self.label(property_)), "enableWhen": [when]}
        if values := self.values(property_):
            question |= {"type": "choice", "answerOption": [{"valueCoding": value} for value in values]}
        else:
            question["type"] = self.type_of(property_)
        counts = [c for shape in self.shapes(property_) for c in self.version.shapes.objects(shape, SH.minCount)]
        if any(int(str(count)) > 1 for count in counts):
            question["repeats"] = True
        return question | {"item": [self.help(name, property_)]}

    # -- what the graph says of a property

    def shapes(self, property_: URIRef) -> list[Any]:
        """The property shapes that test it, and what they qualify its values with."""
        shapes = list(self.version.shapes.subjects(SH.path, property_))
        return shapes + [q for shape in shapes for q in self.version.shapes.objects(shape, SH.qualifiedValueShape)]

    def values(self, property_: URIRef) -> list[Item]:
        """The individuals of the kinds that the shapes compare its values with; none if it has no such values."""
        shapes, ontology = self.version.shapes, self.ontology
        named = {
            value
            for shape in self.shapes(property_)
            for value in (
                *shapes.objects(shape, SH.hasValue),
                *(item for head in shapes.objects(shape, SH["in"]) for item in graphs.members(shapes, head)),
            )
            if isinstance(value, URIRef)
        }
        kinds = {kind for value in named for kind in ontology.objects(value, RDF.type) if kind != OWL.NamedIndividual}
        alike = {v for kind in kinds for v in ontology.subjects(RDF.type, kind) if isinstance(v, URIRef)}
        return [self.coding(value) for value in sorted(named | alike)]

    def coding(self, value: URIRef) -> Item:
        namespace, local = _split(str(value))
        return {"system": namespace, "code": local, "display": self.label(value)}

    def type_of(self, property_: URIRef) -> str:
        """The type of the answer: as the shapes or the definition state it, else text."""
        stated = [str(t) for shape in self.shapes(property_) for t in self.version.shapes.objects(shape, SH.datatype)]
        stated += [match[1] for match in _STATED_TYPE.finditer(graphs.text(self.ontology, property_, SKOS.definition))]
        return next((_TYPES[name] for t in stated if (name := _split(t)[1]) in _TYPES), "string")

    def label(self, iri: URIRef) -> str:
        return graphs.text(self.ontology, iri, SKOS.prefLabel) or _split(str(iri))[1]

    def codings(self, values: Mapping[str, URIRef]) -> list[Item]:
        return [
            {"valueCoding": {"system": _CODES, "code": name, "display": self.label(iri)}}
            for name, iri in values.items()
        ]

    def help(self, name: str, property_: URIRef) -> Item:
        return _help(f"{name}.help", graphs.text(self.ontology, property_, SKOS.definition) or self.label(property_))


def _fixed(codings: list[Item]) -> Item:
    """A choice that is made already."""
    options = [{"valueCoding": {"system": _CODES, **coding}, "initialSelected": True} for coding in codings]
    return {"type": "choice", "readOnly": True, "answerOption": options}


def _help(name: str, text: str, source: str = "") -> Item:
    cited = f"{text} Source: {source}." if source else text
    return {"extension": [_HELP], "linkId": name, "text": cited, "type": "display"}


def _named(criterion: Criterion) -> Item:
    namespace, local = _split(criterion.iri)
    item: Item = {"linkId": _id(criterion), "code": [{"system": namespace, "code": local, "display": criterion.label}]}
    return item | ({"prefix": criterion.notation} if criterion.notation else {})


def _id(criterion: Criterion) -> str:
    return criterion.id or criterion.iri


def _split(iri: str) -> tuple[str, str]:
    """The namespace of an IRI and the name in it."""
    cut = max(iri.rfind("#"), iri.rfind("/")) + 1
    return iri[:cut], iri[cut:]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
