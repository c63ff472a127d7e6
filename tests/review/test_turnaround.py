"""Turnaround times: which rule binds, and every clock equal to a second computation that counts day by day and hour by hour."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner.review.acts import Act, Disposition
from reasoner.review.calendars import BusinessCalendar, TimeLimit, TimeUnit, named_calendar
from reasoner.review.steps import History, Step
from reasoner.review.turnaround import Milestone, MilestoneKind, TurnaroundRule, TurnaroundRules, published_rules
from reasoner.review.turnaround import milestones as of_steps
from tests.explore import examples

CHICAGO = ZoneInfo("America/Chicago")
RULES = published_rules()
OUR_KIND = {"prior_authorization": "no", "phase": "admission"}
ASKED, RETURNED = MilestoneKind.DOCUMENTATION_REQUESTED, MilestoneKind.DOCUMENTATION_RETURNED


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


def milestones(*happened: tuple[MilestoneKind, str], received: str = "2026-02-02T15:00") -> list[Milestone]:
    return [Milestone(MilestoneKind.RECEIVED, at(received)), *(Milestone(kind, at(when)) for kind, when in happened)]


def deadline(traits: dict[str, str], *happened: tuple[MilestoneKind, str], begins: date | None = None):
    found = RULES.deadline(traits, milestones(*happened), CHICAGO, begins)
    assert found
    return found


# ---------------------------------------------------------------- which rule


@pytest.mark.parametrize(
    ("traits", "rule", "due"),
    [
        (OUR_KIND, "erisa-post-service", "2026-03-04T23:59:59"),
        ({"timing": "pre-service"}, "erisa-pre-service", "2026-02-17T23:59:59"),
        ({**OUR_KIND, "urgency": "Expedited"}, "erisa-urgent", "2026-02-05T15:00"),
        ({"timing": "pre-service", "line_of_business": "Medicare"}, "medicare-standard", "2026-02-09T23:59:59"),
        ({"urgency": "expedited", "line_of_business": "Medicare"}, "medicare-expedited", "2026-02-05T15:00"),
        ({"timing": "concurrent", "line_of_business": "Medicaid"}, "medicaid-standard", "2026-02-09T23:59:59"),
        ({**OUR_KIND, "line_of_business": "Medicaid"}, "medicaid-payment", "2026-03-04T23:59:59"),
        ({"timing": "pre-service", "jurisdiction": "Illinois"}, "illinois-standard", "2026-02-07T23:59:59"),
        ({"urgency": "expedited", "jurisdiction": "Illinois"}, "illinois-urgent", "2026-02-04T15:00"),
        (
            {"timing": "pre-service", "jurisdiction": "Illinois", "funding": "self-funded"},
            "erisa-pre-service",
            "2026-02-17T23:59:59",
        ),
    ],
)
def test_the_rule_that_is_due_first_is_taken(traits: dict[str, str], rule: str, due: str) -> None:
    found = deadline(traits)
    assert (found.rule.id, found.due) == (rule, at(due))


def test_a_request_to_extend_a_stay_is_decided_in_a_day_only_if_it_came_a_day_before() -> None:
    traits = {"urgency": "expedited", "phase": "continuation"}
    in_lead = deadline(traits, begins=date(2026, 2, 4))
    assert (in_lead.rule.id, in_lead.due) == ("erisa-urgent-concurrent", at("2026-02-03T15:00"))
    assert deadline(traits, begins=date(2026, 2, 3)).rule.id == "erisa-urgent"
    assert deadline(traits).rule.id == "erisa-urgent"


def test_the_deadline_says_why_its_rule_was_taken() -> None:
    assert "the policy asks for no prior authorization" in deadline(OUR_KIND).why
    assert "line of business is not stated, and taken as commercial" in deadline(OUR_KIND).why
    assert "urgency" not in deadline(OUR_KIND).why
    assert "never expedited" in deadline({"urgency": "expedited", "phase": "admission"}).why
    assert "of the 2 rules that bind" in deadline({"timing": "pre-service", "jurisdiction": "Illinois"}).why


def test_a_program_for_which_there_is_no_rule_has_no_deadline() -> None:
    assert RULES.deadline({"line_of_business": "another government program"}, milestones(), CHICAGO) is None
    assert RULES.deadline(OUR_KIND, [], CHICAGO) is None


def test_a_rule_binds_while_it_is_in_force() -> None:
    traits = {"timing": "pre-service", "line_of_business": "Medicare"}
    before = RULES.deadline(traits, milestones(received="2025-12-31T23:00"), CHICAGO)
    after = RULES.deadline(traits, milestones(received="2026-01-01T00:00"), CHICAGO)
    assert before
    assert after
    assert (before.rule.id, after.rule.id) == ("medicare-standard-before-2026", "medicare-standard")


def test_every_published_rule_names_its_source_and_what_was_read() -> None:
    assert len({rule.id for rule in RULES.rules}) == len(RULES.rules)
    for rule in RULES.rules:
        assert "CFR" in rule.source or "ILCS" in rule.source, rule.id
        assert bool(rule.checked) == bool(rule.checked_text), rule.id
    assert not RULES.unknown_traits(())


# ---------------------------------------------------------------- what stops, extends and ends a clock


def test_the_clock_stands_still_while_documentation_is_out() -> None:
    out = deadline(OUR_KIND, (ASKED, "2026-02-10T09:00"))
    # 30 and 15 days, and the 45 days to send what was asked for.
    assert out.waits_until == at("2026-03-27T23:59:59")
    assert out.due == at("2026-05-03T23:59:59")
    back = deadline(OUR_KIND, (ASKED, "2026-02-10T09:00"), (RETURNED, "2026-02-20T17:00"))
    assert (back.due, back.waits_until) == (at("2026-03-29T23:59:59"), None)
    again = deadline(OUR_KIND, (ASKED, "2026-02-10T09:00"), (RETURNED, "2026-02-20T17:00"), (ASKED, "2026-02-21T09:00"))
    assert again.due == back.due


def test_a_notice_that_comes_too_late_extends_nothing() -> None:
    assert deadline(OUR_KIND, (ASKED, "2026-03-05T00:00")).due == at("2026-03-04T23:59:59")
    assert deadline(OUR_KIND, (MilestoneKind.EXTENDED, "2026-03-05T00:00")).due == at("2026-03-04T23:59:59")
    assert deadline(OUR_KIND, (MilestoneKind.EXTENDED, "2026-03-04T23:00")).due == at("2026-03-19T23:59:59")
    urgent = {"urgency": "expedited", "phase": "admission"}
    assert deadline(urgent, (ASKED, "2026-02-03T16:00")).due == at("2026-02-05T15:00")


def test_an_extension_counts_from_its_notice_and_not_from_its_signature() -> None:
    def due(signed: str, notice: date) -> datetime:
        act = Act(iri="x", determination="d", disposition=Disposition.EXTENDED, time=at(signed), notice_date=notice)
        happened = [*milestones(), *of_steps(History((Step((act,)),)), CHICAGO)]
        found = RULES.deadline(OUR_KIND, happened, CHICAGO)
        assert found
        return found.due

    first, second_ = at("2026-03-04T23:59:59"), at("2026-03-19T23:59:59")
    assert due("2026-03-04T10:00", date(2026, 3, 4)) == second_
    assert due("2026-03-06T10:00", date(2026, 3, 4)) == second_  # put on record two days after it was sent
    assert due("2026-03-03T10:00", date(2026, 3, 5)) == first  # signed in time, and sent too late


def test_documentation_counts_from_its_receipt_and_not_from_its_signature() -> None:
    def due(signed: str, received: date | None) -> datetime:
        asked, back = MilestoneKind.DOCUMENTATION_REQUESTED, Disposition.DOCUMENTATION_RETURNED
        steps = [
            Step((Act(iri="a", determination="d", disposition=Disposition(asked), time=at("2026-02-10T09:00")),)),
            Step((Act(iri="b", determination="d", disposition=back, time=at(signed), received=received),)),
        ]
        found = RULES.deadline(OUR_KIND, [*milestones(), *of_steps(History(tuple(steps)), CHICAGO)], CHICAGO)
        assert found
        return found.due

    on_time = due("2026-02-20T17:00", None)
    assert due("2026-02-20T17:00", date(2026, 2, 20)) == on_time
    assert due("2026-02-24T08:00", date(2026, 2, 20)) == on_time < due("2026-02-24T08:00", None)
    # It cannot have come back before it was asked for.
    assert (
        due("2026-02-10T17:00", None)
        == due("2026-02-11T08:00", date(2026, 2, 10))
        == due("2026-02-11T08:00", date(2026, 2, 1))
    )


def test_an_appeal_counts_from_the_day_on_which_it_reached_the_plan() -> None:
    def due(received: date | None, signed: str = "2026-03-20T10:00", *, expedited: bool = False) -> datetime:
        acts = [
            (Disposition.ADVERSE, "2026-03-01T10:00", None),
            (Disposition.PEER_TO_PEER, "2026-03-18T10:00", None),
            (Disposition.APPEALED, signed, received),
        ]
        steps = [
            Step(
                (
                    Act(
                        iri=f"{n}",
                        determination="d",
                        disposition=kind,
                        time=at(time),
                        received=day,
                        expedited=expedited,
                    ),
                )
            )
            for n, (kind, time, day) in enumerate(acts)
        ]
        traits = {"timing": "pre-service"}
        found = RULES.deadline(traits, [*milestones(), *of_steps(History(tuple(steps)), CHICAGO)], CHICAGO)
        assert found
        return found.due

    assert due(None) == due(date(2026, 3, 20)) == at("2026-04-19T23:59:59")
    # Also if something else was signed since.
    assert due(date(2026, 3, 16)) == at("2026-04-15T23:59:59")
    assert due(date(2026, 3, 16), expedited=True) == at("2026-03-19T00:00")
    # A day begins at midnight, and an appeal follows the decision that it is about.
    assert due(date(2026, 3, 20), expedited=True) == at("2026-03-23T00:00")
    assert due(None, expedited=True) == at("2026-03-23T10:00")
    assert due(date(2026, 3, 1), expedited=True) == due(date(2026, 2, 20), expedited=True) == at("2026-03-04T10:00")


def test_an_urgent_decision_follows_the_documentation_by_two_days() -> None:
    urgent = {"urgency": "expedited", "phase": "admission"}
    assert deadline(urgent, (ASKED, "2026-02-02T18:00")).due == at("2026-02-06T18:00")
    early = deadline(urgent, (ASKED, "2026-02-02T18:00"), (RETURNED, "2026-02-03T06:00"))
    assert early.due == at("2026-02-05T06:00")
    assert early.by_hour


def test_a_time_that_runs_from_complete_documentation_has_not_begun_while_it_is_out() -> None:
    traits = {"timing": "pre-service", "jurisdiction": "Illinois"}
    assert deadline(traits, (ASKED, "2026-02-03T09:00")).rule.id == "erisa-pre-service"
    back = deadline(traits, (ASKED, "2026-02-03T09:00"), (RETURNED, "2026-02-12T09:00"))
    assert (back.rule.id, back.due) == ("illinois-standard", at("2026-02-17T23:59:59"))
    more = deadline(
        traits, (ASKED, "2026-02-03T09:00"), (RETURNED, "2026-02-04T09:00"), (ASKED, "2026-02-05T09:00"),
        (RETURNED, "2026-02-06T09:00"),
    )  # fmt: skip
    assert (more.rule.id, more.due) == ("illinois-standard", at("2026-02-11T23:59:59"))


def test_asking_after_a_time_is_over_does_not_begin_it_anew() -> None:
    traits = {"timing": "pre-service", "jurisdiction": "Illinois"}
    late = deadline(traits, (ASKED, "2026-02-08T00:00"), (RETURNED, "2026-02-10T09:00"))
    assert (late.rule.id, late.due) == ("illinois-standard", at("2026-02-07T23:59:59"))
    out = deadline(traits, (ASKED, "2026-02-08T00:00"))
    assert (out.rule.id, out.due, out.waits_until) == ("illinois-standard", at("2026-02-07T23:59:59"), None)


def test_deadlines_that_were_worked_out_by_hand() -> None:
    """Where clocks are put forward and back, where February has 29 days, and where days are counted in another zone."""
    urgent, before = {"urgency": "expedited", "phase": "admission"}, {"timing": "pre-service"}
    for traits, received, due in (
        (urgent, "2026-03-06T10:00", "2026-03-09T11:00"),  # Friday to Monday, an hour is lost on Sunday
        (urgent, "2026-10-30T10:00", "2026-11-02T09:00"),  # an hour is won
        (before, "2028-02-14T12:00", "2028-02-29T23:59:59"),
        (OUR_KIND, "2028-02-10T12:00", "2028-03-11T23:59:59"),
        (OUR_KIND, "2026-12-31T23:30", "2027-01-30T23:59:59"),
    ):
        found = RULES.deadline(traits, milestones(received=received), CHICAGO)
        assert found
        assert found.due == at(due), received
    late_in_the_evening = datetime(2026, 5, 2, 4, 30, tzinfo=UTC)  # 23:30 of May 1 in Chicago
    found = RULES.deadline(before, [Milestone(MilestoneKind.RECEIVED, late_in_the_evening)], CHICAGO)
    assert found
    assert found.due == at("2026-05-16T23:59:59")
    extended = (MilestoneKind.EXTENDED, "2026-02-20T10:00")
    out = ((ASKED, "2026-02-25T10:00"), (RETURNED, "2026-03-07T10:00"), (RETURNED, "2026-03-09T10:00"))
    assert deadline(OUR_KIND, extended, *out).due == at("2026-03-29T23:59:59")  # 30 + 15 + 10 days
    asked_in_the_extension = ((ASKED, "2026-03-10T10:00"), (RETURNED, "2026-03-15T10:00"))
    assert deadline(OUR_KIND, extended, *asked_in_the_extension).due == at("2026-03-19T23:59:59")
    # An hour less than a day before the service begins is not a day before it.
    assert (
        deadline({"urgency": "expedited", "phase": "continuation"}, begins=date(2026, 2, 3)).rule.id == "erisa-urgent"
    )


def test_a_decision_and_a_withdrawal_end_the_clock_and_an_appeal_opens_another() -> None:
    decided = (MilestoneKind.DECIDED, "2026-03-01T10:00")
    ended = deadline(OUR_KIND, decided)
    assert (ended.ended, ended.in_time, ended.waits_until) == (at("2026-03-01T10:00"), True, None)
    late = deadline(OUR_KIND, (MilestoneKind.WITHDRAWN, "2026-03-09T10:00"))
    assert (late.ended, late.in_time) == (at("2026-03-09T10:00"), False)
    appeal = deadline(OUR_KIND, decided, (MilestoneKind.APPEALED, "2026-03-20T10:00"))
    assert (appeal.rule.id, appeal.due, appeal.ended) == ("erisa-appeal-post-service", at("2026-05-19T23:59:59"), None)
    expedited = RULES.deadline(
        OUR_KIND,
        [*milestones(decided), Milestone(MilestoneKind.APPEALED, at("2026-03-20T10:00"), "expedited")],
        CHICAGO,
    )
    assert expedited
    assert (expedited.rule.id, expedited.due) == ("erisa-appeal-urgent", at("2026-03-23T10:00"))
    upheld = (MilestoneKind.APPEAL_DECIDED, "2026-04-20T10:00")
    assert deadline(OUR_KIND, decided, (MilestoneKind.APPEALED, "2026-03-20T10:00"), upheld).in_time


def test_the_end_of_the_calendar_gives_no_deadline() -> None:
    assert RULES.deadline(OUR_KIND, milestones(received="9999-12-20T00:00"), CHICAGO) is None


# ---------------------------------------------------------------- the second computation


def second(
    rule: TurnaroundRule,
    received: datetime,
    asked: datetime | None,
    returned: datetime | None,
    calendar: BusinessCalendar,
    notice: datetime | None = None,
) -> datetime:
    """The last moment for a decision, counted one day or one hour after the other."""

    def counts(day: date) -> bool:
        return rule.within.unit is TimeUnit.CALENDAR_DAYS or calendar.is_business_day(day)

    if rule.within.unit is TimeUnit.HOURS:
        moment = received.astimezone(UTC)
        for _ in range(rule.within.count):
            moment += timedelta(hours=1)
        return moment.astimezone(CHICAGO)
    day, left, out_from, out_to = received.date(), rule.within.count, None, None
    first_end = day
    while left:
        first_end += timedelta(days=1)
        left -= counts(first_end)
    in_time = asked is not None and asked <= datetime.combine(first_end, time(23, 59, 59), CHICAGO)
    left = rule.within.count
    extended = notice is not None and notice <= datetime.combine(first_end, time(23, 59, 59), CHICAGO)
    if asked and in_time and rule.supply and rule.extension:
        extended, out_from = True, asked.date()
        out_to = asked.date() + timedelta(days=rule.supply.count)
        if returned and returned >= asked:
            out_to = min(out_to, returned.date())
    if extended and rule.extension:
        left += rule.extension.count
    while left:
        day += timedelta(days=1)
        stands_still = out_from is not None and out_to is not None and out_from < day <= out_to
        left -= counts(day) and not stands_still
    return datetime.combine(day, time(23, 59, 59), CHICAGO)


def days(unit: TimeUnit) -> st.SearchStrategy[TimeLimit]:
    return st.builds(TimeLimit, st.integers(1, 40), st.just(unit))


@st.composite
def rules(draw: st.DrawFn) -> TurnaroundRule:
    unit = draw(st.sampled_from(TimeUnit))
    if unit is TimeUnit.HOURS:
        return TurnaroundRule("r", draw(days(unit)))
    extension = draw(st.none() | days(unit))
    supply = draw(days(TimeUnit.CALENDAR_DAYS)) if extension and draw(st.booleans()) else None
    return TurnaroundRule("r", draw(days(unit)), extension=extension, supply=supply)


@examples(300)
@given(
    rule=rules(),
    received=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    asked=st.none() | st.integers(0, 24 * 60),
    returned=st.none() | st.integers(0, 24 * 60),
    signed=st.integers(0, 24 * 60),
    notice=st.none() | st.integers(-3, 60),
)
def test_every_clock_equals_a_count_by_day_and_hour(
    rule: TurnaroundRule,
    received: datetime,
    asked: int | None,
    returned: int | None,
    signed: int,
    notice: int | None,
) -> None:
    calendar = named_calendar("us-federal-holidays")
    opened = received.replace(tzinfo=UTC).astimezone(CHICAGO)
    ask = (opened.astimezone(UTC) + timedelta(hours=asked)).astimezone(CHICAGO) if asked is not None else None
    back = (
        (ask.astimezone(UTC) + timedelta(hours=returned)).astimezone(CHICAGO) if ask and returned is not None else None
    )
    happened = [Milestone(MilestoneKind.RECEIVED, opened)]
    happened += [Milestone(ASKED, ask)] if ask else []
    happened += [Milestone(RETURNED, back)] if back else []
    sent = None
    if notice is not None:
        moment = (opened.astimezone(UTC) + timedelta(hours=signed)).astimezone(CHICAGO)
        day = moment.date() + timedelta(days=notice)
        sent = moment if notice == 0 else datetime.combine(day, time(23, 59, 59), CHICAGO)
        extension = Act(iri="x", determination="d", disposition=Disposition.EXTENDED, time=moment, notice_date=day)
        happened += of_steps(History((Step((extension,)),)), CHICAGO)
        sent = sent if sent >= opened else None  # a notice from before the request came extends nothing
    found = TurnaroundRules((rule,), calendar=calendar).deadline({}, happened, CHICAGO)
    assert found
    assert found.due == second(rule, opened, ask, back, calendar, sent)


# ---------------------------------------------------------------- what settings may say


def test_settings_add_replace_and_leave_out_rules() -> None:
    text = """
    leave_out = ["erisa-pre-service"]
    closed = [2026-02-06]
    [[rule]]
    id = "erisa-post-service"
    within = "20 business days"
    applies_to = { line_of_business = "commercial" }
    """
    rules_ = RULES.amended(tomllib.loads(text))
    assert len(rules_.rules) == len(RULES.rules) - 1
    found = rules_.deadline({"timing": "pre-service"}, milestones(), CHICAGO)
    assert found
    # Twenty business days without Presidents' Day and the day on which the payer is closed.
    assert found.due == at("2026-03-04T23:59:59")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("leave_out = ['x']", "no rule 'x' to leave out"),
        ("calendar = 'moon'", "no calendar 'moon'"),
        ("closed = ['today']", "no day such as"),
        ("surprise = 1", "not known here"),
        ("[[rule]]\nid = 'x'\nwithin = 'soon'", "turnaround rule x: 'soon' is no period"),
        ("[[rule]]\nid = 'x'\nwithin = '3 hours'\ncomplete = 'yes'", "neither true nor false"),
        ("[[rule]]\nid = 'x'\nwithin = '3 hours'\nsupply = '3 hours'", "supply needs an extension"),
        ("[[rule]]\nid = 'x'\nwithin = '3 calendar days'\nextension = '3 hours'", "cannot be extended by hours"),
        ("[[rule]]\nid = 'x'\nwithin = '3 hours'\nfrom = '2026'", "no day such as"),
        ("[[rule]]\nid = 'x'\nwithin = '3 hours'\ndays = 3", "'days' is not known here"),
    ],
)
def test_rules_that_are_not_understood(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RULES.amended(tomllib.loads(text))
