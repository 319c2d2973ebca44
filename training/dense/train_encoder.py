"""A training set to an encoder: the stages of the settings, one after another, each saved when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from encoder.text import TEXT_VERSION
from records.extras import optional
from training.dense.base_model import find_base, open_model
from training.dense.ledger import Ledger, run_key, stage_keys
from training.dense.precision import best_device
from training.dense.progress import Progress, Silent
from training.dense.quiet import quiet
from training.dense.settings import TrainingSettings
from training.dense.trained import TrainedEncoder
from training.pairs.training_set import TrainingSet

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Evaluate = Callable[["SentenceTransformer", str], Mapping[str, float]]
"""(model after a stage, the stage's name) -> figures, kept in the history."""


def train_encoder(
    training_set: TrainingSet,
    settings: TrainingSettings,
    folder: Path,
    *,
    resume: bool = False,
    evaluate: Evaluate | None = None,
    progress: Progress | None = None,
    device: str | None = None,
) -> TrainedEncoder:
    """Train all stages. What is finished stays in ``folder``, whatever happens later.

    Args:
        training_set: pairs, catalogue and grades.
        settings: what to do with them.
        folder: the work folder: a model per stage, checkpoints of the current one, and the ledger.
        resume: go on with the run that ``folder`` holds; finished stages that are wanted as they were trained
            are not trained again. Later ones may differ from what the run was begun with.
        evaluate: measures the model after each stage.
        progress: is told of stages, steps and remarks.
        device: of torch, default a GPU if there is one.

    Raises:
        InputError: a base model that could not be exported later, a stage without examples, a work folder of
            another run, or a full disk.
        MissingExtra: the extra ``train`` is not installed.
    """
    optional("sentence_transformers", extra="train")
    # Here, since it imports torch.
    from training.dense.run_stage import Run, run_stage

    base = find_base(settings.base, settings.revision)
    run = Run(training_set, settings, base, folder, device or best_device(), progress or Silent())
    data_hash = training_set.data_hash
    plan = {**settings.as_dict(), "base": base.revision, "revision": None}
    stages = plan.pop("stages")
    key = run_key({"plan": plan, "data": data_hash, "text": TEXT_VERSION})
    keys = stage_keys(key, stages)
    ledger = Ledger.open(folder, key, keys, resume=resume)
    current = base.folder
    with quiet():
        for position, stage in enumerate(settings.stages, start=1):
            if position > len(ledger.stages):
                run.progress.stage(stage.name, position, len(settings.stages))
                ledger = ledger.with_stage(
                    position, run_stage(run, stage, position, keys[position - 1], current)
                )
            record = ledger.stages[position - 1]
            current = folder / record.folder
            if evaluate and not record.evaluation:
                figures = dict(evaluate(open_model(current, run.device), stage.name))
                ledger = ledger.with_stage(position, replace(record, evaluation=figures))
    return TrainedEncoder(
        folder=current,
        history=ledger.stages,
        settings=settings,
        base=base,
        widths=tuple(settings.widths_of(base.width)),
        data_hash=data_hash,
        seconds=sum(record.seconds for record in ledger.stages),
        device=run.device,
        precision=settings.precision.on(run.device).value,
    )
