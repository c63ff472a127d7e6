"""Which unread items may be what a leaf counts, by their code: what a code is not known to be outside of, it may be."""

from __future__ import annotations

from datetime import date

import pytest

from reasoner import Policy
from reasoner.chart.fast.chart import read_cases
from reasoner.determination.periods import Period
from reasoner.determination.population import unread_items
from reasoner.rdf import parsing
from tests.conftest import VERSION, chart

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SCT = "http://snomed.info/id"
ANY_DAY = Period(date.min, date.max)


def bears(policy: Policy, leaf: str, code: str) -> bool:
    """Whether a condition with a code alone keeps a leaf's rule from concluding."""
    item = f':x a nec:Unread ; nec:about :request ; nec:kind nec:Condition ; nec:code <{code}> ; nec:reason "?" .'
    (data,) = parsing.parse_datasets((chart([]) + item).encode(), parsing.SYNTAXES[".ttl"], "chart")
    (case,) = read_cases(data, policy, None)
    criterion = policy.criterion(f"{VERSION}{leaf}")
    assert criterion
    return bool(unread_items(case, criterion, ANY_DAY, policy.lexicon))


@pytest.mark.parametrize(
    ("code", "counted", "withdrawal"),
    [
        (f"{ICD10CM}/F45.43", True, False),  # not listed, within F01-F99
        (f"{ICD10CM}/F10.299", True, True),  # within F10-F19 too
        (f"{ICD10CM}/f10299", True, True),
        (f"{ICD10CM}/F10%20299", True, True),
        ("https://hl7.org/fhir/sid/icd-10-cm/F10.299", True, True),
        ("urn:oid:2.16.840.1.113883.6.90:F10.299", True, True),
        (f"{ICD10CM}/E11.9", False, False),
        (f"{ICD10CM}/e119", False, False),
        (f"{ICD10CM}/I10", False, False),
        (f"{ICD10CM}/O9A.211", False, False),
        (f"{ICD10CM}/QA0.0", False, False),
        (f"{ICD10CM}/S06.0X0A", False, False),  # with the extension for the encounter
        (f"{ICD10CM}/Z59.00", False, False),
        (f"{ICD10CM}/Z63.99", False, False),
        (f"{ICD10CM}/F00.0", True, False),  # dementia in the ICD-10 of the WHO, and in no chapter here
        (f"{ICD10CM}/FO1.50", True, False),  # the letter O for a zero
        (f"{ICD10CM}/E11.9%2CF33.1", True, False),  # two codes in one
        (f"{ICD10CM}/E1", True, False),
        (f"{ICD10CM}/diabetes", True, False),
        ("http://hl7.org/fhir/sid/icd-10/E11.9", True, False),
        ("http://example.org/codes/E11.9", True, False),
        ("urn:x", True, False),
        (f"{SCT}/18818009", True, False),  # known, and lies under F33.1
        (f"{SCT}/191816009", True, True),  # under F19.2
        (f"{SCT}/32911000", False, False),  # known, and lies under Z59
    ],
)
def test_a_code_bears_unless_it_lies_outside(policy: Policy, code: str, counted: bool, withdrawal: bool) -> None:
    assert bears(policy, "adult-admission/1-diagnosis", code) is counted
    assert bears(policy, "substance-use/2", code) is withdrawal
