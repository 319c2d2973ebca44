"""Leg runs in a folder: a TREC run file per leg, and ``runs.json``, which is written last."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson

from evaluation.scored_run import ScoredRun, read_scored_run, write_scored_run
from mappings import FusionSpec, VectorSpace
from records import EvaluationError, InputError
from records.files import whole_file
from workflows.tuning.leg_runs import LegRuns

MANIFEST: Final = "runs.json"
_SCHEMA_VERSION: Final = 1
_AGAIN: Final = "ask the index again: --name NAME --ask-again"


def has_leg_runs(folder: Path) -> bool:
    """Whether a finished set of runs is there."""
    return (folder / MANIFEST).is_file()


def write_leg_runs(runs: LegRuns, folder: Path) -> None:
    """Write all of them; an interrupted write leaves a folder that is read as having no runs.

    Raises:
        InputError: the folder cannot be written.
        EvaluationError: see ``evaluation.scored_run.write_scored_run``.
    """
    (folder / MANIFEST).unlink(missing_ok=True)
    legs = {}
    for leg, run in runs.runs.items():
        path = folder / f"{leg}.run"
        write_scored_run(run, path)
        # TREC's format has no line for a query without results.
        nothing = [query for query, scores in run.rankings.items() if not scores]
        legs[leg] = {"file": path.name, "sha256": _sha256(path), "found_nothing": nothing}
    manifest = {
        "schema_version": _SCHEMA_VERSION,
        "release": runs.release,
        "window": runs.window,
        "dataset": runs.dataset,
        "split": runs.split,
        "data_hash": runs.data_hash,
        "spaces": {field: asdict(space) for field, space in runs.spaces.items()},
        "default": runs.default.to_json(),
        "legs": legs,
    }
    with whole_file(folder / MANIFEST) as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_leg_runs(folder: Path) -> LegRuns:
    """Read them back.

    Raises:
        InputError: no runs there, of another version, damaged, or changed since they were written.
        EvaluationError: see `LegRuns`.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(f"{folder} holds no runs ({MANIFEST})", fix="ask an index first: --name NAME")
    try:
        found = orjson.loads(path.read_bytes())
        version = found["schema_version"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error})", fix=_AGAIN) from None
    if version != _SCHEMA_VERSION:
        raise InputError(
            f"{path} has schema version {version}, this Aisle reads {_SCHEMA_VERSION}", fix=_AGAIN
        )
    try:
        return LegRuns(
            runs={str(leg): _run(folder, leg, facts) for leg, facts in found["legs"].items()},
            release=str(found["release"]),
            window=int(found["window"]),
            dataset=str(found["dataset"]),
            split=str(found["split"]),
            data_hash=str(found["data_hash"]),
            spaces={str(field): VectorSpace(**space) for field, space in found["spaces"].items()},
            default=FusionSpec.from_json(found["default"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path} is not whole ({error!r})", fix=_AGAIN) from None


def _run(folder: Path, leg: str, facts: Mapping[str, Any]) -> ScoredRun:
    # The name is the leg's, and no path of somebody else's choice.
    path = folder / f"{Path(leg).name}.run"
    nothing: dict[str, dict[str, float]] = {str(query): {} for query in facts["found_nothing"]}
    if not path.is_file():
        raise InputError(f"no such file: {path}", fix=_AGAIN)
    if _sha256(path) != facts["sha256"]:
        raise InputError(f"{path} is not what {MANIFEST} describes: it was changed or cut off", fix=_AGAIN)
    if not path.stat().st_size:
        raise EvaluationError(f"the run of the {leg} leg is empty", fix=_AGAIN)
    return ScoredRun(leg, {**read_scored_run(path).rankings, **nothing})


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
