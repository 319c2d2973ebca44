"""Whatever happened to an export: it is read with every row accounted for, or stopped with a fix."""

import tempfile
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.rejects import Rejects
from aisle.errors import AisleError
from tests.support.damage import FOLDER, damaged

EXPORTS = sorted(path for path in FOLDER.glob("*.*") if path.suffix != ".py")


@settings(max_examples=150, deadline=None)
@given(
    export=st.sampled_from(EXPORTS),
    seed=st.integers(0, 2**32),
    variants=st.sampled_from(["", "separate", "merged"]),
)
def test_every_row_of_a_damaged_export_is_accounted_for(export: Path, seed: int, variants: str) -> None:
    rejects = Rejects()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / export.name
        path.write_bytes(damaged(export.read_bytes(), Random(seed)))
        try:
            catalogue = read_catalogue(path, ReadOptions(variants=variants), rejects)
            items = list(catalogue)
        except AisleError as error:
            assert error.fix and "\n" not in str(error)
            return
    counts = catalogue.counts
    assert counts.balanced, counts.to_json()
    assert (counts.items, counts.rejected) == (len(items), rejects.count)
    assert len({item.id for item in items}) == len(items)
    assert all(item.title.strip() for item in items)
