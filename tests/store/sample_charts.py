"""Charts for the tests of the store: requests that share people, plans, documents and statements, and charts that change."""

from __future__ import annotations

import pyoxigraph as ox

from reasoner import Policy
from reasoner.chart.model import Case
from reasoner.chart.reading import read_cases
from reasoner.rdf import parsing
from tests.conftest import PREFIXES

FIRST = """
:first a nec:ReviewRequest ; nec:phase nec:Admission ; nec:focus nec:MentalHealth ; nec:asOf "2025-08-15"^^xsd:date ;
    nec:serviceStart "2025-06-02"^^xsd:date ; nec:serviceEnd "2025-07-11"^^xsd:date ; nec:member :member ; nec:plan :plan .
:second a nec:ReviewRequest ; nec:phase nec:Continuation ; nec:focus nec:MentalHealth ; nec:asOf "2025-08-15"^^xsd:date ;
    nec:serviceStart "2025-07-12"^^xsd:date ; nec:member :member ; nec:plan :plan .
:member nec:birthDate "1984-02-19"^^xsd:date .
:plan nec:jurisdiction nec:US-MO .
:intake a nec:Document ; dcterms:title "Program intake" ; dcterms:creator "T. Example, LPC" ;
    nec:authorRole "program counselor" ; dcterms:issued "2025-06-02"^^xsd:date .
:phq a nec:Statement , iop:FunctionalImpairment ; nec:about :first , :second ; nec:assertion nec:Affirmed ;
    nec:severity nec:Moderate ; nec:value 17.5 ; nec:unit "points" ; iop:functionalDomain iop:WorkDomain ;
    nec:documentedIn :intake ; nec:page 2 ; nec:observed "2025-06-02"^^xsd:date ; nec:excerpt "Ne peut pas travailler."@fr .
:mood a nec:Statement ; nec:code icd10cm:F33.2 ; nec:primary true ; nec:about :first ; nec:assertion nec:Affirmed ;
    nec:documentedIn :intake ; nec:excerpt "MDD, recurrent, severe." .
:capable a nec:Statement ; nec:addresses adult-admission:3 ; nec:about :first ; nec:assertion nec:Affirmed ;
    nec:documentedIn :intake ; nec:excerpt "Takes part." .
:calls a nec:Statement ; nec:addresses adult-admission:6-emergency ; nec:about :first ; nec:assertion nec:Denied ;
    nec:documentedIn :intake ; nec:excerpt "No phone." .
:nerves a nec:Unread ; nec:about :first ; nec:kind nec:Condition ; nec:words "nerves" ; nec:reason "words only" ;
    nec:source :intake .
"""
"""Two requests of one member: they share the member, the plan, a document and a statement."""
CHANGED = FIRST.replace('"No phone."', '"A phone since Monday."').replace(
    "nec:severity nec:Moderate", "nec:severity nec:Severe"
)
"""The same charts, in which two statements say something else."""
OTHER = """
:other a nec:ReviewRequest ; nec:phase nec:Admission ; nec:focus nec:MentalHealth ; nec:asOf "2025-08-15"^^xsd:date ;
    nec:serviceStart "2025-06-02"^^xsd:date ; nec:member [ nec:birthDate "1984-02-19"^^xsd:date ] ; nec:plan :plan .
:plan nec:jurisdiction nec:US-MO ; nec:funding nec:FullyInsured .
:note a nec:Document ; dcterms:title "Note" ; dcterms:issued "2025-06-02"^^xsd:date .
:housing a iop:Homelessness ; nec:about :other ; nec:assertion nec:Affirmed ; nec:documentedIn :note .
"""
"""A request of somebody else, with the same birth date and the same plan, of which it says more."""


def cases(turtle: str, policy: Policy) -> tuple[Case, ...]:
    """The cases of a chart in Turtle, without the prefixes."""
    (data,) = parsing.parse_datasets((PREFIXES + turtle).encode(), ox.RdfFormat.TURTLE, "chart")
    return read_cases(data.graph, policy, data.name)
