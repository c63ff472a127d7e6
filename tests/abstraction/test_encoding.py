"""A sentence encoder that people bring: a tiny one, made here, ranks beside what is learned of words."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from reasoner import Policy, UsageError
from reasoner.abstraction.encoding import Encoder
from reasoner.abstraction.ranking import METHOD
from reasoner.abstraction.suggestions import Abstractor
from reasoner.cli import main
from tests.abstraction.conftest import text

WORDS = ["[UNK]", "truck", "lorry", "flat", "group", "clozapine"]
VECTORS = np.eye(len(WORDS), dtype=np.float32)
VECTORS[2] = VECTORS[1]  # a lorry is a truck


def make(folder: Path, vectors: np.ndarray = VECTORS, *, output: str = "tokens") -> Path:
    """An encoder that looks words up: the vector of each token, or of the first alone."""
    folder.mkdir(exist_ok=True)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    if output == "sentence":
        nodes.append(helper.make_node("ReduceMean", ["tokens"], ["sentence"], axes=[1], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "lookup",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(vectors, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: at for at, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder


@pytest.mark.parametrize("output", ["tokens", "sentence"])
def test_a_sentence_has_the_mean_of_its_words_whatever_stands_beside_it(tmp_path: Path, output: str) -> None:
    encoder = Encoder(make(tmp_path, output=output))
    one, other = encoder.encode(["Truck group", "lorry group clozapine flat truck"])
    assert np.allclose(one, (VECTORS[1] + VECTORS[4]) / np.sqrt(2))
    assert np.allclose(np.linalg.norm(other), 1)
    assert (encoder.encode(["lorry group"])[0] == one).all()
    assert encoder.encode([]).shape[0] == 0


def test_the_digest_is_that_of_the_model_and_its_tokenizer(tmp_path: Path) -> None:
    one, same = Encoder(make(tmp_path / "one")), Encoder(make(tmp_path / "same"))
    other = Encoder(make(tmp_path / "other", VECTORS * 2))
    assert one.digest == same.digest != other.digest


def test_a_model_ranks_beside_words_and_is_named(
    policy: Policy, abstractor: Abstractor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_model = Abstractor(policy, make(tmp_path / "model"))
    criterion = policy.versions[-1].by_id["adult-admission:8-a-iii"]
    documents = [text("Parks his lorry by the river at night.\n\nCame on time.\n")]
    by_words, by_both = (each.suggest(documents, [criterion]) for each in (abstractor, with_model))
    assert by_words[0].method == METHOD
    assert by_both[0].method == f"{METHOD}+onnx/{Encoder(tmp_path / 'model').digest}"
    assert by_both[0].passage.quote.startswith("Parks")
    assert [s.score for s in by_words] != [s.score for s in by_both]
    again = Abstractor(policy, tmp_path / "model").suggest(documents, [criterion])
    assert [s.score for s in again] == [s.score for s in by_both]
    assert with_model.suggest([], [criterion]) == ()
    (tmp_path / "note.txt").write_text("Parks his lorry by the river at night.\n")
    found = ["find", criterion.id, str(tmp_path / "note.txt"), "--format", "jsonl", "--model", str(tmp_path / "model")]
    assert main(found) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["method"] == by_both[0].method


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "no such file"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no such file"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"no model"), "cannot be read"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "cannot be read"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, spoil: object, problem: str) -> None:
    spoil(make(tmp_path))  # type: ignore[operator]
    with pytest.raises(UsageError, match=problem):
        Encoder(tmp_path)


def test_a_model_of_something_else_is_refused(tmp_path: Path) -> None:
    encoder = Encoder(make(tmp_path, VECTORS[:2]))  # it has no vector for most words
    with pytest.raises(UsageError, match="no sentence encoder"):
        encoder.encode(["flat"])


@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
def test_a_library_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UsageError, match=f"{library} is not installed"):
        Encoder(make(tmp_path))
