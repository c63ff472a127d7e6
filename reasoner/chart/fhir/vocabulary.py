"""What of a policy's vocabulary the mappings of FHIR look up, in a store beside the quads of bundles."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pyoxigraph import Quad, Store, Triple

from reasoner.chart.coding import CodeSystems
from reasoner.policy.axes import Axis

_WEAR = 1_000_000  # quads added and removed after which a store is replaced
_HEAVY = 20_000  # quads that take longer to remove than a new store takes


class Vocabulary:
    """The criteria (by ``dcterms:identifier``) and code systems (SKOS) that the mappings look up, and the policy's axes.

    It is loaded once: each bundle is added to a store that has it, and removed afterwards.
    """

    def __init__(
        self, triples: Iterable[Triple | Quad], axes: tuple[Axis, ...] = (), codes: CodeSystems | None = None
    ) -> None:
        self.axes = axes
        """What a bundle has to state of its request beside dates and plan."""
        self.codes = codes
        """What reads the codings; without it they stay as they are written."""
        self._quads = [Quad(triple.subject, triple.predicate, triple.object) for triple in triples]
        self._ready: deque[_Beside] = deque()  # one for each thread that reads

    @contextmanager
    def beside(self, quads: Iterable[Quad]) -> Iterator[_Beside]:
        """A store of the vocabulary and some quads, for as long as the context lasts."""
        try:
            store = self._ready.pop()
        except IndexError:
            store = _Beside(self._quads)
        store.add(quads)
        yield store
        if store.clean():
            self._ready.append(store)


class _Beside:
    """A store of quads that stay and of others that are taken out again."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self.store = Store()
        self.store.bulk_extend(quads)
        self._added: list[Quad] = []
        self._worn = 0

    def add(self, quads: Iterable[Quad]) -> None:
        added = list(quads)
        self.store.bulk_extend(added)
        self._added += added

    def clean(self) -> bool:
        """Take out what was added; whether the store can be used again."""
        self._worn += len(self._added)
        if self._worn >= _WEAR or len(self._added) >= _HEAVY:
            return False
        for quad in self._added:
            self.store.remove(quad)
        self._added.clear()
        return True
