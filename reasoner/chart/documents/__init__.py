"""Documents in: the text of a record's files, its sentences with their headings and cues, and the characters that a quote stands on.

It imports what `chart` may import.
"""
