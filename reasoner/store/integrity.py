"""Integrity: whether a knowledge base holds just what its audit trail says, graph by graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC
from reasoner.store import audit, guard
from reasoner.store.audit import AuditEntry, AuditTrail
from reasoner.store.backends import MemoryStore, Store
from reasoner.store.catalog import CATALOG, GraphKind, audit_name, itself
from reasoner.store.change import Change
from reasoner.store.placement import Placement
from reasoner.store.register import Register

_EMPTY = graphs.digest("")


@dataclass
class _Course:
    """What the trail says of a base: the states of each graph and catalog subject, in order."""

    states: dict[str, list[tuple[int, str | None]]] = field(default_factory=dict)
    """By name the number of an entry and the digest that it gave; None if it removed the name."""
    changes: list[AuditEntry] = field(default_factory=list)
    """The entries that changed something."""
    problems: list[str] = field(default_factory=list)
    """What in the trail cannot be so, a line each."""

    @classmethod
    def of(cls, entries: list[AuditEntry]) -> _Course:
        course = cls()
        for entry in entries:
            if entry.changes:
                course.changes.append(entry)
            elif entry.action == audit.UNDONE:
                if course.head != entry.detail:
                    course.problems.append(f"entry {entry.number} takes back a change that is not the last before it")
                else:
                    course.changes.pop()
        for entry in course.changes:
            for name, digest in entry.changes.items():
                course.states.setdefault(name, []).append((entry.number, digest))
        return course

    @property
    def head(self) -> str:
        """The digest of the last entry that changed something; empty if none did."""
        return self.changes[-1].digest if self.changes else ""


def settle(store: Store, trail: AuditTrail) -> None:
    """Make trail and base agree after the program was interrupted between an entry and the end of its change.

    The last entry is noted as not carried out if the base is as the entry before it left it, but for new graphs that the
    catalog does not name yet: these are removed.
    """
    course = _Course.of(list(trail.entries()))
    before = course.changes[-2].digest if len(course.changes) > 1 else ""
    if not course.changes or Register(store).audit_head() != before:
        return
    named = course.changes[-1].changes
    if not any(name.startswith(CATALOG) for name in named) and all(
        graphs.digest(store.triples(name)) == (digest or _EMPTY) for name, digest in named.items()
    ):
        write_head(store, course.head)  # an update of graphs of people's own, which the entry follows
    else:
        _remove_uncatalogued(store, [name for name, digest in named.items() if digest and not name.startswith(CATALOG)])
        trail.append(audit.Actor.of_process(), audit.UNDONE, detail=course.head)


def _remove_uncatalogued(store: Store, names: list[str]) -> None:
    """Take out those graphs of a change of this software that the catalog does not name."""
    known = Register(store).entries_of(names).keys() if names else set()
    added = [name for name in names if name not in known and name.startswith(guard.OWN)]
    if added:
        store.update(Change(graphs=dict.fromkeys(added)).update())


def write_head(store: Store, head: str) -> None:
    """Have the catalog name the last entry of the audit trail."""
    change = Change(catalog={CATALOG: itself(head)})
    store.update(change.update())


def compare_with_trail(store: Store, trail: AuditTrail, head: str | None = None) -> Iterator[str]:
    """What is wrong with a base, a line each: in the trail itself, and where graphs or the catalog differ from it.

    A name that differs is *deleted* or *added*; *replayed*, if it is as an earlier entry left it; else *altered*.

    Args:
        store: what holds the base.
        trail: its audit trail.
        head: the digest of an entry, noted earlier and kept elsewhere. Only with it can be detected that the trail itself was
            shortened or written anew.
    """
    problems = [f"audit trail: {problem}" for problem in trail.verify(head)]
    yield from problems
    if any("is no entry" in problem for problem in problems):
        return
    course = _Course.of(list(trail.entries()))
    yield from (f"audit trail: {problem}" for problem in course.problems)
    present = _present(store)
    if course.changes:
        course.states[f"{CATALOG} {CATALOG}"] = [(course.changes[0].number, graphs.digest(itself("")))]
    register = Register(store)
    about = {entry.graph: entry.about for entry in register.entries()}
    for name in sorted(course.states.keys() | present.keys()):
        if problem := _judge(course.states.get(name, []), present.get(name)):
            yield f"{problem}: {_show(name, about)}"
    if isinstance(store, MemoryStore) and (astray := store.astray()):
        yield f"added: {astray} triples in no named graph"
    if (found := Register(store).audit_head()) != course.head:
        known = next((entry for entry in course.changes if entry.digest == found), None)
        as_of = f"entry {known.number}" if known else "no entry of the audit trail"
        yield f"the base is as of {as_of}, and the last change is entry {course.changes[-1].number if course.changes else 0}"


def compare_with_catalog(store: Store) -> Iterator[str]:
    """What is wrong with a base that has no trail, a line each: graphs that differ from the catalog, and links that lead nowhere."""
    register, placement = Register(store), Placement(store)
    entries = {entry.graph: entry for entry in register.entries()}
    for entry in entries.values():
        if graphs.digest(placement.content(entry.graph)) != entry.digest:
            yield f"altered: {_show(entry.graph, {entry.graph: entry.about})}"
    for name in sorted(_names(register) - entries.keys()):
        yield f"added: {_show(name, {})}"
    abouts = {entry.about for entry in entries.values()}
    for row in register.select(
        f"SELECT ?r ?d {{ GRAPH <{CATALOG}> {{ ?r nec:currentDetermination ?d }} }} ORDER BY ?d"
    ):
        if row["d"].value not in abouts or row["r"].value not in abouts:
            yield f"<{row['r'].value}> refers to <{row['d'].value}>, and one of them is missing"


def _judge(states: list[tuple[int, str | None]], present: str | None) -> str:
    """What is wrong with a name, given its states and its present digest; empty if nothing is."""
    number, expected = states[-1] if states else (0, None)
    if (present or _EMPTY) == (expected or _EMPTY):
        return ""
    if present is None:
        return "deleted"
    earlier = [at for at, digest in states[:-1] if digest == present]
    if earlier:
        return f"replayed, as entry {earlier[-1]} left it"
    return f"altered since entry {number}" if expected is not None else "added"


def _present(store: Store) -> dict[str, str]:
    """The digest of each named graph, and of what the catalog says of each subject, by the name in the trail."""
    register, placement = Register(store), Placement(store)
    found = {name: graphs.digest(placement.own(name)) for name in _names(register)}
    told: dict[str, list[str]] = {}
    for line in graphs.lines_of(placement.own(CATALOG)):
        told.setdefault(line.partition(" ")[0][1:-1], []).append(line)
    told[CATALOG] = [line for line in told.get(CATALOG, ()) if f"<{NEC.auditHead}>" not in line]
    return found | {f"{CATALOG} {audit_name(s)}": graphs.digest("".join(said)) for s, said in told.items()}


def _names(register: Register) -> set[str]:
    """The named graphs that are there, but for the catalog."""
    rows = register.select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")
    return {row["g"].value for row in rows} - {CATALOG}


def _show(name: str, about: dict[str, str]) -> str:
    catalog, _, subject = name.partition(" ")
    if subject:
        return f"what the catalog says of <{subject}>"
    kind = next((kind.slug for kind in GraphKind if name.startswith(kind.prefix)), "")
    told = f", about <{about[name]}>" if about.get(name) else ""
    return f"the {kind} graph <{catalog}>{told}" if kind else f"the graph <{catalog}>"
