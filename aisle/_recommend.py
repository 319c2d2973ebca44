"""A shop's own orders become a recommender; a recommender is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aisle._artifacts import export_once
from aisle._tracking import tracked
from aisle.encoder import Artifact, ArtifactStore, DenseEncoder
from aisle.encoder.artifact import check_name
from aisle.errors import InputError
from aisle.recommendation.artifact import read_recommender, save_recommender
from aisle.recommendation.known_items import find_recommender
from aisle.recommendation.preferences import preferences_of, read_channels
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.router_artifact import router_of
from aisle.types import Say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from aisle.catalogue.baskets import ReadBaskets
    from aisle.catalogue.interactions import CatalogueTexts, InteractionFiles
    from aisle.catalogue.order_lines import OrderOptions
    from aisle.catalogue.orders import ReadSequences
    from aisle.encoder.whitening import Whitening

USUAL_ENCODER = "all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True)
class RecommenderReport:
    """What became of the data, and the recommender on disk.

    Attributes:
        artifact: where it is.
        read: what became of the events, on one line.
        users, events, items: learned from; items also those that nobody took.
        skipped: reason to number of events that were left out.
        chosen_on: users on whom settings were chosen; 0 where there were too few.
        metrics: on these users, see ``aisle.evaluation``.
        settings: that were chosen.
    """

    artifact: Artifact
    read: str
    users: int
    events: int
    items: int
    skipped: Mapping[str, int]
    chosen_on: int
    metrics: Mapping[str, float]
    settings: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        known = {name: getattr(self, name) for name in self.__slots__ if name != "artifact"}
        return {"path": str(self.artifact.path), "fingerprint": self.artifact.fingerprint, **known}


def train_recommender(
    data: str | Path,
    *,
    catalogue: str | Path | None = None,
    name: str = "recommender",
    encoder: str | Path | None = USUAL_ENCODER,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    store: ArtifactStore | None = None,
    progress: Say | None = None,
) -> RecommenderReport:
    """Make a recommender of a shop's orders or events: counts of what is bought after what, and texts.

    Nothing is trained: a million events take a minute. Needs no extra and no cluster.

    Example:
        >>> report = aisle.train_recommender("orders.csv", catalogue="products.csv", name="shop")
        >>> aisle.open_recommender("shop").recommend(["drill-18v"]).items[0].title
        'Drill bits, 19 pieces'

    Args:
        data: a table of orders or events, or a folder with one and a catalogue; a file ``*.txt`` holds a
            user and the user's items on each line, oldest first.
        catalogue: of the items; events of others are skipped. None: the folder's, else every item counts,
            and none has a title.
        name: of the artifact; the catalogue's own name lets `aisle recommend --name` find it.
        encoder: artifact that reads the items' texts; None: counts alone.
        columns: "user", "item", "time" or "quantity" to the column of a table; overrides what is found.
        seed: of the draw of users on whom settings are chosen.
        store: where the artifact goes; None: the one under ``AISLE_HOME``.
        progress: takes a line before each step.

    Raises:
        InputError: a file that cannot be read, or holds no event that can be used; an encoder without texts.
        ArtifactNotFound, ArtifactCorrupt: the encoder cannot be loaded.
        MissingExtra: a format without its extra.
    """
    from aisle.recommendation.train import train

    check_name(name)
    say = progress or (lambda _: None)
    store = store or ArtifactStore.default()
    known, read = read_data(find_files(data, catalogue), columns, say)
    encoded = encode_texts(known.texts if known else (), encoder, store, say)
    say("counting, and choosing settings on what users took last")
    titles = known.titles if known else ("",) * len(read.sequences.items)
    with tracked("recommender", name) as run:
        trained = train(
            read.sequences,
            titles,
            encoded.vectors if encoded else None,
            whitening=encoded.whitening if encoded else None,
            seed=seed,
        )
        settings = asdict(trained.recommender.settings)
        artifact = save_recommender(
            trained.recommender,
            name,
            store,
            learned_from=read.sequences,
            encoder=encoded.encoder if encoded else None,
            metrics=trained.metrics,
            training={"chosen_on": trained.chosen_on, "settings": settings, "skipped": dict(read.skipped)},
        )
        run.made(artifact.path)
    return RecommenderReport(
        artifact=artifact,
        read=read.words(),
        users=len(read.sequences),
        events=len(read.sequences.steps),
        items=len(read.sequences.items),
        skipped=read.skipped,
        chosen_on=trained.chosen_on,
        metrics=trained.metrics,
        settings=settings,
    )


def open_recommender(name: str | Path, *, store: ArtifactStore | None = None) -> Recommender:
    """Open a recommender; its hashes are checked and its self-test is replayed. Open it once and keep it.

    If a router of its name was trained for it (`aisle.train_router`), its sequences count too. One that was
    trained for an earlier recommender of that name is left out, with a warning. Preferences of its name
    (`aisle.train_preferences`) rank its best items again, if they were learned with the same channels.

    Example:
        >>> recommender = aisle.open_recommender("shop")
        >>> [item.id for item in recommender.recommend(["drill-18v"], size=2).items]
        ['bits-19', 'case-18v']

    Args:
        name: of the artifact, its path or its fingerprint.
        store: where names are looked up; None: the one under ``AISLE_HOME``.

    Raises:
        ArtifactNotFound: there is none; `aisle.train_recommender` makes one.
        ArtifactCorrupt: its files are not what was built, or it is no recommender.
    """
    store = store or ArtifactStore.default()
    artifact = find_recommender(name, store)
    recommender, router = read_recommender(artifact), router_of(artifact, store)
    recommender = recommender.with_router(router) if router else recommender
    preferences = preferences_of(artifact, read_channels(recommender.channel), store)
    return recommender.with_preferences(preferences) if preferences else recommender


def parse_columns(mappings: Sequence[str]) -> dict[str, str]:
    """Read mappings such as ``user=Buyer`` as field of an order to column.

    Raises:
        InputError: not of that form, or a field twice.
    """
    columns: dict[str, str] = {}
    for mapping in mappings:
        name, equals, column = (part.strip() for part in mapping.partition("="))
        if not (name and equals and column) or name.lower() in columns:
            raise InputError(
                f"cannot read the mapping '{mapping}'", fix="write FIELD=COLUMN, as in --map user=Buyer"
            )
        columns[name.lower()] = column
    return columns


def find_files(data: str | Path, catalogue: str | Path | None) -> InteractionFiles:
    """The events and the catalogue that are meant.

    Raises:
        InputError: a folder without events.
    """
    from aisle.catalogue.interactions import InteractionFiles, interaction_files

    if isinstance(data, Path) or data != "-":
        folder = Path(data)
        if folder.is_dir():
            found = interaction_files(folder)
            return InteractionFiles(found.events, catalogue or found.catalogue)
    return InteractionFiles(data, catalogue)


def read_data(
    files: InteractionFiles, columns: Mapping[str, str] | None, say: Say
) -> tuple[CatalogueTexts | None, ReadSequences]:
    """Items, if there is a catalogue, and sequences of them.

    Raises:
        InputError, MissingExtra: as the readers.
    """
    from aisle.catalogue.interactions import read_interactions_of, read_texts
    from aisle.catalogue.order_lines import OrderOptions

    known = None
    if files.catalogue is not None:
        say("reading the catalogue")
        known = read_texts(files.catalogue)
    say("reading the events")
    read = read_interactions_of(files, known, OrderOptions(columns or {}))
    return known, read


def read_basket_data(
    files: InteractionFiles, options: OrderOptions, say: Say
) -> tuple[CatalogueTexts | None, ReadBaskets]:
    """Items, if there is a catalogue, and baskets of them.

    Raises:
        InputError, MissingExtra: as the readers.
    """
    from aisle.catalogue.baskets import read_baskets_of
    from aisle.catalogue.interactions import read_texts

    known = None
    if files.catalogue is not None:
        say("reading the catalogue")
        known = read_texts(files.catalogue)
    say("reading the orders")
    return known, read_baskets_of(files, known, options)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedTexts:
    """Items' texts as vectors.

    Attributes:
        vectors: float32 [items, dims], whitened, of unit length; zeros for items without a text.
        whitening: that made them of the encoder's.
        encoder: that read the texts.
    """

    vectors: NDArray[np.float32]
    whitening: Whitening
    encoder: Artifact


def nothing_to_read(encoder: str | Path, without: str) -> InputError:
    """The error for an encoder that was named where no item has a text.

    Args:
        encoder: that was named.
        without: options that do without it.
    """
    return InputError(
        f"no item has a text that {encoder} could read",
        fix=f"name a catalogue that has titles: --catalogue products.csv; or do without: {without}",
    )


def encode_texts(
    texts: Sequence[str], encoder: str | Path | None, store: ArtifactStore, say: Say
) -> EncodedTexts | None:
    """Vectors of the items' texts, "" for an item without one; None without any or without an encoder.

    Raises:
        InputError: an encoder is named, and there is no text that it could read.
        ArtifactNotFound, ArtifactCorrupt: the encoder cannot be loaded.
    """
    from aisle.encoder.whitening import fit_whitening
    from aisle.recommendation.texts import text_vectors

    if encoder is None:
        return None
    if not any(texts):
        if encoder != USUAL_ENCODER:
            raise nothing_to_read(encoder, "--encoder none")
        say("no item has a text: none is encoded")
        return None
    if encoder == USUAL_ENCODER:
        export_once(USUAL_ENCODER, store, say)
    model = DenseEncoder.load(encoder, store=store)
    say(f"encoding {len(texts):,} texts with {model.manifest.name}")
    raw = text_vectors(model, texts)
    whitening = fit_whitening(raw)
    return EncodedTexts(whitening.apply(raw), whitening, model.artifact)
