"""Rows, goals and attempts of the encoder benchmarks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aisle.evaluation.encoders.cost import Cost
from aisle.evaluation.encoders.quality import ChangeReport
from benchmarks.encoder.run import FP32, FULL, NARROW, SERVED, EncoderRun
from benchmarks.harness.result_file import HIGHER, LOWER, Goal

Rungs = Mapping[str, Mapping[str, float]]
TORCH, FP32_GRAPH = "fp32 torch", "fp32 onnxruntime"


def ladder_rows(run: EncoderRun) -> list[dict[str, Any]]:
    """A row for each rung: its figures, and seconds and steps of its training."""
    stages = {f"{number} {stage.name}": stage for number, stage in enumerate(run.trained.history, start=1)}
    rows = []
    for name, figures in run.rungs.items():
        row: dict[str, Any] = {"rung": name, **{key: round(value, 4) for key, value in figures.items()}}
        if name in stages:
            row |= {"steps": stages[name].steps, "seconds": round(stages[name].seconds)}
        rows.append(row)
    return rows


def homedepot_goals(rungs: Rungs, task: str) -> list[Goal]:
    """Of the served artifact."""
    served = rungs[SERVED]
    kept = served[f"{task}/{NARROW}/R@200"] / served[f"{task}/{FULL}/R@200"]
    lost = 1 - served[f"{task}/{FULL}/nDCG@10"] / rungs[FP32][f"{task}/{FULL}/nDCG@10"]
    return [
        Goal(f"{task} {NARROW}-d R@200", served[f"{task}/{NARROW}/R@200"], 0.82, HIGHER),
        Goal(f"{task} {FULL}-d nDCG@10", served[f"{task}/{FULL}/nDCG@10"], 0.42, HIGHER),
        Goal(f"{NARROW}-d keeps of the full width's R@200", kept, 0.97, HIGHER),
        Goal("share of nDCG@10 that INT8 loses", lost, 0.005, LOWER),
    ]


def review_goals(rungs: Rungs, easy: str, hard: str) -> list[Goal]:
    """Of the served artifact at its full width."""
    served = rungs[SERVED]
    return [
        Goal("review to title R@10", served[f"{easy}/{FULL}/R@10"], 0.70, HIGHER),
        Goal("review to title R@10, title words masked", served[f"{hard}/{FULL}/R@10"], 0.40, HIGHER),
    ]


def cost_rows(costs: Sequence[Cost]) -> list[dict[str, Any]]:
    """Size and speed of the artifact and its fp32 peers."""
    return [{"cost": cost.name, **cost.to_json()} for cost in costs]


def cost_goals(costs: Sequence[Cost]) -> list[Goal]:
    """Ratios within the run."""
    own, by_name = costs[0], {cost.name: cost for cost in costs}
    torch, graph = by_name[TORCH], by_name[FP32_GRAPH]
    return [
        Goal("bulk, times fp32 torch", own.texts_per_s / torch.texts_per_s, 3.2, HIGHER),
        Goal("size, share of fp32", own.model_bytes / graph.model_bytes, 0.25, LOWER),
        Goal("query p50, share of fp32 ONNX", own.p50_ms / graph.p50_ms, 0.5, LOWER),
    ]


def change_rows(changes: Sequence[ChangeReport]) -> list[dict[str, Any]]:
    """What adaptation won at home and lost elsewhere, against the base."""
    return [{"change": change.dataset, **change.to_json()} for change in changes]
