"""Reading a record: a document beside the criteria, the sentences that may speak to one of them, and statements made of the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import streamlit as st
from parts import assignment, blinded, forms, paint, returned, session
from parts.components import Place, TextPage, reader

from reasoner.abstraction.suggestions import Suggestion
from reasoner.chart.documents.model import DocumentText
from reasoner.chart.model import Assertion
from reasoner.determination.model import CriterionResult, Determination
from reasoner.ground.display import plain
from reasoner.ground.errors import NecessityError
from reasoner.logic.fold import UNRESOLVED
from reasoner.policy.model import CriterionKind
from reasoner.review.authority import Action
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.evidence import Meant, Ranked
from reasoner.workplace.fields import detail_fields, findings, proposed_code
from reasoner.workplace.record import Effect, RecordDocument, Stated, TakenBack, stated_of

_STANCE = {
    Assertion.AFFIRMED: "affirmed",
    Assertion.DENIED: "denied",
    Assertion.NOT_APPLICABLE: "not applicable",
}
_WINDOW = 200_000
"""Code points of a text that are shown at once, to whole pages."""


@dataclass(frozen=True)
class Picked:
    """What the person wants to say something of: characters of a text, or a statement that was read wrongly."""

    words: str
    text: str
    """The digest of the text; empty for a statement that names no characters."""
    start: int
    end: int
    observed: date | None
    """When it was so, to begin with."""
    ranked: Ranked | None = None
    revises: str = ""


def show() -> None:
    """Show the page."""
    workplace, person, state = session.workplace(), session.user(), st.session_state
    id_ = st.query_params.get("id") or state.get("case")
    st.title("Read the record", anchor=False)
    if not id_:
        st.info("Choose a request from the worklist.", icon=":material/checklist:")
        return
    session.open_request(id_)
    state.setdefault("criterion", st.query_params.get("criterion"))
    revision = workplace.revision
    file = workplace.case_file(person, id_)
    if file.withheld:
        blinded.read(file, workplace.evidence.documents(person, file.case.iri))
        return
    item = workplace.items_of(person, id_)[0]
    _head(file, " · ".join(filter(None, (item.name, item.member))))
    assignment.colleagues(file, revision)
    forms.effect()
    determination = forms.period(file)
    returned.ask(file, determination)
    forms.spoken(file.id, determination)
    documents = workplace.evidence.documents(person, file.case.iri)
    _panes(file, determination, documents)


def _head(file: CaseFile, name: str) -> None:
    """Show whose record it is, the way back, and what can be added to it."""
    person = session.user()
    with st.container(horizontal=True, vertical_alignment="center", key="head of reading"):
        st.text(plain(name))
        forms.link("case page", "The case", file.id)
        forms.as_of(file)
        if person.may(Action.ADD_EVIDENCE):
            number = st.session_state.get("added", 0)  # another one closes it
            with st.popover("Add documents", icon=":material/note_add:", key=f"adding {number}"):
                _add(file)


def _add(file: CaseFile) -> None:
    key = f"add {file.id} {st.session_state.get('added', 0)}"
    files = forms.drop(key, session.workplace().evidence.facts(file.case))
    about = forms.describe(files.documents, key, columns=3)
    undated = forms.undated(files.documents, about)
    empty = not files.documents and not files.charts
    if st.button("Add to the record", type="primary", disabled=empty, key=f"{key} button"):
        if undated:
            st.error(f"Still needed: {', '.join(f'the date of {name}' for name in undated)}")
            return
        try:
            effect = session.workplace().evidence.add(session.user(), file.id, file, files, about)
        except NecessityError as error:
            paint.problem(error)
            return
        st.session_state["added"] = st.session_state.get("added", 0) + 1
        forms.remember(file.id, effect)
        titles = [about[document.digest].get("document") or document.name for document in files.documents]
        returned.remember(file, ", ".join(titles))
        _come_first(file.id, files.documents, effect)
        st.rerun()


def _come_first(id_: str, documents: Sequence[DocumentText], effect: Effect) -> None:
    """Have documents that were just added be read first: one is opened, for a criterion that it may speak to if there is one."""
    state = st.session_state
    for key in [key for key in state if str(key).startswith(f"now {id_} ")]:
        del state[key]
    state[f"new texts {id_}"] = [document.digest for document in documents]
    if documents:
        state[f"wanted {id_}"] = documents[0].digest
    if effect.spoken:
        state["criterion"] = effect.spoken[0][0]


@st.fragment
def _panes(file: CaseFile, determination: Determination, documents: Sequence[RecordDocument]) -> None:
    workplace, person, state = session.workplace(), session.user(), st.session_state
    leaves = {r.criterion.id: r for r in determination.criteria if r.kind is CriterionKind.LEAF}
    if not leaves:
        st.info("No version of the policy was in force on the date of service, so nothing was asked.")
        return
    with st.spinner("Looking for sentences …"):
        suggested = workplace.evidence.suggestions(person, file.id, determination)
    by_text = {document.text.digest: document for document in documents}
    left, right = st.columns([7, 5], gap="medium")
    with right:
        chosen = _criterion(leaves, suggested)
    of_criterion = suggested.get(chosen, ())
    now = _now(file.id, chosen, of_criterion)
    stated = list(stated_of(determination))
    revised = workplace.evidence.revised(person, file.case.iri)
    picked: Picked | None = state.get(f"picked {file.id}")
    if picked and picked.text and picked.text not in by_text:
        picked = None
    if not documents:
        with left:
            st.info("The record has no document with a text. Add one to read it here.", icon=":material/note_add:")
        with right:
            _form_and_statements(file, leaves, chosen, None, stated, revised, picked)
        return
    with left:
        document = _document(file.id, documents, of_criterion, now)
        first, last = _window(document)
        asked = reader(
            f"Text of {document.title}",
            _pages(
                document,
                first,
                last,
                of_criterion,
                leaves,
                [each for each in stated if each.text == document.text.digest],
                [each for each in revised if each.text == document.text.digest],
                picked,
            ),
            [_place(suggestion, document, by_text) for suggestion in of_criterion],
            key=f"reader {file.id}",
            version=f"{chosen} {document.iri} {first} {now}",
            now=now,
            may=person.may(Action.STATE),
        )
    if asked.turned is not None and asked.turned < len(of_criterion):
        state[f"now {file.id} {chosen}"] = asked.turned
        state.pop(f"followed {file.id}", None)
        st.rerun(scope="fragment")
    if asked.rejected is not None and asked.rejected < len(of_criterion):
        workplace.evidence.reject(person, file.id, chosen, of_criterion[asked.rejected].passage.anchor)
        state[f"now {file.id} {chosen}"] = min(asked.rejected, max(0, len(of_criterion) - 2))
        st.rerun(scope="fragment")
    if asked.picked is not None:
        before = state.get(f"picked {file.id}")
        state[f"picked {file.id}"] = _picked(asked.picked, document, of_criterion, before.revises if before else "")
        st.rerun(scope="fragment")
    with right:
        _form_and_statements(file, leaves, chosen, document, stated, revised, picked)


def _criterion(leaves: dict[str, CriterionResult], suggested: dict[str, tuple[Suggestion, ...]]) -> str:
    """Show the criteria and what the one that is picked asks for."""

    def told(id_: str) -> str:
        # The page keeps showing the label that was picked, so a label holds nothing that changes.
        result = leaves[id_]
        return f"{result.criterion.notation or id_}  {result.criterion.label}"

    options = list(leaves)
    key, shown, wanted = "criterion to read", "criterion that is read", st.session_state.get("criterion")
    if wanted in leaves and wanted != st.session_state.get(shown):  # picked elsewhere
        st.session_state[key] = wanted
    elif st.session_state.get(key) not in leaves:
        st.session_state[key] = options[0]
    open_ = [id_ for id_, result in leaves.items() if result.status in UNRESOLVED and suggested.get(id_)]
    after = options.index(st.session_state[key])
    following = next((id_ for id_ in open_ if options.index(id_) > after), open_[0] if open_ else "")
    row = st.container(horizontal=True, vertical_alignment="bottom")
    place = row.container(width="stretch")
    if row.button("Next open", disabled=not following, icon=":material/skip_next:", help="The next open criterion"):
        st.session_state[key] = following
    chosen: str = place.selectbox("Criterion", options, key=key, format_func=told)
    st.session_state["criterion"] = st.session_state[shown] = st.query_params["criterion"] = chosen
    result = leaves[chosen]
    paint.html("asked.html", criterion=result.criterion, status=result.status.value)
    return chosen


def _now(id_: str, criterion: str, suggestions: Sequence[Suggestion]) -> int:
    new = st.session_state.get(f"new texts {id_}", ())
    first = next((n for n, found in enumerate(suggestions) if found.passage.document.digest in new), 0)
    at: int = st.session_state.get(f"now {id_} {criterion}", first)
    return min(at, max(0, len(suggestions) - 1))


def _document(
    id_: str,
    documents: Sequence[RecordDocument],
    suggestions: Sequence[Suggestion],
    now: int,
) -> RecordDocument:
    """Show the documents, and return the one that is picked; with another sentence to read, it is that one's document."""
    by_iri = {document.iri: document for document in documents}
    key, followed = f"document {id_}", f"followed {id_}"
    place = suggestions[now].passage.anchor if suggestions else ""
    wanted = st.session_state.pop(f"wanted {id_}", "")
    if wanted and (iri := next((d.iri for d in documents if d.text.digest == wanted), "")):  # it was just added
        st.session_state[key], st.session_state[followed] = iri, place
    elif st.session_state.get(followed) != place or st.session_state.get(key) not in by_iri:
        st.session_state[followed] = place
        here = st.session_state.get(key, documents[0].iri)
        best = place.partition("#")[0]
        st.session_state[key] = next((d.iri for d in documents if d.text.digest == best), here)

    def told(iri: str) -> str:
        document = by_iri[iri]
        pages = len(document.text.pages)
        parts = (str(document.day or "no date"), document.title, document.about, f"{pages} page{'s' * (pages > 1)}")
        return plain(", ".join(filter(None, parts)))

    label = f"Document ({len(documents)} in the record)"
    return by_iri[st.selectbox(label, list(by_iri), key=key, format_func=told)]


def _window(document: RecordDocument) -> tuple[int, int]:
    """The first and the last page to show of a text that is long; all of another."""
    pages = document.text.pages
    if len(document.text.text) <= _WINDOW:
        return 0, len(pages) - 1
    starts = [0]
    for number, page in enumerate(pages):
        if page.end - pages[starts[-1]].start > _WINDOW and number > starts[-1]:
            starts.append(number)
    ends = [*(start - 1 for start in starts[1:]), len(pages) - 1]
    labels = {start: f"{start + 1} to {end + 1}" for start, end in zip(starts, ends, strict=True)}
    first = st.selectbox("Pages", starts, key=f"pages {document.iri}", format_func=labels.__getitem__)
    return first, ends[starts.index(first)]


def _place(suggestion: Suggestion, document: RecordDocument, by_text: dict[str, RecordDocument]) -> Place:
    passage = suggestion.passage
    here = passage.document.digest == document.text.digest
    other = by_text.get(passage.document.digest)
    also = f"copied forward to {len(suggestion.copies)} later" if suggestion.copies else ""
    where = "" if here or other is None else f"in {plain(other.title)}"
    return Place(
        start=passage.sentence.start,
        end=passage.sentence.end,
        here=here,
        cues=", ".join(sorted(passage.kinds)),
        also=" · ".join(filter(None, (f"page {passage.sentence.page}", where, also))),
    )


def _pages(
    document: RecordDocument,
    first: int,
    last: int,
    suggestions: Sequence[Suggestion],
    leaves: dict[str, CriterionResult],
    stated: Sequence[Stated],
    revised: Sequence[TakenBack],
    picked: Picked | None,
) -> list[TextPage]:
    """The pages of a text in parts, each with what is marked in it."""
    text = document.text
    marks: list[tuple[int, int, str, str, int]] = []
    for index, suggestion in enumerate(suggestions):
        if suggestion.passage.document.digest != text.digest:
            continue
        sentence = suggestion.passage.sentence
        marks.append((sentence.start, sentence.end, "place", "", index))
        marks += [(cue.start, cue.end, "cue", f"cue: {cue.kind}", -1) for cue in sentence.cues]
    for each in stated:
        slug = each.statement.assertion.slug
        marks.append(
            (each.start, each.end, slug, f"{slug.replace('-', ' ')}: {', '.join(_names(leaves, each.criteria))}", -1)
        )
    marks += [(each.start, each.end, "revised", each.reason, -1) for each in revised]
    if picked and picked.text == text.digest:
        marks.append((picked.start, picked.end, "picked", "", -1))
    pages = []
    for page in text.pages[first : last + 1]:
        inside = [mark for mark in marks if mark[0] < page.end and mark[1] > page.start]
        cuts = sorted(
            {page.start, page.end, *(min(max(at, page.start), page.end) for mark in inside for at in mark[:2])}
        )
        parts = []
        for start, end in pairwise(cuts):
            own = [mark for mark in inside if mark[0] <= start and end <= mark[1]]
            classes = " ".join(dict.fromkeys(mark[2] for mark in own))
            titles = plain("; ".join(dict.fromkeys(mark[3] for mark in own if mark[3])))
            index = next((mark[4] for mark in own if mark[4] >= 0), -1)
            parts.append((text.text[start:end], start, classes, titles, index))
        pages.append(TextPage(page.number, parts))
    return pages


def _names(leaves: dict[str, CriterionResult], ids: Sequence[str]) -> list[str]:
    """The notations and labels of criteria."""
    return [" ".join(paint.names(leaves[id_].criterion)) for id_ in ids if id_ in leaves]


def _picked(asked: dict[str, int], document: RecordDocument, suggestions: Sequence[Suggestion], revises: str) -> Picked:
    """What was picked, to whole words and without white space at either end, in place of what is being stated anew."""
    text = document.text.text
    start, end, index = asked["start"], min(asked["end"], len(text)), asked["index"]
    while 0 < start < len(text) and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while 0 < end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    ranked = None
    if 0 <= index < len(suggestions):
        found = suggestions[index]
        ranked = Ranked(found.rank, found.score, found.method)
    return Picked(text[start:end], document.text.digest, start, end, document.day, ranked, revises)


def _pick(id_: str, picked: Picked | None, criterion: str = "") -> None:
    """Have something, or nothing, be what the person wants to say something of."""
    st.session_state[f"picked {id_}"] = picked
    if criterion:
        st.session_state["criterion"] = criterion


def _form_and_statements(
    file: CaseFile,
    leaves: dict[str, CriterionResult],
    chosen: str,
    document: RecordDocument | None,
    stated: Sequence[Stated],
    revised: Sequence[TakenBack],
    picked: Picked | None,
) -> None:
    """Show the form for what is picked, then what is stated of the document that is shown, and of no text."""
    if session.user().may(Action.STATE):
        _say(file, leaves[chosen], picked)
    if document:
        st.header("Stated of this document", anchor=False)
        digest, iri = document.text.digest, document.iri
        here = [
            each for each in stated if each.text == digest or (not each.text and each.statement.document.iri == iri)
        ]
        back = [each for each in revised if each.text == digest]
        if not here and not back:
            st.caption("Nothing yet.")
        _stated(file, leaves, sorted(here, key=lambda each: each.start), back)
        stated = [each for each in stated if each not in here]
    # Those that bear on the criterion come first.
    of_charts = sorted((each for each in stated if not each.text), key=lambda each: chosen not in each.criteria)
    back = [each for each in revised if not each.text]
    number = len(of_charts) + len(back)
    if number:
        label = f"From charts, sheets and forms: {number} statement{'' if number == 1 else 's'}"
        with st.expander(label, key=f"of charts {file.id}", on_change="rerun") as opened:
            if opened.open:
                _stated(file, leaves, of_charts, back)


def _say(file: CaseFile, result: CriterionResult, picked: Picked | None) -> None:
    """Show the form in which the person says what is picked means."""
    criterion = result.criterion
    if picked is None or not (picked.words.strip() or picked.revises):
        st.caption(
            "Go to a sentence with n and p and press u, or select any words and press u: then say here what they mean."
        )
        return
    policy, person = session.workplace().policy, session.user()
    key = f"say {file.id} {criterion.id} {picked.start} {picked.end} {picked.revises}"
    with st.container(border=True, key="say"):
        paint.html("picked.html", words=picked.words, revises=bool(picked.revises))
        options = [stance for stance in Assertion if stance is not Assertion.NOT_APPLICABLE or criterion.conditional]
        stance = st.radio(
            f"Of {' '.join(paint.names(criterion))} this is",
            options,
            index=None,
            horizontal=True,
            format_func=_STANCE.__getitem__,
            key=f"{key} stance",
        )
        found = {"": "the criterion as it is"} | findings(policy, criterion.id, file.case.start)
        left, right = st.columns(2)
        finding = left.selectbox("Finding", list(found), key=f"{key} finding", format_func=found.__getitem__)
        observed = right.date_input("When it was so", picked.observed, key=f"{key} observed", format="YYYY-MM-DD")
        fields = detail_fields(policy, criterion)
        code, label = proposed_code(policy, picked.words)
        details = forms.fill(fields, key, columns=2, given={"code": code})
        if code and details.get("code") == code and any(field.name == "code" for field in fields):
            st.caption(f"Proposed from the words: {code}, {label}. It counts once you state it.")
        with st.container(horizontal=True):
            made = st.button(
                f"State it as {plain(person.name)}", type="primary", disabled=stance is None, key=f"{key} make"
            )
            st.button("Leave it", key=f"{key} leave", on_click=_pick, args=(file.id, None))
    if made and stance is not None:
        reading = Meant(
            text=picked.text,
            start=picked.start,
            end=picked.end,
            criterion=criterion.id,
            stance=stance,
            finding=finding,
            observed=observed if isinstance(observed, date) else None,
            details=details,
        )
        try:
            effect = session.workplace().evidence.state(person, file.id, file, reading, picked.ranked, picked.revises)
        except NecessityError as error:
            paint.problem(error)
            return
        st.session_state.pop(f"picked {file.id}", None)
        forms.remember(file.id, effect)
        st.rerun()


def _stated(
    file: CaseFile, leaves: dict[str, CriterionResult], stated: Sequence[Stated], revised: Sequence[TakenBack]
) -> None:
    """Show what was stated, how to correct it, and what was taken back."""
    for each in stated:
        said = each.statement
        paint.html(
            "stated.html",
            stance=said.assertion.slug,
            criteria=_names(leaves, each.criteria),
            words=said.excerpt,
            where=", ".join(
                filter(
                    None,
                    (
                        "" if each.text else said.document.title,
                        f"page {said.page}" if said.page else "",
                        f"so on {said.observed}",
                    ),
                )
            ),
        )
        if session.user().may(Action.STATE):
            with st.popover("Read wrongly", key=f"wrongly {said.iri}"):
                _correct(file, each)
    for old in revised:
        paint.html("revised.html", words=old.words, reason=old.reason)


def _correct(file: CaseFile, each: Stated) -> None:
    """Show how a statement is revised or taken back."""
    said, iri = each.statement, each.statement.iri
    st.text("It stays to be seen, and counts no more.")
    picked = Picked(said.excerpt, each.text, each.start, each.end, said.observed, None, iri)
    criterion = each.criteria[0] if each.criteria else ""
    st.button("State it anew", key=f"anew {iri}", on_click=_pick, args=(file.id, picked, criterion))
    why = st.text_input("Or take it back, and say why", key=f"why {iri}", max_chars=300)
    if st.button("Take it back", key=f"back {iri}"):
        try:
            effect = session.workplace().evidence.take_back(session.user(), file.id, file, iri, why)
        except NecessityError as error:
            paint.problem(error)
            return
        forms.remember(file.id, effect)
        st.rerun()
