"""What sells with an item and what is like it: two heads trained on a shop's own orders, and opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aisle._environment import optional
from aisle._recommend import USUAL_ENCODER, encode_texts, find_files, read_basket_data
from aisle._tracking import tracked
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import check_name
from aisle.recommendation.item_to_item.artifact import load_two_heads
from aisle.recommendation.item_to_item.model import TwoHeads

if TYPE_CHECKING:
    from aisle.training.common.progress import Progress
    from aisle.training.item_to_item.job import ItemToItemReport
    from aisle.training.item_to_item.settings import ItemToItemSettings


def train_item_to_item(
    data: str | Path,
    *,
    catalogue: str | Path | None = None,
    name: str = "item-to-item",
    encoder: str | Path | None = USUAL_ENCODER,
    columns: Mapping[str, str] | None = None,
    products: str = "",
    ignore_case: bool = False,
    settings: ItemToItemSettings | None = None,
    epochs: int | None = None,
    seed: int = 7,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> ItemToItemReport:
    """Train two heads on what is ordered together: one lists what sells with an item, one what is like it.

    Towers read an item's ID, category, brand and text. They are trained twice: before the latest baskets,
    which say how much counts of baskets are worth beside them, then on everything. A new item has its place
    by its content alone. Four hundred thousand order lines of four thousand items take some minutes on one
    core.

    Example:
        >>> report = aisle.train_item_to_item("orders.csv", catalogue="products.csv", name="shop")
        >>> aisle.open_item_to_item("shop").dims
        64

    Args:
        data: a table with a line for each item of an order, or a folder with one and a catalogue; of a file
            ``*.txt`` of users and their items, each user's items are a basket.
        catalogue: of the items; None: the folder's, else every item counts, and titles are those of the
            table.
        name: of the artifact.
        encoder: artifact that reads the items' texts; None: IDs, categories and brands alone.
        columns: "basket", "item", "time", "quantity" or "title" to the column of a table.
        products: regular expression that the whole id of every product fits.
        ignore_case: ids that differ only in capital letters are one item.
        settings: of the towers and their training; None: the usual ones for so many items.
        epochs: instead of those of ``settings``.
        seed: of everything that is drawn, instead of that of ``settings``.
        store: where artifacts are; None: the one under ``AISLE_HOME``.
        progress: is told of stages, steps and remarks; None: nobody is.

    Raises:
        InputError: a file that cannot be read, or holds no basket that can be used; an encoder without texts.
        ArtifactNotFound, ArtifactCorrupt: the encoder cannot be loaded.
        MissingExtra: the extra ``train`` is not installed.
    """
    optional("torch", extra="train")
    from aisle.catalogue.order_lines import OrderOptions
    from aisle.training.common.progress import Silent
    from aisle.training.item_to_item.job import Catalogue, ItemTexts, ItemToItemJob
    from aisle.training.item_to_item.settings import usual_settings

    check_name(name)
    store, progress = store or ArtifactStore.default(), progress or Silent()
    options = OrderOptions(columns or {}, products=products, ignore_case=ignore_case)
    known, read = read_basket_data(find_files(data, catalogue), options, progress.phase)
    progress.note(read.words())
    none = ("",) * len(read.baskets.items)
    titles = known.titles if known else read.titles or none
    encoded = encode_texts(known.texts if known else titles, encoder, store, progress.phase)
    texts = ItemTexts(encoded.vectors, encoded.whitening, encoded.encoder) if encoded else None
    categories, brands = (known.categories, known.brands) if known else (none, none)
    settings = replace(settings or usual_settings(len(none)), seed=seed)
    job = ItemToItemJob(name=name, settings=replace(settings, epochs=epochs) if epochs else settings)
    with tracked("item-to-item", name) as run:
        report = job.run(read.baskets, Catalogue(titles, categories, brands, texts), store, progress)
        run.made(report.artifact.path)
    return report


def open_item_to_item(name: str | Path, *, store: ArtifactStore | None = None) -> TwoHeads:
    """Open what `train_item_to_item` made; hashes are checked and the self-test is replayed. Keep it open.

    Example:
        >>> model = aisle.open_item_to_item("shop")
        >>> model.engagement_scores([model.places["drill-18v"]]).shape
        (1, 4070)

    Args:
        name: of the artifact, its path or its fingerprint.
        store: where names are looked up; None: the one under ``AISLE_HOME``.

    Raises:
        ArtifactNotFound: there is none; `aisle.train_item_to_item` makes one.
        ArtifactCorrupt: its files are not what was built, or it is no such model.
    """
    return load_two_heads(name, store or ArtifactStore.default())
