"""The vocabularies that policies, documentation and determinations are written in."""

from rdflib import Namespace
from rdflib.namespace import DCTERMS, OWL, PROV, RDF, RDFS, SH, SKOS, VANN, XSD

NEC = Namespace("https://w3id.org/necessity/core#")
OA = Namespace("http://www.w3.org/ns/oa#")
SCHEMA = Namespace("https://schema.org/")

__all__ = ["DCTERMS", "NEC", "OA", "OWL", "PROV", "RDF", "RDFS", "SCHEMA", "SH", "SKOS", "VANN", "XSD"]
