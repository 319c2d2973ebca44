"""The weights that a training begins with: any model, or what a training run of ours left."""

from __future__ import annotations

from pathlib import Path

import orjson

from records import InputError, paths
from training.dense.ledger import LEDGER


def starting_point(base: str) -> str:
    """A folder of weights for ``find_weights``.

    Args:
        base: a folder, a hub id, the name of a packaged model; or the name of a training run under
            ``<home>/training``, whose last finished stage is taken: its encoder knows the domain's words.

    Raises:
        InputError: a run of that name has no finished stage.
    """
    run = paths.home() / "training" / base
    if Path(base).expanduser().is_dir() or not (run / LEDGER).is_file():
        return base
    try:
        stages = orjson.loads((run / LEDGER).read_bytes())["stages"]
        return str(run / stages[-1]["folder"])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            f"the training run {base} has no finished stage",
            fix=f"finish it with `aisle train encoder --name {base} --resume`, or name another --base",
        ) from error
