"""Compiled entailment: the rules, one by one."""

from __future__ import annotations

from reasoner.entail import Entailment


def test_compiled_entailment_follows_the_rules() -> None:
    owl, rdfs, rdf = (
        "http://www.w3.org/2002/07/owl#",
        "http://www.w3.org/2000/01/rdf-schema#",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    )
    kind = f"<{rdf}type>"
    rules = Entailment(
        [
            ("<A>", f"<{rdfs}subClassOf>", "<B>"),
            ("<B>", f"<{owl}equivalentClass>", "<C>"),
            ("_:i", f"<{owl}intersectionOf>", "_:l1"),
            ("_:l1", f"<{rdf}first>", "<C>"),
            ("_:l1", f"<{rdf}rest>", "_:l2"),
            ("_:l2", f"<{rdf}first>", "_:r"),
            ("_:l2", f"<{rdf}rest>", f"<{rdf}nil>"),
            ("_:r", f"<{owl}onProperty>", "<p>"),
            ("_:r", f"<{owl}someValuesFrom>", "<D>"),
            ("_:i", f"<{rdfs}subClassOf>", "<E>"),
            ("_:u", f"<{owl}unionOf>", "_:l3"),
            ("_:l3", f"<{rdf}first>", "<D>"),
            ("_:l3", f"<{rdf}rest>", f"<{rdf}nil>"),
            ("_:u", f"<{rdfs}subClassOf>", "<F>"),
            ("<q>", f"<{rdfs}subPropertyOf>", "<p>"),
            ("_:h", f"<{owl}onProperty>", "<s>"),
            ("_:h", f"<{owl}hasValue>", "<v>"),
            ("_:h", f"<{owl}equivalentClass>", "<D>"),
        ]
    )
    facts = {"<x>": {kind: {"<A>"}, "<q>": {"<y>"}}, "<y>": {"<s>": {"<v>"}}, "<z>": {kind: {"<D>"}}}
    rules.close(facts)
    assert {name for name in facts["<x>"][kind] if name.startswith("<")} == {"<A>", "<B>", "<C>", "<E>"}
    assert facts["<y>"][kind] >= {"<D>", "<F>"}
    assert facts["<z>"]["<s>"] == {"<v>"}, "to be of a class of hasValue is to have the value"
