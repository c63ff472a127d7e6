"""A change of a knowledge base: what it makes of named graphs and of the catalog, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pyoxigraph as ox

from reasoner.ground.errors import QueryError
from reasoner.rdf import graphs
from reasoner.store.catalog import CATALOG, audit_name


@dataclass
class Change:
    """What becomes of named graphs, and of what the catalog says; None removes."""

    graphs: dict[str, str | None] = field(default_factory=dict)
    """Name of a graph to its whole content as canonical N-Triples."""
    catalog: dict[str, str | None] = field(default_factory=dict)
    """IRI of a subject to all that the catalog says of it, as canonical N-Triples."""
    new: list[str] = field(default_factory=list)
    """Those names and IRIs of which the base holds nothing yet, so that nothing has to be taken out first."""
    head: str = ""
    """The audit head of the base that it was worked out from; empty where nobody else changes the base."""

    def __bool__(self) -> bool:
        return bool(self.graphs or self.catalog)

    def digests(self) -> dict[str, str | None]:
        """What the audit trail keeps of it: by name the digest of what each graph, and each subject of the catalog, becomes."""
        found = {name: content if content is None else graphs.digest(content) for name, content in self.graphs.items()}
        for subject, content in self.catalog.items():
            found[f"{CATALOG} {audit_name(subject)}"] = content if content is None else graphs.digest(content)
        return found

    @classmethod
    def from_json(cls, value: Any) -> Change:
        """The change that `asdict` made a JSON value of; raises `QueryError` for any other value."""
        try:
            change = cls(**value)
            named = [*change.graphs.items(), *change.catalog.items()]
            for name, content in named:
                ox.NamedNode(name)
                if content is not None and graphs.canonical_lines(graphs.triples(content)) != content:
                    raise QueryError("a content is not in canonical N-Triples", where=name)
            for subject, content in change.catalog.items():
                if any(not line.startswith(f"<{subject}> ") for line in graphs.lines_of(content or "")):
                    raise QueryError("the catalog would say of one subject what is said of another", where=subject)
        except (TypeError, ValueError, AttributeError, SyntaxError):
            raise QueryError("it is no change of a knowledge base") from None
        return change

    def added(self) -> str:
        """The graphs of which the base holds nothing yet, as N-Quads."""
        new = ((name, self.graphs.get(name)) for name in self.new)
        # A line break stands at the end of a line alone: in literals it is escaped.
        return "".join(content.replace(" .\n", f" <{name}> .\n") for name, content in new if content)

    def rest(self) -> Change:
        """The change without `added`."""
        added = set(self.new)
        return replace(self, graphs={name: content for name, content in self.graphs.items() if name not in added})

    def update(self) -> str:
        """The change as one SPARQL update request."""
        new = set(self.new)
        steps = [f"DROP SILENT GRAPH <{name}>" for name in self.graphs if name not in new]
        about = (subject for subject in self.catalog if subject not in new)
        steps += [f"DELETE WHERE {{ GRAPH <{CATALOG}> {{ <{subject}> ?p ?o }} }}" for subject in about]
        said = "".join(content for content in self.catalog.values() if content)
        data = [f"GRAPH <{name}> {{\n{content}}}" for name, content in self.graphs.items() if content]
        if said:
            data.append(f"GRAPH <{CATALOG}> {{\n{said}}}")
        if data:
            steps.append("INSERT DATA { " + " ".join(data) + " }")
        return " ;\n".join(steps)
