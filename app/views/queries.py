"""Questions in SPARQL: the library with its parameters, the text to edit, and answers as table, chart and graph."""

from __future__ import annotations

from functools import partial

import altair
import pandas
import streamlit as st
from parts import paint, picture, session

from reasoner.ground.errors import NecessityError
from reasoner.review.authority import Action
from reasoner.store.questions import GRAPH_FORMATS, TABLE_FORMATS, Answer, Query, library

_OWN = "own question"
_EDGES = 150
_SUFFIX = {"turtle": "ttl", "ntriples": "nt", "rdfxml": "rdf"}


def show() -> None:
    """Show the page."""
    session.user().require(Action.QUERY)
    st.title("Questions", anchor=False)
    known = library()
    name = st.selectbox(
        "Question", [*known, _OWN], key="question", format_func=lambda n: f"{known[n].title} ({n})" if n in known else n
    )
    query = known.get(name)
    if query:
        st.text(query.purpose)
    text = _text(name, query)
    if st.button("Ask", type="primary"):
        with st.spinner("Asking …"):
            try:
                unchanged = query is not None and text == query.bind(_parameters(query))
                st.session_state["answer"] = session.workplace().query(session.user(), text, name if unchanged else "")
            except NecessityError as error:
                st.session_state.pop("answer", None)
                paint.problem(error)
    if "answer" in st.session_state:
        _answer(st.session_state["answer"])


def _parameters(query: Query) -> dict[str, str]:
    """The values of parameters that the person has typed, by name."""
    values = {p: st.session_state.get(f"parameter {query.name} {p}", "") for p in query.parameters}
    return {p: value for p, value in values.items() if value}


def _text(name: str, query: Query | None) -> str:
    start = "SELECT * {\n  ?s ?p ?o\n}\nLIMIT 20\n"
    if query:
        for parameter in query.parameters.values():
            st.text_input(
                f"{parameter.name} ({parameter.kind})",
                key=f"parameter {name} {parameter.name}",
                placeholder="any" if parameter.default == "UNDEF" else parameter.default,
                help=parameter.help,
            )
        try:
            start = query.bind(_parameters(query))
        except NecessityError as error:
            paint.problem(error)
            start = query.text
    with st.expander("SPARQL", expanded=query is None):
        return st.text_area(
            "Text of the question", start, height=320, key=f"text {name} {hash(start)}", max_chars=20_000
        )


def _answer(answer: Answer) -> None:
    if answer.truncated:
        st.warning(f"Only the first {session.workplace().settings.max_rows:,} are shown. Narrow the question.")
    if answer.triples is not None:
        _graph(answer)
        return
    table = answer.to_pandas()
    st.caption(f"{len(table):,} rows")
    if table.empty:
        st.info("Nothing was found.", icon=":material/search_off:")
        return
    numbers = [
        c
        for c in table.columns
        if pandas.api.types.is_numeric_dtype(table[c]) and not pandas.api.types.is_bool_dtype(table[c])
    ]
    words = [c for c in table.columns if c not in numbers]
    views = ["Table"] + (["Chart"] if numbers and words else [])
    view = st.segmented_control("Show", views, default="Table", required=True, label_visibility="collapsed")
    if view == "Chart":
        _chart(table, words, numbers)
    else:
        st.dataframe(table, hide_index=True, alt="The answer as a table; download it for a screen reader")
    _download(answer, (*TABLE_FORMATS, "parquet"))


def _chart(table: pandas.DataFrame, words: list[str], numbers: list[str]) -> None:
    left, middle, right = st.columns(3)
    by = left.selectbox("By", words)
    of = middle.selectbox("Of", numbers)
    colour = right.selectbox("In colours by", ["", *(w for w in words if w != by)])
    shown = table.assign(**{by: table[by].astype(str)}).nlargest(200, of)
    chart = (
        altair.Chart(shown)
        .mark_bar()
        .encode(y=altair.Y(f"{by}:N", sort="-x", title=by), x=altair.X(f"sum({of}):Q", title=of))
    )
    if colour:
        chart = chart.encode(color=altair.Color(f"{colour}:N"))
    st.altair_chart(chart, width="stretch")


def _graph(answer: Answer) -> None:
    triples = answer.triples or []
    st.caption(f"{len(triples):,} triples")
    if not triples:
        st.info("Nothing was found.", icon=":material/search_off:")
        return
    if len(triples) > _EDGES:
        st.info(f"The picture shows the first {_EDGES} triples.")
    name = answer.shorten
    edges = [(name(t.subject), name(t.predicate), name(t.object)) for t in triples[:_EDGES]]
    st.graphviz_chart(picture.dot(edges), width="stretch")
    _download(answer, tuple(GRAPH_FORMATS))


def _download(answer: Answer, forms: tuple[str, ...]) -> None:
    workplace, person = session.workplace(), session.user()
    if not person.may(Action.EXPORT):
        return
    with st.container(horizontal=True):
        for form in forms:
            st.download_button(
                form,
                partial(workplace.export, person, "", f"answer as {form}", partial(answer.serialize, form)),
                file_name=f"answer.{_SUFFIX.get(form, form)}",
                on_click="ignore",
                key=f"download {form}",
            )
