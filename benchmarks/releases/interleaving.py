"""How many searches it takes to see that a ranking is better: interleaving and a split, simulated shoppers.

The click model is that of `aisle ubi simulate`: position p is looked at with probability 1/p, and what is
looked at is clicked by its grade. A ranking is the true grades with noise, and the better one has a part of
the same noise, as a release that mends something of the one before. For every query and draft the probability
that its clicks speak for either arm is exact; searches are drawn from these. What is drawn goes through the
very functions that `aisle experiment report` uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from aisle.evaluation.clicks import Simulation, SimulationOptions, simulate
from aisle.evaluation.experiments.inference import p_value, rate, wins
from aisle.evaluation.experiments.interleaving import Team, team_draft
from benchmarks.harness.command_line import OutOption, run_command
from benchmarks.harness.pages import block, table
from benchmarks.harness.result_file import HIGHER, LOWER, BenchmarkResult, Goal
from benchmarks.harness.topics import Figures, measure_topics

Floats = NDArray[np.float64]

# The control's noise in grades, as `aisle ubi simulate` has it, and the share of it that better arms have.
NOISE: Final = 3.0
ARMS: Final = (0.95, 0.9, 0.75, 0.5)
# One that makes as few errors as the third, none of which the control makes.
STRANGER: Final = 0.75
QUERIES: Final = 200
SEARCHES: Final = tuple(25 * 2**power for power in range(14))
SIGNIFICANT: Final = 0.05
POWER: Final = 0.8
REPEATS: Final = 200
TOPIC: Final = "interleaving"
_SEEDS: Final = 64
# Searches of one shopper, on average.
_EACH: Final = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rankings of every query, and what shoppers do with them.

    Attributes:
        ndcg: mean nDCG@10 of the control and of the arm.
        clicked: float64 [2, queries], probability of a click among the first 10 of each.
        speaks: float64 [queries, 3], probability that an interleaved list's clicks speak for the control, for
            neither (or that there are none), and for the arm.
        asked: float64 [queries], how often each query is asked.
    """

    ndcg: tuple[float, float]
    clicked: Floats
    speaks: Floats
    asked: Floats


def measure(repeats: int = REPEATS, seed: int = 0) -> Figures:
    """The number of searches until the better ranking is seen in 4 of 5 experiments.

    Args:
        repeats: experiments of each size.
        seed: of what is drawn.
    """
    shop = simulate(SimulationOptions(queries=QUERIES, items=20, seed=seed))
    rng = np.random.default_rng([seed, 2])
    rows: list[dict[str, Any]] = []
    ratios: list[float] = []
    attempts: list[dict[str, Any]] = []
    for part, own in (*((part, False) for part in ARMS), (STRANGER, True)):
        pair = make_pair(shop, part, np.random.default_rng([seed, 2]), own=own)
        needed = {}
        for kind in ("interleaving", "split"):
            powers = power_curve(pair, kind, repeats, rng)
            needed[kind] = searches_for(powers)
            row: dict[str, Any] = {
                "kind": kind,
                "noise": part,
                "ndcg_control": pair.ndcg[0],
                "ndcg_arm": pair.ndcg[1],
            }
            row |= {"searches": needed[kind], "power": POWER, "curve": powers}
            (attempts if own else rows).append({**row, "what": "noise of its own"} if own else row)
        if not own:
            ratios.append((needed["split"] or SEARCHES[-1]) / (needed["interleaving"] or SEARCHES[-1]))
    alike = make_pair(shop, 1.0, np.random.default_rng([seed, 2]))
    chance = {
        kind: float(np.mean([found(alike, kind, 2_000, rng)[0] < SIGNIFICANT for _ in range(5 * repeats)]))
        for kind in ("interleaving", "split")
    }
    rows += [{"kind": kind, "alike": True, "significant": round(share, 4)} for kind, share in chance.items()]
    goals = [
        Goal("fewest times fewer searches than a split", min(ratios, default=0.0), 10, HIGHER),
        Goal("rankings alike: share of experiments with p < .05", chance["interleaving"], 0.06, LOWER),
    ]
    return Figures(rows, attempts, goals)


def make_pair(shop: Simulation, part: float, rng: np.random.Generator, *, own: bool = False) -> Pair:
    """The control's ranking of each query and the arm's.

    Args:
        shop: with its shoppers.
        part: share of the noise that the arm has; 1: both are one.
        rng: of the noise.
        own: the arm's noise is not the control's.
    """
    size = shop.options.size
    noise = NOISE * rng.standard_normal(shop.grades.shape)
    other = NOISE * rng.standard_normal(shop.grades.shape) if own else noise
    scores = (shop.grades + noise, shop.grades + part * other)
    orders = [np.argsort(-one, axis=1, kind="stable") for one in scores]
    asked = 1 / np.arange(1, len(shop.grades) + 1)
    seen = [np.take_along_axis(shop.wanted, order[:, :size], axis=1) * shop.examined for order in orders]
    speaks = np.zeros((len(shop.grades), 3))
    for query, wanted in enumerate(shop.wanted):
        first, second = ([str(item) for item in order[query]] for order in orders)
        for number in range(_SEEDS):
            drafted = team_draft(first, second, f"{query} {number}", size)
            teams = np.array([one.team is Team.ARM for one in drafted])
            clicks = wanted[[int(one.id) for one in drafted]] * shop.examined[: len(drafted)]
            speaks[query] += signs(clicks, teams)
    ndcg = tuple(round(_ndcg(shop.grades, order[:, :size]), 4) for order in orders)
    return Pair(
        (ndcg[0], ndcg[1]),
        np.stack([1 - np.prod(1 - one, axis=1) for one in seen]),
        speaks / _SEEDS,
        asked / asked.sum(),
    )


def signs(clicks: Floats, teams: NDArray[np.bool_]) -> Floats:
    """Probability that clicks of the control's items are more, as many, and fewer than those of the arm's.

    Args:
        clicks: float64 [n], probability of a click on each item.
        teams: bool [n], whether the arm drafted it.
    """
    middle = len(clicks)
    differences = np.zeros(2 * middle + 1)
    differences[middle] = 1.0
    for probability, is_arm in zip(clicks, teams, strict=True):
        moved = np.roll(differences, 1 if is_arm else -1)
        differences = (1 - probability) * differences + probability * moved
    return np.array([differences[:middle].sum(), differences[middle], differences[middle + 1 :].sum()])


def _ndcg(grades: Floats, order: NDArray[np.int64]) -> float:
    discounts = 1 / np.log2(np.arange(2, order.shape[1] + 2))
    gains = np.take_along_axis(grades, order, axis=1) @ discounts
    best = -np.sort(-grades, axis=1)[:, : order.shape[1]] @ discounts
    return float(np.mean(gains / np.maximum(best, 1e-9)))


def found(pair: Pair, kind: str, searches: int, rng: np.random.Generator) -> tuple[float, bool]:
    """One experiment: its p-value, and whether it speaks for the arm."""
    queries = rng.choice(len(pair.asked), size=searches, p=pair.asked)
    shoppers = rng.integers(searches // _EACH, size=searches)
    if kind == "interleaving":
        drawn = rng.random(searches)
        below = np.cumsum(pair.speaks[queries], axis=1)
        said = (drawn >= below[:, 0]).astype(int) + (drawn >= below[:, 1]) - 1
        by_shopper: dict[int, list[int]] = {}
        for shopper, one in zip(shoppers[said != 0].tolist(), said[said != 0].tolist(), strict=True):
            by_shopper.setdefault(shopper, []).append(one)
        outcome = wins(by_shopper.values())
        return outcome.p, outcome.share > 0.5
    arms = shoppers % 2
    clicked = rng.random(searches) < pair.clicked[arms, queries]
    rates = []
    for arm in (0, 1):
        mine = arms == arm
        asked = np.bincount(shoppers[mine], minlength=searches)
        kept = asked > 0
        rates.append(rate(np.bincount(shoppers[mine], clicked[mine], minlength=searches)[kept], asked[kept]))
    return p_value(*rates), rates[1].value > rates[0].value


def power_curve(pair: Pair, kind: str, repeats: int, rng: np.random.Generator) -> dict[str, float]:
    """Number of searches to the share of experiments that see the better arm, until nearly all do."""
    powers: dict[str, float] = {}
    for searches in SEARCHES:
        seen = [found(pair, kind, searches, rng) for _ in range(repeats)]
        powers[str(searches)] = float(np.mean([p < SIGNIFICANT and right for p, right in seen]))
        if powers[str(searches)] >= 0.95:
            break
    return powers


def searches_for(powers: dict[str, float], power: float = POWER) -> int | None:
    """The number of searches at which a curve reaches a power, between its points on a logarithmic scale."""
    before: tuple[int, float] | None = None
    for text, share in powers.items():
        searches = int(text)
        if share >= power:
            if before is None:
                return searches
            part = (power - before[1]) / (share - before[1])
            between: float = before[0] * (searches / before[0]) ** part
            return round(between)
        before = searches, share
    return None


def interleaving_table(result: BenchmarkResult) -> str:
    """Searches until the better ranking is seen, by either way. Pure."""
    mine = [row for row in (*result.rows, *result.attempts) if row["topic"] == TOPIC and "curve" in row]
    found: dict[tuple[float, str], dict[str, Mapping[str, Any]]] = {}
    for row in mine:
        found.setdefault((row["noise"], row.get("what", "a part of the same")), {})[row["kind"]] = row
    rows = []
    for (_, what), kinds in found.items():
        mixed, split = kinds["interleaving"], kinds["split"]
        times = split["searches"] / mixed["searches"] if split["searches"] and mixed["searches"] else None
        rows.append(
            [
                what,
                f"{mixed['ndcg_control']:.3f}",
                f"{mixed['ndcg_arm']:.3f}",
                *(
                    "over the grid" if not one["searches"] else f"{one['searches']:,}"
                    for one in (mixed, split)
                ),
                "" if times is None else f"{times:.1f}",
            ]
        )
    head = ["errors of the arm", "nDCG@10, control", "arm", "interleaving, searches", "split", "times"]
    alike = [
        f"{row['kind']} {row['significant']:.1%}"
        for row in result.rows
        if row["topic"] == TOPIC and "alike" in row
    ]
    note = f"Rankings that are alike had p < .05 in this share of the experiments: {', '.join(alike)}."
    return block(result, table(head, rows, texts=1), note, topics=[TOPIC])


def interleaving(
    repeats: Annotated[int, typer.Option(min=10, help="Experiments of each size.")] = REPEATS,
    out: OutOption = None,
) -> None:
    """Simulated shoppers alone, without a node: a minute and a half of CPU. Other topics keep their figures.

    Examples:

        python -m benchmarks.releases.interleaving
    """
    topics = {TOPIC: partial(measure, repeats)}
    measure_topics(
        "releases", "benchmarks.releases.interleaving", topics, TOPIC, out, trial=repeats != REPEATS
    )


if __name__ == "__main__":
    run_command(interleaving)
