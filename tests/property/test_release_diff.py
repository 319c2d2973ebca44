"""The comparison of two sorted streams is that of two dictionaries."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.indexer.releases.diff import diff_documents, diff_indexes, differing

SOURCES = st.dictionaries(st.sampled_from(["title", "price", "brand"]), st.integers(0, 2))
CATALOGUES = st.dictionaries(st.text(min_size=1, max_size=3), SOURCES, max_size=12)


@settings(deadline=None)
@given(CATALOGUES, CATALOGUES, st.integers(0, 4))
def test_as_for_dictionaries(old: dict[str, Any], new: dict[str, Any], examples: int) -> None:
    found = diff_documents(sorted(old.items()), sorted(new.items()), examples)
    added, removed = sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())
    both = old.keys() & new.keys()
    changed = sorted(i for i in both if old[i] != new[i])
    assert (found.added, found.removed, found.changed) == (len(added), len(removed), len(changed))
    assert found.same == len(both) - len(changed)
    assert found.added_ids == added[:examples] and found.removed_ids == removed[:examples]
    assert list(found.changed_fields) == changed[:examples]
    for identity, names in found.changed_fields.items():
        assert names == differing(old[identity], new[identity]) != []


def index(release: str, **changes: Any) -> dict[str, Any]:
    meta = {"aisle": {"release": release, "pipelines": ["a"], "spaces": changes.get("spaces", {})}}
    return {
        "settings": {"index.uuid": release, "index.version.created": "1", **changes.get("settings", {})},
        "mappings": {"_meta": meta, "properties": {"title": {"type": "text"}, **changes.get("fields", {})}},
    }


def test_what_is_of_every_index_its_own_is_no_difference() -> None:
    assert diff_indexes(index("a"), index("b")) == {"mapping": {}, "settings": {}, "meta": {}}


def test_differences_are_named_by_their_path() -> None:
    before = index("a", settings={"index.number_of_shards": "1"}, fields={"sku": {"type": "keyword"}})
    after = index("b", settings={"index.number_of_shards": "2"}, spaces={"dense": {"name": "e5"}})
    assert diff_indexes(before, after) == {
        "mapping": {"properties.sku.type": ("keyword", None)},
        "settings": {"index.number_of_shards": ("1", "2")},
        "meta": {"aisle.spaces.dense.name": (None, "e5")},
    }
