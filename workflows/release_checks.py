"""All that a loaded release must pass before it goes live, beyond the count of its documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from opensearchpy import OpenSearch

from indexer import ItemEncoder, Ledger, RetryPolicy
from indexer.check_release import check_release
from indexer.golden import Sampler
from records import Item
from workflows.index_ledger import refused_share


@dataclass(frozen=True, slots=True)
class ReleaseChecks:
    """A validation for ``index_catalogue``: golden queries, then the gate.

    Attributes:
        client: connection.
        encoder: the release's.
        ledger: of the run.
        retry: of each request.
        gate: see `release_gate`; asked last, as it takes longest.
        sampler: of the items to ask for.
    """

    client: OpenSearch
    encoder: ItemEncoder
    ledger: Ledger
    retry: RetryPolicy
    gate: Callable[[str], None] = lambda _: None
    sampler: Sampler = field(default_factory=Sampler)

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; a sample of them will be asked for."""
        return self.sampler.watch(items)

    def __call__(self, release: str) -> None:
        """Raises what `check_release` and the gate raise."""
        check_release(
            self.client,
            release,
            self.sampler.samples,
            encoder=self.encoder,
            refused_share=refused_share(self.ledger),
            policy=self.retry,
        )
        self.gate(release)
