"""What holds for every grouped list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aisle.mappings import fields
from aisle.search.fusion import Fused
from aisle.search.groups import collapsed, group_of

lists = st.lists(st.tuples(st.uuids().map(str), st.sampled_from("abcd") | st.none()), max_size=20)


@given(lists)
def test_each_group_stands_once_where_its_best_stood(found: list[tuple[str, str | None]]) -> None:
    order = [Fused(id_, 0.0, ()) for id_, _ in found]
    values = {id_: {fields.GROUP: [group]} for id_, group in found if group}
    kept = collapsed(order, values)
    groups = [group_of(fused.id, values) for fused in kept]
    assert len(groups) == len(set(groups))
    assert set(groups) == {group or id_ for id_, group in found}
    assert kept == [fused for fused in order if fused in kept]
    for at, fused in enumerate(order):
        group = group_of(fused.id, values)
        assert (fused in kept) is (group not in {group_of(other.id, values) for other in order[:at]})
