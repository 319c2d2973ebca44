"""A tuned fusion in a file: the winner, where it comes from, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from aisle._files import whole_content, whole_file
from aisle.errors import InputError
from aisle.mappings import FusionSpec, VectorSpace, pipeline_name
from aisle.mappings.signals import SignalBoosts
from aisle.search.tuning.runs import LegRuns
from aisle.search.tuning.signals import Signals
from aisle.search.tuning.tune import Tuned

SCHEMA_VERSION: Final = 1
_AGAIN: Final = "tune again: aisle tune run DATA --runs FOLDER"


@dataclass(frozen=True, slots=True)
class FusionFile:
    """What applying it needs.

    Attributes:
        spec: the fusion.
        spaces: vector field to the encoder and width that it was tuned with.
        release: index whose legs it was tuned on.
        boosts: business signals that count beside it.
    """

    spec: FusionSpec
    spaces: Mapping[str, VectorSpace]
    release: str
    boosts: SignalBoosts | None = None


def fusion_json(tuned: Tuned, runs: LegRuns) -> dict[str, Any]:
    """All of it as plain JSON: what the file holds and what ``--json`` prints."""
    options = tuned.options
    return {
        "schema_version": SCHEMA_VERSION,
        "spec": tuned.spec.to_json(),
        "pipeline": pipeline_name(tuned.spec),
        "release": runs.release,
        "window": runs.window,
        "spaces": {field: asdict(space) for field, space in runs.spaces.items()},
        "data": {"name": runs.dataset, "split": runs.split, "sha256": runs.data_hash},
        "metric": options.metric,
        "relevant": options.relevant,
        "folds": options.folds,
        "seed": options.seed,
        "guard_p": options.guard_p,
        "queries": tuned.queries,
        "fusions_tried": tuned.fusions,
        "means": dict(tuned.means),
        "chosen_on": tuned.chosen_on,
        "comparisons": [
            {
                "baseline": comparison.baseline,
                "delta": comparison.delta,
                "p": comparison.p_value,
                "wins": comparison.wins,
                "losses": comparison.losses,
            }
            for comparison in tuned.comparisons
        ],
        "legs": [asdict(verdict) for verdict in tuned.verdicts],
        "per_query": asdict(tuned.per_query) if tuned.per_query else None,
        "boosts": tuned.boosts.to_json() if tuned.boosts else None,
        "profiles": {leg: [asdict(point) for point in points] for leg, points in tuned.profiles.items()},
        "signals": _signals_json(tuned.signals) if tuned.signals else None,
        "fold_winners": [
            {
                "spec": winner.spec.to_json(),
                "queries": winner.queries,
                "chosen_on": winner.chosen_on,
                "held_out": winner.held_out,
            }
            for winner in tuned.winners
        ],
    }


def _signals_json(found: Signals) -> dict[str, Any]:
    verdicts = [asdict(verdict) for verdict in found.verdicts]
    return {"verdicts": verdicts, "delta": found.delta, "p_value": found.p_value}


def write_fusion(content: Mapping[str, Any], path: str | Path) -> None:
    """Write what `fusion_json` made, whole or not at all."""
    with whole_file(Path(path)) as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_fusion(path: str | Path) -> FusionFile:
    """Read what applying needs.

    Raises:
        InputError: no such file, no fusion file, one of another schema version, or a fusion that cannot be.
    """
    path = Path(path)
    content = whole_content(path)
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path.name} is not JSON ({error})", fix=_AGAIN) from None
    if not isinstance(found, dict) or "schema_version" not in found:
        raise InputError(f"{path.name} is no fusion file", fix=_AGAIN)
    if found["schema_version"] != SCHEMA_VERSION:
        raise InputError(
            f"{path.name} has schema version {found['schema_version']}, this Aisle reads {SCHEMA_VERSION}",
            fix=_AGAIN,
        )
    try:
        spaces = {str(field): VectorSpace(**space) for field, space in found["spaces"].items()}
        boosts = found.get("boosts")
        read = FusionFile(
            FusionSpec.from_json(found["spec"]),
            spaces,
            str(found["release"]),
            None if boosts is None else SignalBoosts.from_json(boosts),
        )
        pipeline = found["pipeline"]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path.name} is not whole ({error!r})", fix=_AGAIN) from None
    if pipeline != pipeline_name(read.spec):
        raise InputError(
            f"{path.name} was changed by hand: its fusion is not that of pipeline {pipeline}", fix=_AGAIN
        )
    return read
