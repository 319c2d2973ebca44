"""A catalogue on disk into a live release, with the encoder that is named."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

import orjson
from opensearchpy import OpenSearch

from aisle._files import numbered_lines
from aisle._quality_gate import GateOptions, release_gate
from aisle._suggest import SuggestOptions
from aisle._vectors import VectorRequest, release_vectors
from aisle._version import __version__
from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.languages import CatalogueLanguages, with_languages
from aisle.catalogue.reader import fingerprint
from aisle.catalogue.sources import has_fixed_content, source_name
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import git_commit
from aisle.errors import InputError
from aisle.indexer import (
    DeadLetters,
    IndexOptions,
    IndexReport,
    Ledger,
    Progress,
    ResumeContext,
    index_catalogue,
)
from aisle.indexer.ledger.resume import ledger_path, say_what_is_kept
from aisle.indexer.progress import ProgressCounter
from aisle.indexer.releases.guards import GuardLimits, ReleaseGuard
from aisle.indexer.releases.smoke_queries import SmokeCheck
from aisle.indexer.run import Loader, ReleaseCheck
from aisle.indexer.vectors import ItemFields, stored_as
from aisle.mappings import release_fusions
from aisle.mappings.languages import LANGUAGES
from aisle.mappings.meta import Lineage
from aisle.mappings.synonyms import Synonyms, parse_synonyms


def lineage_of(source: Mapping[str, str] | None) -> Lineage:
    """Where a release comes from.

    Args:
        source: of the catalogue, see ``aisle.catalogue.reader.fingerprint``; None: it has no fixed content.
    """
    data = ""
    if source is not None:
        data = hashlib.sha256(orjson.dumps(dict(source), option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Lineage(data, git_commit(), __version__)


USUAL_ENCODER = "all-MiniLM-L6-v2"
"""The encoder of a catalogue whose owner has not trained one."""


def letters_file(name: str, file: str | Path | None) -> DeadLetters:
    """Where dead letters go: the file that is named, else ``NAME-dead-letters.jsonl`` in this folder."""
    return DeadLetters(f"{name}-dead-letters.jsonl" if file is None else file)


@dataclass(frozen=True, slots=True)
class IndexSource:
    """What to index, and how it is read and encoded.

    Attributes:
        data, reading: see ``catalogue.read_catalogue``.
        vectors: from which models, and as what they are kept.
        languages: codes, the main one first; none to find them out.
        checked: whether the release is asked for a sample of its items before it goes live.
    """

    data: str | Path
    reading: ReadOptions
    vectors: VectorRequest = field(default_factory=VectorRequest)
    languages: tuple[str, ...] = ()
    checked: bool = True


def index_folder(
    client: OpenSearch,
    source: IndexSource,
    options: IndexOptions,
    letters: DeadLetters,
    store: ArtifactStore | None = None,
    *,
    limits: GuardLimits | None = None,
    resume: bool = False,
    gate: GateOptions | None = None,
    load: Loader | None = None,
    suggest: SuggestOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> IndexReport:
    """Index a catalogue so that the run can be resumed, and write its dead letters however it ends.

    Args:
        client: connection.
        source: the catalogue.
        options: the release.
        letters: takes the rows and documents that are not in the index.
        store: where artifacts are looked up, default the one under ``AISLE_HOME``.
        limits: what may be lost on the way, and against the live release; None: the usual.
        resume: go on with the run of this name that was interrupted; without one, begin anew and say so.
        gate: a judged set that the release must do well on, see `release_gate`.
        load: see ``loader`` of ``index_catalogue``.
        suggest: what may be suggested; None makes a release without suggestions.
        progress: see ``index_catalogue``; also called once as soon as it is known what is read as what.

    Raises:
        InputError: ``resume``, and the source has no fixed content.
        IndexingFailed: among others, the release passes the limits, sampled items are not found in it, or it
            fails the gate.
        Others: see ``read_catalogue``, `release_vectors`, `release_gate` and ``index_catalogue``.
    """
    if resume and not has_fixed_content(source.data):
        raise InputError(
            f"{source_name(source.data)} has no fixed content, so nobody can tell what is indexed already",
            fix="download the file and index that, or leave --resume out",
        )
    try:
        store = store or ArtifactStore.default()
        items = read_catalogue(source.data, source.reading, letters)
        guard = ReleaseGuard(
            Cluster.of(client).retrying(options.retry),
            options.name,
            limits or GuardLimits(),
            items.counts,
            letters,
        )

        def watch(now: Progress) -> None:
            guard.early()
            if progress is not None:
                progress(replace(now, rejected=letters.count, rows=items.counts, reading=items.report))

        made, stream = release_vectors(Cluster.of(client), store, source.vectors, items)
        vectors = made.encoder
        watch(ProgressCounter().progress())
        languages, stream = with_languages(stream, source.languages)
        options = replace(in_languages(options, languages), vectors=made.storage)
        options = replace(options, fusions=release_fusions(tuple(vectors.spaces), options.fusions))
        refs = source.vectors.encoder, source.vectors.sparse
        gates = [release_gate(client, options.name, gate, store, *refs)] if gate else []
        parts = fingerprint(source.data, source.reading)
        options = replace(options, lineage=lineage_of(parts))
        with Ledger(None if parts is None else ledger_path(client, options.name)) as ledger:
            smoke = SmokeCheck(client, stored_as(vectors, made.storage), ledger, options.retry)
            # The gate last, as it takes longest.
            checks: list[ReleaseCheck] = [*([smoke] if source.checked else []), *gates]
            watched = smoke.sampler.watch(stream)
            suggestions = suggest.builder(client, options.retry) if suggest else None
            if suggestions:
                watched = suggestions.watch(watched)
            try:
                report = index_catalogue(
                    client,
                    watched,
                    vectors,
                    options,
                    context=ResumeContext(ledger, parts or {}, resume),
                    loader=load,
                    guards=(guard,),
                    checks=checks,
                    suggestions=suggestions,
                    progress=watch,
                )
            except BaseException as error:
                say_what_is_kept(ledger, error)
                raise
            finally:
                letters.export(ledger.refused())
    finally:
        # Those of a run that ended before it had a ledger.
        letters.export()
    for maker in made.makers:
        _warn_of_strangers(Cluster.of(client).retrying(options.retry), report.release, maker)
    return replace(
        report,
        languages=str(languages),
        reading=items.report,
        rows=items.counts,
        vectors=replace(report.vectors, choices=made.choices) if report.vectors else None,
        lost_coverage=guard.lost,
        dead_letters=dict(letters.reasons),
        examples=dict(letters.examples),
        dead_letters_file=letters.path if letters.count else None,
    )


_IDS: Final = 10_000


def _warn_of_strangers(cluster: Cluster, release: str, maker: ItemFields) -> None:
    """A note where an artifact was trained on other ids than those of the catalogue."""
    taken = maker.taken()
    while ids := list(islice(taken, _IDS)):
        if cluster.count(index=release, body={"query": {"ids": {"values": ids}}})["count"]:
            return
    warnings.warn(
        f"nobody took any item of this catalogue, as {maker.space.title} counts: its orders name items by"
        " other ids",
        stacklevel=3,
    )


def in_languages(options: IndexOptions, languages: CatalogueLanguages) -> IndexOptions:
    """The options for a catalogue in these languages; a note says what was guessed, and what is missing.

    Raises:
        InputError: a rule of synonyms of which the main language leaves something else.
    """
    main = LANGUAGES[languages.codes[0]]
    options.synonyms.check(main)
    if languages.guessed:
        warnings.warn(f"the catalogue is searched in {languages}; name others with --language", stacklevel=2)
    if languages.lacks:
        warnings.warn(f"OpenSearch does without what it lacks: {languages.lacks}", stacklevel=2)
    return replace(options, languages=languages.codes, dictionaries=languages.dictionaries)


# A rule is a line that a person wrote.
_MAX_LINE_BYTES = 10_000


def read_synonyms(path: Path | None) -> Synonyms:
    """The rules in a UTF-8 file, none without one.

    Raises:
        InputError: it cannot be read, or a line is no rule; see ``parse_synonyms``.
    """
    return Synonyms() if path is None else parse_synonyms(_texts(path), path.name)


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in numbered_lines(path, _MAX_LINE_BYTES):
        if len(line) > _MAX_LINE_BYTES:
            raise InputError(f"{path.name}, line {number}: too long", fix="write one rule per line")
        try:
            yield number, line.decode()
        except UnicodeDecodeError:
            raise InputError(
                f"{path.name}, line {number}: not UTF-8", fix="convert it: iconv -t UTF-8"
            ) from None
