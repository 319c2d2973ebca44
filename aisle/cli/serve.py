"""``aisle serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

import aisle

_ADDRESS: Final = "Address"
_ACCESS: Final = "Access"
_LOAD: Final = "Load"
_LOG: Final = "Log"
_EVENTS: Final = "Events"


def serve(
    name: Annotated[list[str], typer.Option("--name", "-n", help="Catalogue; repeat for several.")],
    host: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="Listen here (127.0.0.1); 0.0.0.0 is reached from other machines.",
            rich_help_panel=_ADDRESS,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Likewise (8080); 0 takes any free one.", rich_help_panel=_ADDRESS),
    ] = None,
    ranker: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Ranker of `aisle train ranker`; it orders all searches."),
    ] = None,
    rerank: Annotated[
        str | None, typer.Option(metavar="REF", help="Reranker, or several in turn: small:100,large:20.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", help="Requests answered at a time (8).", rich_help_panel=_LOAD),
    ] = None,
    queue: Annotated[
        int | None,
        typer.Option(metavar="N", help="Requests that may wait (64); others get 503.", rich_help_panel=_LOAD),
    ] = None,
    deadline: Annotated[
        int | None,
        typer.Option(metavar="MS", help="Most milliseconds for a request (2000).", rich_help_panel=_LOAD),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Ask for keys, those of `aisle keys`.", rich_help_panel=_ACCESS),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Site whose pages may ask from a browser; repeatable.",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    page: Annotated[
        bool | None,
        typer.Option(
            "--page/--no-page",
            help="Show the catalogues in a browser, too (on 127.0.0.1 without keys).",
            rich_help_panel=_ADDRESS,
        ),
    ] = None,
    judgments: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep grades that people give on the page here.",
            rich_help_panel=_ADDRESS,
        ),
    ] = None,
    tuning: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Show what `aisle tune run` found of weights, too.",
            rich_help_panel=_ADDRESS,
        ),
    ] = None,
    experiment: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Compare arms on shoppers; repeatable, one a catalogue.",
            rich_help_panel=_EVENTS,
        ),
    ] = None,
    watch: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="What `aisle watch` remembers, to be asked for (AISLE_HOME/watch).",
            rich_help_panel=_LOG,
        ),
    ] = None,
    log_level: Annotated[
        str,
        typer.Option(metavar="LEVEL", help="debug, info, warning or error.", rich_help_panel=_LOG),
    ] = "info",
    log_queries: Annotated[
        bool | None,
        typer.Option(
            "--log-queries", help="Write what shoppers type into the log, too.", rich_help_panel=_LOG
        ),
    ] = None,
    events: Annotated[
        bool | None,
        typer.Option(
            "--events",
            help="Write answers, and what shoppers do with them, to ubi_queries and ubi_events.",
            rich_help_panel=_EVENTS,
        ),
    ] = None,
    events_need_consent: Annotated[
        bool | None,
        typer.Option(
            "--events-need-consent",
            help="Only those that say that their shopper agreed.",
            rich_help_panel=_EVENTS,
        ),
    ] = None,
    events_without_texts: Annotated[
        bool | None,
        typer.Option("--events-without-texts", help="Without what shoppers type.", rich_help_panel=_EVENTS),
    ] = None,
) -> None:
    """Serve catalogues over HTTP: search, suggestions, items, health, metrics. Ctrl-C or SIGTERM stops.

    Examples:

    - `aisle serve --name shop`
    - `aisle serve --name shop --ranker shop`
    - `aisle serve --name shop --events --events-need-consent`
    - `aisle serve --name shop --name outlet --host 0.0.0.0 --port 80 --rerank my-reranker`
    """
    aisle.serve(
        name,
        host=host,
        port=port,
        ranker=ranker,
        reranker=rerank,
        threads=threads,
        queue=queue,
        deadline_ms=deadline,
        keys=keys,
        origins=origin or None,
        log_queries=log_queries,
        page=page,
        judgments=judgments,
        tuning=tuning,
        experiments=experiment or None,
        watch=watch,
        events=events,
        events_need_consent=events_need_consent,
        events_texts=False if events_without_texts else None,
        log_level=log_level,
        say=typer.echo,
    )
