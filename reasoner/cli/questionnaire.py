"""The command that writes a policy as a form."""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import TYPE_CHECKING

from reasoner.cli import options as shared
from reasoner.cli.options import Basis
from reasoner.cli.output import DONE, write
from reasoner.ground.days import age_on
from reasoner.ground.errors import UsageError

if TYPE_CHECKING:
    from reasoner.cli.options import Commands
    from reasoner.policy.model import Policy, PolicyVersion


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    form = commands.add_parser(
        "questionnaire",
        help="write the FHIR R4 Questionnaire that asks for what a kind of request has to document",
        examples=("necessity questionnaire {axes} --jurisdiction US-MO --out form.json",),
    )
    shared.add_out(form)
    form.add_argument(
        "--version",
        metavar="ID",
        help="the version; default: the one in force at the start of service, or the latest",
    )
    shared.add_config(form)
    kind = form.add_argument_group("the kind of request")
    kind.add_argument(
        "--service-start", metavar="DATE", type=shared.day, help="selects the version and is filled in on the form"
    )
    age = kind.add_mutually_exclusive_group()
    age.add_argument(
        "--age-group",
        choices=("adult", "minor"),
        metavar="GROUP",
        default="adult",
        help="age group of the member: adult (default) or minor",
    )
    age.add_argument(
        "--birth-date", metavar="DATE", type=shared.day, help="in place of --age-group; needs --service-start"
    )
    shared.add_jurisdiction(kind)
    kind.add_argument(
        "--funding",
        choices=("fully-insured", "self-funded"),
        metavar="WHO",
        help="who bears the plan's risk: fully-insured or self-funded",
    )
    form.take_axes(kind, required=True)
    form.set_defaults(run=_questionnaire)


def _questionnaire(options: argparse.Namespace) -> int:
    from reasoner.chart.fhir.questionnaire import Subject, questionnaire
    from reasoner.policy.axes import choose

    basis = Basis.of(options)
    version = _version(basis.policy, options.version, options.service_start)
    subject = Subject(
        axis_values=choose(basis.policy.axes, shared.axis_words(options)),
        age_group=_age_group(version, options.birth_date, options.service_start) or options.age_group,
        jurisdiction=options.jurisdiction,
        funding=options.funding,
        service_start=options.service_start,
    )
    choices = basis.configuration.choices(version) if basis.configuration else None
    form = questionnaire(basis.policy, version, subject, choices)
    write(json.dumps(form, ensure_ascii=False, indent=2) + "\n", *shared.output_of(options))
    return DONE


def _version(policy: Policy, named: str | None, start: date | None) -> PolicyVersion:
    from reasoner.policy.describe import choose_version

    if named or start is None:
        return choose_version(policy, named)
    version = policy.version_on(start)
    if version is None:
        raise UsageError(f"no version of the policy is in force on {start}", mend="Give --version")
    return version


def _age_group(version: PolicyVersion, born: date | None, start: date | None) -> str | None:
    """The age group of a member at the start of service; None where no date of birth is given."""
    if born is None:
        return None
    if start is None:
        raise UsageError("the age at the start of service is not said", mend="Give --service-start with --birth-date")
    if born > start:
        raise UsageError("--birth-date lies after --service-start", mend="Give the member's date of birth")
    return "minor" if age_on(start, born) < version.age_of_majority else "adult"
