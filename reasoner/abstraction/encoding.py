"""Sentences as vectors of a model that people bring: an ONNX sentence encoder with its tokenizer, read from a folder, never fetched.

Only this module imports onnxruntime and tokenizers. One sentence is encoded at a time, so that it has the same vector whatever stands
beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reasoner.ground.errors import UsageError

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
"""The files of a folder with a model."""
_LONGEST = 256  # tokens of a sentence; what follows is left out

Vectors = NDArray[np.float32]


class Encoder:
    """A sentence encoder.

    Args:
        folder: where `MODEL` and `TOKENIZER` are. The model takes token ids and gives a vector for each token, of which the mean
            is taken, or one for the sentence.

    Raises:
        UsageError: onnxruntime or tokenizers is not installed, or the folder holds no such model.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime
            import tokenizers
        except ImportError as error:
            raise UsageError(f"{error.name} is not installed", mend="pip install 'necessity[model]'") from error
        self._files = [folder / MODEL, folder / TOKENIZER]
        for path in self._files:
            if not path.is_file():
                raise UsageError(
                    "the folder has no such file", where=str(path), mend=f"Put {MODEL} and {TOKENIZER} there"
                )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # sums in one order
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(self._files[0].read_bytes(), options, ["CPUExecutionProvider"])
            self._tokenizer = tokenizers.Tokenizer.from_file(str(self._files[1]))
        except Exception as error:  # the runtime documents no base class of what it raises
            raise UsageError(
                "the model cannot be read", where=str(folder), mend="Give a sentence encoder as ONNX"
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_LONGEST)
        self._inputs = {given.name for given in self._session.get_inputs()}

    @cached_property
    def digest(self) -> str:
        """The beginning of the SHA-256 of the model and its tokenizer."""
        found = hashlib.sha256()
        for path in self._files:
            found.update(hashlib.sha256(path.read_bytes()).digest())
        return found.hexdigest()[:16]

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """Their vectors, of length 1, a row each; raises `UsageError` if the model takes or gives something else."""
        try:
            rows = [self._vector(sentence) for sentence in sentences]
        except Exception as error:  # as above
            raise UsageError("the model is no sentence encoder", where=str(self._files[0])) from error
        return np.stack(rows) if rows else np.zeros((0, 0), np.float32)

    def _vector(self, sentence: str) -> Vectors:
        tokens = self._tokenizer.encode(sentence)
        known: dict[str, Sequence[int]] = {
            "input_ids": tokens.ids,
            "attention_mask": tokens.attention_mask,
            "token_type_ids": tokens.type_ids,
        }
        given = {name: np.array([known[name]], np.int64) for name in self._inputs}
        found = self._session.run(None, given)[0]
        vector: Vectors = np.asarray(found[0], np.float32)
        if vector.ndim == 2:
            vector = vector.mean(axis=0)
        length = float(np.sqrt(vector @ vector))
        return vector / np.float32(length) if length else vector
