"""How recommenders are measured: what is cut where, ranks, and tables that do not mix protocols."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from aisle.errors import EvaluationError, InputError
from aisle.evaluation import Run, evaluate
from aisle.evaluation.sequences.protocol import (
    ColdItems,
    EvaluationProtocol,
    LeaveLastOut,
    Phase,
    Seen,
    TimeSplit,
    split,
)
from aisle.evaluation.sequences.ranks import mean_of, rank_targets, values_of
from aisle.evaluation.sequences.table import ProtocolTable, PublishedRow
from aisle.sequences import Sequences, sequences_of

ITEMS = tuple("abcdef")
SHOP = sequences_of(ITEMS, [[0, 1, 2, 3], [1, 2], [4], [2, 0, 5]], ["u", "v", "w", "x"])
TIMED = replace(SHOP, times=np.array([1, 2, 8, 9, 1, 9, 8, 3, 4, 5], dtype=np.float64))


@dataclass(frozen=True)
class Fixed:
    """The same scores for everybody."""

    values: tuple[float, ...]
    name: str = "fixed"

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        return np.tile(np.array(self.values, dtype=np.float32), (len(histories), 1))


def words(sequences: Sequences) -> list[str]:
    return ["".join(ITEMS[step] for step in sequences.of(user)) for user in range(len(sequences))]


def test_the_last_item_is_left_out_of_sequences_that_are_long_enough() -> None:
    validation = split(SHOP, EvaluationProtocol(), Phase.VALIDATION)
    assert words(validation.train) == ["ab", "bc", "e", "c"]
    assert (words(validation.histories), validation.targets.tolist()) == (["ab", "c"], [2, 0])
    test = split(SHOP, EvaluationProtocol(), Phase.TEST)
    assert words(test.train) == ["ab", "bc", "e", "c"], "a history has more than what was learned from"
    assert (words(test.histories), test.targets.tolist()) == (["abc", "ca"], [3, 5])
    assert test.histories.users == ("u", "x")
    refit = split(SHOP, EvaluationProtocol(refit=True), Phase.TEST)
    assert words(refit.train) == ["abc", "bc", "e", "ca"]


def test_a_time_split_learns_nothing_from_the_future() -> None:
    protocol = EvaluationProtocol(TimeSplit(3.5, 8))
    validation = split(TIMED, protocol, Phase.VALIDATION)
    assert words(validation.train) == ["ab", "b", "", "c"]
    assert (words(validation.histories), validation.targets.tolist()) == (["c"], [0])
    test = split(TIMED, protocol, Phase.TEST)
    assert (words(test.histories), test.targets.tolist()) == (["ab", "b"], [2, 2])
    assert test.unasked == 1, "w took nothing before"
    assert words(split(TIMED, replace(protocol, refit=True), Phase.TEST).train) == ["ab", "b", "", "ca" + "f"]
    by_shares = TimeSplit.by_shares(TIMED, 0.2, 0.3)
    assert (by_shares.validation_at, by_shares.test_at) == (5, 8)
    with pytest.raises(EvaluationError, match="no times"):
        split(SHOP, protocol, Phase.TEST)
    with pytest.raises(EvaluationError, match="would not begin after"):
        TimeSplit(8, 8)


def test_cold_items_are_nowhere_but_among_the_tests_targets() -> None:
    draws = [split(SHOP, EvaluationProtocol(cold=ColdItems(0.5, seed)), Phase.TEST) for seed in range(8)]
    assert len({tuple(d.cold.tolist()) for d in draws if d.cold is not None}) > 1
    for data in draws:
        assert data.cold is not None and np.count_nonzero(data.cold) == 3
        assert not data.cold[data.train.steps].any()
        assert not data.cold[data.histories.steps].any()
        assert all(data.histories.lengths)
    assert any(d.cold[d.targets].any() for d in draws if d.cold is not None)
    with pytest.raises(EvaluationError, match="no share"):
        ColdItems(1.0)


def test_nobody_to_ask_is_said() -> None:
    with pytest.raises(EvaluationError, match="no user has an item to predict in the test"):
        split(sequences_of(ITEMS, [[0, 1]]), EvaluationProtocol(), Phase.TEST)


def test_ties_count_against_the_target_and_seen_items_do_not_count() -> None:
    test = split(SHOP, EvaluationProtocol(), Phase.TEST)  # abc -> d, ca -> f
    assert rank_targets(Fixed((9, 9, 9, 1, 1, 1)), test, "shop").ranks.tolist() == [3, 4]
    assert rank_targets(Fixed((9, 9, 9, 2, 1, 3)), test, "shop").ranks.tolist() == [2, 2]
    kept = split(SHOP, EvaluationProtocol(seen=Seen.KEPT), Phase.TEST)
    assert rank_targets(Fixed((9, 9, 9, 2, 1, 3)), kept, "shop").ranks.tolist() == [5, 4]
    again = split(sequences_of(ITEMS, [[0, 1, 0]]), EvaluationProtocol(), Phase.TEST)
    assert again.repeated == 1
    assert rank_targets(Fixed((9, 1, 1, 1, 1, 1)), again, "shop").ranks.tolist() == [7], "it cannot come up"
    with pytest.raises(EvaluationError, match="no score to every item"):
        rank_targets(Fixed((1, math.nan, 1, 1, 1, 1)), test, "shop")


def test_metrics_are_those_of_ir_measures() -> None:
    ranks = np.array([1, 3, 11, 2])
    run = Run("s", {str(n): [f"i{place}" for place in range(1, 13)] for n in range(4)})
    qrels = {str(n): {f"i{rank}": 2} for n, rank in enumerate(ranks)}
    theirs = evaluate(run, qrels, ["R@2", "nDCG@10"]).means()
    assert mean_of(ranks, "R@2") == pytest.approx(theirs["R@2"])
    assert mean_of(ranks, "N@10") == pytest.approx(theirs["nDCG@10"])
    for name in ("P@1", "R@0", "R", "N@x"):
        with pytest.raises(EvaluationError, match="unknown metric"):
            values_of(ranks, name)


def test_rows_of_different_protocols_share_no_table() -> None:
    protocol = EvaluationProtocol()
    test = split(SHOP, protocol, Phase.TEST)
    ranked = rank_targets(Fixed((1, 2, 3, 4, 5, 6)), test, "shop")
    table = ProtocolTable("shop", protocol, Phase.TEST, users=2, items=6).with_ranked(ranked, "chosen")
    assert table.systems["fixed"]["R@5"] == 1.0
    shown = table.to_markdown()
    assert protocol.words() in shown and "leave-last-out" in shown and "seen items excluded" in shown
    others = [
        replace(ranked, system="other", protocol=EvaluationProtocol(seen=Seen.KEPT)),
        replace(ranked, system="other", protocol=EvaluationProtocol(refit=True)),
        replace(ranked, system="other", protocol=EvaluationProtocol(TimeSplit(1, 2))),
        replace(ranked, system="other", phase=Phase.VALIDATION),
        replace(ranked, system="other", dataset="another"),
    ]
    for other in others:
        with pytest.raises(EvaluationError, match="other was measured otherwise"):
            table.with_ranked(other)
    with pytest.raises(EvaluationError, match="two systems are called 'fixed'"):
        table.with_ranked(ranked)
    published = PublishedRow("theirs", "shop", protocol, Phase.TEST, {"R@10": 0.1}, "a paper")
    assert table.with_published(published).systems["theirs"] == {"R@10": 0.1}
    with pytest.raises(EvaluationError, match="measured otherwise"):
        table.with_published(replace(published, protocol=EvaluationProtocol(seen=Seen.KEPT)))
    assert EvaluationProtocol(LeaveLastOut()) == EvaluationProtocol()


def test_sequences_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="do not fit"):
        Sequences(ITEMS, ("u",), np.array([0, 2]), np.array([0, 9], dtype=np.int32))
