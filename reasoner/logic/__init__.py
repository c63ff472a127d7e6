"""Kleene logic over the statuses of criteria: the fold to an outcome, tables that do the same faster, and the smallest
sets of criteria that carry, complete or refute it.

It imports `policy` and what is below.
"""
