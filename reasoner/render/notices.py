"""Notices and letters about a determination: drafts as plain text to be edited, and what a signature puts into them.

What a letter has to say is in ``templates/letters/checklists.toml`` and read by `reasoner.render.checklists`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import Any

from reasoner.determination.model import Determination
from reasoner.ground.days import age_on
from reasoner.ground.display import plain
from reasoner.logic.fold import Status
from reasoner.policy.model import Criterion
from reasoner.render.document import content, environment
from reasoner.render.json import SHOWN
from reasoner.render.wording import PART_2_NOTICE
from reasoner.review.acts import Disposition, Override
from reasoner.review.traits import Where, fits

DATE, REASON, DECIDED_BY = "[DATE]", "[THE CLINICIAN'S REASON]", "[WHO DECIDED]"
"""What stands in a draft for what is known when it is signed."""
PLACEHOLDER = re.compile(r"\[[A-Z][A-Z0-9 ,.'’-]+\]")
"""What stands in a draft for what nobody has said yet: to be replaced before it is signed."""
LETTERS = frozenset(
    {
        Disposition.ADVERSE,
        Disposition.UPHELD,
        Disposition.APPROVED,
        Disposition.OVERTURNED,
        Disposition.DOCUMENTATION_REQUESTED,
        Disposition.EXTENDED,
        Disposition.REFERRED_TO_PEER,
        Disposition.APPEALED,
    }
)
"""The acts that a letter goes with."""
COPIED = frozenset({Disposition.DOCUMENTATION_REQUESTED})
"""The acts whose letter goes to somebody else than the member, who gets a copy of it."""
_FOUND = {
    Status.NOT_MET: "The records say that this is not so.",
    Status.NOT_DOCUMENTED: "We found nothing in the records that we have that says whether this is so.",
    Status.CONFLICTING: "The records say both that this is so and that it is not.",
}


@dataclass(frozen=True)
class Contact:
    """Whom a letter names for some requests."""

    text: str
    applies_to: Where = field(default_factory=dict)


@dataclass(frozen=True)
class Payer:
    """What letters say of the payer. What is empty stays open in a draft."""

    name: str = ""
    address: str = ""
    phone: str = ""
    tty: str = ""
    website: str = ""
    appeals: str = ""
    """Where an appeal is sent."""
    appeals_fax: str = ""
    records: str = ""
    """Where records are sent; by default where appeals are."""
    languages: tuple[str, ...] = ()
    """Lines that offer help in other languages, each in its own."""
    external_review: tuple[Contact, ...] = ()
    """Who takes requests for an external review, or for a hearing; the first that fits a request is named."""
    assistance: tuple[Contact, ...] = ()
    """Who helps a member from outside; likewise."""


@dataclass(frozen=True)
class Correspondence:
    """What a letter says beside the determination."""

    payer: Payer = field(default_factory=Payer)
    traits: Mapping[str, str] = field(default_factory=dict)
    """The labels of the request's traits, as turnaround rules ask for them."""
    rights: Mapping[str, str] = field(default_factory=dict)
    """Which paragraphs tell the right to appeal, and within what times, as `reasoner.render.checklists` finds them."""
    appeal_standard: str = ""
    """Within what time an appeal is answered, in words."""
    appeal_expedited: str = ""
    is_expedited: bool = False
    """Whether an appeal that is filed is expedited."""
    due: str = ""
    """Until when a decision is due once the letter is sent, in words."""
    extended_due: str = ""
    """Until when it would be due if the letter extended the time; empty if the letter does not."""
    supply_within: str = ""
    """How long the provider has to send what is asked for, while the clock stands still; empty if the letter does not stop it."""
    extended_by: str = ""
    """By how long the letter extends the time, being the notice of that; empty if it does not."""
    waits_until: str = ""
    """Until when the clock stands still for what was asked for before; empty if it does not."""
    begins_later: bool = False
    """Whether the time begins to run only when what is asked for has arrived."""
    is_over: bool = False
    """Whether the time for a decision is over."""
    part_2: bool = False
    """Whether the records are protected by 42 CFR Part 2."""


def to_letter(
    determination: Determination,
    disposition: Disposition = Disposition.DOCUMENTATION_REQUESTED,
    correspondence: Correspondence | None = None,
    overrides: Iterable[Override] = (),
) -> str | None:
    """The draft of the letter that goes with an act, as plain text with empty lines between paragraphs.

    What nobody has said yet, and what is known only when it is signed, stands in square brackets and capital letters.

    Args:
        determination: the determination that is decided on.
        disposition: the act that the letter is for.
        correspondence: the payer, the law that binds the request, and times.
        overrides: statuses that the person gives to criteria in place of the determined ones.

    Returns:
        The text; None if no letter goes with the act, or documentation would be asked for and none could change the outcome.
    """
    decided = _overridden(determination, overrides)
    needs_none = not next(iter(decided.gaps), ()) and not decided.objections
    if disposition not in LETTERS or (disposition is Disposition.DOCUMENTATION_REQUESTED and needs_none):
        return None
    template = environment("text").get_template(f"letters/{disposition.value}.txt")
    said = values(determination, disposition, correspondence or Correspondence(), overrides)
    text = template.render(record=content(determination), **said)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def to_copy(determination: Determination, letter: str, correspondence: Correspondence | None = None) -> str:
    """The draft of the letter by which a member is told of one that asks their provider for documentation, with a copy of it.

    Args:
        determination: the determination that is decided on.
        letter: the letter to the provider, as it is sent.
        correspondence: the payer and times.
    """
    said = values(
        determination, Disposition.DOCUMENTATION_REQUESTED, correspondence or Correspondence(), to_member=True
    )
    return environment("text").get_template("letters/copy.txt").render(letter=letter.strip(), **said).strip() + "\n"


def values(
    determination: Determination,
    disposition: Disposition,
    correspondence: Correspondence,
    overrides: Iterable[Override] = (),
    *,
    to_member: bool = False,
) -> dict[str, Any]:
    """What a letter, or with `to_member` the copy of one, says, by the names that templates and checklists use; see `to_letter`."""
    case, payer = determination.case, correspondence.payer
    decided = _overridden(determination, overrides)
    shown = content(decided)
    version = determination.evaluation.policy.version if determination.evaluation else None
    member = plain(case.member_name) or "[NAME OF THE MEMBER]"
    provider = plain(case.provider_name) or "[NAME OF THE PROVIDER]"
    to_provider = disposition in COPIED and not to_member
    addressee, salutation = _addressee(determination, member)
    rights = {"rights": "commercial", "file_within": "", "external_within": ""} | dict(correspondence.rights)
    return {
        "payer": payer.name or "[NAME OF THE PAYER]",
        "payer_address": payer.address or "[ADDRESS OF THE PAYER]",
        "phone": payer.phone or "[TELEPHONE OF THE PAYER]",
        "tty": payer.tty,
        "website": payer.website,
        "appeals": payer.appeals or "[ADDRESS FOR APPEALS]",
        "appeals_fax": payer.appeals_fax,
        "records_to": payer.records or payer.appeals or "[ADDRESS FOR RECORDS]",
        "languages": payer.languages,
        "external_review": _contact(payer.external_review, correspondence.traits) or "[CONTACT FOR EXTERNAL REVIEW]",
        "assistance": _contact(payer.assistance, correspondence.traits) or "[CONTACT FOR HELP FROM OUTSIDE]",
        "date": DATE,
        "reason": REASON,
        "decided_by": DECIDED_BY,
        "addressee": provider if to_provider else addressee,
        "salutation": provider if to_provider else salutation,
        "copy_to": addressee,
        "address": (_lines(case.provider_address) or "[ADDRESS OF THE PROVIDER]")
        if to_provider
        else _address(determination),
        "member": member,
        "number": plain(case.member_number),
        "reference": plain(case.reference) or "[REFERENCE NUMBER]",
        "provider": provider,
        "npi": plain(case.provider_npi),
        "fax": plain(case.provider_fax) if to_provider else "",
        "what": (version.lay_words if version else "") or determination.policy_label,
        "policy": determination.policy_label + (f", in force from {day_words(version.valid_from)}" if version else ""),
        "service": _service(determination),
        "as_of": day_words(case.as_of),
        "criteria": list(_criteria(decided)),
        "changes": list(dict.fromkeys(_changes(decided))),
        "objections": bool(decided.objections),
        "gaps": shown["gaps"] or shown["unanswered"],
        "part2": PART_2_NOTICE if correspondence.part_2 else "",
        "due": correspondence.due or "[DAY ON WHICH A DECISION IS DUE]",
        "extended_due": correspondence.extended_due or "[DAY ON WHICH A DECISION IS DUE]",
        "supply_within": correspondence.supply_within,
        "extended_by": correspondence.extended_by,
        "waits_until": correspondence.waits_until,
        "begins_later": correspondence.begins_later,
        "is_over": correspondence.is_over,
        "appeal_standard": correspondence.appeal_standard or "[TIME TO ANSWER AN APPEAL]",
        "appeal_expedited": correspondence.appeal_expedited or "[TIME TO ANSWER AN EXPEDITED APPEAL]",
        "appeal_within": (
            correspondence.appeal_expedited if correspondence.is_expedited else correspondence.appeal_standard
        )
        or "[TIME TO ANSWER AN APPEAL]",
        "is_expedited": correspondence.is_expedited,
    } | {name: text or "[TIME TO ASK FOR IT]" for name, text in rights.items()}


def seal(text: str, on: date, reason: str, name: str, title: str, licence: str) -> str:
    """A draft with what its signature says in place of what stood for it.

    Args:
        text: the draft.
        on: the day of the decision.
        reason: the rationale of who decides; empty leaves its place open.
        name: of who decides.
        title: their profession, or the role in which they decide.
        licence: their licence, if they have one.
    """
    person = ", ".join(part for part in (name, title, f"license {licence}" if licence else "") if part)
    text = text.replace(DATE, day_words(on)).replace(DECIDED_BY, person)
    return text.replace(REASON, reason.strip()) if reason.strip() else text


def day_words(day: date) -> str:
    """A day as letters write it.

    >>> day_words(date(2026, 3, 5))
    'March 5, 2026'
    """
    return f"{day:%B} {day.day}, {day.year}"


def letter_to_html(text: str) -> str:
    """A letter as one self-contained HTML page; none of its text makes markup."""
    return environment("html").get_template("letter.html").render(paragraphs=paragraphs(text))


def paragraphs(text: str) -> list[dict[str, Any]]:
    """The paragraphs of a letter, their lines without control and direction-changing characters.

    Returns:
        Of each paragraph the `level` of heading that it is (1 for the title, 2 for others, 0 for none) and its `lines`, each
        with whether it is an item of a list (`item`), its `text`, and the texts of the indented items below it (`inner`). A
        line in capital letters by itself is a heading.
    """
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    found: list[dict[str, Any]] = []
    for part in parts:
        lines = [plain(line) for line in part.split("\n")]
        if not any(lines):
            continue
        is_heading = len(lines) == 1 and lines[0].isupper() and not PLACEHOLDER.fullmatch(lines[0])
        level = (2 if any(other["level"] for other in found) else 1) if is_heading else 0
        items: list[dict[str, Any]] = []
        for raw, line in zip(part.split("\n"), lines, strict=True):
            is_item, said = line.startswith(("- ", "– ")), re.sub(r"^[-–] ", "", line)
            if is_item and raw.startswith("  ") and items and items[-1]["item"]:
                items[-1]["inner"].append(said)
            else:
                items.append({"item": is_item, "text": said, "inner": []})
        found.append({"level": level, "lines": items})
    return found


def _overridden(determination: Determination, overrides: Iterable[Override]) -> Determination:
    """The determination with the statuses that a person gives to criteria."""
    given = {override.criterion: Status(override.status) for override in overrides}
    if not given or determination.evaluation is None:
        return determination
    evaluation = determination.evaluation.assuming(given)
    return replace(determination, evaluation=evaluation, outcome=evaluation.outcome)


def _addressee(determination: Determination, member: str) -> tuple[str, str]:
    """To whom a letter goes and how it speaks to them. A request for confidential communications rules before a parent."""
    case = determination.case
    version = determination.evaluation.policy.version if determination.evaluation else None
    of_age = age_on(case.as_of, case.birth) >= (version.age_of_majority if version else 18)
    if of_age or case.confidential_address:
        return member, member
    return f"The parent or guardian of {member}", f"parent or guardian of {member}"


def _address(determination: Determination) -> str:
    case = determination.case
    return _lines(case.confidential_address or case.member_address) or "[ADDRESS OF THE MEMBER]"


def _lines(text: str) -> str:
    """The lines of an address; none is empty, so that it stays one paragraph."""
    return "\n".join(line for line in map(plain, text.splitlines()) if line)


def _service(determination: Determination) -> str:
    start, end = determination.service_start, determination.service_end
    return f"{day_words(start)} to {day_words(end)}" if end else f"from {day_words(start)} on"


def _contact(contacts: Sequence[Contact], traits: Mapping[str, str]) -> str:
    for contact in contacts:
        if fits(contact.applies_to, traits):
            return contact.text
    return ""


def _criteria(determination: Determination) -> Iterable[dict[str, Any]]:
    """What the decision rests on: what stands against the request, else what its documentation lacks."""
    evaluation = determination.evaluation
    if evaluation is None:
        return
    excluded = [item for item in evaluation.policy.exclusions if evaluation.statuses[item.iri] is Status.MET]
    for item in excluded:
        yield {"excluded": True, "words": _lay(item), "source": item.source, "together": []}
    hits = {item.id for item in excluded}
    against = list(islice(determination.objections, SHOWN)) or _lacking(determination)
    asked = {part.criterion.id: part.criterion for part in evaluation.policy.parts.values()}
    for ids, how_many in _joined([id_ for id_ in ids if id_ not in hits] for ids in against):
        parts = [
            {
                "words": _lay(asked[id_]),
                "source": asked[id_].source,
                "found": _FOUND.get(evaluation.statuses[asked[id_].iri], ""),
            }
            for id_ in ids
        ]
        if len(parts) == 1:
            yield {"excluded": False, "together": [], **parts[0]}
        else:
            yield {"excluded": False, "together": parts, "how_many": how_many}


def _joined(alternatives: Iterable[Sequence[str]]) -> list[tuple[list[str], str]]:
    """Lists of criteria one of which would do, those that share a criterion as one list, and how many of it would do.

    >>> _joined([["a"], ["b", "c"], ["c", "d"]])
    [(['a'], 'at least one'), (['b', 'c', 'd'], 'some')]
    """
    joined: list[tuple[list[str], str]] = []
    for ids in filter(None, alternatives):
        touching = [entry for entry in joined if not set(entry[0]).isdisjoint(ids)]
        if not touching:
            joined.append((list(ids), "at least one"))
            continue
        place = joined.index(touching[0])
        together = dict.fromkeys([id_ for entry in touching for id_ in entry[0]] + list(ids))
        joined = [entry for entry in joined if entry not in touching]
        joined.insert(place, (list(together), "some"))
    return joined


def _lacking(determination: Determination) -> list[tuple[str, ...]]:
    """The ids of the leaves that the documentation lacks, for the way that takes least, each with those that would do instead."""
    smallest = next(iter(determination.gaps), ())
    return [
        (id_, *(other[0] for other in determination.gaps.replacing(id_, smallest) if len(other) == 1))
        for id_ in smallest
    ]


def _changes(determination: Determination) -> Iterable[str]:
    """What a provider would have to document for the criteria to be met, for the way that takes least."""
    evaluation = determination.evaluation
    if evaluation is None:
        return
    parts = {part.criterion.id: part.criterion for part in evaluation.policy.parts.values()}
    families = (determination.changes, determination.unanswered, determination.gaps)
    smallest = {id_ for family in families for id_ in next(iter(family), ())}
    for id_, criterion in parts.items():
        if id_ in smallest:
            yield criterion.ask or criterion.label


def _lay(criterion: Criterion) -> str:
    """What a criterion asks for, as a clause; its definition where the policy has no lay words for it."""
    return criterion.lay_words or f"the following holds: {criterion.definition.rstrip('.')}"
