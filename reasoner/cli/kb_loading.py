"""What loads the charts of files, and what people signed, into a knowledge base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.cli.output import say
from reasoner.ground.errors import DocumentationError, NecessityError, UsageError

if TYPE_CHECKING:
    from reasoner.chart.model import Case
    from reasoner.store.base import KnowledgeBase
    from reasoner.store.catalog import LoadChange

SpokenOf = list[tuple[str, tuple[str, ...]]]
"""Data sets that are rejected, and the requests that each speaks of."""
AT_ONCE = 256
"""Charts that are loaded, or whose determinations are recorded, in one change."""


class Loader:
    """Loads charts, many in one change, and what people signed one by one; prints what came of each."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self.done = self.rejected = 0
        self._kb = kb
        self._sources: dict[str, str] = {}
        self._spoken_of: dict[str, str] = {}
        self._waiting: list[Case] = []
        self._corrections: list[Case] = []
        """Charts that contradict others, such as in a day of birth, which later files may correct."""
        self._named: set[str] = set()
        """The digests of the files that texts of the charts were read from."""

    def note_rejected(self, spoken_of: SpokenOf) -> None:
        """Load no chart of the requests that rejected data sets speak of, and tell of those that were loaded before."""
        from reasoner.chart.apart import refusal

        for source, requests in spoken_of:
            for request in requests:
                self._spoken_of.setdefault(request, source)
                if request in self._sources:
                    self.reject(refusal(request, [self._sources[request]], [source]))

    def take(self, case: Case, source: str) -> None:
        """Load a chart, with the next ones or at the next `flush`."""
        from reasoner.store.originals import named_in

        try:
            self._note(case.iri, source)
        except NecessityError as error:
            self.reject(error)
            return
        self._waiting.append(case)
        self._named |= named_in(case.content)
        if len(self._waiting) >= AT_ONCE:
            self.flush()

    def flush(self, *, last: bool = False) -> None:
        """Load the charts that wait; at last also, all together, those that contradicted others."""
        cases, self._waiting = self._waiting, []
        self._load(cases, later=True)
        if last:
            self._load(self._corrections, later=False)

    def _load(self, cases: Sequence[Case], *, later: bool) -> None:
        """Load charts; those that contradict others, which may yet be corrected, can be tried later."""
        from reasoner.store.claims import AnotherMeaningError

        for case, change in zip(cases, self._kb.load_cases(cases) if cases else (), strict=True):
            if later and isinstance(change, AnotherMeaningError) and len(self._corrections) < AT_ONCE:
                self._corrections.append(case)
            elif isinstance(change, NecessityError):
                self.reject(change)
            else:
                self._told("chart", case.iri, change)

    def load(self, kind: str, iri: str, source: str, work: Callable[[], LoadChange]) -> None:
        """Load a decision or an acceptance, after the charts that wait."""
        self.flush()
        try:
            self._note(iri, source)
            self._told(kind, iri, work())
        except NecessityError as error:
            self.reject(error)

    def keep(self, paths: Sequence[str], key: bytes | None) -> None:
        """Keep the documents of some paths that the charts name.

        Args:
            paths: documents, or folders that `Originals` has made.
            key: that of such folders.
        """
        from reasoner.store.originals import Originals

        if paths and not self._kb.originals:
            raise UsageError("a base behind an endpoint keeps no originals", mend="Load where its directory is")
        for path in paths:
            kept = Originals(Path(path), key=key)
            digests = kept.digests() & self._named
            found = map(kept.read, sorted(digests)) if digests else self._documents(path)
            for data in found:
                if self._kb.originals:
                    print(f"kept       original  {self._kb.originals.keep(data)}")

    def _documents(self, path: str) -> Iterator[bytes]:
        """The documents at a path that the charts name."""
        from reasoner.chart import sources
        from reasoner.chart.documents.reading import SUFFIXES, read_documents

        for name in sources.find([path], tuple(SUFFIXES)):
            for document in read_documents(Path(name), name):
                if isinstance(document, NecessityError):
                    self.reject(document)
                elif document.original_digest in self._named:
                    yield document.original

    def reject(self, error: NecessityError) -> None:
        """Print why something is not loaded."""
        say(f"rejected: {error}")
        self.rejected += 1

    def _note(self, iri: str, source: str) -> None:
        if iri in self._sources:
            raise DocumentationError(
                f"<{iri}> has been loaded from {self._sources[iri]}",
                where=source,
                mend="Keep a request and its statements in one data set",
            )
        if iri in self._spoken_of:
            from reasoner.chart.apart import refusal

            raise refusal(iri, [source], [self._spoken_of[iri]])
        self._sources[iri] = source

    def _told(self, kind: str, iri: str, change: LoadChange) -> None:
        print(f"{change.value:9}  {kind}  {iri}")
        self.done += 1
