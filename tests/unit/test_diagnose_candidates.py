"""What a recommender's channels find, with codes and a router."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from aisle.encoder import ArtifactStore
from aisle.encoder.code_artifact import ItemCodes
from aisle.encoder.codes import Codebooks, Modality, Quantizer
from aisle.encoder.whitening import Whitening
from aisle.evaluation.coverage import UNION
from aisle.recommendation.diagnose import SEEN, Diagnosed
from aisle.recommendation.recommender import Recommender
from tests.support.recommending_shop import CODES, COUNT, routed, walks

TEXT = Modality("text", "", 1.0, Whitening(np.zeros(2, np.float32), np.eye(2, dtype=np.float32)))
BOOKS = Codebooks((np.eye(4, 2, dtype=np.float32), np.eye(5, 2, dtype=np.float32)))


def diagnosed(recommender: Recommender) -> Diagnosed:
    # The last items have no codes.
    known = ItemCodes(Quantizer((TEXT,), (), BOOKS), recommender.items[:-5], CODES[: COUNT - 5])
    return Diagnosed(recommender, known, "", walks(), users=80, seed=0)


def test_a_router_stands_beside_the_channels_that_did_not_see_what_is_asked(tmp_path: Path) -> None:
    recommender = routed(ArtifactStore(tmp_path))
    found = diagnosed(recommender).run()
    assert list(found.targets.ranks) == [
        *("counts", "text", "popularity", "prefixes by counts", "sequence", "prefixes by router", UNION)
    ]
    assert len(found.targets.takers) == 80
    everything = found.targets.by_budget((COUNT,))
    assert everything[UNION][COUNT] == 1.0, "popularity proposes every item that somebody took"
    assert everything["prefixes by counts"][COUNT] > 0.5
    first = found.budgets[0]
    assert found.targets.share("counts", first) > found.targets.share("popularity", first)
    assert {"counts", "sequence", "whole, with reasons"} <= set(found.milliseconds)
    assert found.gap.train["R@10"] > 0
    without = replace(diagnosed(recommender), codes=None).run()
    assert "prefixes by router" not in without.targets.ranks
    same = [name for name in without.targets.ranks if name not in (UNION, "sequence")]
    for name in same:
        assert np.array_equal(without.targets.ranks[name], found.targets.ranks[name])


def test_a_router_that_learned_from_what_is_asked_is_marked(tmp_path: Path) -> None:
    recommender = routed(ArtifactStore(tmp_path))
    router = recommender.router
    assert router is not None
    manifest = router.artifact.manifest.model_copy(update={"data_hash": walks().digest()})
    marked = recommender.with_router(replace(router, artifact=replace(router.artifact, manifest=manifest)))
    assert f"sequence ({SEEN})" in diagnosed(marked).run().targets.ranks
