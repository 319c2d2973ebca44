"""How good any order can be where grades are the opinion of three people: what the noise of raters leaves.

homedepot's grades are means of three raters' 1 to 3, cut at 1.66, 2.32 and 2.66. Raters' own votes are not
published, but how the means are spread tells how far raters agree: votes are drawn from each item's own
shares, and these from a Dirichlet distribution, the one that gives grades as often as they are there. From it
come the shares behind each grade, and what another panel of three would have said.
"""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

from aisle.training.ranking.table import RankingTable
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.asked import asked
from benchmarks.learned_ranking.measure import (
    FUSION,
    RANKER,
    TREES,
    Floats,
    Row,
    judged_alone,
    trained,
)
from benchmarks.learned_ranking.setup import HOME, Setup

PART: Final = "ceiling"
KNOWING, PANEL, CHANCE, BEST = (
    "who knows what share of all raters says what",
    "another panel of three raters",
    "chance",
    "the grades themselves",
)
_VOTES: Final = np.array(list(product((0, 1, 2), repeat=3)))
# Of a sum of three votes from 1 to 3, less 3: 5/3 and 2 are grade 1, 7/3 is 2, 8/3 and 3 are 3.
_GRADE_OF_SUM: Final = np.array([0, 0, 1, 1, 2, 3, 3])
_PANELS: Final = _GRADE_OF_SUM[_VOTES.sum(axis=1)]
_COUNTS: Final = np.stack([np.equal(_VOTES, vote).sum(axis=1) for vote in range(3)], axis=1)
_DRAWN: Final = 400_000
_ROUNDS: Final = 20


def grade_shares(alpha: Floats) -> Floats:
    """float64 [4]: how often each grade comes of three votes with shares from a Dirichlet distribution."""
    total = gammaln(alpha.sum()) - gammaln(alpha.sum() + 3)
    logs = total + (gammaln(alpha + _COUNTS) - gammaln(alpha)).sum(axis=1)
    return np.asarray(np.bincount(_PANELS, np.exp(logs), minlength=4))


def agreement(grades: Floats) -> Floats:
    """float64 [3]: the Dirichlet distribution under which these grades are likeliest.

    Args:
        grades: float64 [n], whole numbers from 0 to 3.
    """
    often = np.bincount(grades.astype(np.int64), minlength=4) / len(grades)

    def unlikely(logs: Floats) -> float:
        return float(-(often * np.log(grade_shares(np.exp(logs)) + 1e-12)).sum())

    return np.asarray(np.exp(minimize(unlikely, np.zeros(3), method="Nelder-Mead").x))


def opinions(alpha: Floats, seed: int) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Items as the distribution draws them.

    Returns:
        Shares of the votes, float64 [n, 3]; the grades of two panels, int64 [n] each.
    """
    draw = np.random.default_rng(seed)
    shares = draw.dirichlet(alpha, _DRAWN)
    ends = shares.cumsum(axis=1)[:, :2]
    first, second = (
        _GRADE_OF_SUM[(draw.random((_DRAWN, 3, 1)) > ends[:, None]).sum(axis=(1, 2))] for _ in range(2)
    )
    return shares, first, second


def measure(setup: Setup) -> Figures:
    """Of the judged items alone, and of all candidates, on dev."""
    home = asked(HOME, {"dev": None, "train": setup.queries}, setup.kept, setup.limit)
    dev = home["dev"].table
    known = np.isfinite(dev.grades)
    alpha = agreement(dev.grades[known])
    shares, first, second = opinions(alpha, 7)
    expected = _expected_gains(shares)
    draw = np.random.default_rng(8)
    scores: dict[str, list[Floats]] = {name: [] for name in (KNOWING, PANEL, CHANCE)}
    behind = [np.flatnonzero(first == grade) for grade in range(4)]
    for _ in range(_ROUNDS):
        items = np.zeros(len(dev.rows), dtype=np.int64)
        for grade in range(4):
            of = np.flatnonzero(known & (dev.grades == grade))
            items[of] = draw.choice(behind[grade], len(of))
        # Nobody knows what raters would say of the rest: they stay below.
        scores[KNOWING].append(np.where(known, expected[items], -1.0))
        scores[PANEL].append(np.where(known, second[items] + 0.5 * draw.random(len(items)), -1.0))
        scores[CHANCE].append(draw.random(len(items)))
    model, _ = trained(home["train"].table, TREES)
    told = {
        FUSION: [dev.fused()],
        RANKER: [model.scores(dev.rows)],
        **scores,
        BEST: [np.nan_to_num(dev.grades, nan=-1.0)],
    }
    rows = [_row(dev, name, each) for name, each in told.items()]
    rows[0]["raters"] = [float(one) for one in alpha]
    bound = next(each for each in rows if each["system"] == KNOWING)["judged pool nDCG@10"]
    goals = [Goal("judged pool nDCG@10 that a perfect model of all raters would have", bound, 0.905, HIGHER)]
    return Figures(rows, trials("learned-ranking", PART), goals)


def _expected_gains(shares: Floats) -> Floats:
    """float64 [n]: mean of 2^grade - 1 over panels of three."""
    chances = np.prod(shares[:, None, :] ** _COUNTS[None], axis=2)
    return np.asarray(chances @ (np.exp2(_PANELS) - 1))


def _row(dev: RankingTable, name: str, scores: list[Floats]) -> Row:
    judged, known = judged_alone(dev), np.isfinite(dev.grades)
    return {
        "part": PART,
        "system": name,
        "queries": len(dev.queries),
        "nDCG@10": float(np.mean([dev.ndcg(one, 10).mean() for one in scores])),
        "nDCG@20": float(np.mean([dev.ndcg(one, 20).mean() for one in scores])),
        "judged pool nDCG@10": float(np.mean([judged.ndcg(one[known], 10).mean() for one in scores])),
    }
