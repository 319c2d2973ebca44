"""What an index run depends on, by name, so that a resumed run can say what changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version

import orjson

from indexer.index_options import IndexOptions
from mappings import IndexSettings, Synonyms, VectorSpace
from records import InputError


def run_parts(
    source: Mapping[str, str],
    settings: IndexSettings,
    spaces: Mapping[str, VectorSpace],
    options: IndexOptions,
) -> dict[str, str]:
    """Every part of a run's fingerprint.

    Args:
        source: of the input, see ``catalogue.fingerprint``.
        settings: of the index.
        spaces: vector field to the model behind it.
        options: of the run; how fast it loads may change.
    """
    fusions = [asdict(fusion) for fusion in options.fusions]
    return {
        **source,
        "the encoder (--encoder, --dims)": _stable({name: asdict(space) for name, space in spaces.items()}),
        "the index settings (--shards, --replicas)": _stable(
            [asdict(replace(settings, synonyms=Synonyms())), fusions]
        ),
        "the synonyms (--synonyms)": settings.synonyms.fingerprint,
        # Another version may read rows, or write documents, in another way.
        "the version of Aisle": version("aisle"),
    }


def check_same(name: str, release: str, then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Nothing if both are the same.

    Raises:
        InputError: names each part that differs.
    """
    changed = [part for part in {**then, **now} if then.get(part) != now.get(part)]
    if changed:
        raise InputError(
            f"the unfinished run of {name} ({release}) cannot be resumed: changed since then:"
            f" {', '.join(changed)}",
            fix="give what it was begun with, or leave --resume out to begin anew",
        )


def _stable(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
