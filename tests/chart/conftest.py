"""Fixtures for the tests of charts."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable

import pytest

from hatch_build import OPTIONS, build
from reasoner import Policy
from reasoner.chart.fast import native
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


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The library, built for these tests."""
    compiler = os.environ.get("CC") or "cc"
    if not shutil.which(compiler.split()[0]):
        pytest.skip("there is no C compiler")
    path = tmp_path_factory.mktemp("native") / "libcut.so"
    assert build(native.SOURCE, path, (*OPTIONS, "-Wall", "-Wextra", "-Wpedantic", "-Werror")) == ""
    found = native.loaded(path)
    assert not isinstance(found, str), found
    return found
