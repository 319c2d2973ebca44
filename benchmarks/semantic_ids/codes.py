"""Codes of items by several methods and of several modalities: how full, how distinct, how telling."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle._recommend import find_files, read_data
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.collisions import sharing
from aisle.evaluation.codes import CodeReport, code_report, codes_table
from aisle.recommendation.texts import text_vectors
from aisle.sequences import Sequences
from aisle.training.semantic_ids.co_purchases import co_purchase_vectors
from aisle.training.semantic_ids.fit import CodeSettings, FittedCodes, ModalityVectors, fit_codes
from aisle.training.semantic_ids.job import (
    CO_PURCHASE_WEIGHT,
    CO_PURCHASES,
    TEXT,
    TEXT_DIMS,
    TEXT_WEIGHT,
    held_out_steps,
)
from aisle.training.semantic_ids.method import QuantizerMethod
from aisle.training.semantic_ids.residual_kmeans import ResidualKMeans
from aisle.training.semantic_ids.rq_vae import RqVae
from aisle.training.semantic_ids.rq_vae_settings import CodebookStart, GradientPath
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.published import DATASET, tried

SEEDS: Final = (7, 8, 9)
BY_FOUR: Final = (256, 256, 256, 256)
_BOTH: Final = {TEXT: TEXT_WEIGHT, CO_PURCHASES: CO_PURCHASE_WEIGHT}


@dataclass(frozen=True, slots=True)
class Variant:
    """Codes to be measured.

    Attributes:
        name: for tables.
        weights: modality to its weight.
        sizes: of the levels.
        method: that fits them.
        text_dims: directions of the texts' vectors that are kept; None: all.
    """

    name: str
    weights: Mapping[str, float] = field(default_factory=lambda: _BOTH)
    sizes: tuple[int, ...] = BY_FOUR
    method: QuantizerMethod = field(default_factory=ResidualKMeans)
    text_dims: int | None = TEXT_DIMS


DEFAULT: Final = "k-means, texts + co-purchases"
VARIANTS: Final = (
    Variant(DEFAULT),
    Variant("k-means, texts", {TEXT: 1.0}),
    Variant("k-means, texts, all directions", {TEXT: 1.0}, text_dims=None),
    Variant("k-means, co-purchases", {CO_PURCHASES: 1.0}),
    Variant("k-means, texts + co-purchases", sizes=(512, 512, 512, 512)),
    Variant("RQ-VAE, k-means start", method=RqVae()),
    Variant("RQ-VAE, k-means start, rotation", method=RqVae(path=GradientPath.ROTATION)),
    Variant("RQ-VAE, random start", method=RqVae(start=CodebookStart.RANDOM)),
    Variant("RQ-VAE, random start, none revived", method=RqVae(start=CodebookStart.RANDOM, revive=0.0)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Shop:
    """What codes are made of and measured by.

    Attributes:
        items: ids.
        vectors: modality to float32 [items, dims].
        pairs: int [pairs, 2], steps into the validation's items, which nothing was fitted on.
    """

    items: tuple[str, ...]
    vectors: Mapping[str, NDArray[np.float32]]
    pairs: NDArray[np.int64]


def measure(name: str = DATASET, seeds: Sequence[int] = SEEDS) -> Figures:
    """Measure all variants; pairs are the steps into the validation's items, never the test's."""
    shop = read_shop(name)
    rows: list[dict[str, Any]] = [{"dataset": name, "items": len(shop.items), "floor": _floor(shop)}]
    defaults: list[CodeReport] = []
    for variant in VARIANTS:
        for seed in seeds:
            report, row = _measured(variant, seed, shop)
            rows.append({"dataset": name, "codes": variant.name, "seed": seed, **row})
            say(codes_table([report]))
            if (variant.name, variant.sizes) == (DEFAULT, BY_FOUR):
                defaults.append(report)
    return Figures(rows, tried(name, "codes"), _goals(defaults) if name == DATASET else ())


def read_shop(name: str) -> Shop:
    known, read = read_data(find_files(dataset(name), None), None, say)
    assert known is not None
    encoder = DenseEncoder.load(ENCODER, store=ArtifactStore.default())
    learned, pairs = held_out_steps(read.sequences)
    assert learned is not None and pairs is not None
    vectors = {TEXT: text_vectors(encoder, known.texts), CO_PURCHASES: co_purchase_vectors(learned)}
    return Shop(known.ids, vectors, pairs)


def read_codes(name: str, learned: Sequences) -> NDArray[np.int32]:
    """Codes of all items, of texts and of what was taken together in the training's steps."""
    shop = read_shop(name)
    assert shop.items == learned.items
    given = [
        ModalityVectors(TEXT, TEXT, shop.vectors[TEXT], TEXT_WEIGHT, TEXT_DIMS),
        ModalityVectors(CO_PURCHASES, CO_PURCHASES, shop.vectors[CO_PURCHASES], CO_PURCHASE_WEIGHT),
    ]
    covered = np.flatnonzero(np.any([kind.vectors.any(axis=1) for kind in given], axis=0))
    kept = [replace(kind, vectors=kind.vectors[covered]) for kind in given]
    fitted = fit_codes([shop.items[row] for row in covered], kept, CodeSettings())
    codes = np.full((len(shop.items), fitted.known.codes.shape[1]), -1, dtype=np.int32)
    codes[covered] = fitted.known.codes
    return codes


def _floor(shop: Shop) -> float:
    """Share of the items with a text that have the text's vector in common with another."""
    texts = shop.vectors[TEXT]
    _, same = np.unique(texts[texts.any(axis=1)], axis=0, return_inverse=True)
    return sharing(same.reshape(-1, 1).astype(np.int32))


def _measured(variant: Variant, seed: int, shop: Shop) -> tuple[CodeReport, dict[str, Any]]:
    most = {TEXT: variant.text_dims, CO_PURCHASES: None}
    # Items without any of these vectors are left out of the codes, and pairs with them out of the figures.
    covered = np.any([shop.vectors[kind].any(axis=1) for kind in variant.weights], axis=0)
    rows = np.flatnonzero(covered)
    places = np.cumsum(covered) - 1
    given = [
        ModalityVectors(kind, kind, shop.vectors[kind][rows], weight, most[kind])
        for kind, weight in variant.weights.items()
    ]
    started = time.process_time()
    fitted = fit_codes(
        [shop.items[row] for row in rows], given, CodeSettings(variant.sizes, variant.method, seed)
    )
    seconds = time.process_time() - started
    asked = places[shop.pairs[covered[shop.pairs].all(axis=1)]]
    report = code_report(variant.name, fitted.first, variant.sizes, separated=fitted.known.codes, pairs=asked)
    first, second = report.affinity[:2]
    return report, {
        "sizes": list(variant.sizes),
        "items": report.items,
        "utilisation": [level.utilisation for level in report.levels],
        "perplexity": [level.perplexity for level in report.levels],
        "prefixes": [level.prefixes for level in report.levels],
        "colliding": report.colliding,
        "colliding_after": report.colliding_after,
        "moved": report.moved,
        "shares_1": first.share,
        "lift_1": first.lift,
        "shares_2": second.share,
        "lift_2": second.lift,
        "text_alone": _text_alone(fitted, shop.vectors[TEXT][rows]) if TEXT in variant.weights else None,
        "cpu_seconds": seconds,
    }


def _text_alone(fitted: FittedCodes, texts: NDArray[np.float32]) -> float:
    """Share of the items that have the same first code by their text alone, as new ones do."""
    there = np.flatnonzero(texts.any(axis=1))
    alone = fitted.known.quantizer.encode({TEXT: texts[there]})
    return float((alone[:, 0] == fitted.first[there, 0]).mean())


def _goals(reports: Sequence[CodeReport]) -> tuple[Goal, ...]:
    """Of the default's worst seed."""
    levels = [level for report in reports for level in report.levels]
    least = {number: min(one.perplexity for one in levels if one.level == number) for number in (1, 2)}
    return (
        Goal("utilisation, least level", min(level.utilisation for level in levels), 1, HIGHER),
        Goal("perplexity / size, level 1", least[1], 0.80, HIGHER),
        Goal("perplexity / size, level 2", least[2], 0.50, HIGHER),
        Goal("items that share all codes, before", max(one.colliding for one in reports), 0.05, LOWER),
        Goal("items that share all codes, after", max(one.colliding_after for one in reports), 0.01, LOWER),
        Goal(
            "steps that share level 1, as a multiple of chance",
            min(one.affinity[0].lift for one in reports),
            3,
            HIGHER,
        ),
    )
