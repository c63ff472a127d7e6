"""Checklists: what a letter has to say before it can be signed, by act, line of business and place, as data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from reasoner.render.notices import PLACEHOLDER
from reasoner.review.acts import Disposition
from reasoner.review.traits import Where, fits, where

_FILE = Path(__file__).parent / "templates" / "letters" / "checklists.toml"


@dataclass(frozen=True)
class NoticePart:
    """A part of a letter, and how it is found there."""

    id: str
    label: str
    patterns: tuple[re.Pattern[str], ...] = ()
    values: tuple[str, ...] = ()
    """Names of what the letter has to say as it is; what is empty need not be said."""

    def is_in(self, text: str, said: Mapping[str, Any]) -> bool:
        """Whether a letter has the part."""
        flat = " ".join(text.split())
        known = (entry for name in self.values for entry in _texts(said.get(name)))
        return all(pattern.search(text) for pattern in self.patterns) and all(
            " ".join(entry.split()) in flat for entry in known
        )


@dataclass(frozen=True)
class Requirement:
    """That a letter has to have a part, and by what."""

    part: str
    source: str
    checked: date | None = None
    """When it was held against the text of its source; None if it was not."""
    checked_text: str = ""


@dataclass(frozen=True)
class Checklist:
    """What some letters have to say."""

    id: str
    label: str
    acts: frozenset[str]
    requires: tuple[Requirement, ...]
    applies_to: Where = field(default_factory=dict)
    part_2: bool = False
    """Whether it is for letters on records that 42 CFR Part 2 protects, alone."""

    def binds(self, disposition: Disposition, traits: Mapping[str, str], *, part_2: bool) -> bool:
        """Whether it is for the letter that goes with an act on a request with some traits."""
        return disposition.value in self.acts and (part_2 or not self.part_2) and fits(self.applies_to, traits)


@dataclass(frozen=True)
class MissingPart:
    """A part that a letter lacks."""

    label: str
    sources: tuple[str, ...]
    """What asks for it."""


@dataclass(frozen=True)
class NoticeRules:
    """All checklists, with the parts that they name and the paragraphs on the right to appeal."""

    parts: Mapping[str, NoticePart]
    checklists: tuple[Checklist, ...]
    rights: tuple[tuple[Where, Mapping[str, str]], ...]
    """What a request has to be, and the name of its paragraphs with the times they tell."""

    def rights_of(self, traits: Mapping[str, str]) -> Mapping[str, str]:
        """The name of the paragraphs that tell a request's right to appeal, with the times; the first that fits."""
        return next((told for asked, told in self.rights if fits(asked, traits)), {})

    def required(
        self, disposition: Disposition, traits: Mapping[str, str], *, part_2: bool = False
    ) -> dict[str, list[Requirement]]:
        """The parts that the letter of an act has to have, by id, with what asks for each."""
        found: dict[str, list[Requirement]] = {}
        for checklist in self.checklists:
            if checklist.binds(disposition, traits, part_2=part_2):
                for requirement in checklist.requires:
                    found.setdefault(requirement.part, []).append(requirement)
        return found

    def missing(
        self,
        text: str,
        said: Mapping[str, Any],
        disposition: Disposition,
        traits: Mapping[str, str],
        *,
        part_2: bool = False,
    ) -> list[MissingPart]:
        """What a letter lacks.

        Args:
            text: the letter as it would be sent.
            said: what it has to say, as `reasoner.render.notices.values` gives it, with date, reason and who decides.
            disposition: the act that it goes with.
            traits: the labels of the request's traits.
            part_2: whether 42 CFR Part 2 protects the records.

        Returns:
            The parts that are not in it, and what still stands in square brackets.
        """
        required = self.required(disposition, traits, part_2=part_2)
        lacking = [
            MissingPart(self.parts[id_].label, tuple(dict.fromkeys(r.source for r in requirements)))
            for id_, requirements in required.items()
            if not self.parts[id_].is_in(text, _shown(said))
        ]
        open_ = dict.fromkeys(PLACEHOLDER.findall(text)) if required else {}
        return [*lacking, *(MissingPart(f"what is to stand in place of {place}", ()) for place in open_)]


@lru_cache(maxsize=1)
def notice_rules() -> NoticeRules:
    """The rules that ship with the package."""
    content = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    parts = {entry["id"]: _part(entry) for entry in content["part"]}
    checklists = tuple(_checklist(entry, parts) for entry in content["checklist"])
    rights = tuple(
        (
            where(entry.get("applies_to", {})),
            {name: entry[name] for name in ("rights", "file_within", "external_within")},
        )
        for entry in content["rights"]
    )
    return NoticeRules(parts, checklists, rights)


def _part(entry: Mapping[str, Any]) -> NoticePart:
    patterns = tuple(re.compile(pattern) for pattern in entry.get("patterns", ()))
    return NoticePart(entry["id"], entry["label"], patterns, tuple(entry.get("values", ())))


def _checklist(entry: Mapping[str, Any], parts: Mapping[str, NoticePart]) -> Checklist:
    requires = []
    for required in entry["requires"]:
        if required["part"] not in parts:
            raise ValueError(f"checklist {entry['id']}: there is no part {required['part']!r}")
        checked = required.get("checked", {})
        requires.append(Requirement(required["part"], required["source"], checked.get("day"), checked.get("text", "")))
    acts = frozenset(Disposition(act).value for act in entry["acts"])
    return Checklist(
        entry["id"],
        entry["label"],
        acts,
        tuple(requires),
        where(entry.get("applies_to", {})),
        entry.get("part_2", False),
    )


def _shown(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a letter has to say, with the sources of its criteria and without what is still open."""
    criteria = [part for criterion in said.get("criteria", ()) for part in criterion["together"] or [criterion]]
    own = {"sources": [part["source"] for part in criteria]}
    # What is still open is asked for by its place.
    known = {name: value for name, value in said.items() if not (isinstance(value, str) and PLACEHOLDER.search(value))}
    return known | own


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,) if value else ()
    return (str(entry) for entry in value) if isinstance(value, (list, tuple)) else ()
