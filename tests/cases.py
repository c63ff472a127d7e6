"""Cases written in Python: statements of finding classes on days of one month, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from reasoner.chart.model import Assertion, Case, Document, Statement, meaning
from reasoner.determination.inference import Inference
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC
from tests.policies import WINDOWED, finding, iri

STANCES = {
    "affirms": Assertion.AFFIRMED,
    "denies": Assertion.DENIED,
    "rules out": Assertion.NOT_APPLICABLE,
}
NOTE = Document("urn:note", "Note", "R. Example", "", None)


def day(number: int) -> date:
    """A day of June 2025; beyond 30, of July."""
    return date(2025, 6, number) if number <= 30 else date(2025, 7, number - 30)


def make_statement(
    name: str,
    stance: str,
    *classes: str,
    on: int = 2,
    recorded: int | None = None,
    facts: Mapping[str, str] | None = None,
    addresses: tuple[str, ...] = (),
) -> Statement:
    """A statement that takes a stance to findings, observed on a day of June; recorded that day too if not said otherwise.

    Facts are terms by the IRI of their property.
    """
    terms_of_facts = tuple(sorted((terms.iri(property_), value) for property_, value in (facts or {}).items()))
    return Statement(
        iri=f"urn:statement:{name}",
        meaning=meaning(
            STANCES[stance],
            frozenset(map(finding, classes)),
            frozenset(map(iri, addresses)),
            frozenset(facts or {}),
            terms_of_facts,
        ),
        observed=day(on),
        recorded=day(on if recorded is None else recorded),
        document=NOTE,
        excerpt="",
        page="",
    )


def case(
    *statements: Statement,
    windowed: bool = False,
    start: int = 1,
    end: int | None = 20,
    as_of: date = date(2025, 12, 31),
    birth: date = date(1980, 5, 5),
) -> Case:
    """A case of some statements; the period under review ends with the service if not said otherwise."""
    return Case(
        iri="urn:request",
        source="a test",
        axis_values=(WINDOWED,) if windowed else ("urn:axis-value:other",),
        traits=(),
        start=day(start),
        end=None if end is None else day(end),
        as_of=as_of,
        birth=birth,
        statements=tuple(sorted(statements, key=lambda statement: statement.iri)),
        content="",
        digest="",
        facts=(),
    )


def inferred(of_case: Case, above: Mapping[str, tuple[str, ...]] | None = None) -> Inference:
    """What follows from a case where some finding classes have wider ones; denial does not climb."""
    wider = {finding(name): set(map(finding, names)) for name, names in (above or {}).items()}
    return Inference(
        request_classes=frozenset(),
        classes={
            statement.iri: statement.classes.union(*(wider.get(name, ()) for name in statement.classes))
            if statement.assertion is Assertion.AFFIRMED
            else statement.classes
            for statement in of_case.statements
        },
        facts={statement.iri: statement.facts for statement in of_case.statements},
        age_group=str(NEC.Adult),
    )
