"""How well sentences are ranked, on labelled packets: `python -m benchmarks.abstraction FOLDER`.

The folder holds packets of text files; ``requests.json`` names each packet with its files and the ids of the criteria that
apply; ``labels.jsonl`` and ``traps.jsonl`` name file, start and end (code points) of what speaks to a criterion, and of what only
seems to. Writes two tables in Markdown to standard output, and with ``--misses`` what was missed. Without a folder, it measures
on the excerpts of the sample charts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rdflib import Graph
from rdflib.namespace import RDF

from reasoner import load_policy
from reasoner.abstraction.examples import Examples
from reasoner.abstraction.ranking import Ranker
from reasoner.abstraction.suggestions import Abstractor, Suggestion
from reasoner.chart.documents.model import DocumentText
from reasoner.chart.documents.reading import read_documents
from reasoner.chart.documents.sentences import sentences
from reasoner.rdf.namespaces import NEC

ROOT = Path(__file__).parent.parent

CUES = {
    **{"negated": "negated", "family": "family", "history": "past", "hypothetical": "hypothetical"},
    **{"plan": "planned", "template": "template", "uncertain": "uncertain"},
}
"""Kinds of traps, with the kind of cue that should mark each."""
PAGE = 3000
"""Code points of a page."""
DEEP = 100_000
"""More sentences than a packet has."""

Label = dict[str, Any]


class Packet(NamedTuple):
    """A packet, its labels, and what was suggested of it."""

    labels: list[Label]
    traps: list[Label]
    ranked: dict[str, list[Suggestion]]
    documents: dict[str, DocumentText]


def read(folder: Path, only: Sequence[str], model: Path | None = None) -> Iterator[Packet]:
    """The packets of a folder, or some of them."""
    labels, traps = ([json.loads(line) for line in (folder / name).open()] for name in ("labels.jsonl", "traps.jsonl"))
    policy = load_policy()
    abstractor, version = Abstractor(policy, model), policy.versions[-1]
    for request in json.loads((folder / "requests.json").read_text()):
        name = request["packet"]
        if only and name not in only:
            continue
        texts = {file: text for file in request["files"] for text in read_documents(folder / file, file)}
        documents = {file: text for file, text in texts.items() if isinstance(text, DocumentText)}
        criteria = [version.by_id[leaf] for leaf in request["applicable"]]
        ranked: dict[str, list[Suggestion]] = defaultdict(list)
        for suggestion in abstractor.suggest(documents.values(), criteria, best=DEEP):
            ranked[suggestion.criterion.id].append(suggestion)
        of_packet = [[label for label in some if label["packet"] == name] for some in (labels, traps)]
        yield Packet(*of_packet, ranked, documents)


def shared(suggestion: Suggestion, labels: Iterable[Label]) -> bool:
    """Whether a sentence or a copy of it shares at least half of the shorter with one of some labels."""
    for passage in (suggestion.passage, *suggestion.copies):
        start, end = passage.sentence.start, passage.sentence.end
        for label in labels:
            common = min(end, label["end"]) - max(start, label["start"])
            if passage.document.name == label["file"] and common * 2 >= min(end - start, label["end"] - label["start"]):
                return True
    return False


def first(ranked: Sequence[Suggestion], labels: Sequence[Label], but: Sequence[Label] = ()) -> int:
    """The rank of the first sentence with one of some labels and none of others; a number beyond all if there is none."""
    return next((s.rank for s in ranked if shared(s, labels) and not shared(s, but)), DEEP)


def measure(packets: Sequence[Packet], misses: bool) -> Iterator[str]:
    """The lines of the tables."""
    ranks: list[int] = []
    above: list[bool] = []
    for packet in packets:
        true: dict[str, list[Label]] = defaultdict(list)
        for label in packet.labels:
            true[label["criterion"]].append(label)
        found = {leaf: first(packet.ranked[leaf], labels) for leaf, labels in true.items() if leaf in packet.ranked}
        ranks += found.values()
        for trap in packet.traps:
            leaf = trap["tempts"]
            if leaf in found:
                above.append(first(packet.ranked[leaf], [trap], true[leaf]) < found[leaf])
                if above[-1] and misses:
                    yield f"- trap ({trap['kind']}) for {leaf}, {trap['file']}: {' '.join(trap['quote'].split())}"
        if misses:
            for leaf, rank in found.items():
                if rank > 5:
                    quotes = " · ".join(" ".join(label["quote"].split()) for label in true[leaf])
                    yield f"- {leaf} at {rank}, {true[leaf][0]['packet']}: {quotes}"
    yield "\n| measure | of | |\n|---|---|---|"
    for most in (1, 5, 10):
        yield f"| a true sentence among the first {most} | {len(ranks)} | {sum(r <= most for r in ranks) / len(ranks):.3f} |"
    yield f"| a trap above the truth | {len(above)} | {sum(above) / len(above):.3f} |"


def cues(packets: Sequence[Packet]) -> Iterator[str]:
    """For each kind of cue: how many traps of its kind it marks, and how many of the labelled sentences it marks are such traps."""
    marked, traps, labelled = Counter[str](), Counter[str](), Counter[str]()
    for packet in packets:
        for name, document in packet.documents.items():
            of_file = [(sentence, {cue.kind for cue in sentence.cues}) for sentence in sentences(document)]
            for some, is_trap in ((packet.traps, True), (packet.labels, False)):
                for label in (label for label in some if label["file"] == name):
                    kinds = {k for s, ks in of_file if s.start < label["end"] and label["start"] < s.end for k in ks}
                    labelled.update(kinds)
                    if is_trap and (expected := CUES.get(label["kind"])):
                        traps[expected] += 1
                        marked[expected] += expected in kinds
    yield "\n| cue | traps of its kind | marked | of the labels and traps it marks, traps of its kind |\n|---|---|---|---|"
    for kind in sorted(traps):
        yield f"| {kind} | {traps[kind]} | {marked[kind] / traps[kind]:.3f} | {marked[kind] / max(1, labelled[kind]):.3f} |"


def pace(packets: Sequence[Packet]) -> str:
    """Processor time of a page, as a ratio to that of reading the policy from its cache."""
    policy = load_policy()
    documents = [document for packet in packets for document in packet.documents.values()]
    pages = sum(len(document.text) for document in documents) / PAGE
    criteria = tuple(policy.versions[-1].by_id.values())
    abstractor = Abstractor(policy)
    start = time.process_time()
    abstractor.suggest(documents, [criterion for criterion in criteria if criterion.finding])
    taken = time.process_time() - start
    return f"\n{pages:.0f} pages of {PAGE} characters, {1000 * taken / pages:.1f} ms of processor time a page."


def excerpts() -> Iterator[str]:
    """A table of how often the leaf of an excerpt in the sample charts is among the first of all leaves."""
    policy = load_policy()
    known, ranker = Examples(policy), Ranker(Examples(policy))
    spoken: set[tuple[str, frozenset[str]]] = set()
    for path in sorted((ROOT / "data" / "cases").rglob("*.ttl")):
        chart = Graph().parse(path)
        for statement, words in chart.subject_objects(NEC.excerpt):
            addressed = (policy.criterion(str(iri)) for iri in chart.objects(statement, NEC.addresses))
            leaves = {criterion.finding for criterion in addressed if criterion}
            leaves |= {leaf for kind in chart.objects(statement, RDF.type) for leaf in known.leaves(str(kind))}
            if leaves:
                spoken.add((str(words), frozenset(leaves)))
    rows = sorted(spoken, key=lambda row: row[0])
    order = (-ranker.scores([(words, frozenset()) for words, _ in rows])).argsort(axis=1, kind="stable")
    yield "| the leaf of an excerpt of the sample charts | of | |\n|---|---|---|"
    for most in (1, 5, 10):
        found = sum(
            any(ranker.targets[at] in leaves for at in row[:most]) for row, (_, leaves) in zip(order, rows, strict=True)
        )
        yield f"| among the first {most} | {len(rows)} | {found / len(rows):.3f} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="How well sentences are ranked, on labelled packets.")
    parser.add_argument("folder", type=Path, nargs="?", help="the folder with the packets and their labels")
    parser.add_argument("--only", metavar="PACKET", nargs="*", default=[], help="measure these packets alone")
    parser.add_argument("--model", metavar="DIR", type=Path, help="rank with a sentence encoder too")
    parser.add_argument("--misses", action="store_true", help="list what was missed")
    options = parser.parse_args()
    if options.folder is None:
        print("\n".join(excerpts()))
        return
    packets = list(read(options.folder, options.only, options.model))
    print("\n".join((*measure(packets, options.misses), *cues(packets), pace(packets))))


if __name__ == "__main__":
    main()
