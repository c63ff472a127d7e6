"""Descriptions: what a graph says of each of its resources, to digest and to compare them one by one."""

from __future__ import annotations

from reasoner.rdf import graphs
from reasoner.rdf.parsing import GENERATED


def describe(content: str) -> dict[str, str]:
    """What canonical N-Triples say of each resource, by IRI, as canonical N-Triples.

    The description of a resource holds the triples about it, and those about the nodes without an IRI of their own (blank
    nodes, before they were named by their content) that these lead to.
    """
    own: dict[str, list[str]] = {}
    parts: dict[str, set[str]] = {}
    for line in graphs.lines_of(content):
        subject, _, rest = line.partition(" ")
        own.setdefault(subject, []).append(line)
        value = rest.partition(" ")[2].removesuffix(" .\n")
        if value.startswith(f"<{GENERATED}"):
            parts.setdefault(subject, set()).add(value)
    return {subject[1:-1]: _joined(subject, own, parts) for subject in own}


def _joined(subject: str, own: dict[str, list[str]], parts: dict[str, set[str]]) -> str:
    if subject not in parts:
        return "".join(own[subject])
    reached, queue = {subject}, [subject]
    while queue:
        new = parts.get(queue.pop(), set()) & own.keys() - reached
        reached |= new
        queue += new
    return "".join(sorted(line for name in reached for line in own[name]))
