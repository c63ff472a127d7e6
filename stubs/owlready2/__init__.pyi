from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

JAVA_EXE: str

class OwlReadyInconsistentOntologyError(Exception): ...

class ThingClass(type):
    iri: str

class Thing:
    iri: str
    INDIRECT_is_a: set[object]

class Ontology(AbstractContextManager[Ontology]):
    def __exit__(self, *args: object) -> None: ...
    def load(self, *, fileobj: BinaryIO, format: str, only_local: bool) -> Ontology: ...

class World:
    def get_ontology(self, base_iri: str) -> Ontology: ...
    def individuals(self) -> Iterator[Thing]: ...
    def inconsistent_classes(self) -> Iterator[object]: ...

def sync_reasoner_hermit(x: World, infer_property_values: bool, debug: int) -> None: ...
