"""Settings: turnaround rules, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from reasoner.ground.errors import UsageError
from reasoner.review.turnaround import TurnaroundRule
from reasoner.workplace.settings import read_settings
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("urgency", "phase", "name", "days", "extension"),
    [
        ("Expedited", "admission", "expedited", 3, 0),
        ("standard", "admission", "standard admission", 7, 14),
        ("standard", "continuation", "standard continuation", 7, 14),
    ],
)
def test_the_first_rule_that_applies_is_in_force(
    urgency: str, phase: str, name: str, days: int, extension: int
) -> None:
    rule = read_settings(ROOT / "app" / "settings.toml").turnaround_rule({"urgency": urgency, "phase": phase})
    assert rule is not None
    assert (rule.name, rule.days, rule.extension) == (name, days, extension)


def test_a_rule_applies_whatever_the_case_of_the_label(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[[clock]]\nname = 'expedited'\ndays = 3\napplies_to = { urgency = 'Expedited' }\n")
    settings = read_settings(path)
    assert settings.turnaround_rule({"urgency": "expedited"}) == settings.turnaround_rules[0]
    assert settings.turnaround_rule({"urgency": "standard"}) is None


def test_an_extension_is_added_to_the_days() -> None:
    rule = TurnaroundRule("standard", days=7, extension=14)
    assert rule.due(date(2026, 1, 1), extended=False) == date(2026, 1, 8)
    assert rule.due(date(2026, 1, 1), extended=True) == date(2026, 1, 22)


def test_limits_have_the_names_that_the_docs_give_them(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[limits]\nupload = 1\ncharts = 2\nrows = 3\n")
    settings = read_settings(path)
    assert (settings.max_upload, settings.max_requests, settings.max_rows) == (1, 2, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clock = 1", "not understood"),
        ("[[clock]]\ndays = 3", "name is missing"),
        ("[[clock]]\nname = 'x'\ndays = -1", "whole number"),
        ("[limits]\nupload = true", "whole number"),
        ("[access.roles]\nking = []", "not understood"),
        ("[access.roles]\nclinician = 'c'", "clinician is 'c', and has to be a list of texts"),
        ("surprise = 1", "not known here"),
        ("= nonsense", "not TOML"),
    ],
)
def test_settings_that_are_not_understood(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_settings(path)
