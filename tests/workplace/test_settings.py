"""Settings: how they amend the turnaround rules, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from reasoner.ground.errors import UsageError
from reasoner.review.deciding import Requirements
from reasoner.review.turnaround import Milestone, MilestoneKind, published_rules
from reasoner.workplace.settings import WorkplaceSettings, read_settings


def test_the_settings_amend_the_published_rules(tmp_path: Path) -> None:
    (tmp_path / "closed.toml").write_text("[[holiday]]\nname = 'founding day'\nmonth = 2\nday = 3\n")
    path = tmp_path / "settings.toml"
    path.write_text(
        "time_zone = 'America/Chicago'\n[turnaround]\ncalendar = 'closed.toml'\nleave_out = ['erisa-post-service']\n"
        "[[turnaround.rule]]\nid = 'ours'\nwithin = '2 business days'\napplies_to = { urgency = 'Standard' }\n"
    )
    settings = read_settings(path)
    received = Milestone(MilestoneKind.RECEIVED, datetime(2026, 2, 2, 12, tzinfo=settings.time_zone))
    found = settings.turnaround.deadline({}, [received], settings.time_zone)
    assert found
    assert (found.rule.id, str(found.due)) == ("ours", "2026-02-05 23:59:59-06:00")


def test_without_settings_the_published_rules_are_in_force(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("")
    assert read_settings(path).turnaround == WorkplaceSettings().turnaround == published_rules()
    here = timezone(timedelta(hours=5))
    assert (read_settings(path).time_zone, read_settings(path, here).time_zone) == (UTC, here)
    path.write_text("time_zone = 'America/Chicago'")
    assert str(read_settings(path, here).time_zone) == "America/Chicago"


def test_limits_have_the_names_that_the_docs_give_them(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[limits]\nupload = 1\ncharts = 2\nrows = 3\n")
    settings = read_settings(path)
    assert (settings.max_upload, settings.max_requests, settings.max_rows) == (1, 2, 3)


def test_letters_have_what_the_settings_say_of_the_payer(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        "[payer]\nname = 'Ours'\nlanguages = ['Español: 1']\npart_2 = [{ focus = 'Substance use' }]\n"
        "[[payer.external_review]]\ntext = 'Office'\napplies_to = { jurisdiction = ['Illinois', 'Ohio'] }\n"
    )
    settings = read_settings(path)
    assert (settings.payer.name, settings.payer.phone, settings.payer.languages) == ("Ours", "", ("Español: 1",))
    (contact,) = settings.payer.external_review
    assert (contact.text, contact.applies_to) == ("Office", {"jurisdiction": frozenset({"illinois", "ohio"})})
    assert settings.part_2 == ({"focus": frozenset({"substance use"})},)


def test_what_is_asked_of_who_decides_and_where_work_is_blinded(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        "[authority]\nlicence_state = true\nspecialties = ['psychiatry']\n[blinded]\njurisdictions = ['US-IL']\n"
        "[access]\nspecialty_claim = 'field'\nsuperior_claim = 'manager'\n"
    )
    settings = read_settings(path)
    assert settings.requirements == Requirements(licence_state=True, specialties=frozenset({"psychiatry"}))
    assert settings.blinded == {"US-IL"}
    assert (settings.directory.specialty_claim, settings.directory.superior_claim) == ("field", "manager")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[authority]\nlicence_state = 'yes'", "licence_state is 'yes', and has to be true or false"),
        ("[authority]\nspecialties = 'psychiatry'", "has to be a list of texts"),
        ("[authority]\nlicense_state = true", "'license_state' is not known"),
        ("[blinded]\njurisdictions = 'US-IL'", "has to be a list of texts"),
        ("[blinded]\nstates = ['US-IL']", "'states' is not known"),
        ("turnaround = 1", "not understood"),
        ("[[turnaround.rule]]\nwithin = '3 hours'", "id is missing"),
        ("[[turnaround.rule]]\nid = 'x'\nwithin = 'soon'", "'soon' is no period"),
        ("[turnaround]\ncalendar = 'none.toml'", "not understood"),
        ("time_zone = 'Mars/Olympus'", "'Mars/Olympus' is no time zone"),
        ("time_zone = '../../etc/passwd'", "is no time zone"),
        ("[limits]\nupload = true", "whole number"),
        ("[access.roles]\nking = []", "not understood"),
        ("[access.roles]\nclinician = 'c'", "clinician is 'c', and has to be a list of texts"),
        ("surprise = 1", "not known here"),
        ("[payer]\nphone = 5", "phone is 5, and has to be a text"),
        ("[payer]\nmotto = 'x'", "'motto' is not known here"),
        ("[payer]\nlanguages = 'x'", "list of texts"),
        ("[[payer.assistance]]\napplies_to = {}", "text is missing"),
        ("= nonsense", "not TOML"),
    ],
)
def test_settings_that_are_not_understood(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_settings(path)
