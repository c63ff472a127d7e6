"""Fields of forms, files that are dropped in, and what something that was added to a record changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import streamlit as st

from parts import paint, session
from parts.page import attempt
from reasoner.abstraction.dates import issued
from reasoner.chart.documents.model import DocumentText
from reasoner.determination.model import Determination
from reasoner.ground.display import plain
from reasoner.ground.errors import NecessityError
from reasoner.logic.fold import UNRESOLVED
from reasoner.review.authority import Action
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.fields import InputField, contact_fields, document_fields
from reasoner.workplace.files import KINDS, Files, Upload
from reasoner.workplace.record import Effect

_FIRST_DAY = date(1900, 1, 1)
_EFFECT = "effect of what was added"
_ORDER = ("document", "issued", "author", "role", "author_kind")


def fill(
    fields: Iterable[InputField], key: str, *, columns: int, given: dict[str, str] | None = None
) -> dict[str, str]:
    """Show fields, and return the cells that are filled in, by column.

    Args:
        fields: the fields.
        key: what the keys of the fields begin with.
        columns: how many stand side by side.
        given: cells that they begin with.
    """
    found: dict[str, str] = {}
    fields = list(fields)
    for first in range(0, len(fields), columns):
        for place, field in zip(st.columns(columns), fields[first : first + columns], strict=False):
            with place:
                if cell := _field(field, f"{key} {field.name}", (given or {}).get(field.name, "")):
                    found[field.name] = cell
    return found


def _field(field: InputField, key: str, given: str) -> str:
    label = f"{field.label} *" if field.needed else field.label
    meaning = field.meaning or None
    if field.day:
        start = date.fromisoformat(given) if given else None
        day = st.date_input(label, start, key=key, help=meaning, min_value=_FIRST_DAY, format="YYYY-MM-DD")
        return day.isoformat() if isinstance(day, date) else ""
    if field.choices:
        options = ["", *field.choices]
        at = options.index(given) if given in options else 0
        return st.selectbox(
            label,
            options,
            at,
            key=key,
            help=meaning,
            format_func=lambda word: plain(field.choices.get(word, "")) or "–",
        )
    return st.text_input(label, given, key=key, help=meaning, max_chars=200).strip()


def drop(key: str, facts: dict[str, str]) -> Files:
    """Show where files are dropped, and what is wrong with them; return what they hold.

    Args:
        key: of the widget.
        facts: of the request, by column.
    """
    workplace = session.workplace()
    dropped = st.file_uploader(
        "Documents and charts",
        type=[kind.lstrip(".") for kind in KINDS],
        accept_multiple_files=True,
        max_upload_size=workplace.settings.max_upload,
        key=key,
        help="PDF, Word, RTF, text, HTML, C-CDA, e-mail, ZIP; or statements: FHIR, sheets, RDF",
    )
    if not dropped:
        return Files()
    uploads = [Upload(file.name, file.getvalue()) for file in dropped]
    read = f"{key} read"
    known = (
        tuple((upload.name, len(upload.data), hash(upload.data)) for upload in uploads),
        tuple(sorted(facts.items())),
    )
    if st.session_state.get(read, (None, None))[0] != known:
        with st.spinner("Reading …"):
            st.session_state[read] = (known, workplace.evidence.look(session.user(), uploads, facts))
    files: Files = st.session_state[read][1]
    for error in files.errors:
        st.error("A file was not read.", icon=":material/error:")
        st.text(plain(error))
    for note in files.notes:
        st.caption(plain(note))
    if files.charts:
        number = len(files.charts)
        st.text(f"{number} chart{'' if number == 1 else 's'} with statements, whose facts of the request are not used.")
    return files


def describe(documents: Iterable[DocumentText], key: str, *, columns: int) -> dict[str, dict[str, str]]:
    """Show what is to be said of each document in so many columns, and return it by the digest of its text."""
    by_name = {field.name: field for field in document_fields(session.workplace().policy)}
    fields = [by_name[name] for name in _ORDER if name in by_name]
    about: dict[str, dict[str, str]] = {}
    for document in documents:
        day = issued(document, session.today())
        pages = len(document.pages)
        with st.container(border=True):
            st.text(plain(f"{document.name}: {pages} page{'' if pages == 1 else 's'}, “{_beginning(document)}”"))
            given = {"document": document.name.rpartition("/")[2], "issued": day.isoformat() if day else ""}
            about[document.digest] = fill(fields, f"{key} {document.digest}", columns=columns, given=given)
    return about


def undated(documents: Iterable[DocumentText], about: dict[str, dict[str, str]]) -> list[str]:
    """The names of the documents without a day."""
    return [document.name for document in documents if not about.get(document.digest, {}).get("issued")]


def _beginning(document: DocumentText) -> str:
    words = " ".join(document.text[:400].split())
    return words if len(words) <= 120 else words[:120] + "…"


def remember(id_: str, effect: Effect) -> None:
    """Show what something changes once the page is drawn again.

    Args:
        id_: opaque id of the request.
        effect: what it changes.
    """
    st.session_state[_EFFECT] = effect
    if effect.spoken:
        st.session_state[f"spoken {id_}"] = effect.spoken


def effect() -> None:
    """Show what was changed last, once."""
    changed: Effect | None = st.session_state.pop(_EFFECT, None)
    if changed is not None:
        paint.html("effect.html", effect=changed)


def spoken(id_: str, determination: Determination) -> None:
    """Link the criteria that sentences of what was added last may speak to, as long as they are open.

    Args:
        id_: opaque id of the request.
        determination: of the request.
    """
    counts = {each[0]: each[2] for each in st.session_state.get(f"spoken {id_}", ())}
    open_ = [r.criterion for r in determination.criteria if r.criterion.id in counts and r.status in UNRESOLVED]
    if open_:
        shown = [(criterion.id, *paint.names(criterion), counts[criterion.id]) for criterion in open_]
        paint.html("spoken.html", criteria=shown)


def link(page: str, label: str, id_: str = "") -> None:
    """Show a link to another page.

    Args:
        page: its name in the session's state, where `main` puts it.
        label: the words.
        id_: opaque id of the request that it is about.
    """
    if page in st.session_state:
        st.page_link(
            st.session_state[page], label=label, query_params=session.address(id_), icon=":material/arrow_forward:"
        )


def period(file: CaseFile) -> Determination:
    """Show the periods of a request that has several; the determination of the one that is picked."""
    if len(file.determinations) == 1:
        return file.determinations[0]
    st.caption("The stay reaches into more than one policy version; each period has a determination of its own.")
    chosen = st.radio(
        "Period",
        range(len(file.determinations)),
        horizontal=True,
        key=f"period {file.id}",
        persist_state="session",
        format_func=lambda n: (
            f"{file.determinations[n].service_start} to {file.determinations[n].service_end or 'open'}"
        ),
    )
    return file.determinations[chosen]


def contacts(file: CaseFile) -> None:
    """Show the reference, who member and provider are and how they are reached, to be stated otherwise."""
    workplace, person = session.workplace(), session.user()
    if not person.may(Action.ADD_EVIDENCE):
        return
    fields = contact_fields(workplace.policy)
    key = f"contacts {file.id} {file.case.digest}"  # another one after each change, which closes the popover
    with st.popover("Names and addresses", key=f"{key} popover"), st.form(key, border=False):
        st.caption("Letters and records name them. They decide nothing.")
        given = {field.name: getattr(file.case, field.name) for field in fields}
        said = fill(fields, key, columns=2, given=given)
        if st.form_submit_button("Save", type="primary"):
            try:
                workplace.evidence.change_contacts(person, file.id, file, said)
            except NecessityError as error:
                paint.problem(error)
            else:
                st.rerun()


def as_of(file: CaseFile) -> None:
    """Show the day of review, and the button that makes it today."""
    today = session.today()
    if file.case.as_of >= today:
        return
    st.text(f"Reviewed as of {file.case.as_of}: what was recorded later does not count.")
    person = session.user()
    if person.may(Action.DETERMINE):
        st.button(
            "Review as of today",
            icon=":material/today:",
            on_click=attempt,
            args=(session.workplace().determine, person, file.id, today),
        )
