"""Which release a run loads: a new one, or the unfinished one that its ledger tells of."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import orjson
from opensearchpy import OpenSearch

from aisle._environment import home
from aisle._version import __version__
from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.errors import AisleError, IndexingFailed, InputError
from aisle.indexer.lease.lease import Lease
from aisle.indexer.ledger.store import NOTHING, EarlierProgress, IndexRun, Ledger, RunPhase
from aisle.indexer.options import IndexOptions
from aisle.indexer.releases.create import drop_unfinished
from aisle.indexer.releases.inventory import ReleaseInventory, read_inventory
from aisle.mappings import SCHEMA_VERSION, IndexSettings, ItemSpaces, Synonyms, VectorSpace, fields
from aisle.mappings.compounds import CompoundDictionary


def run_parts(
    source: Mapping[str, str],
    settings: IndexSettings,
    spaces: Mapping[str, VectorSpace],
    options: IndexOptions,
) -> dict[str, str]:
    """Every part of a run's fingerprint.

    Args:
        source: of the input, see ``aisle.catalogue.reader``.
        settings: of the index.
        spaces: vector field to the model behind it.
        options: of the run; how fast it loads may change.
    """
    fusions = [asdict(fusion) for fusion in options.fusions]
    item_spaces = settings.item_spaces.to_json()
    return {
        **source,
        "the encoder (--encoder, --dims)": _stable(
            {name: asdict(space) for name, space in spaces.items() if name in fields.SEARCHED_VECTORS}
        ),
        "the index settings (--shards, --replicas, --vectors)": _stable(
            [
                asdict(
                    replace(
                        settings,
                        synonyms=Synonyms(),
                        languages=(),
                        dictionaries={},
                        item_spaces=ItemSpaces(),
                    )
                ),
                fusions,
            ]
        ),
        "the recommender (--recommender, --codes, --router)": _stable(item_spaces["recommends"]),
        "the item-to-item model (--item-to-item)": _stable(item_spaces["relates"]),
        "the synonyms (--synonyms)": settings.synonyms.fingerprint,
        "the languages (--language)": f"{','.join(settings.languages)} {_fingerprint(settings.dictionaries)}",
        # Another version may read rows, or write documents, in another way.
        "the version of Aisle": __version__,
        "the schema of documents": str(SCHEMA_VERSION),
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


def _fingerprint(dictionaries: Mapping[str, CompoundDictionary]) -> str:
    content = _stable({code: asdict(one) for code, one in dictionaries.items()})
    return hashlib.sha256(content.encode()).hexdigest()


def _stable(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


@dataclass(frozen=True, slots=True)
class ResumeContext:
    """Where a run keeps what it needs to be resumed.

    Attributes:
        ledger: of this name on this cluster.
        source: see ``aisle.catalogue.reader``.
        resume: go on with the ledger's unfinished run, if there is one.
    """

    ledger: Ledger = field(default_factory=Ledger)
    source: Mapping[str, str] = field(default_factory=dict)
    resume: bool = False


@dataclass(frozen=True, slots=True)
class RunStart:
    """Where a run begins.

    Attributes:
        release: to load.
        before: what is settled in it.
        live: it is live already: only the ledger's last mark was missing.
    """

    release: str
    before: EarlierProgress = NOTHING
    live: bool = False


def unfinished_start(
    cluster: Cluster, name: str, context: ResumeContext, parts: Mapping[str, str]
) -> RunStart | None:
    """Where the ledger's unfinished run goes on; None: a new release must be made, see `new_start`.

    The lease of the name must be held.

    Args:
        cluster: for a look at the releases.
        name: of the catalogue.
        context: the ledger, and whether to go on with it.
        parts: see `run_parts`.

    Raises:
        InputError: the unfinished run was begun with something else.
    """
    if not context.resume:
        return None
    found = _unfinished(context.ledger.run(), name, read_inventory(cluster, name), parts)
    if found is None:
        return None
    return RunStart(found.release, context.ledger.before(), live=found.state is RunPhase.LIVE)


def new_start(cluster: Cluster, release: str, ledger: Ledger, parts: Mapping[str, str]) -> RunStart:
    """Begin a run in the ledger, for a release that was just made; it is dropped if that fails."""
    try:
        ledger.begin(release, parts)
    except BaseException:
        drop_unfinished(cluster, release)
        raise
    return RunStart(release)


def _unfinished(
    run: IndexRun | None, name: str, now: ReleaseInventory, parts: Mapping[str, str]
) -> IndexRun | None:
    """The run to go on with; its state is LIVE if it ended after the swap, without a word of it."""
    if run is None or run.state is RunPhase.LIVE:
        _say(f"no run of {name} was interrupted: beginning anew")
        return None
    if run.release in now.live:
        # With other input than that run's, this is the next run and no repeat of it.
        return IndexRun(run.release, parts, RunPhase.LIVE) if dict(run.parts) == dict(parts) else None
    if run.release not in now.unfinished or run.release in now.abandoned:
        _say(f"{run.release}, which was not finished, is no longer there to go on with: beginning anew")
        return None
    check_same(name, run.release, run.parts, parts)
    return run


def _say(what: str) -> None:
    warnings.warn(what, stacklevel=4)


# The release or its input is wrong: going on would end the same way. Everything else passes: a node that is
# away, a full disk, a password that expired, Ctrl-C.
_FINAL: Final = (IndexingFailed, InputError)
# Whoever gives up waits for nobody.
_SOON: Final = RetryPolicy(deadline_s=3, first_wait_s=0.1, longest_wait_s=0.5, request_timeout_s=3)


def is_final(error: BaseException) -> bool:
    """Whether the same run would end the same way if it were gone on with."""
    return isinstance(error, _FINAL)


def give_up(cluster: Cluster, ledger: Ledger, release: str, lease: Lease, error: BaseException) -> None:
    """Keep what can be gone on with, drop what cannot.

    Args:
        cluster: connection.
        ledger: of the run; one that does not last is dropped in any case.
        release: the run's, not live.
        lease: of the name. If it was lost, somebody else may be loading this very release.
        error: why the run ends.
    """
    if ledger.lasting and (not is_final(error) or not _held(lease)):
        return
    drop_unfinished(cluster, release)
    ledger.forget()


def _held(lease: Lease) -> bool:
    try:
        lease.check(_SOON)
    except AisleError:
        return False
    return True


def ledger_path(client: OpenSearch, name: str) -> Path:
    """Where it lies."""
    uuid = str(Cluster.of(client).info()["cluster_uuid"])
    return home() / "indexing" / uuid / f"{name}.sqlite"


def refused_share(ledger: Ledger) -> float:
    """Of the items settled so far, by this run and those that it resumed, how many were refused: 0 to 1."""
    before = ledger.before()
    return before.refused / max(1, len(before.settled))


def say_what_is_kept(ledger: Ledger, error: BaseException) -> None:
    """If the run that ``error`` ended can be gone on with, a note says so, and so does the error's fix."""
    run = ledger.run()
    if not ledger.lasting or run is None or run.state is RunPhase.LIVE:
        return
    settled = len(ledger.before().settled)
    warnings.warn(
        f"{settled:,} items are done in {run.release}, which is not live; go on with --resume", stacklevel=3
    )
    if isinstance(error, AisleError) and not is_final(error):
        error.fix = f"{error.fix}; with --resume it goes on where it broke off"
