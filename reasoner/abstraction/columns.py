"""The columns of a review sheet: what a row suggests, what a person fills in, and where the words stand.

A column that is not of `SHEET_ALONE` is one of a sheet of statements (``ontology/sheet/columns.ttl``), and means the same here.
"""

from __future__ import annotations

CRITERION, FINDING, OBSERVED = "criterion", "finding", "observed"
LABEL, RANK, QUOTE, STANCE, REVIEWER, REVIEWED = "label", "rank", "quote", "stance", "reviewer", "reviewed"
CUES, BEFORE, AFTER, HEADING, LIKE, SCORE = "cues", "before", "after", "heading", "like", "score"
FILE, PAGE, TEXT, START, END, ALSO, METHOD = "file", "page", "text", "start", "end", "also", "method"
DOCUMENT = ("document", "issued", "author", "role", "author_kind")
REQUEST_FACTS = ("service_start", "service_end", "admitted", "birth_date", "jurisdiction")
"""The columns of a request beside its name and its axes."""

SHEET_ALONE = frozenset(
    {LABEL, RANK, QUOTE, STANCE, REVIEWER, REVIEWED, CUES, BEFORE, AFTER, HEADING, LIKE, SCORE}
    | {FILE, TEXT, START, END, ALSO, METHOD}
)
"""Columns that mean something in a review sheet alone."""
NEEDED = (CRITERION, QUOTE, STANCE, TEXT, START, END)
"""Columns without which a review sheet says nothing."""
ORDER = (
    *(CRITERION, LABEL, RANK, QUOTE, CUES, STANCE, FINDING, OBSERVED, REVIEWER, REVIEWED),
    *(BEFORE, AFTER, HEADING, LIKE, FILE, PAGE, *DOCUMENT, SCORE, TEXT, START, END, ALSO, METHOD),
)
"""The columns as they are written; those of the request follow."""
