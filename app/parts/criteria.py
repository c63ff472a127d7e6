"""The criteria of a case: the tree, and beside it what the chart says of the one that is picked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import streamlit as st

from parts import drafting, paint, quote
from parts.components import Node, tree
from parts.desk import review, user
from reasoner.determination.model import CriterionResult, Determination
from reasoner.determination.settling import Reason
from reasoner.ground.errors import NecessityError
from reasoner.logic import justification
from reasoner.logic.fold import Status
from reasoner.render.text import request
from reasoner.review.authority import Action
from reasoner.workplace.drafts import values
from reasoner.workplace.service import OVERRIDES, File

_SETS = 5


def show(file: File, determination: Determination) -> None:
    """Show the tree and the evidence of the criterion that is picked."""
    if not determination.criteria:
        st.info("No version of the policy was in force on the date of service, so nothing was asked.")
        return
    _panes(file, determination)


@st.fragment
def _panes(file: File, determination: Determination) -> None:
    fields = review().draft(user(), file.id) if user().may(Action.DRAFT) else {}
    own = drafting.prefix(file, determination)
    said = [name.removeprefix(own) for name in values(fields) if name.startswith(own)]
    marked = {name.partition(":")[2] for name in said if ":" in name}
    nodes = list(_nodes(determination, marked))
    by_key = {node.key: node for top in nodes for node in top.walk()}
    state = st.session_state
    asked = state.get("criterion") or _first(determination)
    picked = next((key for key in by_key if key.partition("@")[0] == asked), next(iter(by_key)))
    left, right = st.columns([6, 5], gap="medium")
    with left, st.container(height=680, border=True):
        opened = [node.key for node in by_key.values() if node.parts and node.tone in ("open", "bad", "clash")]
        now = tree(
            "Criteria", nodes, key=f"tree {file.id} {determination.service_start}", selected=picked, opened=opened
        )
    asked = (now or picked).partition("@")[0]
    state["criterion"] = asked
    with right:
        result = determination.criterion(asked) if asked in {r.criterion.id for r in determination.criteria} else None
        if result is None:
            st.text("A list of the policy: each item by itself.")
            return
        _criterion(file, determination, result)
        if user().may(Action.DRAFT):
            _draft(file, result, own)


def _nodes(determination: Determination, marked: set[str]) -> Iterator[Node]:
    """The sections that apply, then the lists; a criterion in two places has a key of its own in each."""
    results = {result.criterion.iri: result for result in determination.criteria}
    seen: dict[str, int] = {}

    def node(iri: str, *, listed: bool | None = None) -> Node:
        result = results[iri]
        criterion, status = result.criterion, result.status
        seen[iri] = seen.get(iri, 0) + 1
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
        marks += ["✎"] if criterion.id in marked else []
        return Node(
            key=f"{criterion.id or criterion.iri}@{seen[iri]}",
            name=criterion.notation or criterion.id,
            label=criterion.label,
            how=paint.HOW[result.kind],
            word=word,
            tone=tone,
            icon=paint.ICON[tone],
            marks=marks,
            parts=[node(member) for member in result.members],
        )

    for section in determination.sections:
        yield node(section)
    policy = determination.evaluation.policy if determination.evaluation else None
    for found in policy.lists if policy else ():
        parts = [node(iri, listed=found.excluding) for iri in found.criterion.members]
        hits = sum(1 for part in parts if part.word not in ("nothing said",))
        said = f"{hits} of {len(parts)} spoken to"
        yield Node(
            f"{found.criterion.id}@list",
            found.criterion.notation or found.criterion.id,
            found.criterion.label,
            said,
            parts=parts,
        )


def _first(determination: Determination) -> str:
    """The criterion to look at first: one that is missing, or stands against it, or the whole."""
    for family in (determination.gaps, determination.objections):
        for ids in islice(family, 1):
            if ids:
                return ids[0]
    return determination.criteria[0].criterion.id


def _criterion(file: File, determination: Determination, result: CriterionResult) -> None:
    criterion, results = result.criterion, {r.criterion.iri: r for r in determination.criteria}
    parts = [results[member] for member in result.members]
    paint.html(
        "criterion.html",
        name=criterion.notation or criterion.id,
        label=criterion.label,
        status=result.status.value,
        messages=result.messages,
        definition=criterion.definition,
        source=criterion.source,
        ask=request(result) if not parts else "",
        how=paint.HOW[result.kind].capitalize(),
        parts=[
            {"status": p.status.value, "name": p.criterion.notation or p.criterion.id, "label": p.criterion.label}
            for p in parts
        ],
        evidence=[quote.bearing(found) for found in result.evidence],
        asides=[quote.aside(found) for found in result.set_aside],
        families=_families(determination, result),
    )
    documents = {b.statement.document.iri: b.statement.document for b in (*result.evidence, *result.set_aside)}
    here = {b.statement.iri for b in (*result.evidence, *result.set_aside)}
    for number, (iri, document) in enumerate(documents.items()):
        with st.expander(
            f"In context: document {number + 1} of {len(documents)}",
            key=f"doc {criterion.id} {number}",
            on_change="rerun",
        ) as opened:
            if opened.open:
                said = sorted(
                    (s for s in file.case.statements if s.document.iri == iri), key=lambda s: (s.page.rjust(8), s.iri)
                )
                about = ", ".join(
                    p for p in (document.title, document.author, document.role, str(document.issued or "")) if p
                )
                paint.html(
                    "document.html", about=about, quotations=[quote.quotation(s, here=s.iri in here) for s in said]
                )
    for aside in result.set_aside:
        if aside.reason is Reason.UNACCEPTED and user().may(Action.ACCEPT):
            _accept(file, aside.statement.iri)
    for acceptance, (statement, _) in file.acceptances.items():
        if statement in here and user().may(Action.ACCEPT):
            _withdraw(file, acceptance)


def _document(file: File, iri: str, here: set[str]) -> None:
    """All that a document says, page by page, what bears on the criterion marked."""
    said = sorted((s for s in file.case.statements if s.document.iri == iri), key=lambda s: (s.page.rjust(8), s.iri))
    document = said[0].document
    about = (document.title, document.author, document.role, str(document.issued or ""))
    paint.html(
        "document.html",
        about=", ".join(part for part in about if part),
        quotations=[quote.quotation(s, here=s.iri in here) for s in said],
    )


def _families(determination: Determination, result: CriterionResult) -> list[tuple[str, int, list[str]]]:
    """For a group: what carries, completes or refutes it."""
    evaluation = determination.evaluation
    if evaluation is None or not result.members:
        return []
    part = evaluation.policy.parts[result.criterion.iri]
    found = []
    for title, make in (
        ("Carried by", justification.grounds),
        ("Completed by", justification.gaps),
        ("Refuted by", justification.objections),
    ):
        family = make(evaluation, part)
        sets = [", ".join(ids) for ids in islice(family, _SETS) if ids]
        if sets:
            found.append((title, family.count, sets))
    return found


def _accept(file: File, statement: str) -> None:
    _reasoned(
        f"accept {statement}",
        "An open criterion: it counts once a reviewer accepts it.",
        "Why it is accepted",
        "Accept this statement",
        lambda why: review().accept(user(), file.id, statement, why),
    )


def _withdraw(file: File, acceptance: str) -> None:
    _reasoned(
        f"withdraw {acceptance}",
        "A reviewer has accepted this statement.",
        "Why the acceptance is withdrawn",
        "Withdraw the acceptance",
        lambda why: review().withdraw(user(), file.id, acceptance, why),
    )


def _reasoned(key: str, told: str, label: str, button: str, act: Callable[[str], None]) -> None:
    """A form that takes a reason and does something with it."""
    with st.form(key):
        st.text(told)
        why = st.text_area(label, max_chars=2000)
        if not st.form_submit_button(button):
            return
    try:
        act(why)
    except NecessityError as error:
        paint.problem(error)
    else:
        st.rerun()


def _draft(file: File, result: CriterionResult, own: str) -> None:
    id_ = result.criterion.id
    if not id_:
        return
    st.html("<h4>Your draft</h4>")
    drafting.write("Comment", file.id, f"{own}comment:{id_}", rows=2)
    if result.kind != "leaf":
        return
    options = [
        s
        for s in OVERRIDES
        if s != result.status.value and (s != Status.NOT_APPLICABLE or result.criterion.conditional)
    ]
    chosen = drafting.choice("Override the status", file.id, f"{own}override:{id_}", ["", *options])
    if chosen:
        drafting.write("Reason for the override (required)", file.id, f"{own}reason:{id_}", rows=2)
