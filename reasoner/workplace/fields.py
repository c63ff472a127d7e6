"""The fields of a form: what can be said of a request or a statement, read off the columns of sheets and the policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from rdflib import URIRef

from reasoner.chart.coding import code_systems
from reasoner.chart.tables import sheet
from reasoner.chart.tables.vocabulary import (
    DAY,
    OF_DOCUMENT,
    OF_MEMBER,
    OF_PARTIES,
    OF_PROGRAM,
    OF_REQUEST,
    TEXT,
    TRUTH,
    SheetColumn,
    names_of,
)
from reasoner.policy.evidence import values_of
from reasoner.policy.model import Criterion, Policy
from reasoner.policy.search import contraries, inapplicable, narrower
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, OWL

_NEEDED = frozenset(map(str, (NEC.serviceStart, NEC.birthDate, NEC.jurisdiction)))
_ORDER = (
    *("reference", "member_name", "member_number", "birth_date", "received"),
    *("", "service_start", "service_end", "admitted"),
    *("jurisdiction", "line_of_business", "funding", "urgency", "timing"),
    *("member_address", "confidential_address"),
    *("provider_name", "provider_npi", "provider_address", "provider_phone", "provider_fax"),
)
"""The columns in the order of a form, the axes of the policy in the place of the empty one; others follow."""
_TRUTH = {"true": "yes", "false": "no"}


@dataclass(frozen=True)
class InputField:
    """A field of a form; what is put in is a cell of a sheet."""

    name: str
    """The column of the cell."""
    label: str
    meaning: str = ""
    day: bool = False
    choices: dict[str, str] = field(default_factory=dict)
    """Cells with their labels, where the field has just some values."""
    needed: bool = False


def request_fields(policy: Policy) -> tuple[InputField, ...]:
    """The facts of a request, its member and its plan, axes of the policy among them."""
    axes = {axis.iri: axis for axis in policy.axes}
    found = []
    for column in sheet.columns(policy).values():
        if column.of not in OF_PARTIES or column.property == str(NEC.asOf):
            continue
        axis = axes.get(column.property)
        found.append(
            InputField(
                name=column.name,
                label=_label(axis.label if axis else column.label or column.name),
                meaning=column.meaning,
                day=column.value == DAY,
                choices={v.word: v.label for v in axis.values} if axis else _choices(policy, column),
                needed=column.property in _NEEDED or axis is not None,
            )
        )
    order = {name: place for place, name in enumerate(_ORDER)}
    words = {axis.word.replace("-", "_"): place for place, axis in enumerate(policy.axes)}

    def place(field: InputField) -> tuple[int, int, str]:
        if field.name in words:
            return order[""], words[field.name], field.name
        return order.get(field.name, len(order)), 0, field.name

    return tuple(sorted(found, key=place))


def contact_fields(policy: Policy) -> tuple[InputField, ...]:
    """The payer's reference, who member and provider are and how they are reached; a `Case` has each under the same name."""
    of_contacts = {column.name for column in contact_columns(policy)}
    return tuple(field for field in request_fields(policy) if field.name in of_contacts)


def contact_columns(policy: Policy) -> tuple[SheetColumn, ...]:
    """The columns of `contact_fields`."""
    columns = sheet.columns(policy).values()
    return tuple(c for c in columns if c.of in (OF_REQUEST, OF_MEMBER, OF_PROGRAM) and c.value == TEXT)


def document_fields(policy: Policy) -> tuple[InputField, ...]:
    """What can be said of a document."""
    return tuple(
        InputField(c.name, _label(c.name), c.meaning, c.value == DAY, _choices(policy, c))
        for c in sheet.columns(policy).values()
        if c.of == OF_DOCUMENT
    )


def detail_fields(policy: Policy, criterion: Criterion) -> tuple[InputField, ...]:
    """The details that a statement about a leaf can have, such as a severity."""
    labels = policy.lexicon.labels
    found = []
    if terms.iri(criterion.iri) in names_of(policy).conditions:
        code = sheet.columns(policy)["code"]
        found.append(InputField(code.name, _label(code.name), code.meaning))
    for iri in criterion.details:
        name = policy.short(iri)
        values = {policy.short(value): labels.get(terms.iri(value), value) for value in values_of(policy, URIRef(iri))}
        kinds = names_of(policy).datatypes
        truth = str(NEC.primary) == iri
        found.append(
            InputField(
                name=name,
                label=_label(labels.get(terms.iri(iri)) or terms.words(terms.local(iri))),
                day=kinds.get(iri) == DAY,
                choices=_TRUTH if truth else values,
            )
        )
    return tuple(found)


def proposed_code(policy: Policy, words: str) -> tuple[str, str]:
    """The one code, with its label, that words name in the code lists of a policy; empty texts where they name none, or several."""
    concepts = code_systems(policy).named_in(words)
    if len(concepts) != 1:
        return "", ""
    term = terms.iri(concepts[0])
    return policy.lexicon.notations[term], policy.lexicon.labels.get(term, "")


def findings(policy: Policy, criterion: str, start: date) -> dict[str, str]:
    """The findings that speak to a leaf beside its own, by IRI, each with its label and what affirming it says.

    Args:
        policy: the policy.
        criterion: id of the leaf.
        start: the start of service, whose version is meant.
    """
    version = policy.version_on(start) or policy.versions[-1]
    own = version.by_id[criterion].finding
    labels = policy.lexicon.labels

    def named(iri: str, note: str) -> str:
        return (labels.get(terms.iri(iri)) or terms.words(terms.local(iri))) + note

    found = {iri: named(iri, "") for iri in narrower(version.ontology, own)}
    found |= {iri: named(iri, " (speaks against it)") for iri in contraries(version, own)}
    return found | {iri: named(iri, " (it does not arise)") for iri in inapplicable(version, own)}


def _label(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _choices(policy: Policy, column: SheetColumn) -> dict[str, str]:
    """The individuals of a class that a cell can name, by their notation or label, in the order of their labels."""
    if column.value == TRUTH:
        return _TRUTH
    if column.value in (DAY, TEXT):
        return {}
    lexicon, individual, of_class = policy.lexicon, terms.of(OWL.NamedIndividual), terms.iri(column.value)
    named = {
        lexicon.notations.get(term) or lexicon.labels.get(term, terms.local(terms.name(term))): lexicon.labels.get(
            term, ""
        )
        for term, kinds in lexicon.types.items()
        if individual in kinds and of_class in kinds
    }
    return dict(sorted(named.items(), key=lambda item: item[1]))
