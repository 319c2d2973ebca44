"""The middle of a run: every item that is not settled goes into the release; few enough may be refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import opensearchpy

from indexer.bulk_bodies import Body
from indexer.gate import Gate, paced
from indexer.index_options import IndexOptions
from indexer.item_encoder import ItemEncoder
from indexer.ledger import State
from indexer.ledger_start import Books, Start
from indexer.pace import PaceSettings
from indexer.pipeline import run_pipeline
from indexer.positions import Before
from indexer.refusal_limit import check_early, check_final
from indexer.release_names import loading_alias
from indexer.stages import Refuse, Settle
from indexer.tally import Progress
from indexer.writer import Written, write_body
from records import Item

OnProgress: TypeAlias = Callable[[Progress], None]


class Load(Protocol):
    """Where the work is done: by this process, or by others that it tells."""

    def __call__(
        self,
        target: str,
        items: Iterable[Item],
        options: IndexOptions,
        *,
        refuse: Refuse,
        progress: OnProgress,
        before: Before,
        settle: Settle,
    ) -> Progress:
        """Bring every item into the index behind the alias ``target``; see `run_pipeline`."""


@dataclass(frozen=True, slots=True)
class LoadHere:
    """By threads of this process."""

    client: opensearchpy.OpenSearch
    encoder: ItemEncoder

    def __call__(
        self,
        target: str,
        items: Iterable[Item],
        options: IndexOptions,
        *,
        refuse: Refuse,
        progress: OnProgress,
        before: Before,
        settle: Settle,
    ) -> Progress:
        """See `Load`."""

        def write(body: Body, stop: threading.Event) -> Written:
            return write_body(self.client, target, options.retry, body, stop)

        return run_pipeline(
            items,
            self.encoder.encode,
            paced(write, Gate(PaceSettings(most=options.pipeline.writers))),
            options.pipeline,
            refuse=refuse,
            progress=progress,
            before=before,
            settle=settle,
        )


def load_release(
    load: Load,
    begun: Start,
    books: Books,
    items: Iterable[Item],
    options: IndexOptions,
    *,
    refuse: Refuse,
    progress: OnProgress,
) -> Progress:
    """Load what is not settled and write it down in the books.

    Raises:
        IndexingFailed: nothing to index, or too many refusals.
        Whatever ``load`` raises.
    """

    def watch(now: Progress) -> None:
        check_early(now, options.max_refused_share)
        progress(now)

    loaded = load(
        loading_alias(begun.release),
        items,
        options,
        refuse=refuse,
        progress=watch,
        before=begun.before,
        settle=books.ledger.settle,
    )
    check_final(loaded, options.max_refused_share)
    books.ledger.mark(State.LOADED)
    return loaded
