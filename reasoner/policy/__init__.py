"""A policy as data: read from Turtle, with its request axes, its effective form for a kind of request, and what
describes it to people.

It imports `rdf` and what is below.
"""
