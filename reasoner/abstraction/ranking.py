"""Ranking: how likely a sentence speaks to each leaf, learned from example sentences by ridge regression.

The features of a sentence are weighted by how rare they are (TF-IDF). For each leaf the weights of the features are those
that come closest to 1 for its own examples and to 0 for all others. One more target is learned alike: whether a sentence
says anything of the patient as they are now. It is high for the examples of leaves, low for counterexamples, such as a
relative's history or a blank form. NumPy alone computes it, alike on every machine but for digits that are rounded away.

With a sentence encoder the same is learned of the examples' vectors, and both scores are added.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

from reasoner.abstraction.encoding import Encoder
from reasoner.abstraction.examples import Example, ExampleKind, Examples
from reasoner.abstraction.features import RARE, VERSION, WEIGHTS, Feature, features
from reasoner.ground import cache
from reasoner.ground.serialization import CodecError

METHOD = f"necessity-ridge/{VERSION}"
"""The method that ranks by words alone, with its version."""

_RIDGE = 1.0
_OF_DEFINITIONS = 0.4  # how much a definition counts beside an example
_OF_PRESENCE = 2.0  # how much a score follows from whether the sentence speaks of the patient as they are now
_LEAST, _MOST = 0.1, 3.0  # the factors that this can come to
_OF_VECTORS = 1.5  # how much what is learned of vectors counts beside what is learned of words
_COMMON = 200  # a feature of more examples than this is multiplied as a column
_SPEAKS, _SILENT = 0.5, -1.0
"""The target of presence for examples that speak to a leaf, and for all others but definitions."""

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Sentences as sparse rows of a matrix, each of length 1."""

    starts: Integers
    """Where each row begins in the two other arrays; the last number is where the last one ends."""
    columns: Integers
    values: Floats


@dataclass(frozen=True, eq=False)
class Weights:
    """What was learned: for each feature how much it counts in a sentence, and what it speaks for."""

    targets: tuple[str, ...]
    """IRIs of the finding classes of leaves."""
    vocabulary: dict[Feature, int]
    rarity: Floats
    matrix: Floats
    """A row for each feature, a column for each target and one for presence."""
    examples: SparseRows
    """The examples that it was learned from, in their order."""
    findings: tuple[str, ...]
    """IRI of the finding class of each example."""
    leaves: tuple[str, ...]
    """The targets that each example speaks to, with spaces between; empty if it speaks to none."""


class Ranker:
    """Scores sentences.

    Args:
        examples: those of the policy.
        encoder: a model that gives sentences vectors; without one, words alone are counted.
    """

    def __init__(self, examples: Examples, encoder: Encoder | None = None) -> None:
        self._families = examples.families
        self._weights = learned(examples)
        self._encoder = encoder
        self._of_vectors = learned_of_vectors(examples, self._weights.targets, encoder) if encoder else None
        self.method = f"{METHOD}+onnx/{encoder.digest}" if encoder else METHOD
        """What a suggestion names as the method that ranked it."""
        self._examples_of: dict[str, list[int]] = {}
        """The examples that speak to each target."""
        for row, leaves in enumerate(self._weights.leaves):
            for leaf in leaves.split():
                self._examples_of.setdefault(leaf, []).append(row)
        self._known: dict[tuple[str, frozenset[str]], tuple[Integers, Floats]] = {}
        """The rows of the sentences that were scored last."""

    @property
    def targets(self) -> tuple[str, ...]:
        """IRIs of the finding classes of leaves, in the order of the columns of scores."""
        return self._weights.targets

    def scores(self, sentences: Sequence[tuple[str, frozenset[str]]]) -> Floats:
        """How likely each sentence, a row, speaks to each leaf, a column. Only the order of scores means anything.

        Args:
            sentences: the words of each, and the kinds of its cues.
        """
        weights = self._weights
        raw = np.zeros((len(sentences), len(weights.targets) + 1), np.float32)
        self._known.clear()
        for row, (text, cues) in enumerate(sentences):
            columns, values = self._known[text, cues] = self._row(text, cues)
            raw[row] = values @ weights.matrix[columns]
        if self._encoder and self._of_vectors is not None and sentences:
            vectors = self._encoder.encode([text for text, _ in sentences])
            raw += np.float32(_OF_VECTORS) * (vectors @ self._of_vectors)
            raw /= np.float32(1 + _OF_VECTORS)
        presence = np.clip(1 + _OF_PRESENCE * raw[:, -1], _LEAST, _MOST)
        topics = raw[:, :-1]
        found: Floats = np.where(topics > 0, topics * presence[:, None], topics).round(4)
        return found

    def nearest(self, sentences: Iterable[tuple[str, frozenset[str]]], target: str) -> list[str]:
        """For each of some sentences the finding class whose example is most like it, of those that speak to a leaf.

        Args:
            sentences: as for `scores`.
            target: the finding class of the leaf.
        """
        rows, weights = self._weights.examples, self._weights
        held = self._examples_of[target]
        spans = [slice(rows.starts[row], rows.starts[row + 1]) for row in held]
        starts = np.cumsum([0, *(span.stop - span.start for span in spans)])[:-1]
        every, values = (np.concatenate([of[span] for span in spans]) for of in (rows.columns, rows.values))
        found = []
        for text, cues in sentences:
            dense = np.zeros(len(weights.vocabulary), np.float32)
            columns, values_of = self._known.get((text, cues)) or self._row(text, cues)
            dense[columns] = values_of
            likeness = np.add.reduceat(dense[every] * values, starts).round(4)
            found.append(weights.findings[held[int(likeness.argmax())]])
        return found

    def _row(self, text: str, cues: frozenset[str]) -> tuple[Integers, Floats]:
        return _row(features(text, self._families, cues), self._weights.vocabulary, self._weights.rarity)


def learned(examples: Examples) -> Weights:
    """What the examples of a policy teach; kept in the cache."""
    return cache.cached(examples.key, _Archive(), lambda: _learn(examples))


def _learn(examples: Examples) -> Weights:
    every = examples.all
    counted = [features(example.text, examples.families, example.cues) for example in every]
    held = Counter(chain.from_iterable(counted))
    kept = sorted(feature for feature, number in held.items() if number > 1 or feature[0] not in RARE)
    vocabulary = {feature: column for column, feature in enumerate(kept)}
    rarity = np.array([WEIGHTS[f[0]] * (log((1 + len(every)) / (1 + held[f])) + 1) for f in kept], np.float32)
    parts = [_row(counts, vocabulary, rarity) for counts in counted]
    rows = SparseRows(
        starts=np.cumsum([0, *(len(columns) for columns, _ in parts)], dtype=np.int32),
        columns=np.concatenate([columns for columns, _ in parts]),
        values=np.concatenate([values for _, values in parts]),
    )
    targets = tuple(sorted({leaf for example in every for leaf in example.leaves}))
    return Weights(
        targets=targets,
        vocabulary=vocabulary,
        rarity=rarity,
        matrix=_solve(rows, len(kept), _goals(every, targets), np.array([_ridge(example) for example in every])),
        examples=rows,
        findings=tuple(example.finding for example in every),
        leaves=tuple(
            " ".join(sorted(example.leaves)) if example.kind is not ExampleKind.COUNTER else "" for example in every
        ),
    )


def learned_of_vectors(examples: Examples, targets: Sequence[str], encoder: Encoder) -> Floats:
    """What the vectors of the examples teach: a row for each of their numbers, a column as in `Weights.matrix`; kept in the cache."""
    name = hashlib.sha256(f"{examples.key}\0{encoder.digest}".encode()).hexdigest()
    return cache.cached(name, _Array(), lambda: _learn_of_vectors(examples.all, targets, encoder))


def _learn_of_vectors(every: Sequence[Example], targets: Sequence[str], encoder: Encoder) -> Floats:
    vectors = encoder.encode([example.text for example in every]).astype(np.float64)
    weighed = (vectors / np.array([[_ridge(example)] for example in every])).T
    system = weighed @ vectors + np.eye(vectors.shape[1])
    return np.array(np.linalg.solve(system, weighed @ _goals(every, targets)), np.float32)


def _ridge(example: Example) -> float:
    return _RIDGE / _OF_DEFINITIONS if example.kind is ExampleKind.DEFINITION else _RIDGE


def _goals(every: Sequence[Example], targets: Sequence[str]) -> NDArray[np.float64]:
    """What the score of each example should be, for each target and for presence."""
    column = {target: number for number, target in enumerate(targets)}
    goals = np.zeros((len(every), len(targets) + 1))
    for row, example in enumerate(every):
        if example.kind is not ExampleKind.COUNTER:
            goals[row, [column[leaf] for leaf in example.leaves]] = 1
        if example.kind is not ExampleKind.DEFINITION:
            goals[row, -1] = _SPEAKS if example.kind is ExampleKind.SPEAKS and example.leaves else _SILENT
    told = [row for row, example in enumerate(every) if example.kind is not ExampleKind.DEFINITION]
    goals[told, -1] -= goals[told, -1].mean()
    return goals


def _solve(rows: SparseRows, width: int, goals: NDArray[np.float64], ridge: NDArray[np.float64]) -> Floats:
    """The weights of ridge regression, by way of the likeness of each two examples."""
    height = len(goals)
    owner = np.repeat(np.arange(height), np.diff(rows.starts))
    order = np.argsort(rows.columns, kind="stable")
    owner, values = owner[order], rows.values[order].astype(np.float64)
    ends = np.searchsorted(rows.columns[order], np.arange(width + 1))
    postings = [(owner[a:b], values[a:b]) for a, b in pairwise(ends)]
    likeness = np.diag(ridge)
    common = [(held, of) for held, of in postings if len(held) > _COMMON]
    dense = np.zeros((height, len(common)))
    for column, (held, of) in enumerate(common):
        dense[held, column] = of
    likeness += dense @ dense.T
    for held, of in postings:
        if len(held) <= _COMMON:
            likeness[held[:, None], held] += np.outer(of, of)
    shares = np.linalg.solve(likeness, goals)
    return np.array([of @ shares[held] for held, of in postings], np.float32)


def _row(counts: Counter[Feature], vocabulary: dict[Feature, int], rarity: Floats) -> tuple[Integers, Floats]:
    """A sentence as a sparse row of length 1: the columns of its features, and their values."""
    known = [(column, number) for feature, number in counts.items() if (column := vocabulary.get(feature)) is not None]
    columns = np.array([column for column, _ in known], np.int32)
    values = np.array([1 + log(number) if number > 1 else 1.0 for _, number in known], np.float32) * rarity[columns]
    length = float(np.sqrt(values @ values))
    return columns, values / np.float32(length) if length else values


class _Array:
    """Writes one array, and reads it."""

    def write(self, value: Floats) -> bytes:
        """The array as bytes."""
        stream = io.BytesIO()
        np.save(stream, value)
        return stream.getvalue()

    def read(self, content: bytes) -> Floats:
        """The array that was written; raises `CodecError` if the content is anything else."""
        try:
            found: Floats = np.load(io.BytesIO(content), allow_pickle=False)
        except (OSError, EOFError, ValueError) as error:
            raise CodecError(str(error)) from error
        return found


class _Archive:
    """Writes weights as an archive of arrays, and reads them."""

    def write(self, value: Weights) -> bytes:
        """The weights as bytes."""
        stream = io.BytesIO()
        np.savez(
            stream,
            names=_packed(
                *("\n".join(names) for names in (value.targets, value.findings, value.leaves, *value.vocabulary))
            ),
            rarity=value.rarity,
            matrix=value.matrix,
            starts=value.examples.starts,
            columns=value.examples.columns,
            values=value.examples.values,
        )
        return stream.getvalue()

    def read(self, content: bytes) -> Weights:
        """The weights that were written; raises `CodecError` if the content is anything else."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as held:
                targets, findings, leaves, *vocabulary = held["names"].tobytes().decode().split("\0")
                return Weights(
                    targets=tuple(targets.split("\n")),
                    vocabulary={_feature(name): column for column, name in enumerate(vocabulary)},
                    rarity=held["rarity"],
                    matrix=held["matrix"],
                    examples=SparseRows(held["starts"], held["columns"], held["values"]),
                    findings=tuple(findings.split("\n")),
                    leaves=tuple(leaves.split("\n")),
                )
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise CodecError(str(error)) from error


def _packed(*names: str) -> NDArray[np.uint8]:
    return np.frombuffer("\0".join(names).encode(), np.uint8)


def _feature(name: str) -> Feature:
    kind, _, what = name.partition("\n")
    return kind, what
