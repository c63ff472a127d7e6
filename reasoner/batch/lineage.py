"""Lineage: a batch as an OpenLineage run event (https://openlineage.io, spec 2-0-2), for a lineage service."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reasoner.batch.model import Results, Tally
from reasoner.chart.sources import STDIN
from reasoner.determination.engine import Engine, software_version
from reasoner.ground.urls import is_remote, shown
from reasoner.logic.fold import Outcome

_PRODUCER = f"https://w3id.org/necessity/{software_version()}"
_SPEC = "https://openlineage.io/spec"


def event(
    results: Results, totals: Tally, inputs: Iterable[str], out: Path | None, *, passed: bool, engine: Engine
) -> dict[str, Any]:
    """The run event of a batch that has just finished.

    Args:
        results: the results of the batch.
        totals: how many data sets were read, and what became of them.
        inputs: the files, folders and URLs that were read.
        out: the file that was written, if one was.
        passed: whether outcomes and rejections are within what was allowed.
        engine: the engine that evaluated the leaves.

    Returns:
        The event as JSON values.
    """
    checks = [
        {"assertion": f"no {outcome}", "success": not results.outcomes.get(outcome, 0)} for outcome in results.fail_on
    ]
    checks.append({"assertion": "every data set is well formed", "success": not results.rejected})
    checked = {"dataQualityAssertions": {**_facet("DataQualityAssertionsDatasetFacet", "1-1-0"), "assertions": checks}}
    return {
        "eventType": "COMPLETE" if passed else "FAIL",
        "eventTime": datetime.now(UTC).isoformat(),
        "producer": _PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.uuid4()), "facets": _run_facets(results, totals, engine)},
        "job": {"namespace": "necessity", "name": f"determine {results.policy.id}"},
        "inputs": [{**_named(name), "inputFacets": checked} for name in sorted(inputs)],
        "outputs": [{**_named(str(out)), "outputFacets": _output_facets(results, out)}] if out else [],
    }


def _run_facets(results: Results, totals: Tally, engine: Engine) -> dict[str, Any]:
    policy = results.policy
    return {
        "processing_engine": {
            **_facet("ProcessingEngineRunFacet", "1-1-1"),
            "name": f"necessity ({engine.value})",
            "version": software_version(),
        },
        "necessity_policy": {
            "_producer": _PRODUCER,
            "_schemaURL": f"{_PRODUCER}#policy-facet",
            "policy": policy.id,
            "digest": policy.digest,
            "versions": [version.id for version in policy.versions],
        },
        "necessity_totals": {
            "_producer": _PRODUCER,
            "_schemaURL": f"{_PRODUCER}#totals-facet",
            **asdict(totals),
            "outcomes": {outcome.value: results.outcomes.get(outcome, 0) for outcome in Outcome},
        },
    }


def _output_facets(results: Results, out: Path) -> dict[str, Any]:
    return {
        "outputStatistics": {
            **_facet("OutputStatisticsOutputDatasetFacet", "1-0-2"),
            "rowCount": sum(results.outcomes.values()),
            "size": out.stat().st_size,
        }
    }


def _named(name: str) -> dict[str, str]:
    """A data set by OpenLineage's rules: a file by its path, an object of a store by the store and its key there."""
    if is_remote(name):
        url = urlsplit(shown(name).split("::")[-1])  # of a chain where it is stored
        return {"namespace": f"{url.scheme}://{url.netloc}", "name": url.path.strip("/") or "/"}
    return {"namespace": "file", "name": name if name == STDIN else str(Path(name).resolve())}


def _facet(name: str, version: str) -> dict[str, str]:
    return {"_producer": _PRODUCER, "_schemaURL": f"{_SPEC}/facets/{version}/{name}.json#/$defs/{name}"}
