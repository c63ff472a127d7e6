"""Kleene logic over the statuses of criteria: the fold to an outcome, the same as tables, and the smallest sets that
carry, complete or refute it.

It imports `policy` and what is below.
"""
