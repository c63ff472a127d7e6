"""The chart: requests and statements as plain values, and every way in, from files and standard input to well-formed
cases.

It imports `logic` and what is below.
"""
