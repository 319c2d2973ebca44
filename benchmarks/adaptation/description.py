"""An encoder adapted by a description: what each way to make pairs is worth, at home and outside.

The model's own weights stay, and a linear head to 64 dimensions is trained against the whole catalogue: the
same for every way, in a minute. Encoded is with the INT8 artifact, so that the base's figures are those of
what is served. Nothing of the judgments is read but for the rows called supervised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from aisle.catalogue import read_catalogue
from aisle.encoder import DenseEncoder, item_text
from aisle.evaluation import answerable, read_judged_set
from aisle.evaluation.encoders.exact import Floats, exact_neighbours
from aisle.evaluation.encoders.quality import Encoded
from aisle.evaluation.encoders.tasks import Judged, check_task
from aisle.evaluation.metrics import Scores
from aisle.training.adaptation.description import read_description
from aisle.training.adaptation.invented import invented_items
from aisle.training.adaptation.made_pairs import MadePairs, PairSettings, make_pairs
from aisle.training.common.machine import TrainingPrecision
from aisle.training.common.progress import Silent
from aisle.training.data.sources import judged_pairs, kept_apart
from aisle.training.data.titles import title_pairs
from aisle.training.data.training_set import Pair, PairSource
from aisle.training.dense.stages.head import HeadSettings, answers, fit_head, principal_axes
from aisle.types import Item
from benchmarks.harness.command_line import RESULTS, say
from benchmarks.harness.item_vectors import item_vectors
from benchmarks.harness.parts import dataset, load_encoder
from benchmarks.harness.result_file import HIGHER, LOWER, Goal, read_result, trials
from benchmarks.harness.topics import Figures

DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "homedepot": (
            "Home improvement: tools, hardware, lumber, paint, flooring, tiles, doors, windows, lighting,"
            " ceiling fans, plumbing, faucets, toilets, appliances, grills, garden, patio furniture, storage,"
            " electrical, heating. Customers type two to four words, with brands, sizes in inches and feet"
            " and colours, often misspelt."
        ),
        "icecat": (
            "Electronics and office supplies: laptops, monitors, printers, toner cartridges, ink cartridges,"
            " cables, adapters, phones, phone cases, cameras, headphones, speakers, keyboards, mice,"
            " projectors, memory, drives, game consoles. Customers type one to three words: the kind of"
            " thing, or its brand. No typos."
        ),
    }
)
NARROW, FULL = 64, 384
DEEP, MAIN = "R@200", "nDCG@10"
SEEDS: Final = (7, 8, 9)
QUERIES: Final = 6_000
HEAD: Final = HeadSettings(steps=60, batch=256)
KEPT: Final = (0.1, 0.2, 0.3, 0.5, 0.7)
PLAIN: Final = PairSettings(queries=QUERIES, top=None, alike=0, neutral=0)
TITLES, DESCRIBED, ALONE = "title n-grams", "description + catalogue", "description alone"
_RELEVANT = 2


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """A catalogue, encoded, and its judged queries.

    Attributes:
        name: of the data set.
        items: of the catalogue.
        base: vectors of items and of the queries that can be scored, as the base makes them.
    """

    name: str
    items: Sequence[Item]
    base: Encoded

    @classmethod
    def read(cls, name: str, model: DenseEncoder) -> Domain:
        """Items are encoded once and kept in the cache folder."""
        items = list(read_catalogue(dataset(name)))
        judged = read_judged_set(dataset(name), "dev")
        task = check_task(Judged(tuple(i.id for i in items), tuple(map(item_text, items)), judged))
        wanted = answerable(judged.qrels, _RELEVANT)
        queries = [query for query in judged.queries if query.id in wanted]
        asked = model.encode_queries([query.text for query in queries])
        vectors = item_vectors(model, items)
        return cls(name, items, Encoded(task, _RELEVANT, tuple(q.id for q in queries), vectors, asked))

    @property
    def texts(self) -> dict[str, str]:
        """Item id to text."""
        return dict(zip(self.base.task.ids, self.base.task.texts, strict=True))

    def score(self, matrix: Floats, dims: int) -> Scores:
        """Of vectors times a matrix, cut to a width."""
        turned = replace(
            self.base,
            items=_unit(self.base.items @ matrix[:, :dims]),
            queries=_unit(self.base.queries @ matrix[:, :dims]),
        )
        return turned.score(turned.rankings(exact_neighbours), "vectors")


def _unit(vectors: NDArray[np.float32]) -> Floats:
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A `TextEncoder` that has the vectors of a catalogue's items already."""

    model: DenseEncoder
    vectors: Mapping[str, Floats]

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        """See `TextEncoder`."""
        return self.model.encode_queries(texts)

    def encode_items(self, texts: Sequence[str]) -> Floats:
        """See `TextEncoder`."""
        return np.stack([self.vectors[text] for text in texts])


@dataclass(frozen=True, slots=True)
class Way:
    """A way to come by pairs.

    Attributes:
        name: for tables.
        settings: how pairs are made.
        described: whether the description tells how people ask; else usual queries are made.
        catalogue: whether the catalogue is given; else items are invented.
        seeds: with each of which it is measured.
    """

    name: str
    settings: PairSettings
    described: bool = True
    catalogue: bool = True
    seeds: tuple[int, ...] = SEEDS[:1]


WAYS: Final = (
    Way("templates, usual style", PLAIN, described=False),
    Way("templates, described style", PLAIN),
    Way("the same, round trip", replace(PLAIN, top=50)),
    Way(DESCRIBED, PairSettings(queries=QUERIES), seeds=SEEDS),
    Way("the same, 30 answers alike", PairSettings(queries=QUERIES, alike=30)),
    Way(ALONE, PairSettings(queries=QUERIES), catalogue=False),
)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One data set's measurement."""

    model: DenseEncoder
    home: Domain
    outside: Domain
    axes: Floats

    def row(self, system: str, matrices: Sequence[Floats], **more: Any) -> dict[str, Any]:
        """Figures of a system: means over its matrices, a seed each."""
        narrow = [self.home.score(matrix, NARROW) for matrix in matrices]
        wide = self.home.score(matrices[0], FULL)
        deep = [scores.mean(DEEP) for scores in narrow]
        found = {
            "dataset": self.home.name,
            "system": system,
            "seeds": len(matrices),
            f"{NARROW}/{DEEP}": float(np.mean(deep)),
            f"{NARROW}/{DEEP} sd": float(np.std(deep, ddof=1)) if len(deep) > 1 else 0.0,
            f"{NARROW}/{MAIN}": float(np.mean([scores.mean(MAIN) for scores in narrow])),
            f"{FULL}/{DEEP}": wide.mean(DEEP),
            f"{FULL}/{MAIN}": wide.mean(MAIN),
            f"outside/{FULL}/{MAIN}": self.outside.score(matrices[0], FULL).mean(MAIN),
            f"outside/{NARROW}/{MAIN}": self.outside.score(matrices[0], NARROW).mean(MAIN),
            **more,
        }
        say(f"{self.home.name}, {system}: {NARROW}/{DEEP} {found[f'{NARROW}/{DEEP}']:.4f} {more}")
        return {key: round(value, 5) if isinstance(value, float) else value for key, value in found.items()}

    def head(self, pairs: Sequence[Pair], seed: int, items: Mapping[str, int], vectors: Floats) -> Floats:
        """A head trained on pairs, for 64 dimensions."""
        queries = {pair.query_id: pair.query for pair in pairs}
        asked = self.model.encode_queries(list(queries.values()))
        targets = answers(tuple(pairs), {query: place for place, query in enumerate(queries)}, dict(items))
        start = self.axes if vectors is self.home.base.items else principal_axes(vectors)
        bf16 = TrainingPrecision.AUTO.on("cpu") is TrainingPrecision.BF16
        return fit_head(asked, vectors, targets, start, (NARROW,), HEAD, seed, bf16)[0]

    def own_head(self, pairs: Sequence[Pair], seed: int) -> Floats:
        """The same against the catalogue at home."""
        return self.head(
            pairs, seed, {i: n for n, i in enumerate(self.home.base.task.ids)}, self.home.base.items
        )


def measure(name: str) -> Figures:
    """All ways on one data set; the other one is what may be lost."""
    torch.set_num_threads(1)
    model = load_encoder()
    other = next(one for one in DESCRIPTIONS if one != name)
    home = Domain.read(name, model)
    run = Run(model, home, Domain.read(other, model), principal_axes(home.base.items))
    rows = [run.row("base", [np.eye(FULL, dtype=np.float32)]), run.row("principal axes", [run.axes])]
    rows.append(_titles(run))
    heads: dict[str, list[Floats]] = {}
    for way in WAYS:
        row, heads[way.name] = _way(run, way)
        rows.append(row)
    rows += _SUPERVISED[name](run)
    rows += list(_interpolated(run, heads[DESCRIBED][0]))
    return Figures(rows, trials("adaptation", "description"), _goals(rows))


def _titles(run: Run) -> dict[str, Any]:
    began, heads = time.process_time(), []
    for seed in SEEDS:
        chosen = np.random.default_rng(seed).permutation(len(run.home.items))[:QUERIES]
        texts = [(run.home.base.task.ids[at], run.home.base.task.texts[at]) for at in chosen]
        heads.append(run.own_head(title_pairs(dict(texts), 1, seed), seed))
    return run.row(TITLES, heads, cpu_s=(time.process_time() - began) / len(SEEDS))


def _way(run: Run, way: Way) -> tuple[dict[str, Any], list[Floats]]:
    began, heads = time.process_time(), []
    for seed in way.seeds:
        made = _made(run, way, seed)
        if way.catalogue:
            heads.append(run.own_head(made.data.pairs, seed))
        else:
            ids = {item: place for place, item in enumerate(made.data.items)}
            vectors = run.model.encode_items(list(made.data.items.values()))
            heads.append(run.head(made.data.pairs, seed, ids, vectors))
    seconds = (time.process_time() - began) / len(way.seeds)
    more = {"made": made.made, "kept": made.kept, "pairs": len(made.data.pairs), "cpu_s": round(seconds, 1)}
    return run.row(way.name, heads, **more), heads


def _made(run: Run, way: Way, seed: int) -> MadePairs:
    description = read_description(DESCRIPTIONS[run.home.name])
    if not way.described:
        description = replace(description, style=read_description("goods").style)
    settings = replace(way.settings, seed=seed)
    if not way.catalogue:
        items = invented_items(description, seed)
        return make_pairs(items, description, settings, run.model, Silent())
    known = Known(run.model, dict(zip(run.home.base.task.texts, run.home.base.items, strict=True)))
    return make_pairs(run.home.items, description, settings, known, Silent())


def _supervised_homedepot(run: Run) -> list[dict[str, Any]]:
    """A head on the judgments of the split ``train``, and the whole training of another benchmark."""
    data = kept_apart(judged_pairs(dataset("homedepot")), dataset("homedepot"))
    rows = [run.row("supervised head", [run.own_head(data.pairs, SEEDS[0])], pairs=len(data.pairs))]
    served = next(
        row for row in read_result(RESULTS / "encoder-homedepot.json").rows if row.get("rung") == "int8"
    )
    whole = {
        "dataset": "homedepot",
        "system": "supervised, whole model",
        "seeds": 1,
        **{key.removeprefix("homedepot/"): served[key] for key in served if key.startswith("homedepot/")},
    }
    return [*rows, whole]


def _supervised_icecat(run: Run) -> list[dict[str, Any]]:
    """There is no split to train on: half of the judged queries teach, the other half asks, and back."""
    judged = run.home.base.task.judged
    texts, names = {query.id: query.text for query in judged.queries}, list(run.home.base.query_ids)
    order = np.random.default_rng(SEEDS[0]).permutation(len(names))
    found: dict[str, list[float]] = {DEEP: [], MAIN: []}
    pairs_of = 0
    for half in (0, 1):
        taught = {names[at] for at in order[half::2]}
        pairs = [
            Pair(query, texts[query], item, grade, PairSource.JUDGMENTS)
            for query in sorted(taught)
            for item, grade in judged.qrels[query].items()
            if grade >= _RELEVANT
        ]
        scores = run.home.score(run.own_head(pairs, SEEDS[0]), NARROW)
        pairs_of += len(pairs)
        for metric, values in found.items():
            values += [value for query, value in scores.per_query[metric].items() if query not in taught]
    means = {f"{NARROW}/{metric}": round(float(np.mean(values)), 5) for metric, values in found.items()}
    return [
        {"dataset": "icecat", "system": "supervised head, two halves", "seeds": 1, **means, "pairs": pairs_of}
    ]


_SUPERVISED: Final[Mapping[str, Callable[[Run], list[dict[str, Any]]]]] = MappingProxyType(
    {"homedepot": _supervised_homedepot, "icecat": _supervised_icecat}
)


def _interpolated(run: Run, head: Floats) -> Iterator[dict[str, Any]]:
    """A head and the axes that it began with are two matrices: what is between them is their mean."""
    for share in KEPT:
        yield run.row(
            f"{DESCRIBED}, {share:g} of the base kept", [head + share * (run.axes - head)], keep_base=share
        )


def _goals(rows: Sequence[Mapping[str, Any]]) -> list[Goal]:
    deep = f"{NARROW}/{DEEP}"
    by_name = {row["system"]: row for row in rows}
    base = by_name["base"]
    best = max((row[deep] for row in rows if row["system"].startswith("supervised")), default=0.0)
    gained = by_name[DESCRIBED][deep] - base[deep]
    goals = [
        Goal(
            "share of the supervised gain, description + catalogue",
            gained / max(best - base[deep], 1e-9),
            0.4,
            HIGHER,
        ),
        Goal(
            f"{deep} of description + catalogue less that of title n-grams",
            by_name[DESCRIBED][deep] - by_name[TITLES][deep],
            0,
            HIGHER,
        ),
    ]
    mixes = [row for row in rows if "keep_base" in row]
    cheap = [row for row in mixes if row[deep] - base[deep] >= 0.9 * gained]
    outside = f"outside/{FULL}/{MAIN}"
    if cheap:
        best_mix = max(cheap, key=lambda row: row[outside])
        goals.append(
            Goal(
                "nDCG@10 lost outside at 90 % of the gain", 1 - best_mix[outside] / base[outside], 0.01, LOWER
            )
        )
    return goals
