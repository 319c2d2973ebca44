"""Options of rerankers, synonyms, suggestions and rules, which several commands share."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

import aisle
from aisle._ordering import NO_MODEL, open_reranker
from aisle._printable import printable
from aisle._search import SCORES, USUAL_WEIGHT
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.search import Reranker

RANKING_PANEL: Final = "Words and ranking"


RankerOption = Annotated[
    str | None,
    typer.Option(
        metavar="REF",
        help="Ranker of the best candidates; or none.",
        rich_help_panel=RANKING_PANEL,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankingOptions:
    """Which reranker orders the best results anew, and how."""

    rerank: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Reranker, or several: small:100,large:20; or none.",
            rich_help_panel=RANKING_PANEL,
        ),
    ] = None
    rerank_top: Annotated[
        int | None,
        typer.Option(metavar="N", help="Most candidates to rerank (100).", rich_help_panel=RANKING_PANEL),
    ] = None
    rerank_budget: Annotated[
        float | None,
        typer.Option(
            metavar="MS", help="Most milliseconds for reranking (no limit).", rich_help_panel=RANKING_PANEL
        ),
    ] = None
    rerank_weight: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            show_default=False,
            help=f"Weight of the reranker, 0 to 1 ({USUAL_WEIGHT:g}).",
            rich_help_panel=RANKING_PANEL,
        ),
    ] = USUAL_WEIGHT

    def open(
        self, remembered: int = SCORES
    ) -> tuple[Reranker, aisle.RerankOptions] | tuple[str | None, None]:
        """The reranker that was named, with so many scores to remember, and how to use it.

        None leaves it to the release, and "none" is none.

        Raises:
            InputError: options of a reranker that is not named, or values that cannot be used.
            ArtifactNotFound, ArtifactCorrupt: see ``aisle._search``.
        """
        top, budget = self.rerank_top, self.rerank_budget
        if self.rerank in (None, NO_MODEL):
            if top is not None or budget is not None:
                raise InputError(
                    "nothing is reranked: no --rerank", fix="name a reranker, as in --rerank REF"
                )
            return self.rerank, None
        options = aisle.RerankOptions(top=top, budget_ms=budget, weight=self.rerank_weight)
        return open_reranker(self.rerank, aisle.ArtifactStore.default(), top, remembered), options


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostOptions:
    """How much business signals count."""

    boost: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SIGNAL=WEIGHT",
            help="Lift by a signal, as in popularity=0.3; repeatable.",
            rich_help_panel=RANKING_PANEL,
        ),
    ] = None
    half_life: Annotated[
        float | None,
        typer.Option(
            metavar="DAYS",
            help="In which the signal recency halves (30).",
            rich_help_panel=RANKING_PANEL,
        ),
    ] = None

    def boosts(self) -> aisle.SignalBoosts | None:
        """What they ask for; None for nothing; raises what `signal_boosts` raises."""
        return signal_boosts(self.boost or [], self.half_life)


def signal_boosts(pairs: list[str], half_life_days: float | None) -> aisle.SignalBoosts | None:
    """Boosts from texts such as ``popularity=0.3``; None without such.

    Raises:
        InputError: a text that is no such pair, a signal that is named twice, or a half-life of nothing.
        InvalidQuery: a number that is out of range.
    """
    found: dict[str, float] = {}
    for pair in pairs:
        name, _, weight = pair.rpartition("=")
        try:
            if not name:
                raise ValueError(pair)
            number = float(weight)
        except ValueError:
            raise InputError(
                f"--boost {pair!r} is not SIGNAL=WEIGHT", fix="write it like --boost popularity=0.3"
            ) from None
        if name in found:
            raise InputError(f"--boost names {name!r} twice", fix="give each signal one weight")
        found[name] = number
    if half_life_days is None:
        return aisle.SignalBoosts(found) if found else None
    if "recency" not in found:
        raise InputError("--half-life is that of the signal recency", fix="add --boost recency=0.2")
    return aisle.SignalBoosts(found, half_life_days)


IndexSparseOption = Annotated[
    str | None,
    typer.Option("--sparse", help="Sparse artifact (path, name or fingerprint). Default: no sparse leg."),
]
SparseOption = Annotated[
    str | None, typer.Option("--sparse", help="Sparse artifact. Default: the index's own.")
]


SynonymsOption = Annotated[
    Path | None,
    typer.Option(
        "--synonyms",
        help="Synonyms for this release: lines such as `sofa, couch` or `tv => television`."
        " They apply to queries; a release made without this option has none.",
    ),
]


_SUGGESTIONS = "Suggestions"

SuggestOption = Annotated[
    bool,
    typer.Option(
        "--suggest/--no-suggest",
        help="Make suggestions for `aisle suggest` with the release.",
        rich_help_panel=_SUGGESTIONS,
    ),
]
QueriesOption = Annotated[
    Path | None,
    typer.Option(
        "--queries",
        help="Popular queries, suggested first: CSV, TSV or JSON lines with text, count and perhaps clients.",
        rich_help_panel=_SUGGESTIONS,
    ),
]
MinClientsOption = Annotated[
    int,
    typer.Option(
        "--min-clients",
        min=1,
        help="Suggest only queries that so many different visitors asked, where the file says it.",
        rich_help_panel=_SUGGESTIONS,
    ),
]
SuggestBlockOption = Annotated[
    Path | None,
    typer.Option(
        "--suggest-block",
        help="Words and phrases, one a line, that no suggestion may hold.",
        rich_help_panel=_SUGGESTIONS,
    ),
]


ContextOption = Annotated[
    list[str] | None,
    typer.Option(
        "--context",
        metavar="NAME",
        help="In which rules act, such as campaign; repeatable.",
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="MOMENT",
        help="For which rules act, such as 2026-12-24T18:00:00Z.",
    ),
]


def listed(given: Iterable[str] | None) -> list[str]:
    """The ids of an option that takes several at once, and several times.

    Args:
        given: values of the option, each a row of CSV.

    Raises:
        InputError: double quotes that do not match.
    """
    found: list[str] = []
    for row in given or ():
        try:
            cells = next(csv.reader([row], skipinitialspace=True, strict=True), [])
        except csv.Error as error:
            raise InputError(
                f"cannot read the ids {printable(row)[:60]!r} ({error})",
                fix="put commas between ids, and an id with a comma in double quotes",
            ) from None
        found += (cell.strip() for cell in cells if cell.strip())
    return found


def moment(at: str | None) -> datetime | None:
    """The moment that ``--at`` names.

    Raises:
        InputError: it names none, or one without a time zone.
    """
    if at is None:
        return None
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InputError(
            f"--at {printable(at)[:60]!r} is no moment with its time zone",
            fix="write it like 2026-12-24T18:00:00Z, or with +01:00 for Z",
        )
    return found
