"""Dead letters, perhaps corrected by hand, into the live release; what fails again is a dead letter again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from opensearchpy import OpenSearch

from catalogue import ReadOptions
from cluster import translated_errors
from indexer import DeadLetters, ItemEncoder, RetryPolicy
from indexer.dead_letter import DeadLetter, printable
from indexer.dead_letters_file import read_letters
from indexer.lease import hold
from indexer.updates.live_release import LiveReleases, check_spaces
from mappings import IndexMeta
from records import Item
from workflows.replay_rows import LetterReader
from workflows.replay_sender import Sender

_BATCH = 512


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """Attributes:
    name, release: the alias and the live release that was written to.
    documents: dead letters that are in it now.
    dead: those that failed again.
    """

    name: str
    release: str
    documents: int
    dead: int


def replay(
    client: OpenSearch,
    path: Path,
    name: str,
    reading: ReadOptions,
    encoder_of: Callable[[IndexMeta], ItemEncoder],
    letters: DeadLetters,
    retry: RetryPolicy,
) -> ReplayReport:
    """Send the rows of a dead letters file to the live release.

    Safe to repeat: a row that was sent before overwrites itself. It stays in that release alone, so the
    catalogue should be corrected as well before it is indexed the next time.

    Args:
        client: connection.
        path: the file. It may be the one that ``letters`` will write.
        name: of the catalogue.
        reading: format and columns, as when the catalogue was read.
        encoder_of: the encoder of a release.
        letters: takes what fails again, with one attempt more; written at the end.
        retry: of each request.

    Raises:
        InputError: a line that is no dead letter; nothing was sent then. Or somebody else is changing the
            catalogue.
        IndexNotFound, ArtifactMismatch: nothing is live, or it needs another encoder.
        ClusterUnavailable, DiskFull: on the way; the file is as it was, so replay it again.
    """
    reader = LetterReader.of(path, reading)
    with translated_errors(), hold(client, name, "aisle index --replay", policy=retry) as lease:
        live = LiveReleases(client, name, retry).now()
        encoder = encoder_of(live.meta)
        check_spaces(live.meta, encoder)
        sender = Sender(client, live.target, encoder, lease, retry)
        sent = total = 0
        source = read_letters(path)
        while batch := list(islice(source, _BATCH)):
            failed = list(_failed(batch, reader, sender))
            total += len(batch)
            sent += len(batch) - len(failed)
            for letter in failed:
                letters.keep(letter)
    _replace(path, letters)
    return ReplayReport(name, live.release, sent, total - sent)


def _failed(batch: Sequence[DeadLetter], reader: LetterReader, sender: Sender) -> Iterator[DeadLetter]:
    good: dict[str, tuple[DeadLetter, Item]] = {}
    for letter in batch:
        item = reader.item(letter)
        if isinstance(item, Item):
            good[item.id] = letter, item
        else:
            yield _again(letter, item)
    if good:
        for refusal in sender.refused([item for _, item in good.values()]):
            yield _again(good[refusal.id][0], refusal.reason)


def _again(letter: DeadLetter, reason: str) -> DeadLetter:
    return replace(letter, reason=printable(reason), attempts=letter.attempts + 1)


def _replace(path: Path, letters: DeadLetters) -> None:
    """The file that was replayed makes room for what is left of it, if both have one name."""
    if not letters.export() and letters.path is not None and letters.path.resolve() == path.resolve():
        path.unlink(missing_ok=True)
