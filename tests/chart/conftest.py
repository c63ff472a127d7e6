"""Fixtures for the tests of charts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reasoner import Policy
from reasoner.chart.fhir.questionnaire import Subject, questionnaire
from tests.chart.forms import Json


@pytest.fixture(scope="module")
def form_of(policy: Policy) -> Callable[[Subject], Json]:
    forms: dict[Subject, Json] = {}

    def form(kind: Subject) -> Json:
        if kind not in forms:
            forms[kind] = questionnaire(policy, policy.versions[-1], kind)
        return forms[kind]

    return form
