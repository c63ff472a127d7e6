"""."""
import streamlit as st
def show() -> None:
    """Show."""
    st.title("policy")
