"""The knowledge base: named graphs in a directory, in memory or behind an endpoint, with catalog, audit trail,
questions and a SPARQL service.

It imports `render` and what is below.
"""
