"""A catalogue on disk into a live release, with the encoder that is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from opensearchpy import OpenSearch

from catalogue import ReadOptions, read_catalogue
from catalogue.fingerprint import fingerprint, has_fixed_content
from encoder import ArtifactStore, DenseEncoder, Manifest, SparseEncoder, item_text
from indexer import (
    Books,
    DeadLetters,
    IndexOptions,
    IndexReport,
    ItemEncoder,
    Ledger,
    Progress,
    dense_item_encoder,
    index_catalogue,
    sparse_item_encoder,
    together,
    without_vectors,
)
from indexer.load import Load
from mappings import release_fusions
from records import InputError
from workflows.carry_fusion import carried_fusion
from workflows.gate_options import GateOptions
from workflows.index_ledger import ledger_path, say_what_is_kept
from workflows.release_checks import ReleaseChecks
from workflows.release_gate import release_gate

# The widest vectors an index gets unless asked: the size the design was made for.
USUAL_DIMS = 64


@dataclass(frozen=True, slots=True)
class IndexSource:
    """What to index, and how it is read and encoded.

    Attributes:
        data, reading: see ``catalogue.read_catalogue``.
        encoder: artifact; None indexes words alone.
        dims: width to cut to; None takes ``usual_dims``.
        sparse: sparse artifact; None leaves the sparse field empty.
    """

    data: str | Path
    reading: ReadOptions
    encoder: str | Path | None = None
    dims: int | None = None
    sparse: str | Path | None = None


def index_folder(
    client: OpenSearch,
    source: IndexSource,
    options: IndexOptions,
    letters: DeadLetters,
    *,
    resume: bool = False,
    gate: GateOptions | None = None,
    load: Load | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> IndexReport:
    """Index a catalogue so that the run can be resumed, and write its dead letters however it ends.

    Args:
        client: connection.
        source: the catalogue.
        options: the release.
        letters: takes the rows and documents that are not in the index.
        resume: go on with the run of this name that was interrupted; without one, begin anew and say so.
        gate: a judged set that the release must do well on, see `release_gate`.
        load: see ``index_catalogue``.
        progress: see ``index_catalogue``.

    Raises:
        InputError: ``resume``, and the source has no fixed content.
        IndexingFailed: among others, sampled items are not found in the release, or it fails the gate.
        Others: see ``read_catalogue``, `item_encoder`, `release_gate` and ``index_catalogue``.
    """
    if resume and not has_fixed_content(source.data):
        raise InputError(
            f"{source.data} has no fixed content, so nobody can tell what is indexed already",
            fix="download the file and index that, or leave --resume out",
        )
    try:
        store = ArtifactStore.default()
        items = read_catalogue(source.data, source.reading, letters)
        vectors = item_encoder(store, source.encoder, source.dims, source.sparse)
        options = replace(options, fusions=release_fusions(tuple(vectors.spaces), options.fusions))
        refs = source.encoder, source.sparse
        passes = release_gate(client, options.name, gate, store, *refs) if gate else lambda _: None
        parts = fingerprint(source.data, source.reading)
        options = replace(options, fusion=carried_fusion(client, options.name, vectors.spaces))
        with Ledger(None if parts is None else ledger_path(client, options.name)) as ledger:
            books = Books(ledger, parts or {}, resume)
            checks = ReleaseChecks(client, vectors, ledger, options.retry, passes)
            try:
                return index_catalogue(
                    client,
                    checks.watch(items),
                    vectors,
                    options,
                    books=books,
                    load=load,
                    validate=checks,
                    # They go to the dead letters by way of the ledger.
                    refuse=lambda _: None,
                    progress=progress,
                )
            except BaseException as error:
                say_what_is_kept(ledger, error)
                raise
            finally:
                letters.export(ledger.refused())
    finally:
        # Those of a run that ended before it had a ledger.
        letters.export()


def item_encoder(
    store: ArtifactStore,
    ref: str | Path | None,
    dims: int | None = None,
    sparse: str | Path | None = None,
) -> ItemEncoder:
    """The encoder of a new release.

    Args:
        store: where names are looked up.
        ref: artifact; None makes no vectors.
        dims: width to cut to; None takes ``usual_dims``.
        sparse: sparse artifact; None makes no weights of tokens.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: see ``DenseEncoder.load``.
        InputError: the model has no such width.
    """
    made = []
    if ref is not None:
        model = DenseEncoder.load(ref, store=store)
        width = dims or usual_dims(model.manifest)
        made.append(dense_item_encoder(model, item_text, name=model.manifest.name, dims=width))
    if sparse is not None:
        tokens = SparseEncoder.load(sparse, store=store)
        made.append(sparse_item_encoder(tokens, item_text, name=tokens.manifest.name))
    return together(*made) if made else without_vectors()


def usual_dims(manifest: Manifest) -> int:
    """64 if the model was trained to be cut there, else its full width: a naive cut costs recall."""
    return USUAL_DIMS if USUAL_DIMS in manifest.widths else manifest.dims
