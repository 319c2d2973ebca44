"""Recommenders on sequences of users beside what others published, and codes of their items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from benchmarks.harness.command_line import OutOption, run_command
from benchmarks.harness.topics import Figures, OnlyOption, measure_topics
from benchmarks.semantic_ids import (
    baselines,
    codes,
    from_index,
    pipeline,
    preferences,
    sequence_models,
    tiger,
)

BENCHMARK: Final = "semantic-ids"


def _elsewhere(name: str, seeds: Sequence[int] = pipeline.SEEDS) -> dict[str, Callable[[], Figures]]:
    """Topics that measure on another data set what is measured on beauty, as they are."""
    return {
        f"{name} codes": partial(codes.measure, name),
        f"{name} sequence models": partial(sequence_models.measure, name, seeds),
        f"{name} tiger": partial(tiger.measure, name),
        f"{name} pipeline": partial(pipeline.measure, name, seeds),
        f"{name} preferences": partial(preferences.measure, name, seeds),
    }


TOPICS: Final[Mapping[str, Callable[[], Figures]]] = MappingProxyType(
    {
        "beauty": baselines.measure,
        "scientific": partial(baselines.measure, "scientific"),
        "sports": partial(baselines.measure, "sports"),
        "codes": codes.measure,
        "sequence models": sequence_models.measure,
        "tiger": tiger.measure,
        "tiger with text": partial(tiger.measure, topic="tiger with text", with_texts=True),
        "pipeline": pipeline.measure,
        "pipeline cold": pipeline.measure_cold,
        "preferences": preferences.measure,
        "index": from_index.measure,
        **_elsewhere("scientific"),
        # Half as many users again as beauty has: one seed, so that it ends within the hour.
        **_elsewhere("sports", pipeline.SEEDS[:1]),
    }
)
"""Topic to what measures it."""


def semantic_ids(
    only: OnlyOption = None,
    out: OutOption = None,
) -> None:
    """Measure every topic, one after the other.

    Examples:

        python -m benchmarks.semantic_ids

        python -m benchmarks.semantic_ids --only "scientific pipeline"
    """
    measure_topics(BENCHMARK, "benchmarks.semantic_ids", TOPICS, only, out)


if __name__ == "__main__":
    run_command(semantic_ids)
