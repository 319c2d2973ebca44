"""sentence-transformers' trainer with batches of our own, and its progress told to us."""

from __future__ import annotations

from typing import Any

from sentence_transformers import SentenceTransformerTrainer
from torch.utils.data import BatchSampler
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.dense.progress import Progress


class SampledTrainer(SentenceTransformerTrainer):
    """Without a model card: the artifact has its own."""

    def __init__(self, batches: BatchSampler, **arguments: Any) -> None:
        self._batches = batches
        super().__init__(**arguments)

    def get_batch_sampler(self, *_: Any, **__: Any) -> BatchSampler:
        """Ours, whatever is asked. Not among the arguments, which the trainer pickles into checkpoints."""
        return self._batches

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """None."""


class StepProgress(TrainerCallback):
    """Tells of every optimizer step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """Done, in all, and the last loss that was logged."""
        losses = (entry["loss"] for entry in reversed(state.log_history) if "loss" in entry)
        self._progress.step(state.global_step, state.max_steps, next(losses, None))
