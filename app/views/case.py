"""The page of one request: what the policy asks, what the chart says, what is missing, and the evaluation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any, TypedDict
from urllib.parse import urlencode

import streamlit as st
from parts import assignment, blinded, criteria, decide, forms, paint, quote, returned, session
from parts.page import attempt, in_words

from reasoner.chart.model import Assertion, Statement
from reasoner.determination.model import Determination
from reasoner.determination.whatif import assumable, assumable_facts, assume, next_question
from reasoner.ground.errors import NecessityError, StoreError
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.namespaces import NEC
from reasoner.render import fhir, pdf, provenance
from reasoner.render.decisions import told
from reasoner.render.document import content, to_html
from reasoner.render.wording import HEADLINE, due_words, shown_unread, turnaround_words
from reasoner.review.authority import Action
from reasoner.review.steps import CaseState
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.worklist import WorklistItem

_ASSUMED = {
    "affirmed": "affirmed it",
    "denied": "denied it",
    "not-applicable": "said it does not arise",
    "silent": "were silent on it",
}
"""What can be assumed of the chart, by the names of `reasoner.determination.whatif.STANCES`."""
_CODE, _PRIMARY = terms.of(NEC.code), terms.of(NEC.primary)
_VIEWS = ("Criteria", "Missing", "Readings", "Documents", "What if", "Decide", "Data")


def show() -> None:
    """Show the page."""
    workplace, person, state = session.workplace(), session.user(), st.session_state
    id_ = st.query_params.get("id") or state.get("case")
    if not id_:
        st.title("Case", anchor=False)
        st.info("No request is open.", icon=":material/checklist:")
        forms.link("worklist page", "Choose one from the worklist")
        return
    try:
        session.open_request(id_)
    except StoreError as error:
        st.title("Case", anchor=False)
        paint.problem(error)
        forms.link("worklist page", "The worklist")
        return
    if "criterion" in st.query_params:
        state["criterion"] = st.query_params["criterion"]
    revision = workplace.revision
    file = workplace.case_file(person, id_)
    items = workplace.items_of(person, id_)
    if file.withheld:
        paint.html("glance.html", title=items[0].title, facts=[], why="")
        assignment.bar(id_)
        assignment.colleagues(file, revision)
        _unread(file)
        blinded.show(file, _timeline)
        return
    determination = forms.period(file)
    with st.container(gap="xsmall", key="head of the case"):
        paint.html(
            "glance.html",
            title=items[0].title,
            facts=_glance(items[0], file, determination),
            why=f"A decision is {turnaround_words(file.deadline)}." if file.deadline else "",
        )
        with assignment.bar(id_, with_peers=items[0].state is CaseState.REFERRED_TO_PEER):
            forms.contacts(file)
            forms.link("reading page", "Read the record, add to it", id_)
        assignment.colleagues(file, revision)
        _banner(file, determination)
        with st.container(horizontal=True, vertical_alignment="center", key="record of the case"):
            forms.as_of(file)
            _recorded(file)
    forms.effect()
    returned.ask(file, determination)
    _unread(file)
    _view(file, determination)


@st.fragment
@in_words()
def _view(file: CaseFile, determination: Determination) -> None:
    """Show the view that is chosen: what is done there draws nothing else anew."""
    view = st.segmented_control(
        "View",
        _VIEWS,
        default=_VIEWS[0],
        key="view of case",
        bind="query-params",
        label_visibility="collapsed",
        required=True,
    )
    {
        "Criteria": criteria.show,
        "Missing": _missing,
        "Readings": _readings,
        "Documents": _documents,
        "What if": _what_if,
        "Decide": decide.show,
        "Data": _data,
    }[view or _VIEWS[0]](file, determination)


def _glance(item: WorklistItem, file: CaseFile, determination: Determination) -> list[tuple[str, str]]:
    """Whom and what the case is about, each with what it is."""
    case = file.case
    known = [
        ("Member number", case.member_number),
        ("Born", f"{case.birth} ({case.age()} at the start of service)"),
        ("Program", item.program),
        ("Diagnosis", _diagnosis(determination)),
        ("Received", str(item.received)),
        *_due(file),
    ]
    return [(name, value) for name, value in known if value]


def _diagnosis(determination: Determination) -> str:
    """The coded conditions that current statements affirm, the one chiefly treated first."""
    labels = session.workplace().policy.lexicon.labels
    found: dict[str, bool] = {}
    for result in determination.criteria:
        for bearing in result.evidence:
            facts = dict(bearing.statement.facts)
            code, primary = facts.get(_CODE), facts.get(_PRIMARY)
            if code and bearing.statement.assertion is Assertion.AFFIRMED:
                found[code] = found.get(code, False) or (primary is not None and terms.text(primary) == "true")
    codes = sorted(found, key=lambda code: (not found[code], code))
    names = [f"{terms.local(terms.name(code))} {labels.get(code, '')}".strip() for code in codes]
    return "; ".join(names[:2]) + (f"; and {len(names) - 2} more" if len(names) > 2 else "")


def _banner(file: CaseFile, determination: Determination) -> None:
    case = file.case
    decided = told(determination, file.decisions, session.zone())
    facts = [
        ("Service", f"{determination.service_start} to {determination.service_end or 'open'}"),
        ("Kind", ", ".join(case.traits)),
        ("Version", determination.version_id or "none in force"),
        ("As of", str(case.as_of)),
        ("State", decided["state"]),
    ]
    paint.html(
        "banner.html",
        decided=decided,
        outcome=determination.outcome.value,
        headline=HEADLINE[determination.outcome],
        holds=determination.holds_under_all_readings,
        strained=determination.holds_under_strained_readings is False,
        facts=facts,
    )


def _due(file: CaseFile) -> list[tuple[str, str]]:
    """When a decision is due, or whether it came in time, as facts of the banner."""
    deadline = file.deadline
    if deadline is None:
        return [("Due", "no turnaround rule binds")]
    if deadline.ended:
        return [("Decided", "in time" if deadline.in_time else "after it was due")]
    return [("Due", due_words(deadline, datetime.now().astimezone()))]


def _recorded(file: CaseFile) -> None:
    """Say that the determination is not on record, and offer to record it."""
    if file.recorded:
        return
    st.text("Not on record as it stands now.")
    reason = "None has been recorded, or chart, policy or software have changed since."
    person = session.user()
    if person.may(Action.DETERMINE):
        st.button(
            "Record this determination",
            help=reason,
            on_click=attempt,
            args=(session.workplace().determine, person, file.id, file.case.as_of),
        )


def _unread(file: CaseFile) -> None:
    """List what of the record could not be read."""
    if file.case.unread:
        number = len(file.case.unread)
        with st.expander(f"Not read: {number} item{'' if number == 1 else 's'}", icon=":material/visibility_off:"):
            for shown in shown_unread(file.case.unread):
                st.text(shown.line)


def _missing(file: CaseFile, determination: Determination) -> None:
    if determination.gaps or determination.unanswered:
        unstated = session.workplace().evidence.unstated(session.user(), file.id, determination)
        if unstated.words:
            paint.html("read_first.html", unstated=unstated, address=f"read?{urlencode(session.address(file.id))}")
    question = next_question(determination)
    paint.html("missing.html", record=content(determination), question=question)
    if (determination.gaps or determination.objections) and session.user().may(Action.DRAFT):
        st.caption("On the view Decide, “Request documentation” has a letter that asks for this, ready to be edited.")


def _readings(file: CaseFile, determination: Determination) -> None:
    evaluation = determination.evaluation
    readings = []
    for tried in determination.readings:
        before, after = evaluation.statuses if evaluation else {}, tried.evaluation.statuses
        ids = {part.criterion.iri: part.criterion.id for part in tried.evaluation.policy.parts.values()}
        changes = [
            f"{ids[iri]}: {paint.WORD[before[iri].value] if iri in before else 'not asked'} to {paint.WORD[status.value]}"
            for iri, status in after.items()
            if ids.get(iri) and before.get(iri) is not status
        ]
        readings.append(
            {
                "passage": tried.interpretation.label,
                "source": tried.interpretation.source,
                "id": tried.reading.id,
                "label": tried.reading.title,
                "rationale": tried.reading.rationale,
                "outcome": tried.outcome.value,
                "same": tried.outcome is determination.outcome,
                "changes": changes,
            }
        )
    touching = [reading for reading in readings if reading["changes"] or not reading["same"]]
    others = [reading for reading in readings if reading not in touching]
    paint.html(
        "readings.html",
        outcome=determination.outcome.value,
        readings=sorted(touching, key=lambda r: r["same"]),
        others=len(others),
        chosen=[f"{reading.id}: {reading.title}" for reading in determination.chosen],
        substitutions=[substitution.label for substitution in determination.substitutions],
    )
    if others:
        with st.expander(f"Readings that change nothing here: {len(others)}"):
            paint.html("readings_list.html", readings=others)


class _Event(TypedDict):
    """An event of the timeline, as its template takes it."""

    date: date
    kind: str
    title: str
    about: str
    statements: list[dict[str, Any]]


def _documents(file: CaseFile, determination: Determination) -> None:
    _timeline(file, determination)


def _timeline(file: CaseFile, determination: Determination | None = None) -> None:
    """Show the documents of the chart in the order of their days; given the determination, with what each sentence bears on."""
    case = file.case
    said = quote.bearings(determination) if determination else {}
    address = session.address(file.id) | {"view of case": "Criteria"}
    by_document: dict[str, list[Statement]] = {}
    for statement in case.statements:
        by_document.setdefault(statement.document.iri, []).append(statement)
    milestones = {"Service starts": case.start, "Service ends": case.end, "Reviewed as of this day": case.as_of}
    events: list[_Event] = [
        {"date": day, "kind": "start", "title": title, "about": "", "statements": []}
        for title, day in milestones.items()
        if day
    ]
    for statements in by_document.values():
        document = statements[0].document
        day = document.issued or min(statement.recorded for statement in statements)
        author = f"{document.author} ({document.role})" if document.role else document.author
        events.append(
            {
                "date": day,
                "kind": "",
                "title": document.title or "Document without a title",
                "about": f"{author}, {len(statements)} statement{'' if len(statements) == 1 else 's'}",
                "statements": [
                    {**quote.quotation(s), "said": said.get(s.iri, [])} if determination else quote.bare(s)
                    for s in quote.in_order(statements)
                ],
            }
        )
    events.sort(key=lambda event: (event["date"], event["kind"] == ""))
    paint.html(
        "timeline.html",
        events=[{**event, "date": str(event["date"])} for event in events],
        address=f"case?{urlencode(address)}",
    )


def _what_if(file: CaseFile, determination: Determination) -> None:
    """Show what would follow from assumptions, which this session alone has and nothing keeps."""
    if determination.evaluation is None:
        st.info("No version of the policy was in force, so nothing follows from an assumption.")
        return
    st.caption("Nothing here touches the record.")
    leaves = assumable(determination)
    names = {id_: " ".join(paint.names(leaf)) for id_, leaf in leaves.items()}
    assumed: dict[str, str] = st.session_state.setdefault("assumed", {})
    pick, stance, add = st.columns([5, 3, 2], vertical_alignment="bottom")
    id_: str = pick.selectbox("Criterion", list(leaves), format_func=names.__getitem__, key="assumed leaf")
    options = [name for name in _ASSUMED if name != "not-applicable" or leaves[id_].conditional]
    facts = assumable_facts(determination, leaves[id_])
    fact: str | None = None
    if facts:
        fact = pick.selectbox(
            "About",
            [None, *dict.fromkeys(facts.values())],
            format_func=lambda label: label or "the criterion as a whole",
            key=f"assumed fact {id_}",
        )
    assumption = stance.selectbox(
        "What if the chart",
        options,
        format_func=_ASSUMED.__getitem__,
        key="assumed stance",
    )
    if add.button("Assume", width="stretch"):
        assumed[f"{id_} {fact}" if fact else id_] = assumption
    for leaf, assumption in assumed.items():
        of, _, fact = leaf.partition(" ")
        st.button(
            f"{names.get(of, of)}{f', {fact}' if fact else ''}: {_ASSUMED[assumption]}",
            icon=":material/close:",
            key=f"assumed {leaf}",
            help="Take this assumption away",
            on_click=assumed.__delitem__,
            args=(leaf,),
        )
    if not assumed:
        st.text("Assume something of a criterion to see what would follow.")
        return
    try:
        projection = assume(determination, assumed)
    except NecessityError as error:
        paint.problem(error)
        return
    paint.html(
        "assumed.html",
        before=projection.before.value,
        after=projection.after.value,
        changes=projection.changes,
        readings=[reading for reading in projection.readings if reading[2] is not projection.after],
    )


def _data(file: CaseFile, determination: Determination) -> None:
    workplace, person = session.workplace(), session.user()
    if person.may(Action.EXPORT):
        part_2 = workplace.letters(file).is_protected(determination)
        writers: dict[tuple[str, str], Callable[[], str | bytes]] = {
            ("HTML", "html"): partial(to_html, [determination], file.decisions, part_2=part_2),
            ("PDF", "pdf"): partial(pdf.record_to_pdf, [determination], file.decisions, part_2=part_2),
            ("Turtle", "ttl"): partial(_turtle, determination, part_2=part_2),
            ("FHIR", "json"): partial(fhir.to_text, [determination], file.decisions, part_2=part_2),
        }
        with st.container(horizontal=True):
            for (form, suffix), write in writers.items():
                st.download_button(
                    f"Record as {form}",
                    partial(workplace.export, person, file.id, f"record as {form}", write),
                    file_name=f"record-{file.id[:8]}-{date.today()}.{suffix}",
                    on_click="ignore",
                )
    shown = st.segmented_control(
        "Raw data", ("Determination", "Validation report", "Chart"), default="Determination", key="raw", required=True
    )
    if shown == "Chart":
        chart = parsing.data_set(file.case.iri, graphs.triples(file.case.content)).graph
        paint.turtle(chart, workplace.policy.prefixes)
    elif shown == "Validation report":
        report = workplace.report(person, file)
        st.caption(
            "Plain SHACL. Do not read an outcome out of sh:conforms: it does not tell what is missing from what is contradicted."
        )
        st.code(
            report.graph.serialize(format="turtle") if report else "no version in force", language=None, wrap_lines=True
        )
    else:
        st.code(_turtle(determination), language=None, wrap_lines=True)


def _turtle(determination: Determination, *, part_2: bool = False) -> str:
    return provenance.to_graph([determination], part_2=part_2).serialize(format="turtle")
