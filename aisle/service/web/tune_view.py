"""The metric against the weights of legs, as `aisle tune run` found them: lines and their numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aisle._files import open_bytes
from aisle.errors import InputError
from aisle.mappings.meta import catalogue_of

WIDTH: Final = 640
HEIGHT: Final = 240

_AGAIN: Final = "tune again: aisle tune run DATA --name NAME"
_Unit = Annotated[float, Field(ge=0, le=1)]


class _Point(BaseModel):
    weight: _Unit
    mean: _Unit
    fusion: str = Field(max_length=200)


class TunedFile(BaseModel):
    """What a tuned fusion's file says of how it was found.

    Attributes:
        release: whose legs were asked.
        metric: that was made as large as can be.
        queries: judged ones.
        means: system to mean of the metric.
        profiles: leg to its weights, rising, and the best fusion with each.
    """

    model_config = ConfigDict(frozen=True)

    release: str
    metric: str
    queries: int
    means: dict[str, float]
    profiles: dict[str, list[_Point]]


@dataclass(frozen=True, slots=True)
class Line:
    """What one leg's weight does.

    Attributes:
        leg: its name.
        points: of the line, as SVG takes them.
        rows: weight, mean and fusion, as a table.
    """

    leg: str
    points: str
    rows: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class TuneView:
    """All legs on one scale.

    Attributes:
        lines: one per leg.
        low, high: ends of the scale of the metric.
    """

    lines: tuple[Line, ...]
    low: float
    high: float


def read_tuned(file: Path, catalogue: str) -> TunedFile:
    """A tuned fusion's file.

    Raises:
        InputError: it cannot be read, is of another catalogue, or says nothing of weights.
    """
    with open_bytes(file) as content:
        raw = content.read()
    try:
        found = TunedFile.model_validate_json(raw)
    except ValidationError:
        raise InputError(f"{file.name} does not say what weights do", fix=_AGAIN) from None
    if catalogue_of(found.release) != catalogue:
        raise InputError(f"{file.name} is of {catalogue_of(found.release)}, not of {catalogue}", fix=_AGAIN)
    return found


def tune_view(found: TunedFile) -> TuneView:
    """Lines from the left (weight 0) to the right (weight 1)."""
    means = [point.mean for points in found.profiles.values() for point in points] or [0.0]
    low, high = min(means), max(means)
    scale = (high - low) or 1.0
    return TuneView(
        tuple(
            Line(
                leg,
                " ".join(
                    f"{point.weight * WIDTH:.1f},{HEIGHT - (point.mean - low) / scale * HEIGHT:.1f}"
                    for point in points
                ),
                tuple((point.weight, point.mean, point.fusion) for point in points),
            )
            for leg, points in found.profiles.items()
        ),
        low,
        high,
    )
