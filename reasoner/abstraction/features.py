"""What is counted in a sentence: words, pairs of neighbouring words, letters within words, families of words, and cues."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import combinations, pairwise

WEIGHTS = {"word": 1.0, "pair": 0.7, "letters": 0.3, "family": 0.7, "families": 0.3, "cue": 1.5}
"""How much a feature counts, by its kind."""
RARE = frozenset({"letters", "families"})
"""The kinds of which one is left out that stands in a single example."""
VERSION = "2"
"""To be raised with every change of what is counted, or of how."""

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:\.\d+)?")
_NUMBER = "#"
_LETTERS = (3, 4, 5)

Feature = tuple[str, str]
"""A kind and what it is."""


def features(text: str, families: Mapping[str, tuple[str, ...]], cues: Iterable[str]) -> Counter[Feature]:
    """How often each feature stands in a sentence.

    Args:
        text: the sentence.
        families: word, to the names of the families that it belongs to.
        cues: the kinds of cues that it has.
    """
    words = [word.replace("'", "") for word in _WORD.findall(text.lower().replace("’", "'"))]
    found: Counter[Feature] = Counter()
    named: list[str] = []
    for index, word in enumerate(words):
        named += families.get(word, ())
        if word[0].isdigit():
            words[index] = _NUMBER
        found.update(_of_word(words[index]))
    found.update(("pair", f"{left} {right}") for left, right in pairwise(words))
    found.update(("family", name) for name in named)
    found.update(("families", f"{left} {right}") for left, right in combinations(sorted(set(named)), 2))
    found.update(("cue", kind) for kind in set(cues))
    return found


@lru_cache(maxsize=65536)
def _of_word(word: str) -> tuple[Feature, ...]:
    """The word itself, and the letters within it; ``<`` and ``>`` stand for its ends."""
    bounded = f"<{word}>"
    return (
        ("word", word),
        *(
            ("letters", bounded[start : start + length])
            for length in _LETTERS
            for start in range(len(bounded) - length + 1)
        ),
    )
