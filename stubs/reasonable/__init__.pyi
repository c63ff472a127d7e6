from collections.abc import Iterable

from rdflib.term import Node

class PyReasoner:
    def from_graph(self, graph: Iterable[tuple[Node, Node, Node]]) -> None: ...
    def reason(self) -> list[tuple[Node, Node, Node]]: ...
