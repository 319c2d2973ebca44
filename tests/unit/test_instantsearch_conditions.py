"""What Algolia's filters say is read in a time that grows with their length, however hostile they are."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from aisle.errors import InvalidQuery
from aisle.service.instantsearch.conditions import Condition, conditions_of
from aisle.service.instantsearch.requests import InstantSearchBody

_READ = """
import sys
from aisle.errors import InvalidQuery
from aisle.service.instantsearch.conditions import conditions_of
try:
    conditions_of([], eval(sys.argv[1]), eval(sys.argv[2]))
except InvalidQuery:
    pass
"""


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ("[]", "'brand:' + chr(34) + chr(92) * 1_900"),
        ("[]", "'brand:' + chr(34) + (chr(92) + 'a') * 900"),
        ("[]", "'a <' + ' ' * 1_900"),
        ("['a' + ' ' * 1_900 + 'b'] * 60", "''"),
        ("['a' + '< ' * 900] * 60", "''"),
        ("['a: ' + ' TO' * 600] * 60", "''"),
    ],
)
def test_hostile_filters_are_read_at_once(numbers: str, text: str) -> None:
    # In a process of its own: a regular expression that goes astray cannot be stopped from within.
    subprocess.run([sys.executable, "-c", _READ, numbers, text], check=True, timeout=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price : 10  TO 50", Condition("price", range=(10.0, 50.0), own=False)),
        ("numbers.Size: EU:10 TO 50", Condition("Size: EU", range=(10.0, 50.0), own=False)),
        (r'brand:"5\" pipe \\ AND co"', Condition("brand", (r'5" pipe \ AND co',), own=False)),
        ("'numbers.a' >= 3", None),
    ],
)
def test_filters_are_read(text: str, expected: Condition | None) -> None:
    if expected:
        assert conditions_of([], [], text) == (expected,)
    else:
        assert conditions_of([], [], text)[0].range == (3.0, None)


@pytest.mark.parametrize("text", ["price", ">= 3", "price >=", "price >= 3 4", "price != 3", ": 1 TO 2"])
def test_what_compares_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery):
        conditions_of([], [text], "")


@pytest.mark.parametrize("name", ["facetFilters", "numericFilters"])
@pytest.mark.parametrize("said", [["a" * 2_001], [["a" * 2_001]], "a" * 2_001])
def test_a_condition_has_bounds(name: str, said: Any) -> None:
    with pytest.raises(ValidationError):
        InstantSearchBody.model_validate({"requests": [{"indexName": "shop", name: said}]})
