"""What the reviewers' pages stand on: the queue, drafts, settings, and the one service through which they act.

It imports `batch` and what is below.
"""
