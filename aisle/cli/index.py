"""``aisle index``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

import aisle
from aisle._index import AUTO, USUAL_ENCODER, USUAL_MIN_CLIENTS, VectorType, parse_map
from aisle.cli.console import (
    EXIT_FAILED,
    CatalogueOption,
    JsonOption,
    ends_on_sigterm,
    print_json,
)
from aisle.cli.gates import GateDropOption, GateFloorOption, GateMetricOption, GateOption, check_gate
from aisle.cli.index_reports import index_progress, print_dry_run, print_indexed, print_replayed
from aisle.cli.options import (
    IndexSparseOption,
    MinClientsOption,
    QueriesOption,
    SuggestBlockOption,
    SuggestOption,
    SynonymsOption,
)
from aisle.cli.reading import (
    DecimalOption,
    EncodingOption,
    FacetOption,
    FormatOption,
    LanguageOption,
    LimitOption,
    LocaleOption,
    MapOption,
    NoFacetOption,
    PrivateOption,
    VariantsOption,
)
from aisle.errors import IndexingFailed

if TYPE_CHECKING:
    pass


WORDS_ONLY = "none"

_GUARDS = "Before it goes live"
_RECOMMENDATIONS = "Recommendations"


def index(
    name: CatalogueOption,
    data: Annotated[
        str | None,
        typer.Argument(
            help="A file (CSV, JSON, XML, XLSX, Parquet; gzip or zip), - for standard input, an address on"
            " the web, a BEIR or ESCI folder, or hub:OWNER/NAME."
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help=f"Encoder artifact (path, name or fingerprint), or {WORDS_ONLY} to index words only."
            f" Default: {USUAL_ENCODER}, with --replay the release's own."
        ),
    ] = None,
    dims: Annotated[
        int | None,
        typer.Option(
            min=1, help="Vector width. Default: 64 if the model was trained for it, else its full width."
        ),
    ] = None,
    vectors: Annotated[
        VectorType | None,
        typer.Option(
            help="Keep vectors as fp32, fp16, byte or disk, in falling order of memory. Default: fp32."
        ),
    ] = None,
    vector_bytes: Annotated[
        int | None,
        typer.Option(
            "--bytes",
            min=1,
            help="Memory of one vector: choose width and type by what they find in a sample of the items.",
        ),
    ] = None,
    sparse: IndexSparseOption = None,
    recommender: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Recommender artifact: items can be recommended from the index, too.",
            rich_help_panel=_RECOMMENDATIONS,
        ),
    ] = None,
    codes: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Codes artifact of semantic IDs, or none. Default: the one of the recommender's name, if"
            " there is one.",
            rich_help_panel=_RECOMMENDATIONS,
        ),
    ] = None,
    router: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Router artifact, or none. Default: the one of the recommender's name, if there is one.",
            rich_help_panel=_RECOMMENDATIONS,
        ),
    ] = None,
    item_to_item: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Item-to-item artifact: items can be found in the index that go with one, or are like it.",
            rich_help_panel=_RECOMMENDATIONS,
        ),
    ] = None,
    form: FormatOption = "auto",
    columns: MapOption = None,
    facet: FacetOption = None,
    no_facet: NoFacetOption = None,
    decimal: DecimalOption = "",
    encoding: EncodingOption = "",
    variants: VariantsOption = "",
    allow_private: PrivateOption = False,
    locale: LocaleOption = "",
    language: LanguageOption = AUTO,
    limit: LimitOption = None,
    shards: Annotated[int, typer.Option(min=1, help="Primary shards of the release.")] = 1,
    replicas: Annotated[int, typer.Option(min=0, help="Copies of each shard.")] = 0,
    force_merge: Annotated[
        bool,
        typer.Option(
            "--force-merge",
            help="Merge to one segment per shard before going live: slower to build, faster to search.",
        ),
    ] = False,
    keep: Annotated[int, typer.Option(min=0, help="Older releases to keep for rollback.")] = 1,
    stage: Annotated[
        bool, typer.Option("--stage", help="Finish the release, but let what is live stay live.")
    ] = False,
    max_rejected: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Stop before going live if more than this share of the rows cannot be read.",
            rich_help_panel=_GUARDS,
        ),
    ] = 0.05,
    max_shrink: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Stop before going live if there are fewer documents than in the live release, by more than"
            " this share.",
            rich_help_panel=_GUARDS,
        ),
    ] = 0.2,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Stop, and not only warn, if a field such as the price is gone from most items.",
            rich_help_panel=_GUARDS,
        ),
    ] = False,
    max_refused: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Fail if OpenSearch refuses more than this share.",
            rich_help_panel=_GUARDS,
        ),
    ] = 0.01,
    skip_check: Annotated[
        bool,
        typer.Option(
            "--skip-check",
            help="Go live without asking the release for a sample of its items by title and vector.",
            rich_help_panel=_GUARDS,
        ),
    ] = False,
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for a node that does not respond.")
    ] = 120,
    synonyms: SynonymsOption = None,
    suggest: SuggestOption = True,
    queries: QueriesOption = None,
    min_clients: MinClientsOption = USUAL_MIN_CLIENTS,
    suggest_block: SuggestBlockOption = None,
    gate: GateOption = None,
    gate_metric: GateMetricOption = None,
    gate_floor: GateFloorOption = None,
    gate_drop: GateDropOption = None,
    ray: Annotated[
        str | None, typer.Option(help="Encode and write on Ray: local, auto or HOST:PORT.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Ray processes that encode and write.")] = 2,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the interrupted run of this name.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check everything; write nothing to OpenSearch.")
    ] = False,
    replay: Annotated[
        Path | None,
        typer.Option(help="Send a dead letters file to the live release instead of indexing DATA."),
    ] = None,
    dead_letters: Annotated[
        Path | None,
        typer.Option(
            help="File for rows that are not indexed. Default, in this folder: NAME-dead-letters.jsonl."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Index a catalogue into a new release and make it live in one step.

    It says which column was read as which field, and where every row went. Rows that cannot be indexed go
    to the dead letters file with the reason; a file that would empty the shop does not go live. After an
    error or Ctrl-C the live release is unchanged; --resume continues where the run stopped.

    Examples:

        aisle index products.csv --name shop

        aisle index products.csv --name shop --map title=name --map "id=Variant SKU" --dry-run

        aisle index products.parquet --name shop --encoder none --json

        aisle index products.csv --name shop --vectors byte

        aisle index products.csv --name shop --bytes 256 --dry-run

        aisle index products.csv --name shop --sparse my-sparse

        aisle index products.csv --name shop --recommender shop

        aisle index products.csv --name shop --item-to-item shop

        aisle index products.csv --name shop --gate judged --gate-drop 0.02

        aisle index products.csv --name shop --synonyms synonyms.txt

        aisle index products.csv --name shop --queries popular.csv --suggest-block words.txt

        aisle index produkte.csv --name laden --language de

        aisle index products.csv --name shop --resume

        aisle index --replay shop-dead-letters.jsonl --name shop
    """
    if (data is None) == (replay is None) or (replay and (resume or dry_run)) or (resume and dry_run):
        raise typer.BadParameter(
            "name either DATA or --replay FILE; --resume and --dry-run go with DATA, one at a time"
        )
    check_gate(gate, gate_metric, gate_floor, gate_drop)
    if sparse and ray:
        raise typer.BadParameter("--sparse does not go with --ray yet: leave one of them out")
    of_new_releases = (
        (gate, "--gate goes with DATA: --replay writes to the live release"),
        (
            language != AUTO or skip_check,
            "--language and --skip-check go with DATA: a release has its languages",
        ),
        (
            vectors or vector_bytes,
            "--vectors and --bytes go with DATA: a release keeps its vectors as they are",
        ),
        (
            recommender or codes or router or item_to_item,
            "--recommender, --codes, --router and --item-to-item go with DATA: a release has what it was made"
            " with",
        ),
        (synonyms, "--synonyms goes with DATA: they are part of a new release"),
        (queries or suggest_block or not suggest, "suggestions go with DATA: they are part of a new release"),
    )
    for given, why in of_new_releases:
        if given and replay:
            raise typer.BadParameter(why)
    console, mapped = Console(), parse_map(*(columns or ()))
    if replay is not None:
        replayed = aisle.replay(
            name,
            replay,
            columns=mapped,
            format=form,
            facets=tuple(facet or ()),
            no_facets=tuple(no_facet or ()),
            decimal=decimal,
            encoding=encoding,
            variants=variants,
            allow_private=allow_private,
            locale=locale,
            limit=limit,
            encoder=encoder,
            sparse=sparse,
            patience_s=patience,
            dead_letters=dead_letters,
        )
        print_json(replayed.to_json()) if as_json else print_replayed(console, replayed)
        if replayed.dead and not replayed.documents:
            raise typer.Exit(EXIT_FAILED)
        return
    model = None if encoder == WORDS_ONLY else encoder or USUAL_ENCODER
    if dry_run:
        would = aisle.preview(
            str(data),
            name,
            columns=mapped,
            format=form,
            facets=tuple(facet or ()),
            no_facets=tuple(no_facet or ()),
            decimal=decimal,
            encoding=encoding,
            variants=variants,
            allow_private=allow_private,
            locale=locale,
            limit=limit,
            encoder=model,
            dims=dims,
            vectors=vectors,
            vector_bytes=vector_bytes,
            sparse=sparse,
            recommender=recommender,
            codes=codes,
            router=router,
            item_to_item=item_to_item,
            synonyms=synonyms,
            language=language,
            suggest=suggest,
            queries=queries,
            min_clients=min_clients,
            suggest_block=suggest_block,
            shards=shards,
            replicas=replicas,
            keep=keep,
            max_rejected=max_rejected,
            max_shrink=max_shrink,
            strict=strict,
            patience_s=patience,
            gate=gate,
            gate_metric=gate_metric,
            gate_floor=gate_floor,
            gate_drop=gate_drop,
            dead_letters=dead_letters,
        )
        print_json(would.to_json()) if as_json else print_dry_run(console, would)
        if would.stopped:
            raise IndexingFailed(f"this would be stopped: {would.stopped}", fix=would.fix)
        return
    with ends_on_sigterm(), index_progress(None if as_json else console) as progress:
        report = aisle.index(
            str(data),
            name,
            columns=mapped,
            format=form,
            facets=tuple(facet or ()),
            no_facets=tuple(no_facet or ()),
            decimal=decimal,
            encoding=encoding,
            variants=variants,
            allow_private=allow_private,
            locale=locale,
            limit=limit,
            encoder=model,
            dims=dims,
            vectors=vectors,
            vector_bytes=vector_bytes,
            sparse=sparse,
            recommender=recommender,
            codes=codes,
            router=router,
            item_to_item=item_to_item,
            synonyms=synonyms,
            suggest=suggest,
            queries=queries,
            min_clients=min_clients,
            suggest_block=suggest_block,
            language=language,
            shards=shards,
            replicas=replicas,
            force_merge=force_merge,
            keep=keep,
            stage=stage,
            max_rejected=max_rejected,
            max_shrink=max_shrink,
            strict=strict,
            max_refused=max_refused,
            patience_s=patience,
            gate=gate,
            gate_metric=gate_metric,
            gate_floor=gate_floor,
            gate_drop=gate_drop,
            ray=ray,
            workers=workers,
            skip_check=skip_check,
            resume=resume,
            dead_letters=dead_letters,
            progress=progress,
        )
    if as_json:
        print_json(report.to_json())
    else:
        print_indexed(console, report)
