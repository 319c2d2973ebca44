"""Code tables: codebooks of texts, items of their rows, and what learns where in a new domain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aisle.encoder.product_codes import NO_CODE, ProductQuantizer
from aisle.errors import InputError
from aisle.sequences import Sequences, sequences_of
from aisle.training.adaptation.alignment import doubly_stochastic, recoded
from aisle.training.adaptation.contrast import CodeContrast
from aisle.training.adaptation.domains import Domain, joined
from aisle.training.adaptation.product_codes import CodebookSettings, fit_product_codes
from aisle.training.adaptation.transfer import Learning, TableModel, align, first_model, learn_domain
from aisle.training.common.progress import Silent
from aisle.training.recommendation.losses import FullSoftmax, SampledSoftmax
from aisle.training.recommendation.settings import SequenceSettings

ITEMS = 60
SMALL = CodebookSettings(tables=4, bits=4, part=3, rounds=2, iterations=5)
SETTINGS = SequenceSettings(
    dims=16, max_steps=8, dropout=0.1, loss=SampledSoftmax(16), positions=256, learning_rate=5e-3, epochs=6
)


def texts(seed: int = 0, items: int = ITEMS) -> NDArray[np.float32]:
    """Neighbours on a ring have like texts."""
    angles = 2 * np.pi * np.arange(items)[:, None] * np.arange(1, 5) / items
    ring = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    noise = np.random.default_rng(seed).standard_normal((items, 16)) * 0.05
    return np.concatenate([ring, noise], axis=1).astype(np.float32)


def turns(users: int = 200, items: int = ITEMS, seed: int = 5) -> Sequences:
    """Users who go on as they went last."""
    draw = np.random.default_rng(seed)
    starts, way = draw.integers(0, items, (users, 1)), draw.choice((-1, 1), (users, 1))
    names = tuple(f"i{number}" for number in range(items))
    return sequences_of(names, ((starts + way * np.arange(6)) % items).tolist())


@pytest.fixture(scope="module")
def quantizer() -> ProductQuantizer:
    return fit_product_codes(texts(), SMALL)


@pytest.fixture(scope="module")
def start(quantizer: ProductQuantizer) -> TableModel:
    settings = replace(SETTINGS, loss=CodeContrast(), epochs=3)
    codes = quantizer.encode(texts())
    return learn_domain(first_model(quantizer, codes, settings), codes, turns(), settings, Silent())


def test_decoding_loses_less_with_more_codes() -> None:
    errors = [fit_product_codes(texts(), replace(SMALL, bits=bits)).error(texts()) for bits in (1, 3, 5)]
    assert errors[0] > errors[1] > errors[2] > 0
    assert errors[2] < 0.15


def test_what_was_decoded_has_the_codes_that_it_was_decoded_from(quantizer: ProductQuantizer) -> None:
    codes = quantizer.encode(texts())
    decoded = quantizer.decode(codes)
    assert decoded.shape == (ITEMS, quantizer.whitening.dims)
    same = quantizer.decode(np.concatenate([codes[:3], codes[:3]]))
    np.testing.assert_allclose(same[:3], same[3:], atol=1e-6)
    # Of the parts of a turned vector each is its table's centroid, and its own nearest.
    parts = (decoded @ quantizer.rotation).reshape(ITEMS, quantizer.tables, -1)
    held = quantizer.centroids[np.arange(quantizer.tables), codes]
    np.testing.assert_allclose(parts, held, atol=1e-5)


def test_an_item_without_a_text_has_no_codes_and_is_like_nothing(quantizer: ProductQuantizer) -> None:
    vectors = texts()
    vectors[3] = 0
    codes = quantizer.encode(vectors)
    assert (codes[3] == NO_CODE).all()
    assert (np.delete(codes, 3, axis=0) >= 0).all()
    assert not quantizer.decode(codes)[3].any()
    assert not first_model(quantizer, codes, SETTINGS).model.items(torch.tensor([3])).any()


def test_new_items_get_codes_of_the_same_tables_whatever_else_is_new(quantizer: ProductQuantizer) -> None:
    new = texts(seed=9)
    codes = quantizer.encode(new)
    np.testing.assert_array_equal(quantizer.encode(new[5:7]), codes[5:7])


@pytest.mark.parametrize(
    ("vectors", "says"),
    [
        (texts(items=10), "10 different texts"),
        (np.zeros((50, 8), dtype=np.float32), "0 different texts"),
        (np.ones((50, 8), dtype=np.float32), "1 different texts"),
        (np.full((50, 8), np.nan, dtype=np.float32), "row 0"),
    ],
)
def test_codebooks_are_not_fitted_on_too_little(vectors: NDArray[np.float32], says: str) -> None:
    with pytest.raises(InputError, match=says):
        fit_product_codes(vectors, SMALL)


@pytest.mark.parametrize("setting", [{"tables": 0}, {"bits": 0}, {"bits": 30}, {"part": 0}, {"rounds": 0}])
def test_settings_of_codebooks_are_checked(setting: dict[str, int]) -> None:
    with pytest.raises(InputError):
        CodebookSettings(**setting)


@pytest.mark.parametrize("code", [16, -2])
def test_codes_of_other_codebooks_are_refused(quantizer: ProductQuantizer, code: int) -> None:
    codes = quantizer.encode(texts())
    codes[7, 1] = code
    with pytest.raises(InputError, match="row 7"):
        quantizer.decode(codes)
    with pytest.raises(InputError, match="row 7"):
        first_model(quantizer, codes, SETTINGS)


def test_vectors_of_another_encoder_are_refused(quantizer: ProductQuantizer) -> None:
    with pytest.raises(InputError, match="whitened"):
        quantizer.encode(np.ones((2, 5), dtype=np.float32))


def weights(of: TableModel) -> dict[str, NDArray[np.float32]]:
    return {name: held.numpy().copy() for name, held in of.model.state_dict().items()}


def test_only_the_table_changes(quantizer: ProductQuantizer, start: TableModel) -> None:
    before = weights(start)
    new = quantizer.encode(texts(seed=3))
    after = weights(learn_domain(start, new, turns(seed=8), SETTINGS, Silent(), part=Learning.TABLES))
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name].tobytes() != after[name].tobytes()}
    assert changed == {"items.table"}
    # What it began from is as it was.
    assert all(held.tobytes() == weights(start)[name].tobytes() for name, held in before.items())


def test_tables_learn_by_what_they_are_compared_with_alone(
    quantizer: ProductQuantizer, start: TableModel
) -> None:
    before = weights(start)
    codes = quantizer.encode(texts(seed=3))
    made = learn_domain(start, codes, turns(seed=8), SETTINGS, Silent(), part=Learning.COMPARED_TABLES)
    assert made.course.losses[-1] < made.course.losses[0]
    assert {name for name, held in weights(made).items() if (held != before[name]).any()} == {"items.table"}
    steps = made.model.items(torch.tensor([[1, 2, 3]]))
    assert not made.model(steps).requires_grad


def test_everything_changes_where_everything_learns(quantizer: ProductQuantizer, start: TableModel) -> None:
    codes = quantizer.encode(texts(seed=3))
    after, before = weights(learn_domain(start, codes, turns(seed=8), SETTINGS, Silent())), weights(start)
    assert all(before[name].tobytes() != held.tobytes() for name, held in after.items())


def test_tables_learn_an_order_of_a_catalogue_of_ten(start: TableModel, quantizer: ProductQuantizer) -> None:
    codes = quantizer.encode(texts(items=10))
    settings = replace(SETTINGS, epochs=20, learning_rate=1e-2, loss=FullSoftmax())
    few = turns(users=60, items=10)
    course = learn_domain(start, codes, few, settings, Silent(), part=Learning.TABLES).course
    assert course.losses[-1] < course.losses[0] - 0.3


def test_the_target_may_be_a_source(quantizer: ProductQuantizer, start: TableModel) -> None:
    codes = quantizer.encode(texts())
    blank = first_model(quantizer, codes, SETTINGS)
    again, first = (
        learn_domain(model, codes, turns(), SETTINGS, Silent(), part=Learning.TABLES)
        for model in (start, blank)
    )
    assert again.course.losses[0] < first.course.losses[0] - 0.3


def test_nothing_is_learned_of_users_of_one_item(quantizer: ProductQuantizer, start: TableModel) -> None:
    codes = quantizer.encode(texts())
    alone = sequences_of(turns().items, [[1], [2]])
    with pytest.raises(InputError, match="nobody took two items"):
        learn_domain(start, codes, alone, SETTINGS, Silent(), part=Learning.TABLES)


def test_an_alignment_is_a_permutation_of_every_table(start: TableModel) -> None:
    own = fit_product_codes(texts(seed=4), replace(SMALL, seed=99)).encode(texts(seed=4))
    before = weights(start)
    found = align(start, own, turns(), replace(SETTINGS, epochs=2), Silent())
    np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(16), (4, 1)))
    again = recoded(own, found)
    back = np.argsort(found, axis=1)
    np.testing.assert_array_equal(recoded(again, back), own)
    assert all(held.tobytes() == weights(start)[name].tobytes() for name, held in before.items())


def test_items_without_codes_stay_without_when_codes_are_aligned() -> None:
    codes = np.array([[0, 1], [NO_CODE, NO_CODE]], dtype=np.int32)
    np.testing.assert_array_equal(recoded(codes, np.array([[1, 0], [0, 1]])), [[1, 1], [-1, -1]])


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_rows_and_columns_of_soft_permutations_sum_to_about_one(seed: int, size: int) -> None:
    scores = torch.randn((2, size, size), generator=torch.Generator().manual_seed(seed))
    found = doubly_stochastic(scores).exp()
    torch.testing.assert_close(found.sum(dim=2), torch.ones(2, size))
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2, size), atol=0.2, rtol=0)


def test_tables_begin_as_what_codes_stand_for(quantizer: ProductQuantizer) -> None:
    codes = quantizer.encode(texts())
    decoded = quantizer.decode(codes)
    width = decoded.shape[1]
    rows = quantizer.rows(width + 2)[np.arange(quantizer.tables), codes]
    np.testing.assert_allclose(rows.sum(axis=1)[:, :width], decoded, atol=1e-5)
    assert not rows[..., width:].any()
    best = quantizer.rows(SETTINGS.dims)[np.arange(quantizer.tables), codes].sum(axis=1)
    items = first_model(quantizer, codes, SETTINGS).model.items(torch.arange(ITEMS)).detach().numpy()
    cosines = (items * best).sum(axis=1) / np.linalg.norm(items, axis=1) / np.linalg.norm(best, axis=1)
    np.testing.assert_allclose(cosines, 1, atol=1e-5)


def test_semi_synthetic_items_keep_the_other_codes(quantizer: ProductQuantizer) -> None:
    tables = first_model(quantizer, quantizer.encode(texts()), SETTINGS).model.items
    items, draw = torch.arange(20), torch.Generator().manual_seed(1)
    torch.testing.assert_close(tables.partly_replaced(items, 0.0, draw), tables(items))
    own = torch.cosine_similarity(tables.partly_replaced(items, 0.25, draw), tables(items))
    other = torch.cosine_similarity(tables.partly_replaced(items, 1.0, draw), tables(items))
    assert own.mean() > 0.5 > other.mean()


def test_the_contrast_needs_codes() -> None:
    from aisle.training.recommendation.fit import fit

    with pytest.raises(TypeError, match="have no codes"):
        fit(turns(), None, replace(SETTINGS, loss=CodeContrast()), Silent())


def test_domains_side_by_side_share_no_item() -> None:
    first, second = (Domain(name, turns(users=5), texts()) for name in ("a", "b"))
    both = joined([first, second])
    assert len(both.sequences) == 10
    assert len(set(both.sequences.items)) == 2 * ITEMS
    np.testing.assert_array_equal(both.sequences.of(7), second.sequences.of(2) + ITEMS)
    np.testing.assert_array_equal(both.texts[ITEMS:], second.texts)


def test_domains_that_do_not_fit_each_other_are_refused() -> None:
    one = Domain("a", turns(users=5), texts())
    for others in ([], [one, one], [one, Domain("b", turns(users=5), texts()[:, :5])]):
        with pytest.raises(InputError, match="together"):
            joined(others)
    with pytest.raises(InputError, match="not a vector for each"):
        Domain("a", turns(users=5), texts()[:4])
