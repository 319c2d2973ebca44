"""Twelve faults of releases, each made on purpose, and what stops it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

import aisle
from aisle._train_ranker import WINDOW, ask_evidence, judged_queries, learned_from
from aisle.encoder import Artifact
from aisle.encoder.artifact import load_artifact, write_manifest
from aisle.errors import ArtifactError, InputError
from aisle.evaluation import read_judged_set
from aisle.indexer.releases.delete import delete_release
from aisle.indexer.releases.release_meta import rewrite_meta
from aisle.mappings.ordering import NamedModel, Ordering
from aisle.search import read_live
from aisle.search.rank.artifact import SETTINGS, load_ranker, save_ranker
from aisle.search.rank.features import FEATURES
from aisle.search.rank.trees import Trees
from aisle.training.common.progress import Silent
from aisle.training.ranking.fit import fit
from aisle.training.ranking.settings import RankerSettings
from aisle.training.ranking.table import ranking_table
from benchmarks.harness.command_line import say
from benchmarks.releases.shop import DIMS, NAME, SEED, DrillShop, cut_text

HONEST: Final = "honest"
LEAKED: Final = "leaked"
COPIES: Final = 40
Nodes = NDArray[np.int64]

CUT_OFF: Final = 0.5 / DIMS**0.5
"""Half the usual size of a number of a unit vector: what is larger is cut off."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of a fault.

    Attributes:
        fault: its name.
        what: was done.
        by: gates that failed, or what refused it; empty if it would have gone live.
        note: a figure that tells why.
    """

    fault: str
    what: str
    by: str
    note: str = ""


def drill(shop: DrillShop) -> list[Stopped]:
    """Try every fault against the live release."""
    ranker = load_ranker(LEAKED, shop.store)[1]
    found = []
    for name, (what, fault) in FAULTS.items():
        before = {row.release for row in aisle.list_releases(NAME, cluster=shop.client)}
        made = _try(shop, name, what, fault, ranker)
        say(f"{name}: {made.by or 'NOT STOPPED'} {made.note}")
        found.append(made)
        for row in aisle.list_releases(NAME, cluster=shop.client):
            if row.release not in before:
                delete_release(shop.client, row.release)
    return found


Fault = Callable[[DrillShop, Artifact], str]


def _try(shop: DrillShop, name: str, what: str, fault: Fault, ranker: Artifact) -> Stopped:
    try:
        release = fault(shop, ranker)
        report = shop.gate(release)
    except (ArtifactError, InputError) as error:
        return Stopped(name, what, "refused", error.message.replace(f"{shop.folder}/", ""))
    failed = report.failures
    gates = ", ".join(dict.fromkeys(one.gate.value for one in failed))
    note = "; ".join(
        f"{one.check.name} {one.check.value:.3g} (limit {one.check.limit:.3g})" for one in failed[:2]
    )
    return Stopped(name, what, gates, note)


def _wrong_encoder(shop: DrillShop, _: Artifact) -> str:
    other = replace(shop.vectors["untuned"], fingerprint=shop.model.fingerprint)
    return shop.stage(vectors=other)


def _shuffled(shop: DrillShop, _: Artifact) -> str:
    right = shop.vectors["right"]
    rows = np.random.default_rng(SEED).permutation(len(right.vectors))
    return shop.stage(vectors=replace(right, vectors=right.vectors[rows]))


def _untuned(shop: DrillShop, _: Artifact) -> str:
    return shop.stage(vectors=shop.vectors["untuned"])


def _stale_pipeline(shop: DrillShop, _: Artifact) -> str:
    return shop.stage(vectors=shop.vectors["cut"], text=cut_text)


def _half_index(shop: DrillShop, _: Artifact) -> str:
    return shop.stage(items=shop.items[: len(shop.items) // 2])


def _shrunken_feed(shop: DrillShop, _: Artifact) -> str:
    draw = random.Random(SEED)
    return shop.stage(items=[item for item in shop.items if draw.random() > 0.15])


def _collapsed(shop: DrillShop, _: Artifact) -> str:
    return shop.stage(codes="collapsed")


def _saturated(shop: DrillShop, _: Artifact) -> str:
    right = shop.vectors["right"]
    cut = np.clip(right.vectors, -CUT_OFF, CUT_OFF)
    return shop.stage(vectors=replace(right, vectors=cut / np.linalg.norm(cut, axis=1, keepdims=True)))


def _leaked(shop: DrillShop, ranker: Artifact) -> str:
    release = shop.stage()
    aisle.bind_models(release, ranker=ranker.fingerprint, cluster=shop.client, store=shop.store)
    return release


def _slow(shop: DrillShop, _: Artifact) -> str:
    ranker, artifact = load_ranker(HONEST, shop.store)
    if not isinstance(ranker.model, Trees):
        raise TypeError("a forest was expected")
    evidence = np.zeros((4, len(FEATURES)))
    training = artifact.manifest.training
    save_ranker(_copied(ranker.model, COPIES), "slow", shop.store, evidence, training=training)
    release = shop.stage()
    aisle.bind_models(release, ranker="slow", cluster=shop.client, store=shop.store)
    return release


def _copied(trees: Trees, copies: int) -> Trees:
    """The same scores by so many times the trees: each stands there so often, with so much less to say."""
    splits, leaves = len(trees.features), len(trees.leaf_values)

    def children(nodes: Nodes) -> Nodes:
        # A child below 0 is the leaf -1 - child.
        return np.concatenate(
            [np.where(nodes >= 0, nodes + copy * splits, nodes - copy * leaves) for copy in range(copies)]
        )

    return Trees(
        roots=children(trees.roots),
        features=np.tile(trees.features, copies),
        thresholds=np.tile(trees.thresholds, copies),
        missing_left=np.tile(trees.missing_left, copies),
        left=children(trees.left),
        right=children(trees.right),
        split_values=np.tile(trees.split_values / copies, copies),
        leaf_values=np.tile(trees.leaf_values / copies, copies),
    )


def train_rankers(shop: DrillShop) -> None:
    """Two rankers: an honest one, of other queries than the gate's, and one of the gate's own."""
    for name, split in ((HONEST, "train"), (LEAKED, "dev")):
        judged = judged_queries(read_judged_set(shop.folder, split), 2, None)
        meta = read_live(shop.client, NAME).meta
        search = aisle.open_search(meta.release, window=WINDOW, cluster=shop.client, store=shop.store)
        table = ranking_table(ask_evidence(search, judged, Silent()), judged.qrels)
        model = fit(table, RankerSettings())
        if not isinstance(model, Trees):
            raise TypeError("a forest was expected")
        save_ranker(model, name, shop.store, table.rows, training=learned_from(judged, meta))


def _broken_rules(shop: DrillShop, _: Artifact) -> str:
    file = shop.folder / "rules.json"
    rules = [{"id": "week", "when": {"query": "drill"}, "then": {"pin": [{"id": shop.items[0].id, "at": 1}]}}]
    file.write_bytes(orjson.dumps({"rules": rules})[:-9])
    aisle.put_rules(NAME, file, cluster=shop.client)
    return shop.stage()


def _other_features(shop: DrillShop, ranker: Artifact) -> str:
    """As an earlier Aisle bound it: this one would refuse to."""
    with shop.store.staging() as folder:
        shutil.copytree(ranker.path, folder, dirs_exist_ok=True)
        held = orjson.loads((folder / SETTINGS).read_bytes())
        (folder / SETTINGS).write_bytes(
            orjson.dumps({**held, "feature_version": held["feature_version"] + 1})
        )
        write_manifest(folder, ranker.manifest.model_copy(update={"name": "other", "files": {}}))
        other = load_artifact(shop.store.add(folder))
    release = shop.stage()
    named = Ordering(ranker=NamedModel(other.fingerprint, "other"))
    rewrite_meta(shop.client, release, {"ordering": named.to_json()})
    return release


FAULTS: Final[Mapping[str, tuple[str, Fault]]] = MappingProxyType(
    {
        "wrong encoder": ("vectors of another encoder than the index names", _wrong_encoder),
        "shuffled vectors": ("each item has the vector of another one", _shuffled),
        "untuned weights": (
            "an encoder whose upper half was never loaded",
            _untuned,
        ),
        "stale pipeline": (
            "vectors of texts that an earlier pipeline cut after 24 characters",
            _stale_pipeline,
        ),
        "half index": ("the second half of the items is missing", _half_index),
        "shrunken feed": (
            "15 % of the items are missing; 20 % would be too few documents",
            _shrunken_feed,
        ),
        "codebook collapse": ("all items in a quarter of the codes of the first level", _collapsed),
        "INT8 saturation": ("numbers above half the usual size are cut off", _saturated),
        "leaked test data": ("a ranker that learned the judgments of the gate", _leaked),
        "slow model": ("a ranker of forty times as many trees", _slow),
        "broken rules file": ("rules that end in the middle of a line", _broken_rules),
        "ranker of other features": ("a ranker of the next version of features", _other_features),
    }
)
