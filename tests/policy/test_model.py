"""A policy's sources and their digest."""

from __future__ import annotations

from pathlib import Path

from reasoner.policy.model import Sources

ONTOLOGY = """
@prefix : <https://example.org/> .
:a :says "one" ; :age 18 ; :is [ :of :b ; :and [ :of :c ] ] , [ :of :b ; :and [ :of :d ] ] .

:list :of ( :a :b ) .
"""
REFORMATTED = """
@prefix x: <https://example.org/> .
x:list x:of _:one .  _:one <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> x:a ; # a comment
  <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> ( x:b ) .
x:a x:is [ x:and [ x:of x:d ] ; x:of x:b ] , [ x:and [ x:of x:c ] ; x:of x:b ] .
x:a x:age "18"^^<http://www.w3.org/2001/XMLSchema#integer> .
x:a x:says 'one' .
"""
SHAPES = "<https://example.org/s> <https://example.org/p> <https://example.org/o> ."


def sources(folder: Path, ontology: dict[str, str], shapes: str = SHAPES) -> Sources:
    folder.mkdir()
    for name, text in {**ontology, "shapes.ttl": shapes}.items():
        (folder / name).write_text(text)
    return Sources(tuple(folder / name for name in ontology), (folder / "shapes.ttl",))


def test_the_digest_is_of_the_graphs_and_not_of_the_files(tmp_path: Path) -> None:
    digest = sources(tmp_path / "as it is", {"a.ttl": ONTOLOGY}).digest
    head, _, tail = ONTOLOGY.partition("\n\n")
    prefix = ONTOLOGY.splitlines()[1]
    assert sources(tmp_path / "renamed", {"b.ttl": ONTOLOGY}).digest == digest
    assert sources(tmp_path / "split", {"1.ttl": head, "2.ttl": prefix + tail}).digest == digest
    assert sources(tmp_path / "other order", {"2.ttl": prefix + tail, "1.ttl": head}).digest == digest
    assert sources(tmp_path / "reformatted", {"a.ttl": REFORMATTED}).digest == digest


def test_one_triple_changes_the_digest(tmp_path: Path) -> None:
    digests = {
        sources(tmp_path / str(number), {"a.ttl": text}, shapes).digest
        for number, (text, shapes) in enumerate(
            [
                (ONTOLOGY, SHAPES),
                (ONTOLOGY.replace("18", "19"), SHAPES),
                (ONTOLOGY.replace(":of :d", ":of :e"), SHAPES),
                (ONTOLOGY.replace('"one"', '"one"@en'), SHAPES),
                (ONTOLOGY.replace("( :a :b )", "( :b :a )"), SHAPES),
                (ONTOLOGY, SHAPES.replace("/o>", "/other>")),
                (ONTOLOGY + SHAPES, "# none"),
                (ONTOLOGY + SHAPES, SHAPES),
            ]
        )
    }
    assert len(digests) == 8


def test_files_may_use_one_label_for_two_blank_nodes(tmp_path: Path) -> None:
    first, second = ('<urn:x> <urn:p> _:node . _:node <urn:q> "1" .', '<urn:y> <urn:p> _:node . _:node <urn:q> "2" .')
    apart = sources(tmp_path / "two", {"1.ttl": first, "2.ttl": second})
    renamed = sources(tmp_path / "one", {"1.ttl": first + second.replace("_:node", "_:other")})
    assert apart.digest == renamed.digest
    assert len(apart.ontology) == 4
