"""Lineage: a batch as an OpenLineage run event (https://openlineage.io, spec 2-0-2), for a lineage service."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reasoner.batch.model import Results
from reasoner.determination.engine import Engine, software_version

_PRODUCER = f"https://w3id.org/necessity/{software_version()}"
_SPEC = "https://openlineage.io/spec"


def event(
    results: Results,
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
        inputs: the files and folders that were read.
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
    total = sum(results.outcomes.values())
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
            },
        },
        "job": {"namespace": "necessity", "name": f"determine {results.policy.id}"},
        "inputs": [
            {
                "namespace": "file",
                "name": name if name == "-" else str(Path(name).resolve()),
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
                "namespace": "file",
                "name": str(out.resolve()),
                "outputFacets": {
                    "outputStatistics": {
                        **_facet("OutputStatisticsOutputDatasetFacet", "1-0-2"),
                        "rowCount": total,
                        "size": out.stat().st_size if out.exists() else 0,
                    }
                },
            }
        ]
        if out
        else [],
    }


def _facet(name: str, version: str) -> dict[str, str]:
    return {"_producer": _PRODUCER, "_schemaURL": f"{_SPEC}/facets/{version}/{name}.json#/$defs/{name}"}
