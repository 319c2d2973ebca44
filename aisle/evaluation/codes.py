"""Whether semantic IDs are sound: how full the levels are, what collides, and what a prefix has in common."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.collisions import sharing
from aisle.errors import EvaluationError
from aisle.evaluation.report import markdown_table

_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019.-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """One level, and the prefixes that end there.

    Attributes:
        level: from 1.
        size: codes that there are.
        utilisation: share of the codes that some item has.
        perplexity: exp of the entropy of the codes over the items, as a share of ``size``: 1 if all are
            equally frequent.
        prefixes: different ones of this length.
        sharing: share of the items that have their prefix in common with another.
        largest: items of the most frequent prefix.
    """

    level: int
    size: int
    utilisation: float
    perplexity: float
    prefixes: int
    sharing: float
    largest: int


@dataclass(frozen=True, slots=True)
class PrefixAffinity:
    """How often the items of a pair have a prefix in common.

    Attributes:
        length: of the prefix, in levels.
        share: of the pairs whose items share it.
        chance: the same of random pairs of two items, each drawn as often as it stands there in a pair.
    """

    length: int
    share: float
    chance: float

    @property
    def lift(self) -> float:
        """Share as a multiple of chance."""
        return self.share / self.chance if self.chance else math.nan


@dataclass(frozen=True, slots=True)
class PrefixPurity:
    """How far a prefix keeps to one category.

    Attributes:
        length: of the prefix, in levels.
        purity: share of the items whose category is the most frequent one of their prefix; of prefixes with
            two items or more.
        chance: the same when categories are dealt out anew.
    """

    length: int
    purity: float
    chance: float


@dataclass(frozen=True, slots=True)
class PrefixLabel:
    """What a prefix is about.

    Attributes:
        prefix: its codes.
        items: that have it.
        words: that tell them from the others, the most telling first.
    """

    prefix: tuple[int, ...]
    items: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeReport:
    """Figures of the codes of one catalogue.

    Attributes:
        name: of the codes, for tables.
        items: how many.
        levels: coarsest first, before reassignment.
        colliding, colliding_after: share of the items that share all codes with another, before items were
            given tuples of their own and after.
        moved: share of the items that got other codes for it.
        affinity: of pairs, by length of the prefix; empty if there are no pairs.
        purity: by length of the prefix; empty if there are no categories.
    """

    name: str
    items: int
    levels: tuple[LevelFigures, ...]
    colliding: float
    colliding_after: float
    moved: float
    affinity: tuple[PrefixAffinity, ...] = ()
    purity: tuple[PrefixPurity, ...] = ()

    def figures(self) -> Mapping[str, float]:
        """The main figures by name, for a manifest."""
        found = {"colliding": self.colliding, "colliding_after": self.colliding_after, "moved": self.moved}
        for level in self.levels:
            found[f"utilisation_{level.level}"] = level.utilisation
            found[f"perplexity_{level.level}"] = level.perplexity
        for pair in self.affinity:
            found[f"affinity_{pair.length}"] = pair.share
            found[f"affinity_chance_{pair.length}"] = pair.chance
        return {name: round(value, 5) for name, value in found.items()}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def code_report(
    name: str,
    codes: NDArray[np.int32],
    sizes: tuple[int, ...],
    *,
    separated: NDArray[np.int32] | None = None,
    pairs: NDArray[np.int64] | None = None,
    categories: Sequence[str] | None = None,
) -> CodeReport:
    """Everything that can be said of codes.

    Args:
        name: of the codes, for tables.
        codes: int [items, levels], coarsest first, before reassignment.
        sizes: codes of each level.
        separated: the same after reassignment; None: nothing was reassigned.
        pairs: int [pairs, 2], rows of items such as those that a user took one after the other.
        categories: of each item; empty ones are left out.

    Raises:
        EvaluationError: no items, or arrays that do not fit each other.
    """
    after = codes if separated is None else separated
    if not len(codes) or codes.shape != after.shape or codes.shape[1] != len(sizes):
        raise EvaluationError(
            f"codes of {codes.shape} and {after.shape} and levels of {list(sizes)} do not fit each other",
            fix="give [items, levels], for at least one item",
        )
    return CodeReport(
        name=name,
        items=len(codes),
        levels=level_figures(codes, sizes),
        colliding=sharing(codes),
        colliding_after=sharing(after),
        moved=float((codes != after).any(axis=1).mean()),
        affinity=() if pairs is None or not len(pairs) else prefix_affinity(codes, pairs),
        purity=() if categories is None else prefix_purity(codes, categories),
    )


def level_figures(codes: NDArray[np.int32], sizes: tuple[int, ...]) -> tuple[LevelFigures, ...]:
    """Figures of every level of codes, int [items, levels]."""
    found = []
    for number, size in enumerate(sizes):
        counts = np.bincount(codes[:, number], minlength=size)
        prefixes = np.bincount(prefix_numbers(codes, number + 1))
        found.append(
            LevelFigures(
                level=number + 1,
                size=size,
                utilisation=float(np.count_nonzero(counts) / size),
                perplexity=_perplexity(counts) / size,
                prefixes=len(prefixes),
                sharing=float(prefixes[prefixes > 1].sum() / len(codes)),
                largest=int(prefixes.max()),
            )
        )
    return tuple(found)


def prefix_numbers(codes: NDArray[np.int32], length: int) -> NDArray[np.intp]:
    """The number of each item's prefix, 0 to the number of prefixes - 1, in their order, int [items]."""
    return np.unique(codes[:, :length], axis=0, return_inverse=True)[1].reshape(-1)


def prefix_affinity(codes: NDArray[np.int32], pairs: NDArray[np.int64]) -> tuple[PrefixAffinity, ...]:
    """How often the items of pairs share prefixes, from one level to all.

    Chance is exact, not drawn: of all pairs of a first item and a second one that is another, the share that
    have the prefix in common. It allows for items that stand in many pairs.

    Args:
        codes: int [items, levels].
        pairs: int [pairs, 2], rows of ``codes``; pairs of an item with itself are left out.

    Raises:
        EvaluationError: no pair of two items.
    """
    first, second = pairs[pairs[:, 0] != pairs[:, 1]].T
    if not len(first):
        raise EvaluationError("no pair has two different items", fix="give pairs of items")
    with_themselves = _alike(np.arange(len(codes)), first, second)
    found = []
    for length in range(1, codes.shape[1] + 1):
        numbers = prefix_numbers(codes, length)
        alike = _alike(numbers, first, second) - with_themselves
        chance = alike / (len(first) ** 2 - with_themselves)
        found.append(PrefixAffinity(length, float((numbers[first] == numbers[second]).mean()), chance))
    return tuple(found)


def _alike(numbers: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]) -> int:
    """Pairs of any of the first rows and any of the second whose numbers are the same."""
    before, after = (np.bincount(numbers[rows], minlength=numbers.max() + 1) for rows in (first, second))
    return int(before @ after)


def prefix_purity(
    codes: NDArray[np.int32], categories: Sequence[str], seed: int = 0
) -> tuple[PrefixPurity, ...]:
    """How far prefixes keep to one category, from one level to all.

    Args:
        codes: int [items, levels].
        categories: of each item; items with an empty one are left out.
        seed: of the dealing that chance is measured by.

    Raises:
        EvaluationError: no item has a category, or there are not as many categories as items.
    """
    if len(categories) != len(codes):
        raise EvaluationError(
            f"{len(categories):,} categories for {len(codes):,} items", fix="give one for each item"
        )
    names = np.array(categories, dtype=object).astype(str)
    known = names != ""
    if not known.any():
        raise EvaluationError("no item has a category", fix="leave the categories out")
    kinds = np.unique(names[known], return_inverse=True)[1].reshape(-1)
    dealt = np.random.default_rng(seed).permutation(kinds)
    found = []
    for length in range(1, codes.shape[1] + 1):
        numbers = prefix_numbers(codes[known], length)
        shared = np.bincount(numbers)[numbers] > 1
        pure, chance = (_purity(numbers[shared], held[shared]) for held in (kinds, dealt))
        found.append(PrefixPurity(length, pure, chance))
    return tuple(found)


def prefix_labels(
    codes: NDArray[np.int32], texts: Sequence[str], *, length: int = 1, words: int = 5
) -> tuple[PrefixLabel, ...]:
    """Words that tell the items of each prefix from all others.

    A word's weight is its share of the prefix's words times log(1 + A / f), f the word's occurrences in all
    texts and A the mean number of words of a prefix: c-TF-IDF (Grootendorst 2022, "BERTopic", arXiv
    2203.05794, section 3.3). Words of one item of a prefix with several are left out.

    Args:
        codes: int [items, levels].
        texts: of each item.
        length: of the prefixes, in levels.
        words: most of each prefix.

    Returns:
        A label for each prefix, in the order of the codes.

    Raises:
        EvaluationError: there are not as many texts as items.
    """
    if len(texts) != len(codes):
        raise EvaluationError(f"{len(texts):,} texts for {len(codes):,} items", fix="give one for each item")
    prefixes, numbers = np.unique(codes[:, :length], axis=0, return_inverse=True)
    numbers = numbers.reshape(-1)
    counts: list[Counter[str]] = [Counter() for _ in prefixes]
    spread: list[Counter[str]] = [Counter() for _ in prefixes]
    for number, text in zip(numbers.tolist(), texts, strict=True):
        found = _WORD.findall(text.lower())
        counts[number].update(found)
        spread[number].update(set(found))
    total = Counter[str]()
    for held in counts:
        total.update(held)
    mean = total.total() / max(1, len(prefixes))
    sizes = np.bincount(numbers)
    return tuple(
        PrefixLabel(
            prefix=tuple(prefix),
            items=int(size),
            words=_telling(held, {word for word in held if seen[word] >= min(2, size)}, total, mean, words),
        )
        for prefix, size, held, seen in zip(prefixes.tolist(), sizes.tolist(), counts, spread, strict=True)
    )


def labelled_prefixes(
    codes: NDArray[np.int32], labels: Mapping[str, tuple[str, ...]]
) -> tuple[PrefixLabel, ...]:
    """Labels that are there already, with how many items each has: short prefixes first, then many items.

    Args:
        codes: int32 [items, levels].
        labels: prefix, such as "5-42", to its words.
    """
    wanted = {tuple(map(int, prefix.split("-"))): words for prefix, words in labels.items()}
    rows = codes.tolist()
    counts = Counter(tuple(row[:length]) for length in set(map(len, wanted)) for row in rows)
    found = (PrefixLabel(prefix, counts[prefix], words) for prefix, words in wanted.items())
    return tuple(sorted(found, key=lambda one: (len(one.prefix), -one.items, one.prefix)))


def codes_table(reports: Sequence[CodeReport]) -> str:
    """Codes beside each other, a row each, as Markdown.

    Raises:
        EvaluationError: no codes, or codes of different items.
    """
    if len({report.items for report in reports}) != 1:
        raise EvaluationError(
            "these codes are not of the same items", fix="make a table of its own for each catalogue"
        )
    head = ["codes", "levels", "utilisation", "perplexity / size", "sharing all codes", "after", "moved"]
    depth = min(2, *(len(report.levels) for report in reports))
    lengths = range(1, depth + 1) if all(report.affinity for report in reports) else range(0)
    head += [f"pairs sharing {length} (chance)" for length in lengths]
    rows = [
        [
            report.name,
            " x ".join(str(level.size) for level in report.levels),
            " ".join(f"{level.utilisation:.2f}" for level in report.levels),
            " ".join(f"{level.perplexity:.2f}" for level in report.levels),
            f"{report.colliding:.1%}",
            f"{report.colliding_after:.1%}",
            f"{report.moved:.1%}",
            *(
                f"{pair.share:.1%} ({pair.chance:.2%}, {pair.lift:.1f}x)"
                for pair in report.affinity[: len(lengths)]
            ),
        ]
        for report in reports
    ]
    return markdown_table(head, rows)


def _perplexity(counts: NDArray[np.intp]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _purity(numbers: NDArray[np.intp], kinds: NDArray[np.intp]) -> float:
    """Of prefixes and categories of the same items; nan of none."""
    if not len(numbers):
        return math.nan
    both, counts = np.unique(np.stack([numbers, kinds]), axis=1, return_counts=True)
    most = np.zeros(int(numbers.max()) + 1, dtype=np.int64)
    np.maximum.at(most, both[0], counts)
    return float(most.sum() / len(numbers))


def _telling(
    held: Counter[str], among: set[str], total: Counter[str], mean: float, words: int
) -> tuple[str, ...]:
    weights = {word: held[word] / held.total() * math.log(1 + mean / total[word]) for word in among}
    return tuple(sorted(weights, key=lambda word: (-weights[word], word))[:words])
