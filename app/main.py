"""The workplace's pages."""

from pathlib import Path

import streamlit as st
from parts import criteria, session
from parts.components import shell
from parts.page import enter, frame
from views import audit, batch, case, intake, overview, policy, quality, queries, reading, worklist

st.set_page_config(page_title="Necessity", page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
at_work = enter()
st.session_state["worklist page"] = st.Page(
    worklist.show, title="Worklist", icon=":material/checklist:", url_path="worklist", default=True
)
st.session_state["case page"] = st.Page(case.show, title="Case", icon=":material/fact_check:", url_path="case")
st.session_state["new page"] = st.Page(intake.show, title="New request", icon=":material/note_add:", url_path="new")
st.session_state["reading page"] = st.Page(reading.show, title="Read", icon=":material/menu_book:", url_path="read")
page = st.navigation(
    [
        st.session_state["worklist page"],
        st.session_state["case page"],
        st.session_state["reading page"],
        st.session_state["new page"],
        st.Page(batch.show, title="Batch", icon=":material/upload_file:", url_path="batch"),
        st.Page(overview.show, title="Overview", icon=":material/monitoring:", url_path="overview"),
        st.Page(quality.show, title="Quality", icon=":material/balance:", url_path="quality"),
        st.Page(policy.show, title="Policy", icon=":material/account_tree:", url_path="policy"),
        st.Page(queries.show, title="Questions", icon=":material/database_search:", url_path="questions"),
        st.Page(audit.show, title="Audit", icon=":material/history:", url_path="audit"),
    ],
    position="sidebar" if at_work else "hidden",
)
if at_work:
    with frame():
        if page.url_path not in ("case", "read"):
            session.leave_request()
        page.run()
        closed = [st.session_state.get(name, 0) for name in ("added", "assigned")]  # boxes that had the focus
        shell(f"{page.url_path} {st.query_params.get('id', '')} {closed}", criteria.pick)
