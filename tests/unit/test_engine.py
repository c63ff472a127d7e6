"""The engine that is taken where none is chosen."""

from __future__ import annotations

import dataclasses
import inspect

from reasoner import determine
from reasoner.batch import Job
from reasoner.cli import _parser
from reasoner.engine import DEFAULT_ENGINE, Determination, determine_case


def test_there_is_one_default() -> None:
    defaults = {kind: {f.name: f.default for f in dataclasses.fields(kind)}["engine"] for kind in (Determination, Job)}
    defaults |= {call: inspect.signature(call).parameters["engine"].default for call in (determine, determine_case)}
    assert set(defaults.values()) == {DEFAULT_ENGINE}
    assert _parser().parse_args(["determine", "chart.ttl"]).engine == DEFAULT_ENGINE.value
