"""Names and versions of releases, and which of them go."""

from __future__ import annotations

import pytest

from aisle.errors import InputError
from aisle.indexer.releases.names import (
    check_name,
    loading_alias,
    next_version,
    release_name,
    to_prune,
    version_of,
)


@pytest.mark.parametrize("name", ["shop", "shop-de", "a.b_c", "größe", "1", "x" * 200])
def test_names_that_opensearch_takes(name: str) -> None:
    assert check_name(name) == name


_CHARACTERS = [f"a{character}b" for character in ' /\\*?"<>|,#:\n\x00']


@pytest.mark.parametrize(
    "name", ["", "Shop", "_s", "-s", "+s", ".s", ".", "x" * 201, "shop-v0001", "\ud800", *_CHARACTERS]
)
def test_names_that_it_does_not_take(name: str) -> None:
    with pytest.raises(InputError):
        check_name(name)


def test_a_version_is_never_taken_twice() -> None:
    assert next_version("shop", []) == 1
    assert next_version("shop", ["shop-v0002", "shop-de-v0009", "shop-v12", "shopping"]) == 3
    assert next_version("shop", ["shop-v9999"]) == 10000
    assert release_name("shop", 10000) == "shop-v10000"


def test_version_of_other_names_is_none() -> None:
    assert version_of("shop", "shop-v0007") == 7
    assert version_of("shop", "shop-de-v0007") is None
    assert version_of("shop", loading_alias("shop-v0007")) is None


def test_prune_keeps_the_newest_finished_and_everything_newer_than_live() -> None:
    indexes = ["shop-v0001", "shop-v0002", "shop-v0003", "shop-v0004", "shop-v0005", "shop-de-v0001", "other"]
    unfinished = ["shop-v0003", "shop-v0005"]
    live = "shop-v0004"
    assert to_prune("shop", live, indexes, unfinished, 1) == ("shop-v0001", "shop-v0003")
    assert to_prune("shop", live, indexes, unfinished, 0) == ("shop-v0001", "shop-v0002", "shop-v0003")
    assert to_prune("shop", live, indexes, unfinished, 9) == ("shop-v0003",)
