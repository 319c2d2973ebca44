"""What each leg of an index returned for the judged queries: all that tuning needs. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from aisle._files import whole_file
from aisle.errors import EvaluationError, InputError, PipelineMissing
from aisle.evaluation import JudgedSet
from aisle.evaluation.runs import ScoredRun, read_scored_run, write_scored_run
from aisle.mappings import FusionSpec, IndexMeta, VectorSpace, default_fusion
from aisle.mappings.signals import NO_BOOSTS, SignalBoosts
from aisle.search.client import SearchClient
from aisle.search.ranking import Ranking
from aisle.search.signals import signals_of, tunable_signals
from aisle.search.systems import legs_of

Progress = Callable[[str, int, int], None]
"""Told of what is being done, how much of it is done, and of how much."""


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody follows."""


@dataclass(frozen=True, slots=True)
class LegRuns:
    """The runs and where they come from.

    Attributes:
        runs: leg to its run, in the order of the hybrid query; all over the same queries.
        release: the index that answered.
        window: candidates per leg.
        dataset, split: the judged set's names.
        data_hash: see `data_hash`.
        spaces: vector field to its encoder, and the width of its vectors.
        default: how that release fuses when a search names no fusion.
        boosts: business signals that count in that release when a search names no fusion; without weights:
            none.
        signals: business signal to candidate to its value, 0 to 1; those of value 0 are left out.

    Raises:
        EvaluationError: no run, an empty one, none of a leg of the default, no values of a signal that counts
            there, or a query that one leg was asked
            and another one was not.
    """

    runs: Mapping[str, ScoredRun]
    release: str
    window: int
    dataset: str
    split: str
    data_hash: str
    spaces: Mapping[str, VectorSpace]
    default: FusionSpec
    boosts: SignalBoosts = NO_BOOSTS
    signals: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.runs or not set(self.default.legs) <= set(self.runs):
            raise EvaluationError(
                f"there are runs of {list(self.runs)}, and the default fusion asks {list(self.default.legs)}",
                fix="ask the index again: --name NAME --ask-again",
            )
        if lost := sorted(self.boosts.weights.keys() - self.signals.keys()):
            raise EvaluationError(
                f"{', '.join(lost)} counts in {self.release}, and the runs hold no values of it",
                fix="ask the index again: --name NAME --ask-again",
            )
        for leg, run in self.runs.items():
            if not any(run.rankings.values()):
                raise EvaluationError(
                    f"the run of the {leg} leg is empty", fix="ask the index again: --name NAME --ask-again"
                )
        asked = {query: leg for leg, run in self.runs.items() for query in run.rankings}
        for leg, run in self.runs.items():
            if lacking := asked.keys() - run.rankings.keys():
                query = min(lacking)
                raise EvaluationError(
                    f"query '{query}' is in the run of {asked[query]} and not in that of {leg}"
                    f" ({len(lacking)} such queries)",
                    fix="ask all legs the same queries: --name NAME --ask-again",
                )

    @property
    def legs(self) -> tuple[str, ...]:
        """Names of the legs, in the order of the hybrid query."""
        return tuple(self.runs)


def data_hash(judged: JudgedSet) -> str:
    """sha256 over the judged queries' texts and grades, 64 hex digits."""
    queries = sorted((query.id, query.text) for query in judged.queries)
    grades = sorted((query, sorted(items.items())) for query, items in judged.qrels.items())
    return hashlib.sha256(orjson.dumps([queries, grades])).hexdigest()


def check_kinship(runs: LegRuns, judged: JudgedSet) -> None:
    """Refuse runs that were made for other queries or another catalogue.

    Raises:
        EvaluationError: naming what differs.
    """
    if runs.data_hash != data_hash(judged):
        raise EvaluationError(
            f"the runs were made for {runs.dataset} ({runs.split}), and {judged.name} ({judged.split}) has"
            " other queries or judgments",
            fix="name another folder with --runs, or ask again: --name NAME --ask-again",
        )
    if not any(
        judged.qrels.get(query, {}).keys() & scores.keys()
        for run in runs.runs.values()
        for query, scores in run.rankings.items()
    ):
        raise EvaluationError(
            f"no leg found any of the items that {judged.name} judges",
            fix="ask the index of the very catalogue that was judged: --name NAME --ask-again",
        )


MANIFEST: Final = "runs.json"
_SCHEMA_VERSION: Final = 1
_AGAIN: Final = "ask the index again: --name NAME --ask-again"


def has_leg_runs(folder: Path) -> bool:
    """Whether a finished set of runs is there."""
    return (folder / MANIFEST).is_file()


def write_leg_runs(runs: LegRuns, folder: Path) -> None:
    """Write all of them; an interrupted write leaves a folder that is read as having no runs.

    Raises:
        InputError: the folder cannot be written.
        EvaluationError: see ``aisle.evaluation.runs.write_scored_run``.
    """
    (folder / MANIFEST).unlink(missing_ok=True)
    legs = {}
    for leg, run in runs.runs.items():
        path = folder / f"{leg}.run"
        write_scored_run(run, path)
        # TREC's format has no line for a query without results.
        nothing = [query for query, scores in run.rankings.items() if not scores]
        legs[leg] = {"file": path.name, "sha256": _sha256(path), "found_nothing": nothing}
    manifest = {
        "schema_version": _SCHEMA_VERSION,
        "release": runs.release,
        "window": runs.window,
        "dataset": runs.dataset,
        "split": runs.split,
        "data_hash": runs.data_hash,
        "spaces": {field: asdict(space) for field, space in runs.spaces.items()},
        "default": runs.default.to_json(),
        "legs": legs,
        "boosts": runs.boosts.to_json(),
        "signals": {name: dict(values) for name, values in runs.signals.items()},
    }
    with whole_file(folder / MANIFEST) as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_leg_runs(folder: Path) -> LegRuns:
    """Read them back.

    Raises:
        InputError: no runs there, of another version, damaged, or changed since they were written.
        EvaluationError: see `LegRuns`.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(f"{folder} holds no runs ({MANIFEST})", fix="ask an index first: --name NAME")
    try:
        found = orjson.loads(path.read_bytes())
        version = found["schema_version"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error})", fix=_AGAIN) from None
    if version != _SCHEMA_VERSION:
        raise InputError(
            f"{path} has schema version {version}, this Aisle reads {_SCHEMA_VERSION}", fix=_AGAIN
        )
    try:
        return LegRuns(
            runs={str(leg): _run(folder, leg, facts) for leg, facts in found["legs"].items()},
            release=str(found["release"]),
            window=int(found["window"]),
            dataset=str(found["dataset"]),
            split=str(found["split"]),
            data_hash=str(found["data_hash"]),
            spaces={str(field): VectorSpace(**space) for field, space in found["spaces"].items()},
            default=FusionSpec.from_json(found["default"]),
            boosts=SignalBoosts.from_json(found["boosts"]) if "boosts" in found else NO_BOOSTS,
            signals={
                str(name): {str(item): float(value) for item, value in values.items()}
                for name, values in found.get("signals", {}).items()
            },
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path} is not whole ({error!r})", fix=_AGAIN) from None


def _run(folder: Path, leg: str, facts: Mapping[str, Any]) -> ScoredRun:
    # The name is the leg's, and no path of somebody else's choice.
    path = folder / f"{Path(leg).name}.run"
    nothing: dict[str, dict[str, float]] = {str(query): {} for query in facts["found_nothing"]}
    if not path.is_file():
        raise InputError(f"no such file: {path}", fix=_AGAIN)
    if _sha256(path) != facts["sha256"]:
        raise InputError(f"{path} is not what {MANIFEST} describes: it was changed or cut off", fix=_AGAIN)
    if not path.stat().st_size:
        raise EvaluationError(f"the run of the {leg} leg is empty", fix=_AGAIN)
    return ScoredRun(leg, {**read_scored_run(path).rankings, **nothing})


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ask_legs(
    client: SearchClient,
    meta: IndexMeta,
    judged: JudgedSet,
    window: int,
    progress: Progress = silent,
) -> LegRuns:
    """Ask all judged queries of one release.

    Args:
        client: with the encoders of all legs and ``window`` candidates per leg.
        meta: of the live release.
        judged: queries and judgments.
        window: for the record.
        progress: told of the queries.

    Raises:
        EvaluationError: a leg found nothing at all.
        SearchError, ClusterError: from the client.
    """
    legs = legs_of(meta)
    fusion = default_fusion(legs)
    # One release answers them all, also if another one goes live meanwhile.
    fixed = client.for_release(meta.release)
    found: dict[str, dict[str, dict[str, float]]] = {leg: {} for leg in legs}
    own = meta.boosts or NO_BOOSTS
    # Weights of 0 change no score, and the signals come back with the candidates.
    boosts = replace(own, weights=dict.fromkeys((*tunable_signals(meta), *own.weights), 0.0))
    moment = datetime.now(UTC)
    signals: dict[str, dict[str, float]] = {name: {} for name in boosts.weights}
    for done, query in enumerate(judged.queries, 1):
        ranking = _ranked(fixed, query.text, fusion, boosts)
        for name, values in signals_of(boosts, meta, ranking.values, moment).items():
            signals[name] |= values
        for leg in legs:
            result = ranking.results[leg]
            found[leg][query.id] = dict(zip(result.ids, result.scores, strict=True))
        progress("asking the legs", done, len(judged.queries))
    return LegRuns(
        runs={leg: ScoredRun(leg, rankings) for leg, rankings in found.items()},
        release=meta.release,
        window=window,
        dataset=judged.name,
        split=judged.split,
        data_hash=data_hash(judged),
        spaces=dict(meta.spaces),
        default=meta.fusion or fusion,
        boosts=own,
        signals=signals,
    )


def _ranked(client: SearchClient, text: str, fusion: FusionSpec, boosts: SignalBoosts) -> Ranking:
    try:
        return client.rank(text, fusion=fusion, boosts=boosts)
    except PipelineMissing:
        # No release was made with these legs under Aisle's own defaults yet.
        client.install(fusion)
        return client.rank(text, fusion=fusion, boosts=boosts)
