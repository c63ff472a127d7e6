"""Determinations in every form that people and programs read: text, JSON, PROV-O, HTML, Markdown, PDF, notices.

It imports `review` and what is below.
"""
