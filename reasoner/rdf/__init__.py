"""RDF, SPARQL, SHACL and OWL without any policy: parsing within limits, graphs and their digests, SHACL and OWL 2 RL
compiled, and one door to each engine.

It imports `ground`.
"""
