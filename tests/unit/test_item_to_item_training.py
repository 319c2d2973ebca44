"""Losses of the two heads: closed forms, and which weights each of them moves."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from aisle.baskets import baskets_from  # noqa: E402
from aisle.errors import InputError  # noqa: E402
from aisle.recommendation.item_to_item.towers import Vocabulary  # noqa: E402
from aisle.training.common.machine import seed_all  # noqa: E402
from aisle.training.common.progress import Silent  # noqa: E402
from aisle.training.item_to_item.batches import BatchMaker, CountedRows, DrawnPairs, PairOptions  # noqa: E402
from aisle.training.item_to_item.fit import fit, fit_epochs, losses_of  # noqa: E402
from aisle.training.item_to_item.job import validation_of  # noqa: E402
from aisle.training.item_to_item.losses import partner_loss, teacher_loss  # noqa: E402
from aisle.training.item_to_item.model import ItemContent, Towers  # noqa: E402
from aisle.training.item_to_item.settings import PUBLISHED, ItemToItemSettings, usual_settings  # noqa: E402

ITEMS = tuple("abcdefgh")
BASKETS = baskets_from(ITEMS, [(0, 1, 2), (0, 1), (3, 4), (3, 4, 5), (2, 5)])
SMALL = ItemToItemSettings(dims=4, width=6, hidden=5, epochs=2)


def content(texts: bool = True) -> ItemContent:
    """Of eight items, of which nobody ordered the last two."""
    vocabulary = Vocabulary(ITEMS[:6], ("Home", "Home > Kitchen"), ())
    features = vocabulary.features(ITEMS, ("Home > Kitchen",) * 4 + ("",) * 4, ("",) * 8)
    drawn = np.random.default_rng(0).normal(size=(8, 3 if texts else 0)).astype(np.float32)
    return ItemContent(vocabulary, features, np.arange(8) < 6, drawn)


def test_the_divergence_has_its_closed_form() -> None:
    teacher = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]))
    student = torch.log(torch.tensor([[0.25, 0.5, 0.25], [0.1, 0.2, 0.7]]))
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    # 0.5 ln 2 - 0.25 ln 2, of one of two triggers.
    expected = 0.25 * np.log(2) / 2
    assert float(teacher_loss(teacher, student, nothing)) == pytest.approx(expected, abs=1e-6)
    assert float(teacher_loss(student, student, nothing)) == pytest.approx(0, abs=1e-7)
    # Without the last candidate: 2/3 and 1/3 against 1/3 and 2/3.
    left_out = torch.tensor([[False, False, True], [True, True, True]])
    expected = np.log(2) / 3 / 2
    assert float(teacher_loss(teacher, student, left_out)) == pytest.approx(expected, abs=1e-6)


def test_info_nce_is_the_cross_entropy_of_the_partner() -> None:
    scores = torch.tensor([[1.0, 2.0, 9.0], [0.0, 0.0, 0.0]])
    partners = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    itself = torch.tensor([[False, False, True], [True, False, False]])
    first, second = -np.log(1 / (1 + np.e)), np.log(2)
    found = partner_loss(scores, partners, torch.tensor([3.0, 1.0]), itself)
    assert float(found) == pytest.approx((3 * first + second) / 4, abs=1e-6)


def _gradients(part: str) -> dict[str, float]:
    """Name of a weight to the length of its gradient of one loss."""
    torch.manual_seed(0)
    towers = Towers(content(), SMALL)
    random = np.random.default_rng(0)
    batch = next(CountedRows(4).of(BASKETS, PairOptions()).epoch(random))
    getattr(losses_of(towers, batch, SMALL, random), part).backward()
    return {
        name: 0.0 if held.grad is None else float(held.grad.norm())
        for name, held in towers.named_parameters()
    }


@pytest.mark.parametrize("part", ["partners", "teacher"])
def test_no_loss_of_the_relevance_head_moves_the_engagement_head(part: str) -> None:
    found = _gradients(part)
    assert all(size == 0 for name, size in found.items() if name.startswith("engagement"))
    assert all(size > 0 for name, size in found.items() if not name.startswith("engagement"))


def test_towers_can_be_looked_at_between_epochs() -> None:
    fitted = fit(BASKETS, content(), SMALL, Silent())
    seed_all(SMALL.seed)
    towers = Towers(content(), SMALL)
    seen = [(losses, towers.served().text_map) for losses in fit_epochs(towers, BASKETS, SMALL, Silent())]
    assert [losses for losses, _ in seen] == list(fitted.losses)
    assert np.array_equal(seen[1][1], fitted.towers.text_map)
    assert not np.array_equal(seen[0][1], seen[1][1])


def test_the_engagement_loss_does_not_move_the_relevance_head() -> None:
    found = _gradients("engagement")
    assert all(size == 0 for name, size in found.items() if name.startswith("relevance"))
    assert all(size > 0 for name, size in found.items() if not name.startswith("relevance"))


def test_rows_hold_what_baskets_share() -> None:
    batch = next(CountedRows(8).of(BASKETS, PairOptions()).epoch(np.random.default_rng(0)))
    assert batch.rows.tolist() == [0, 1, 2, 3, 4, 5]
    shares = {int(row): own.tolist() for row, own in zip(batch.triggers, batch.partners, strict=True)}
    # Item 0 was with 1 in a basket of two (1) and of three (1/2), with 2 in that of three (1/2).
    assert shares[0] == pytest.approx([0, 0.75, 0.25, 0, 0, 0])
    assert np.allclose(batch.partners.sum(dim=1), 1)
    assert batch.itself.sum() == 6


def test_drawn_partners_are_of_the_basket_and_never_the_trigger() -> None:
    random = np.random.default_rng(0)
    pairs = set()
    for _ in range(30):
        for batch in DrawnPairs(4).of(BASKETS, PairOptions()).epoch(random):
            triggers = batch.rows[batch.triggers]
            targets = batch.rows[batch.candidates][batch.partners.argmax(dim=1)]
            pairs |= set(zip(triggers.tolist(), targets.tolist(), strict=True))
    assert pairs == {
        (a, b) for basket in ((0, 1, 2), (3, 4, 5), (2, 5)) for a in basket for b in basket if a != b
    }


def test_old_baskets_count_less_and_large_ones_nothing() -> None:
    day = 86_400.0
    timed = baskets_from(ITEMS, [(0, 1), (0, 2), range(8)], [0.0, 10 * day, 10 * day])
    batch = next(CountedRows(8).of(timed, PairOptions(7, half_life=10)).epoch(np.random.default_rng(0)))
    row = int(np.flatnonzero(batch.triggers.numpy() == 0)[0])
    assert batch.partners[row].tolist() == pytest.approx([0, 1 / 3, 2 / 3], abs=1e-6)


@pytest.mark.parametrize("maker", [CountedRows(4), DrawnPairs(4)])
@pytest.mark.parametrize("texts", [True, False])
def test_training_lowers_what_it_minimises(maker: BatchMaker, texts: bool) -> None:
    settings = ItemToItemSettings(dims=4, width=6, hidden=5, epochs=60, batches=maker)
    fitted = fit(BASKETS, content(texts), settings, Silent())
    first, last = np.array(fitted.losses)[[0, -1]]
    assert last[0] < first[0] - 0.3
    again = fit(BASKETS, content(texts), settings, Silent())
    assert np.array_equal(again.towers.embeddings, fitted.towers.embeddings)
    made = fitted.towers.vectors(ITEMS, content(texts).texts, ("",) * 8, ("",) * 8)
    assert made.engagement[6].any() == texts


def test_what_is_served_is_what_was_trained() -> None:
    held = content()
    towers = Towers(held, SMALL)
    with torch.no_grad():
        made = towers(np.arange(8))
    served = towers.served().vectors(ITEMS, held.texts, ("Home > Kitchen",) * 4 + ("",) * 4, ("",) * 8)
    assert np.allclose(made.engagement.numpy(), served.engagement, atol=1e-5)
    assert np.allclose(made.relevance.numpy(), served.relevance, atol=1e-5)


def test_settings_that_cannot_be_used_are_named() -> None:
    assert "Adagrad 0.01" in PUBLISHED.as_dict()["optimizer"]
    with pytest.raises(InputError, match="dims = 1"):
        ItemToItemSettings(dims=1)
    with pytest.raises(InputError, match=r"none of 1 baskets has 2 to 7 items.*--map basket=COLUMN"):
        fit(baskets_from(ITEMS, [range(8)]), content(), ItemToItemSettings(pairs=PairOptions(7)), Silent())


def test_the_validation_is_the_latest_or_a_drawn_eighth() -> None:
    pairs = [(place % 5, 5 + place % 3) for place in range(400)]
    timed = validation_of(baskets_from(ITEMS, pairs, [float(-place) for place in range(400)]), 0)
    assert timed is not None
    assert timed.asked.ids == tuple(map(str, range(49, -1, -1)))
    drawn = validation_of(baskets_from(ITEMS, pairs), 0)
    assert drawn is not None
    assert len(drawn.asked) == 50 and len(drawn.train) == 350
    assert drawn.asked.ids != timed.asked.ids
    assert validation_of(baskets_from(ITEMS, pairs[:30]), 0) is None


def test_large_catalogues_are_trained_on_drawn_pairs() -> None:
    assert usual_settings(20_000) == ItemToItemSettings()
    assert usual_settings(20_001).batches == DrawnPairs()
