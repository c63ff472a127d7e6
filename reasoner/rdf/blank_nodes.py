"""Names for blank nodes, made from what is said of them."""

from __future__ import annotations

import hashlib
from itertools import count

import pyoxigraph as ox

from reasoner.ground.errors import DocumentationError
from reasoner.rdf.terms import OxTerm


def names_of(triples: list[ox.Triple], source: str, limit: int, scope: str) -> dict[str, str]:
    """A name for each blank node, digested from a scope and from what is said of it, children before parents.

    The depth of a blank node is the length of the longest chain of blank nodes that begins with it. Names and depths
    depend on the graph alone: not on labels, nor on the order or the repetition of triples.
    """
    about: dict[str, list[ox.Triple]] = {}
    parents: dict[str, list[str]] = {}
    unnamed: dict[str, int] = {}  # how many children of each have no name yet
    for triple in triples:
        subject, value = triple.subject, triple.object
        if isinstance(value, ox.BlankNode):
            unnamed.setdefault(value.value, 0)
        if isinstance(subject, ox.BlankNode):
            about.setdefault(subject.value, []).append(triple)
            unnamed.setdefault(subject.value, 0)
            if isinstance(value, ox.BlankNode):
                unnamed[subject.value] += 1
                parents.setdefault(value.value, []).append(subject.value)
    names: dict[str, str] = {}
    level = [label for label, children in unnamed.items() if not children]
    for depth in count(1):
        if not level:
            break
        if depth > limit:
            raise DocumentationError(
                f"blank nodes nest deeper than {limit} levels", where=source, mend="Give the nodes IRIs"
            )
        above = []
        for label in level:
            statements = {f"{t.predicate} {_value(t.object, names)}" for t in about.get(label, ())}
            names[label] = hashlib.sha256("\n".join([scope, *sorted(statements)]).encode()).hexdigest()[:20]
            for parent in parents.get(label, ()):
                unnamed[parent] -= 1
                if not unnamed[parent]:
                    above.append(parent)
        level = above
    if len(names) < len(unnamed):
        raise DocumentationError("blank nodes form a cycle", where=source, mend="Give the nodes IRIs")
    return names


def _value(term: OxTerm, names: dict[str, str]) -> str:
    return names[term.value] if isinstance(term, ox.BlankNode) else str(term)
