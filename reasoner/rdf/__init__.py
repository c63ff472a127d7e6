"""RDF, SPARQL, SHACL and OWL without any policy: parsing within limits, graphs and their digests, compiled SHACL and
OWL 2 RL, and for each engine the one module that imports it.

It imports `ground`.
"""
