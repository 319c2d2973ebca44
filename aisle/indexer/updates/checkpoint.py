"""How far an input was applied: a small file, written after each batch that the cluster acknowledged."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import orjson

from aisle._files import whole_file
from aisle.errors import InputError
from aisle.indexer.updates.input import Place

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class InputCheckpoint:
    """How far an input was applied.

    Attributes:
        place: everything before it was applied, or is in the dead letters.
        release: the one it was applied to; empty before the first batch.
        dead_bytes: size of the dead letters file then.
    """

    place: Place = field(default_factory=Place)
    release: str = ""
    dead_bytes: int = 0


def load_checkpoint(path: Path) -> InputCheckpoint | None:
    """The checkpoint in a file; None if there is none.

    Raises:
        InputError: it is there and cannot be used.
    """
    try:
        found = orjson.loads(path.read_bytes())
        if found.pop("format") != _FORMAT:
            raise ValueError("another format")
        place = Place(**found.pop("place"))
        checkpoint = InputCheckpoint(place=place, **found)
        if min(place.line, place.offset, checkpoint.dead_bytes) < 0:
            raise ValueError("a negative number")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", fix="check its permissions") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} is no checkpoint ({error!r})",
            fix="name another file, or delete it to start at the start",
        ) from error
    return checkpoint


def save_checkpoint(path: Path, checkpoint: InputCheckpoint) -> None:
    """Replace the file, whole or not at all, even when the machine loses its power.

    Raises:
        InputError: it cannot be written.
    """
    with whole_file(path) as file:
        file.write(orjson.dumps({"format": _FORMAT, **asdict(checkpoint)}))
        file.flush()
        os.fsync(file.fileno())
