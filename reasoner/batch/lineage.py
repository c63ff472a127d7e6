"""Lineage: a batch as an OpenLineage run event (https://openlineage.io, spec 2-0-2), for a lineage service."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reasoner.batch.model import Results, Tally
from reasoner.chart.remote import is_remote
from reasoner.chart.sources import STDIN
from reasoner.determination.engine import Engine, software_version
from reasoner.logic.fold import Outcome

_PRODUCER = f"https://w3id.org/necessity/{software_version()}"
_SPEC = "https://openlineage.io/spec"


def event(
    results: Results,
    totals: Tally,
    inputs: Iterable[str],
    out: Path | None,
    *,
    passed: bool,
    engine: Engine,
    now: datetime | None = None,
) -> dict[str, Any]:
    """The run event of a finished batch.

    Args:
        results: the results of the batch.
        totals: how many data sets were read, and what became of them.
        inputs: the files, folders and URLs that were read.
        out: the file that was written, if one was.
        passed: whether outcomes and rejections are within what was allowed.
        engine: the engine that evaluated the leaves.
        now: when the batch ended; by default now.

    Returns:
        The event as JSON values.
    """
    now = now or datetime.now(UTC)
    inputs = sorted(inputs)
    identity = "\n".join((results.policy.digest, now.isoformat(), str(out), *inputs))
    run = uuid.UUID(bytes=hashlib.sha256(identity.encode()).digest()[:16], version=4)
    assertions = [
        {"assertion": f"no {outcome}", "success": not results.outcomes.get(outcome, 0)} for outcome in results.fail_on
    ]
    assertions.append({"assertion": "every data set is well formed", "success": not results.rejected})
    return {
        "eventType": "COMPLETE" if passed else "FAIL",
        "eventTime": now.isoformat(),
        "producer": _PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {
            "runId": str(run),
            "facets": {
                "processing_engine": {
                    **_facet("ProcessingEngineRunFacet", "1-1-1"),
                    "name": f"necessity ({engine.value})",
                    "version": software_version(),
                },
                "necessity_policy": {
                    "_producer": _PRODUCER,
                    "_schemaURL": f"{_PRODUCER}#policy-facet",
                    "policy": results.policy.id,
                    "digest": results.policy.digest,
                    "versions": [version.id for version in results.policy.versions],
                },
                "necessity_totals": {
                    "_producer": _PRODUCER,
                    "_schemaURL": f"{_PRODUCER}#totals-facet",
                    **asdict(totals),
                    "outcomes": {outcome.value: results.outcomes.get(outcome, 0) for outcome in Outcome},
                },
            },
        },
        "job": {"namespace": "necessity", "name": f"determine {results.policy.id}"},
        "inputs": [
            {
                **_named(name),
                "inputFacets": {
                    "dataQualityAssertions": {
                        **_facet("DataQualityAssertionsDatasetFacet", "1-1-0"),
                        "assertions": assertions,
                    }
                },
            }
            for name in inputs
        ],
        "outputs": [
            {
                **_named(str(out)),
                "outputFacets": {
                    "outputStatistics": {
                        **_facet("OutputStatisticsOutputDatasetFacet", "1-0-2"),
                        "rowCount": sum(results.outcomes.values()),
                        "size": out.stat().st_size if out.exists() else 0,
                    }
                },
            }
        ]
        if out
        else [],
    }


def _named(name: str) -> dict[str, str]:
    """A data set by OpenLineage's rules: a file by its path, an object of a store by the store and its key there."""
    if is_remote(name):
        url = urlsplit(name)  # what follows the path can be a token
        return {"namespace": f"{url.scheme}://{url.netloc}", "name": url.path.strip("/") or "/"}
    return {"namespace": "file", "name": name if name == STDIN else str(Path(name).resolve())}


def _facet(name: str, version: str) -> dict[str, str]:
    return {"_producer": _PRODUCER, "_schemaURL": f"{_SPEC}/facets/{version}/{name}.json#/$defs/{name}"}
