"""Queries of a knowledge base that others change."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner.ground.errors import QueryError
from reasoner.store.backends import open_store
from reasoner.store.sandbox import Sandbox


def test_queries_have_limits_and_see_a_copy(tmp_path: Path) -> None:
    store = open_store(tmp_path / "kb", write=True)
    triples = " ".join(f"<urn:s{number}> <urn:p> <urn:o> ." for number in range(2000))
    store.update(f"INSERT DATA {{ {triples} }}")
    hasty = Sandbox(store, timeout=2)
    with pytest.raises(QueryError, match="longer than 2 seconds"):
        hasty.query("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", 10)
    hasty.close()
    sandbox = Sandbox(store, timeout=120)
    assert len(sandbox.query("SELECT * { ?s ?p ?o }", 10).rows) == 10
    assert sandbox.query("SELECT * { ?s ?p ?o }", 10).truncated
    with pytest.raises(QueryError, match="SPARQL"):
        sandbox.query("SELECT", 10)
    with pytest.raises(QueryError):
        sandbox.query("SELECT * { SERVICE <http://evil.example> { ?s ?p ?o } }", 10)
    with pytest.raises(QueryError, match="nests brackets"):
        sandbox.query("SELECT * { ?s ?p ?o FILTER(" + "(" * 20_000 + "1" + ")" * 20_000 + ") }", 10)
    store.update("INSERT DATA { <urn:a> <urn:b> <urn:c> }")
    assert not sandbox.query("ASK { <urn:a> ?p ?o }", 1).truth
    sandbox.refresh()
    assert sandbox.query("ASK { <urn:a> ?p ?o }", 1).truth
    sandbox.close()
    store.close()
    assert list((tmp_path / "kb").glob("sandbox-*")) == []
