"""``aisle eval``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markdown import Markdown

import aisle
from aisle._recommend import USUAL_ENCODER, parse_columns
from aisle.cli.console import EncoderOption, progress_console, query_progress
from aisle.cli.option_sets import with_option_sets
from aisle.cli.options import RankerOption, RerankingOptions, SparseOption
from aisle.cli.training import ignore_case_option, products_option
from aisle.errors import InputError
from aisle.types import Say

PANEL: Final = "Recommenders (with --sequences)"
BASKETS: Final = "Item-to-item (with --baskets)"
EITHER: Final = "With --sequences or --baskets"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """Of orders and events, however they are measured."""

    catalogue: Annotated[
        str | None,
        typer.Option(help="Catalogue of the items. Default: the folder's.", rich_help_panel=EITHER),
    ] = None
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Column of orders, as in --map user=buyer; repeat for several.",
            rich_help_panel=EITHER,
        ),
    ] = None
    ease: Annotated[
        bool, typer.Option("--ease/--no-ease", help="EASE too: the slowest.", rich_help_panel=EITHER)
    ] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceOptions:
    """Sequences to measure recommenders on, and by which protocol."""

    sequences: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA",
            help="Measure recommenders instead: a folder of sequences or orders and a catalogue, or a file.",
            rich_help_panel=PANEL,
        ),
    ] = None
    by_time: Annotated[
        bool,
        typer.Option(
            "--by-time/--last-out",
            help="Cut all users at two moments, or leave each one's last item out.",
            rich_help_panel=PANEL,
        ),
    ] = False
    keep_seen: Annotated[
        bool,
        typer.Option(
            "--keep-seen/--exclude-seen", help="Items that a user had may come up.", rich_help_panel=PANEL
        ),
    ] = False
    refit: Annotated[
        bool,
        typer.Option(
            "--refit/--train-only", help="Learn from the validation's items too.", rich_help_panel=PANEL
        ),
    ] = False
    cold: Annotated[
        float, typer.Option(help="Share of items held out of everything but the test.", rich_help_panel=PANEL)
    ] = 0.0

    def measure(
        self, sequences: Path, either: TableOptions, encoder: str | None, say: Say
    ) -> aisle.EvaluatedSequences:
        """Measure every system.

        Raises:
            InputError, EvaluationError: see ``aisle.evaluate_sequences``.
        """
        return aisle.evaluate_sequences(
            sequences,
            catalogue=either.catalogue,
            encoder=_text_encoder(encoder),
            columns=parse_columns(either.columns or ()),
            by_time=self.by_time,
            keep_seen=self.keep_seen,
            refit=self.refit,
            cold=self.cold,
            ease=either.ease,
            progress=say,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketOptions:
    """Orders to measure item-to-item on."""

    baskets: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA",
            help="Measure what goes with an item: a table with a line for each item of an order.",
            rich_help_panel=BASKETS,
        ),
    ] = None
    judge: Annotated[
        str | None,
        typer.Option(
            help="Encoder that says how alike items are; not the one that reads texts.",
            rich_help_panel=BASKETS,
        ),
    ] = None
    products: Annotated[str, products_option(BASKETS)] = ""
    ignore_case: Annotated[bool, ignore_case_option(BASKETS)] = False
    new_items: Annotated[
        bool,
        typer.Option(
            "--new-items/--known-items", help="Ask for items without history too.", rich_help_panel=BASKETS
        ),
    ] = False

    def measure(
        self, baskets: Path, either: TableOptions, encoder: str | None, say: Say
    ) -> aisle.EvaluatedBaskets:
        """Measure every system.

        Raises:
            InputError, EvaluationError: see ``aisle.evaluate_baskets``.
        """
        return aisle.evaluate_baskets(
            baskets,
            catalogue=either.catalogue,
            encoder=_text_encoder(encoder),
            judge=self.judge,
            columns=parse_columns(either.columns or ()),
            products=self.products,
            ignore_case=self.ignore_case,
            new_items=self.new_items,
            ease=either.ease,
            progress=say,
        )


def _text_encoder(encoder: str | None) -> str | None:
    return None if encoder == "none" else encoder or USUAL_ENCODER


@with_option_sets
def evaluate(
    reranking: RerankingOptions,
    recommending: SequenceOptions,
    together: BasketOptions,
    tables: TableOptions,
    data: Annotated[
        Path | None, typer.Argument(help="BEIR folder with queries.jsonl and qrels/SPLIT.tsv.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", "-n", help="Catalogue name, or one release.")] = None,
    split: Annotated[str, typer.Option(help="Which judgments to use: qrels/SPLIT.tsv.")] = "dev",
    systems: Annotated[
        str,
        typer.Option(
            help="Systems to compare, separated by commas; the first is the baseline. See the examples."
        ),
    ] = "bm25,dense,hybrid",
    relevant: Annotated[float, typer.Option(help="Lowest grade that counts as relevant.")] = 2,
    encoder: EncoderOption = None,
    sparse: SparseOption = None,
    ranker: RankerOption = None,
    rules: Annotated[
        bool,
        typer.Option(
            "--rules/--no-rules", help="Let the catalogue's rules act, and say so in each system's name."
        ),
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report to this file.")] = None,
    runs: Annotated[
        Path | None, typer.Option(help="Write a TREC run file per system into this folder.")
    ] = None,
) -> None:
    """Run the judged queries of a BEIR folder against an index and score each system.

    With --sequences, measure recommenders that need no training on what users took, without an index. With
    --baskets, measure what goes with an item on what was ordered together.

    Examples:

        aisle eval judged --name shop --split dev --json report.json

        aisle eval judged --name shop --systems "bm25,hybrid,hybrid:min_max+arithmetic_mean"

        aisle eval judged --name shop --systems bm25,dense,sparse,hybrid

        aisle eval judged --name shop --systems hybrid,tuned

        aisle eval judged --name shop --systems hybrid,hybrid+rerank --rerank reranker

        aisle eval judged --name shop --systems hybrid,hybrid+ranker --ranker shop

        aisle eval judged --name shop --systems hybrid --rules

        aisle eval --sequences shop-data --json recommenders.json

        aisle eval --sequences orders.csv --catalogue products.csv --by-time --no-ease

        aisle eval --baskets orders.csv --map basket=Name --json together.json
    """
    if recommending.sequences is not None or together.baskets is not None:
        measured = _measured(data, recommending, together, tables, encoder)
        if json_file is not None:
            measured.write(json_file)
        Console().print(Markdown(measured.to_markdown()))
        return
    if data is None or name is None:
        raise InputError(
            "nothing to evaluate",
            fix="give judgments and --name, or --sequences or --baskets, see aisle eval --help",
        )
    # Nothing is remembered: every system's time is that of a query which is asked for the first time.
    reranker, how = reranking.open(remembered=0)
    with query_progress() as progress:
        found = aisle.evaluate(
            name,
            data,
            split=split,
            systems=systems,
            relevant=relevant,
            encoder=encoder,
            sparse=sparse,
            ranker=ranker,
            reranker=reranker,
            rerank=how,
            rules=rules,
            runs=runs,
            progress=progress,
        )
    if json_file is not None:
        found.report.write(json_file)
    Console().print(Markdown(found.to_markdown()))


def _measured(
    data: Path | None,
    recommending: SequenceOptions,
    together: BasketOptions,
    tables: TableOptions,
    encoder: str | None,
) -> aisle.EvaluatedSequences | aisle.EvaluatedBaskets:
    """What --sequences or --baskets asks for, but not both, nor beside judgments.

    Raises:
        InputError: several at once, or options of the one with the other.
    """
    if data is not None:
        raise InputError("judgments and sequences are measured apart", fix="give one of them")
    with progress_console().status("reading") as status:
        if together.baskets is not None and recommending == SequenceOptions():
            return together.measure(together.baskets, tables, encoder, status.update)
        if recommending.sequences is not None and together == BasketOptions():
            return recommending.measure(recommending.sequences, tables, encoder, status.update)
    raise InputError("options of --sequences and of --baskets do not mix", fix="see aisle eval --help")
