"""Measures what item-to-item without training is worth on a shop's own orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisle._evaluate_sequences import Measured, dataset_name
from aisle._recommend import USUAL_ENCODER, encode_texts, find_files, nothing_to_read, read_basket_data
from aisle.catalogue.interactions import CatalogueTexts
from aisle.catalogue.order_lines import OrderOptions
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.errors import InputError
from aisle.evaluation.item_to_item.lists import ItemFacts
from aisle.evaluation.item_to_item.protocol import BasketProtocol, split_baskets
from aisle.evaluation.item_to_item.table import BasketTable
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.systems import measure_simple_systems
from aisle.recommendation.texts import text_vectors
from aisle.types import Say


@dataclass(frozen=True, slots=True)
class EvaluatedBaskets(Measured):
    """How good each system is on baskets.

    Attributes:
        table: systems by metrics, under the protocol.
        read: what became of the lines of orders, on one line.
    """

    table: BasketTable


def evaluate_baskets(
    data: str | Path,
    *,
    catalogue: str | Path | None = None,
    encoder: str | Path | None = USUAL_ENCODER,
    judge: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    products: str = "",
    ignore_case: bool = False,
    new_items: bool = False,
    ease: bool = True,
    store: ArtifactStore | None = None,
    progress: Say | None = None,
) -> EvaluatedBaskets:
    """Measure counts, cosine, Jaccard, lift, EASE, texts and mixtures of them on what is ordered together.

    Every item of a basket is the trigger of all its others. Settings are chosen on the validation, and the
    test is read once with them.

    Example:
        >>> found = aisle.evaluate_baskets("orders.csv")
        >>> found.table.systems["weighted counts"]["R@50"]
        0.2276

    Args:
        data: a table with a line for each item of an order, or a folder with one and a catalogue.
        catalogue: of the items; None: the folder's, else the titles are those of the table.
        encoder: artifact that reads the items' texts; None leaves those systems out.
        judge: artifact that says how alike a trigger and what is listed are; none that a system learned from,
            such as ``encoder``. None leaves relevance out.
        columns: "basket", "item", "time", "quantity" or "title" to the column of a table.
        products: regular expression that the whole id of every product fits.
        ignore_case: ids that differ only in capital letters are one item.
        new_items: ask for items without history too.
        ease: solve EASE too, which takes the most time.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: takes a line before each step.

    Raises:
        InputError: a file that cannot be read, or holds no basket that can be used; an encoder or a judge
            without texts; a judge that is the encoder.
        EvaluationError: baskets without times, or too few of them.
        ArtifactNotFound, ArtifactCorrupt: an encoder cannot be loaded.
        MissingExtra: a format without its extra.
    """
    say = progress or (lambda _: None)
    store = store or ArtifactStore.default()
    if judge is not None and judge == encoder:
        raise InputError(
            f"{judge} reads the texts and cannot judge as well", fix="name another encoder with --judge"
        )
    options = OrderOptions(columns or {}, products=products, ignore_case=ignore_case)
    known, read = read_basket_data(find_files(data, catalogue), options, say)
    texts = known.texts if known else read.titles
    encoded = encode_texts(texts, encoder, store, say)
    facts = ItemFacts(_judged(texts, judge, store, say), _kinds(known))
    protocol = BasketProtocol(new_items=new_items)
    table = BasketTable.of(split_baskets(read.baskets, protocol, Phase.TEST), dataset_name(data))
    say("measuring")
    vectors = encoded.vectors if encoded else None
    for chosen in measure_simple_systems(read.baskets, protocol, vectors, facts, with_ease=ease):
        table = table.with_figures(chosen.figures, chosen.choice.words())
        say(f"measured {chosen.figures.system}: R@50 {chosen.figures.metrics['R@50']:.4f}")
    return EvaluatedBaskets(table, read.words())


def _judged(
    texts: tuple[str, ...], judge: str | Path | None, store: ArtifactStore, say: Say
) -> NDArray[np.float32] | None:
    """Vectors of texts by the encoder that judges."""
    if judge is None:
        return None
    if not any(texts):
        raise nothing_to_read(judge, "no --judge")
    model = DenseEncoder.load(judge, store=store)
    say(f"encoding {len(texts):,} texts with {model.manifest.name}, which judges")
    return text_vectors(model, texts)


def _kinds(known: CatalogueTexts | None) -> NDArray[np.int32] | None:
    """Categories by number; None where no item has one."""
    if known is None or not any(known.categories):
        return None
    numbers = {name: number for number, name in enumerate(dict.fromkeys(filter(None, known.categories)))}
    return np.array([numbers.get(name, -1) for name in known.categories], dtype=np.int32)
