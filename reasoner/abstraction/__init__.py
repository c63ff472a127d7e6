"""From notes to suggestions: which sentences of a record may speak to which criteria, for a person to say what they mean.

It imports what is below `assurance`, and `chart.documents` for the sentences; nothing that determines imports it.
"""
