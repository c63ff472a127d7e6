"""Suggestions: for each criterion the sentences of some documents that may speak to it, best first. They are never evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.abstraction.examples import Examples
from reasoner.chart.documents.anchors import target_iri
from reasoner.chart.documents.copies import copied_forward, folded
from reasoner.chart.documents.language import Span
from reasoner.chart.documents.model import DocumentText, Sentence
from reasoner.chart.documents.sentences import sentences
from reasoner.ground.errors import UsageError
from reasoner.policy.effective import EffectivePolicy
from reasoner.policy.model import Criterion, CriterionKind, Policy, PolicyVersion

if TYPE_CHECKING:
    from reasoner.abstraction.ranking import Floats

BEST, BEST_OF_SENTENCE = 10, 3
"""How many sentences are suggested for a criterion, and how many criteria for a sentence."""
_COPY = 33  # letters and digits from which on the same words elsewhere are a copy
_AROUND = 160  # code points shown before and after a sentence


@dataclass(frozen=True)
class Passage:
    """A sentence in its document."""

    document: DocumentText
    sentence: Sentence
    issued: date | None = None
    """The day of the document; None if it is not known."""

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
    """Where else the same words stand, such as in later notes that they were copied forward to."""
    finding: str
    """IRI of the finding class whose example is most like it; empty if there is none. It says nothing of the stance."""
    method: str
    """What ranked it, with its version."""


class Abstractor:
    """Finds the sentences that may speak to criteria.

    Args:
        policy: the policy, which has to have example sentences.
        model: the folder of a sentence encoder, to rank by its vectors too.

    Raises:
        PolicyError: it has none, or they are not well formed.
        UsageError: the model cannot be read.
    """

    def __init__(self, policy: Policy, model: Path | None = None) -> None:
        from reasoner.abstraction.encoding import Encoder
        from reasoner.abstraction.ranking import Ranker

        self._ranker = Ranker(Examples(policy), Encoder(model) if model else None)

    def suggest(
        self,
        documents: Iterable[DocumentText],
        criteria: Iterable[Criterion],
        *,
        best: int = BEST,
        issued: Mapping[str, date] | None = None,
    ) -> tuple[Suggestion, ...]:
        """The best sentences for each criterion, in the order of the criteria and of their ranks.

        What a later document has from an earlier one is suggested once, where it stood first.

        Args:
            documents: the documents of one record.
            criteria: leaves, such as those of `asked`. One without examples gets no suggestion.
            best: how many sentences a criterion gets at most.
            issued: the days of documents, by the digest of their texts; those without one count as the latest.
        """
        groups, scores = self._scored(documents, issued)
        found: list[Suggestion] = []
        for criterion in criteria if groups else ():
            if criterion.finding in scores:
                order = (-scores[criterion.finding]).argsort(kind="stable")[:best]
                found += self._suggestions(criterion, groups, scores, dict(enumerate(map(int, order), 1)))
        return tuple(found)

    def by_sentence(
        self,
        documents: Iterable[DocumentText],
        criteria: Iterable[Criterion],
        *,
        best: int = BEST_OF_SENTENCE,
        issued: Mapping[str, date] | None = None,
    ) -> tuple[Suggestion, ...]:
        """For each sentence the criteria that it is most likely to speak to, in the order of the sentences.

        Args:
            documents: the documents of one record.
            criteria: the leaves to choose from.
            best: how many criteria a sentence gets at most; it gets none for which its score is not above 0.
            issued: as for `suggest`; the documents come in the order of their days.
        """
        groups, scores = self._scored(documents, issued)
        known = [criterion for criterion in criteria if criterion.finding in scores]
        chosen: dict[str, dict[int, int]] = {criterion.iri: {} for criterion in known}
        orders = {c.iri: (-scores[c.finding]).argsort(kind="stable").argsort(kind="stable") + 1 for c in known}
        for row in range(len(groups)):
            likely = sorted(known, key=lambda criterion: -float(scores[criterion.finding][row]))[:best]
            for criterion in likely:
                if scores[criterion.finding][row] > 0:
                    chosen[criterion.iri][int(orders[criterion.iri][row])] = row
        rows = {id(group[0]): row for row, group in enumerate(groups)}
        found = [s for c in known for s in self._suggestions(c, groups, scores, chosen[c.iri])]
        return tuple(sorted(found, key=lambda suggestion: (rows[id(suggestion.passage)], -suggestion.score)))

    def _scored(
        self, documents: Iterable[DocumentText], issued: Mapping[str, date] | None
    ) -> tuple[list[list[Passage]], dict[str, Floats]]:
        """The passages with their copies, and their scores by the finding class of the leaf."""
        groups = _told_once([(document, (issued or {}).get(document.digest)) for document in documents])
        scores = self._ranker.scores([(first.quote, first.kinds) for first, *_ in groups])
        return groups, {target: scores[:, column] for column, target in enumerate(self._ranker.targets)}

    def _suggestions(
        self, criterion: Criterion, groups: list[list[Passage]], scores: dict[str, Floats], ranked: dict[int, int]
    ) -> list[Suggestion]:
        """The suggestions of some passages, by rank, for a criterion."""
        firsts = [groups[row][0] for row in ranked.values()]
        nearest = self._ranker.nearest([(first.quote, first.kinds) for first in firsts], criterion.finding)
        return [
            Suggestion(
                criterion=criterion,
                rank=rank,
                score=round(float(scores[criterion.finding][row]), 4),
                passage=groups[row][0],
                copies=tuple(groups[row][1:]),
                finding=finding,
                method=self._ranker.method,
            )
            for (rank, row), finding in zip(ranked.items(), nearest, strict=True)
        ]


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


def _told_once(documents: list[tuple[DocumentText, date | None]]) -> list[list[Passage]]:
    """Passages from the earliest document to the latest, those together that are copies of each other.

    Copies have the same words and cues, and are long or stand in a paragraph that was copied forward.
    """
    copied: dict[int, list[Span]] = {}
    for copy in copied_forward(documents):
        copied.setdefault(copy.document, []).append(copy.span)
        copied.setdefault(copy.first, []).append(copy.first_span)
    groups: dict[object, list[Passage]] = {}
    for place in sorted(range(len(documents)), key=lambda place: documents[place][1] or date.max):
        document, issued = documents[place]
        spans = copied.get(place, ())
        for sentence in sentences(document):
            passage = Passage(document, sentence, issued)
            words = folded(passage.quote)
            known = len(words) >= _COPY or any(span.start <= sentence.start < span.end for span in spans)
            key = (words, passage.kinds) if known else (place, sentence.start)
            groups.setdefault(key, []).append(passage)
    return list(groups.values())
