"""FHIR R4 in: bundles, bulk exports and answered forms become RDF and then, by SPARQL mappings, statements.

It imports what `chart` may import.
"""
