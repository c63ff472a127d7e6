"""The criteria of a request: the tree, and beside it what the chart says of the criterion that is picked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import streamlit as st

from parts import drafting, paint, quote, session
from parts.components import Cell, Node, tree
from reasoner.chart.model import Assertion
from reasoner.determination.bearing import Reason
from reasoner.determination.model import CriterionResult, Determination
from reasoner.ground.errors import NecessityError
from reasoner.logic import justification
from reasoner.logic.fold import UNRESOLVED, Status
from reasoner.render.wording import COMBINATION, documentation_request, labelled, shown_facts, shown_unread, which
from reasoner.review.authority import Action
from reasoner.review.deciding import OVERRIDES
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.drafts import values

_SETS = 5


def show(file: CaseFile, determination: Determination) -> None:
    """Show the tree and the evidence of the criterion that is picked."""
    if not determination.criteria:
        st.info("No version of the policy was in force on the date of service, so nothing was asked.")
        return
    _panes(file, determination)


def pick(criterion: str) -> None:
    """Have the page of the case show a criterion, by id."""
    st.session_state["criterion"] = st.query_params["criterion"] = criterion
    st.session_state["view of case"] = "Criteria"


def gap(ids: tuple[str, ...]) -> Cell:
    """The smallest gap by the notations of its criteria, as many as fit in a line; pointed at, also by their labels."""
    versions = session.workplace().policy.versions
    every = {criterion.id: criterion for version in versions for criterion in version.criteria.values()}
    known = [every[id_] for id_ in ids if id_ in every]
    shown = ", ".join(criterion.notation or criterion.id for criterion in known[:3])
    more = f" +{len(known) - 3}" if len(known) > 3 else ""
    return Cell(shown + more, note="; ".join(" ".join(paint.names(criterion)) for criterion in known))


@st.fragment
def _panes(file: CaseFile, determination: Determination) -> None:
    fields = session.workplace().draft(session.user(), file.id) if session.user().may(Action.DRAFT) else {}
    prefix = drafting.prefix(file, determination)
    names = [name.removeprefix(prefix) for name in values(fields) if name.startswith(prefix)]
    drafted = {name.partition(":")[2] for name in names if ":" in name}
    nodes = list(_nodes(determination, drafted))
    by_key = {node.key: node for top in nodes for node in top.walk()}
    state = st.session_state
    asked = first = state.get("criterion") or _first(determination)
    picked = next((key for key in by_key if key.partition("@")[0] == asked), next(iter(by_key)))
    left, right = st.columns([6, 5], gap="medium")
    with left:
        picked = _step(nodes, picked)
    with left, st.container(border=True, key="tree of criteria"):
        opened = [node.key for node in nodes if node.word]
        opened += [node.key for node in by_key.values() if node.parts and node.tone in ("open", "bad", "clash")]
        now = tree(
            "Criteria", nodes, key=f"tree {file.id} {determination.service_start}", selected=picked, opened=opened
        )
    asked = (now or picked).partition("@")[0]
    state["criterion"] = asked
    if asked != first or "criterion" in st.query_params:
        st.query_params["criterion"] = asked
    with right:
        result = determination.criterion(asked) if asked in {r.criterion.id for r in determination.criteria} else None
        if result is None:
            st.text("A list of the policy: each item by itself.")
            return
        _criterion(file, determination, result)
        if session.user().may(Action.DRAFT):
            _draft(file, determination, result, prefix)


def _step(nodes: list[Node], picked: str) -> str:
    """Show how many leaves are open, with buttons and keys that go from one to the next; the key of the line to pick."""
    waiting = list(_waiting(nodes))
    if not waiting:
        return picked
    place = waiting.index(picked) if picked in waiting else -1
    with st.container(horizontal=True, vertical_alignment="center", key="steps of criteria"):
        st.caption(f"{len(waiting)} open, conflicting or not met")
        if st.button("Previous", key="previous open", shortcut="p", icon=":material/keyboard_arrow_up:"):
            picked = waiting[place - 1 if place > 0 else -1]
        if st.button("Next", key="next open", shortcut="n", icon=":material/keyboard_arrow_down:"):
            picked = waiting[(place + 1) % len(waiting)]
    return picked


def _waiting(nodes: Iterable[Node]) -> Iterator[str]:
    """The keys of the leaves that are open, conflicting or not met, but for those of groups that are settled without them."""
    for node in nodes:
        if node.word and node.tone not in ("open", "clash", "bad"):
            continue
        if node.parts:
            yield from _waiting(node.parts)
        else:
            yield node.key


def _nodes(determination: Determination, drafted: set[str]) -> Iterator[Node]:
    """The sections that apply, then the lists; a criterion in two places has a key of its own in each.

    Args:
        determination: of the request and period.
        drafted: ids of the criteria that the person's draft says something of.
    """
    results = {result.criterion.iri: result for result in determination.criteria}
    seen: dict[str, int] = {}

    def node(iri: str, *, listed: bool | None = None) -> Node:
        result = results[iri]
        criterion, status = result.criterion, result.status
        seen[iri] = seen.get(iri, 0) + 1
        name, label = paint.names(criterion)
        tone, word = paint.tone(status.value), paint.WORD[status.value]
        if listed:  # an exclusion: what is affirmed speaks against the request
            tone = {Status.MET: "bad", Status.NOT_MET: "good", Status.CONFLICTING: "clash"}.get(status, "none")
            word = {Status.MET: "applies", Status.NOT_MET: "ruled out", Status.NOT_DOCUMENTED: "nothing said"}.get(
                status, word
            )
        elif listed is False:
            word = {Status.NOT_DOCUMENTED: "nothing said", Status.NOT_MET: "otherwise"}.get(status, word)
            tone = "none" if status is Status.NOT_DOCUMENTED else tone
        marks = [f"{len(result.evidence)} ❝"] if result.evidence else []
        asides = determination.considered(result) if status in UNRESOLVED else ()
        marks += [f"{len(asides)} set aside"] if asides else []
        marks += ["✎"] if criterion.id in drafted else []
        return Node(
            key=f"{criterion.id or criterion.iri}@{seen[iri]}",
            name=name,
            label=label,
            how=COMBINATION[result.kind],
            word=word,
            tone=tone,
            icon=paint.ICON[tone],
            marks=marks,
            parts=[node(member) for member in result.members],
        )

    for iri in determination.sections:
        yield node(iri)
    policy = determination.evaluation.policy if determination.evaluation else None
    for section in policy.lists if policy else ():
        parts = [node(iri, listed=section.excluding) for iri in section.criterion.members]
        addressed = sum(1 for part in parts if part.word != "nothing said")
        yield Node(
            f"{section.criterion.id}@list",
            *paint.names(section.criterion),
            f"{addressed} of {len(parts)} documented",
            parts=parts,
        )


def _first(determination: Determination) -> str:
    """The criterion to look at first: one that is missing, or one that stands against the request, or the first of all."""
    for family in (determination.gaps, determination.objections):
        for ids in islice(family, 1):
            if ids:
                return ids[0]
    return determination.criteria[0].criterion.id


def _criterion(file: CaseFile, determination: Determination, result: CriterionResult) -> None:
    criterion, results = result.criterion, {r.criterion.iri: r for r in determination.criteria}
    asides = determination.considered(result)
    parts = [results[member] for member in result.members]
    paint.html(
        "criterion.html",
        heading=" ".join(paint.names(criterion)),
        status=result.status.value,
        messages=result.messages,
        definition=criterion.definition,
        source=criterion.source,
        ask=documentation_request(result) if not parts else "",
        how=COMBINATION[result.kind].capitalize(),
        parts=[
            {"status": p.status.value, "name": p.criterion.notation or p.criterion.id, "label": p.criterion.label}
            for p in parts
        ],
        needed=which(determination, criterion.id) if determination.is_paired(criterion.id) else "",
        facts=[
            {
                "label": fact.label,
                "status": fact.status.value,
                "word": fact.word,
                "evidence": list(map(quote.bearing, fact.evidence)),
            }
            for fact in shown_facts(result)
        ],
        unread=[shown.line for shown in shown_unread(result.unread)] if result.status in UNRESOLVED else [],
        evidence=[quote.bearing(bearing) for bearing in result.evidence],
        sides=_sides(result),
        asides=[quote.aside(aside) for aside in asides],
        families=_families(determination, result),
    )
    statements = [bearing.statement for bearing in result.evidence] + [aside.statement for aside in asides]
    documents = {statement.document.iri: statement.document for statement in statements}
    here = {statement.iri for statement in statements}
    for number, (iri, document) in enumerate(documents.items()):
        with st.expander(
            f"In context: document {number + 1} of {len(documents)}",
            key=f"doc {criterion.id} {number}",
            on_change="rerun",
        ) as opened:
            if opened.open:
                of_document = quote.in_order(s for s in file.case.statements if s.document.iri == iri)
                about = ", ".join(
                    p for p in (document.title, document.author, document.role, str(document.issued or "")) if p
                )
                paint.html(
                    "document.html",
                    about=about,
                    quotations=[quote.quotation(s, here=s.iri in here) for s in of_document],
                )
    for aside in result.set_aside:
        if aside.reason is Reason.UNACCEPTED and session.user().may(Action.ACCEPT):
            _accept(file, aside.statement.iri)
    for acceptance, (statement, _) in file.acceptances.items():
        if statement in here and session.user().may(Action.ACCEPT):
            _withdraw(file, acceptance)


def _sides(result: CriterionResult) -> list[tuple[str, list[dict[str, Any]]]]:
    """Of a conflict, the statements for it and those against it, each with the latest first; else nothing."""
    if result.status is not Status.CONFLICTING or result.members or shown_facts(result):
        return []
    latest_first = sorted(
        result.evidence, key=lambda bearing: (bearing.statement.observed, bearing.statement.recorded), reverse=True
    )
    against = [bearing for bearing in latest_first if bearing.stance is Assertion.DENIED]
    other = [bearing for bearing in latest_first if bearing.stance is not Assertion.DENIED]
    return [("It is so", list(map(quote.bearing, other))), ("It is not so", list(map(quote.bearing, against)))]


def _families(determination: Determination, result: CriterionResult) -> list[tuple[str, int, list[list[str]]]]:
    """Of a group: a title, how many minimal sets there are, and the first of them, for what carries, completes and refutes it."""
    evaluation = determination.evaluation
    if evaluation is None or not result.members:
        return []
    part = evaluation.policy.parts[result.criterion.iri]
    families = []
    for title, family_of in (
        ("Carried by", justification.grounds),
        ("Completed by", justification.gaps),
        ("Refuted by", justification.objections),
    ):
        family = family_of(evaluation, part)
        sets = [[_in_words(determination.criterion(id_)) for id_ in ids] for ids in islice(family, _SETS) if ids]
        if sets:
            families.append((title, family.count, sets))
    return families


def _in_words(result: CriterionResult) -> str:
    """The notation of a criterion, its label, and the facts that decide it."""
    return f"{result.criterion.notation or result.criterion.id} {labelled(result)}"


def _accept(file: CaseFile, statement: str) -> None:
    _reasoned(
        f"accept {statement}",
        "An open criterion: it counts once a reviewer accepts it.",
        "Why it is accepted",
        "Accept this statement",
        lambda why: session.workplace().accept(session.user(), file.id, statement, why),
    )


def _withdraw(file: CaseFile, acceptance: str) -> None:
    _reasoned(
        f"withdraw {acceptance}",
        "A reviewer has accepted this statement.",
        "Why the acceptance is withdrawn",
        "Withdraw the acceptance",
        lambda why: session.workplace().withdraw(session.user(), file.id, acceptance, why),
    )


def _reasoned(key: str, introduction: str, label: str, button: str, act: Callable[[str], None]) -> None:
    """Show a form that asks for a reason, and act with the reason that is given."""
    with st.form(key):
        st.text(introduction)
        why = st.text_area(label, max_chars=2000)
        if not st.form_submit_button(button):
            return
    try:
        act(why)
    except NecessityError as error:
        paint.problem(error)
    else:
        st.rerun()


def _draft(file: CaseFile, determination: Determination, result: CriterionResult, prefix: str) -> None:
    id_ = result.criterion.id
    if not id_:
        return
    st.html("<h4>Your draft</h4>")
    drafting.write("Comment", file.id, f"{prefix}comment:{id_}", rows=2)
    if result.kind != "leaf":
        return
    options = [
        s
        for s in OVERRIDES
        if s != result.status.value and (s != Status.NOT_APPLICABLE or result.criterion.conditional)
    ]
    chosen = drafting.choice(
        "Override the status",
        file.id,
        f"{prefix}override:{id_}",
        ["", *options],
        lambda status: paint.WORD[status] if status else "no override",
    )
    if chosen:
        drafting.write("Reason for the override (required)", file.id, f"{prefix}reason:{id_}", rows=2)
        statements = quote.by_nearness(file.case.statements, result)
        drafting.choices(
            "Evidence of the chart",
            file.id,
            f"{prefix}evidence:{id_}",
            list(statements),
            lambda iri: quote.line(statements[iri]),
        )
        st.caption(
            "A reviewer approves on an override only with evidence on this criterion; else a clinical peer decides."
        )
