"""Suggestions: for each criterion the sentences of some documents that may speak to it, best first. They are never evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reasoner.abstraction.examples import Examples
from reasoner.chart.documents.anchors import target_iri
from reasoner.chart.documents.model import DocumentText, Sentence
from reasoner.chart.documents.sentences import sentences
from reasoner.ground.errors import UsageError
from reasoner.policy.effective import EffectivePolicy
from reasoner.policy.model import Criterion, CriterionKind, Policy, PolicyVersion

BEST = 10
"""How many sentences are suggested for a criterion."""
_COPY = 40  # code points from which on the same words elsewhere are a copy
_AROUND = 160  # code points shown before and after a sentence


@dataclass(frozen=True)
class Passage:
    """A sentence in its document."""

    document: DocumentText
    sentence: Sentence

    @property
    def quote(self) -> str:
        """Its words, as they stand in the document's text."""
        return self.document.text[self.sentence.start : self.sentence.end]

    @property
    def anchor(self) -> str:
        """The IRI of its characters (RFC 6920 with a fragment of RFC 5147)."""
        return target_iri(self.document.digest, self.sentence.start, self.sentence.end)

    @property
    def before(self) -> str:
        """The words before it, to be read with it."""
        return self.document.text[max(0, self.sentence.start - _AROUND) : self.sentence.start]

    @property
    def after(self) -> str:
        """The words after it."""
        return self.document.text[self.sentence.end : self.sentence.end + _AROUND]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its cues."""
        return frozenset(cue.kind for cue in self.sentence.cues)


@dataclass(frozen=True)
class Suggestion:
    """A sentence that may speak to a criterion. What it means is for a person to say."""

    criterion: Criterion
    rank: int
    """1 for the best of its criterion."""
    score: float
    """Comparable within a criterion alone."""
    passage: Passage
    copies: tuple[Passage, ...]
    """Where else the same words stand."""
    finding: str
    """IRI of the finding class whose example is most like it; empty if there is none. It says nothing of the stance."""
    method: str
    """What ranked it, with its version."""


class Abstractor:
    """Finds the sentences that may speak to criteria.

    Args:
        policy: the policy, which has to have example sentences.

    Raises:
        PolicyError: it has none, or they are not well formed.
        UsageError: NumPy is not installed.
    """

    def __init__(self, policy: Policy) -> None:
        try:
            from reasoner.abstraction.ranking import METHOD, Ranker
        except ImportError as error:
            raise UsageError("sentences are ranked with NumPy", mend="Install necessity[documents]") from error
        self._method = METHOD
        self._ranker = Ranker(Examples(policy))

    def suggest(
        self, documents: Iterable[DocumentText], criteria: Iterable[Criterion], *, best: int = BEST
    ) -> tuple[Suggestion, ...]:
        """The best sentences for each criterion, in the order of the criteria and of their ranks.

        Args:
            documents: the documents of one record.
            criteria: leaves, such as those of `asked`. One without examples gets no suggestion.
            best: how many sentences a criterion gets at most.
        """
        groups = _same_words(Passage(document, sentence) for document in documents for sentence in sentences(document))
        read = [(first.quote, first.kinds) for first, *_ in groups]
        scores = self._ranker.scores(read)
        columns = {target: column for column, target in enumerate(self._ranker.targets)}
        found: list[Suggestion] = []
        for criterion in criteria:
            if not groups or criterion.finding not in columns:
                continue
            of_criterion = scores[:, columns[criterion.finding]]
            order = (-of_criterion).argsort(kind="stable")[:best]
            nearest = self._ranker.nearest([read[row] for row in order], criterion.finding)
            for rank, (row, finding) in enumerate(zip(order, nearest, strict=True), 1):
                first, *copies = groups[row]
                score = round(float(of_criterion[row]), 4)
                found.append(Suggestion(criterion, rank, score, first, tuple(copies), finding, self._method))
        return tuple(found)


def asked(effective: EffectivePolicy) -> tuple[Criterion, ...]:
    """The leaves that a kind of request is asked, its exclusions and descriptions among them, in published order."""
    return tuple(part.criterion for part in effective.parts.values() if part.kind is CriterionKind.LEAF)


def leaves_of(version: PolicyVersion, name: str) -> tuple[Criterion, ...]:
    """The leaf with an id or IRI, or all leaves below the group or section with it; raises `UsageError` if there is none."""
    criterion = version.by_id.get(name) or version.criteria.get(name)
    if criterion is None:
        raise UsageError(f"{version.id} has no criterion {name!r}", mend="`necessity policy show` lists them")
    if criterion.kind is CriterionKind.LEAF:
        return (criterion,)
    return tuple(leaf for member in criterion.members for leaf in leaves_of(version, member))


def _same_words(passages: Iterable[Passage]) -> list[list[Passage]]:
    """Places in their order, those together that are copies of each other: a longer sentence in the same words and cues."""
    groups: dict[object, list[Passage]] = {}
    for passage in passages:
        words = " ".join(passage.quote.split()).lower()
        key = (words, passage.kinds) if len(words) >= _COPY else (passage.document.digest, passage.sentence.start)
        groups.setdefault(key, []).append(passage)
    return list(groups.values())
