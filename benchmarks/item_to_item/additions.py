"""A day of orders is added to the counts: how long it takes, and whether it is a rebuild."""

from __future__ import annotations

import time
from statistics import median
from typing import Final

import numpy as np

from aisle.recommendation.item_to_item.basket_counts import count_baskets
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import orders

ORDERS: Final = 10_000
ROUNDS: Final = 5


def measure() -> Figures:
    """Add the latest 10,000 orders of online_retail to the counts of all before."""
    baskets = orders().baskets
    places = np.arange(len(baskets))
    before = count_baskets(baskets.of_baskets(places[:-ORDERS]))
    day = baskets.of_baskets(places[-ORDERS:])
    rebuilt = count_baskets(baskets)
    took, of_cpu = [], []
    for _ in range(ROUNDS):
        started, cpu = time.perf_counter(), time.process_time()
        added = before + count_baskets(day)
        took.append(time.perf_counter() - started)
        of_cpu.append(time.process_time() - cpu)
    equal = float(added.equals(rebuilt) and (added - count_baskets(day)).equals(before))
    seconds = median(took)
    row = {
        "dataset": "online_retail",
        "added": ORDERS,
        "lines": len(day.members),
        "seconds": seconds,
        "cpu_seconds": median(of_cpu),
        "equal": equal,
    }
    return Figures(
        (row,),
        (),
        (
            Goal("seconds to add 10,000 orders", seconds, 1, LOWER),
            Goal("counts are those of a rebuild, bit for bit", equal, 1, HIGHER),
        ),
    )
