"""Settings of the workplace, from a TOML file: turnaround rules, what letters say, who works in which role, and limits."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reasoner.ground.errors import UsageError
from reasoner.render.notices import Contact, Payer
from reasoner.review.authority import Role
from reasoner.review.calendars import read_calendar
from reasoner.review.deciding import Requirements
from reasoner.review.people import Directory
from reasoner.review.traits import Where, where
from reasoner.review.turnaround import TurnaroundRules, published_rules

_LIMITS = {"upload": "max_upload", "charts": "max_requests", "rows": "max_rows"}
"""The field of `WorkplaceSettings` for each limit of the file."""
_CLAIMS = ("role_claim", "licence_claim", "title_claim", "specialty_claim", "superior_claim")


@dataclass(frozen=True)
class WorkplaceSettings:
    """How the workplace is set up."""

    turnaround: TurnaroundRules = field(default_factory=published_rules)
    time_zone: tzinfo = UTC
    """The zone in which days are counted."""
    directory: Directory = field(default_factory=Directory)
    payer: Payer = field(default_factory=Payer)
    """What letters say of the payer."""
    part_2: tuple[Where, ...] = ()
    """Requests whose records 42 CFR Part 2 protects, beside those that say so themselves."""
    requirements: Requirements = field(default_factory=Requirements)
    """What is asked of who decides under a licence."""
    blinded: frozenset[str] = frozenset()
    """ISO 3166-2 codes of where plans are regulated whose requests are worked on blinded."""
    max_upload: int = 20
    """MiB that an uploaded file may have."""
    max_requests: int = 200
    """Requests that an uploaded file may have."""
    max_rows: int = 10_000
    """Rows or triples of an answer that are shown."""


def workplace_folder(location: str, named: Path | None = None) -> Path:
    """The folder of drafts and audit trail: the one that is named, else `workplace` in the knowledge base's directory.

    Args:
        location: directory of the knowledge base, or URL of its endpoint; empty if none is named.
        named: the folder that a person has named.

    Raises:
        UsageError: no folder is named where none can be derived, or only a folder `desk` is there, as earlier versions had it.
    """
    if named:
        return named.resolve()
    if not location:
        raise UsageError("no folder is named", mend="Give --workplace DIR, or --kb LOCATION")
    if "://" in location:
        raise UsageError("an endpoint has no folder for drafts and the audit trail", mend="Give --workplace DIR")
    folder = Path(location).resolve() / "workplace"
    earlier = folder.with_name("desk")
    if earlier.is_dir() and not folder.exists():
        raise UsageError(
            "drafts and audit trail are in the folder of an earlier version",
            where=str(earlier),
            mend=f"Rename it to {folder}",
        )
    return folder


def read_settings(path: Path, zone: tzinfo = UTC) -> WorkplaceSettings:
    """Read a file of settings.

    Args:
        path: the file.
        zone: the time zone where the file names none.

    Raises:
        UsageError: it is missing, is not TOML or has an unknown or wrong entry.
    """
    try:
        with path.open("rb") as stream:
            content = tomllib.load(stream)
    except OSError as error:
        raise UsageError(f"the settings cannot be read: {error.strerror}", where=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the settings are not TOML: {error}", where=str(path)) from error
    try:
        _refuse_unknown(content, {"time_zone", "turnaround", "payer", "access", "authority", "blinded", "limits"})
        limits = content.get("limits", {})
        _refuse_unknown(limits, set(_LIMITS))
        return WorkplaceSettings(
            turnaround=_turnaround(content.get("turnaround", {}), path.parent),
            time_zone=time_zone(str(content["time_zone"])) if "time_zone" in content else zone,
            payer=_payer(content.get("payer", {})),
            part_2=tuple(where(entry) for entry in content.get("payer", {}).get("part_2", ())),
            directory=_directory(content.get("access", {})),
            requirements=_requirements(content.get("authority", {})),
            blinded=_blinded(content.get("blinded", {})),
            **{_LIMITS[name]: _whole(limits, name) for name in limits},
        )
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"the settings are not understood: {reason}", where=str(path)) from error


def _turnaround(entry: Mapping[str, Any], folder: Path) -> TurnaroundRules:
    """The published rules as a table of the settings amends them; a calendar may be a file, relative to the settings."""
    name = str(entry.get("calendar", ""))
    if not name.endswith(".toml"):
        return published_rules().amended(entry)
    rest = {key: value for key, value in entry.items() if key != "calendar"}
    return published_rules().amended(rest, read_calendar(folder / name))


def _payer(entry: Mapping[str, Any]) -> Payer:
    lists = {"languages", "external_review", "assistance"}
    texts = {of_payer.name for of_payer in fields(Payer)} - lists
    _refuse_unknown(entry, texts | lists | {"part_2"})
    for name in texts & set(entry):
        if not isinstance(entry[name], str):
            raise ValueError(f"{name} is {entry[name]!r}, and has to be a text")
    return Payer(
        **{name: entry[name].strip() for name in texts & set(entry)},
        languages=tuple(_texts("languages", entry.get("languages", []))),
        external_review=tuple(_contact(contact) for contact in entry.get("external_review", ())),
        assistance=tuple(_contact(contact) for contact in entry.get("assistance", ())),
    )


def _contact(entry: Mapping[str, Any]) -> Contact:
    _refuse_unknown(entry, {"text", "applies_to"})
    return Contact(str(entry["text"]).strip(), where(entry.get("applies_to", {})))


def time_zone(name: str) -> tzinfo:
    """A time zone by its name, such as America/Chicago; raises `ValueError` if there is none."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone such as America/Chicago") from None


def _directory(entry: Mapping[str, Any]) -> Directory:
    _refuse_unknown(entry, {*_CLAIMS, "roles"})
    claims = {key: str(entry[key]) for key in _CLAIMS if key in entry}
    roles = {Role(role): frozenset(_texts(role, groups)) for role, groups in entry.get("roles", {}).items()}
    return Directory(roles=roles, **claims)


def _requirements(entry: Mapping[str, Any]) -> Requirements:
    _refuse_unknown(entry, {"licence_state", "specialties"})
    licence_state = entry.get("licence_state", False)
    if not isinstance(licence_state, bool):
        raise ValueError(f"licence_state is {licence_state!r}, and has to be true or false")
    return Requirements(licence_state, frozenset(_texts("specialties", entry.get("specialties", []))))


def _blinded(entry: Mapping[str, Any]) -> frozenset[str]:
    _refuse_unknown(entry, {"jurisdictions"})
    return frozenset(_texts("jurisdictions", entry.get("jurisdictions", [])))


def _texts(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{name} is {value!r}, and has to be a list of texts")
    return value


def _whole(entry: Mapping[str, Any], name: str) -> int:
    value = entry[name]
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} is {value!r}, and has to be a whole number")
    return value


def _refuse_unknown(entry: Mapping[str, Any], known: set[str]) -> None:
    unknown = set(entry) - known
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]!r} is not known here; known: {', '.join(sorted(known))}")
