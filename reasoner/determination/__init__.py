"""From a chart to a determination: inference, settling, validation by either engine, notes and what-if.

It imports `chart` and what is below.
"""
