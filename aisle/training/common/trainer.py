"""What all trainings on a trainer of sentence-transformers share: its arguments, steps and checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch.utils.data import BatchSampler
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from aisle.training.common.machine import TrainingPrecision
from aisle.training.common.progress import Progress
from aisle.training.common.settings import RunSettings


def trainer_arguments(settings: RunSettings, device: str) -> dict[str, Any]:
    """AdamW by the settings, a linear schedule, the run's precision; the library itself reports nothing."""
    return {
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "warmup_steps": settings.warmup,
        "lr_scheduler_type": "linear",
        "bf16": settings.precision.on(device) is TrainingPrecision.BF16,
        "use_cpu": device == "cpu",
        "dataloader_pin_memory": device != "cpu",
        "disable_tqdm": True,
        "report_to": "none",
        "log_level": "error",
    }


class StepProgress(TrainerCallback):
    """Reports every optimizer step, with the last loss that was logged."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """Steps done, steps in all, loss."""
        losses = (entry["loss"] for entry in reversed(state.log_history) if "loss" in entry)
        self._progress.step(state.global_step, state.max_steps, next(losses, None))


def logged_losses(state: TrainerState) -> tuple[tuple[int, float], ...]:
    """(step, mean loss since the entry before) of a trainer that is done."""
    return tuple((int(entry["step"]), float(entry["loss"])) for entry in state.log_history if "loss" in entry)


def last_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of most steps that was written to its end: its state, written last, can be read."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json") if _readable(path)]
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _readable(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except ValueError:
        return False


class PlannedBatches:
    """A trainer of sentence-transformers with our batches and without a model card: artifacts have one."""

    def __init__(self, batches: BatchSampler, **arguments: Any) -> None:
        # Not among the arguments, which the trainer pickles into checkpoints.
        self._batches = batches
        super().__init__(**arguments)
        # It would write every log to standard output.
        self.remove_callback(PrinterCallback)  # type: ignore[attr-defined]

    def get_batch_sampler(self, *_: Any, **__: Any) -> BatchSampler:
        """Ours, whatever is asked."""
        return self._batches

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """None."""

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)  # type: ignore[misc]
        if output_dir is not None:
            # The arguments as a pickle: nothing reads it, and nothing of ours shall hold one.
            (Path(output_dir) / "training_args.bin").unlink(missing_ok=True)
