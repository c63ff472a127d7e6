"""A policy as plain values read from Turtle: its versions, criteria, request axes and parameters, the effective policy
for a kind of request, and descriptions of it for people.

It imports `rdf` and what is below.
"""
