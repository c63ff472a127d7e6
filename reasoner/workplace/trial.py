"""Trials: the requests of an uploaded file determined, with nothing kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

from reasoner.batch.exports import to_csv
from reasoner.batch.fields import Brief
from reasoner.batch.lines import LineWriter
from reasoner.chart import intake
from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.packing import file_type, unpacked
from reasoner.determination.determine import determine_case
from reasoner.determination.model import Determination
from reasoner.ground.errors import NecessityError
from reasoner.policy.configuration import Configuration
from reasoner.policy.model import Policy
from reasoner.workplace.settings import WorkplaceSettings


@dataclass(frozen=True)
class Trial:
    """The result of one uploaded file."""

    name: str
    """Of the file."""
    determinations: tuple[Determination, ...]
    errors: tuple[str, ...]
    """Why there is nothing of the file, of a data set or of a request."""
    notes: tuple[str, ...]
    """What was not used of the file."""
    briefs: tuple[Brief, ...] = ()
    """The determinations in brief, as a batch gives them."""


def run_trial(
    name: str,
    data: bytes,
    policy: Policy,
    settings: WorkplaceSettings,
    *,
    configuration: Configuration | None = None,
    options: RequestOptions | None = None,
) -> Trial:
    """Determine the requests of an uploaded file.

    Args:
        name: of the file; its suffix says what kind of file it is.
        data: its content, packed where the name says so.
        policy: the policy.
        settings: the limits on size and number of requests.
        configuration: a payer's readings and parameters.
        options: facts of the request that FHIR does not state.

    Returns:
        The determinations; whatever is wrong with the file is among the errors, not raised.
    """
    limit = settings.max_upload * 2**20
    kind, packed = file_type(name)
    try:
        if packed and len(data) <= limit:
            data = unpacked(BytesIO(data), name, packed).read(limit + 1)
    except NecessityError as error:
        return Trial(name, (), (str(error),), ())
    if len(data) > limit:
        return Trial(name, (), (f"it is larger than {settings.max_upload} MiB",), ())
    cases, reading_errors, notes = intake.read(name, policy, suffix=kind, options=options, data=data)
    errors = [str(error) for error in reading_errors]
    if len(cases) > settings.max_requests:
        mend = "`necessity determine` takes any number"
        return Trial(name, (), (*errors, f"it holds more than {settings.max_requests} requests. {mend}"), notes)
    determinations: list[Determination] = []
    for case in cases:
        try:
            determinations += determine_case(case, policy, configuration=configuration)
        except NecessityError as error:
            errors.append(str(error))
    writer = LineWriter(policy, configuration)
    briefs = tuple(json.loads(writer.brief(determination)) for determination in determinations)
    return Trial(name, tuple(determinations), tuple(errors), notes, briefs)


def as_csv(trials: Iterable[Trial]) -> str:
    """The determinations of trials as a batch writes them in CSV."""
    return "".join(to_csv(brief for trial in trials for brief in trial.briefs))
