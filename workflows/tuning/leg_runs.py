"""What each leg of an index returned for the judged queries: all that tuning needs. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from evaluation import JudgedSet
from evaluation.scored_run import ScoredRun
from mappings import FusionSpec, VectorSpace
from records import EvaluationError


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

    Raises:
        EvaluationError: no run, an empty one, none of a leg of the default, or a query that one leg was asked
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

    def __post_init__(self) -> None:
        if not self.runs or not set(self.default.legs) <= set(self.runs):
            raise EvaluationError(
                f"there are runs of {list(self.runs)}, and the default fusion asks {list(self.default.legs)}",
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
