"""What the pages of the workplace build on: the worklist, drafts, settings, and the one service through which people act.

It imports `batch` and what is below.
"""
