"""A description and a catalogue to an adapted encoder: pairs are made, the dense training does the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aisle.catalogue import read_catalogue
from aisle.encoder import ArtifactStore, CrossEncoder
from aisle.encoder.export import ExportReport, export
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.errors import InputError
from aisle.evaluation.encoders.fidelity import DenseFidelity
from aisle.training.adaptation.description import Description
from aisle.training.adaptation.expected_time import expected_seconds, in_words
from aisle.training.adaptation.interpolate import KEPT, Ends, check_share, write_mixed
from aisle.training.adaptation.invented import invented_items
from aisle.training.adaptation.made_pairs import MadePairs, PairSettings, make_pairs, write_pairs
from aisle.training.adaptation.query_writer import QueryWriter
from aisle.training.common.base_model import BaseModel, find_base, open_model
from aisle.training.common.job import TrainingJob
from aisle.training.common.machine import best_device, machine_note
from aisle.training.common.progress import Progress
from aisle.training.common.run_folder import require_new, require_no_run
from aisle.training.data.training_set import TrainingSet
from aisle.training.dense.encode import TorchEncoder
from aisle.training.dense.settings import TITLES, TrainingSettings
from aisle.training.dense.stage import TrainingStage
from aisle.training.dense.stages.contrastive import InBatchStage
from aisle.training.dense.stages.head import AxesStage, HeadStage
from aisle.training.dense.train import TrainedEncoder, train_encoder
from aisle.types import Item

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH: Final = 64
"""A query has some 50 items that are no negatives: in a small catalogue larger batches stay half empty."""


def adaptation_stages(data: TrainingSet, rows: int = 0) -> tuple[TrainingStage, ...]:
    """Principal axes, made pairs beside pseudo-queries if there is a number of them, a head.

    Args:
        data: that will be trained on.
        rows: drawn of it, that the model's own weights are trained on; 0 leaves them alone.
    """
    if rows == 0:
        return (AxesStage(), HeadStage())
    every = len(data.pairs) + len(data.items)
    schedule = replace(TITLES, epochs=min(1.0, rows / every), batch=_BATCH)
    return (AxesStage(), InBatchStage(schedule, titles=1), HeadStage())


@dataclass(frozen=True, slots=True)
class Adapted:
    """What came of a description.

    Attributes:
        pairs: that were made.
        trained: the torch model and its history.
        exported: the artifact.
    """

    pairs: MadePairs
    trained: TrainedEncoder
    exported: ExportReport

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "path": str(self.exported.path),
            "fingerprint": self.exported.manifest.fingerprint,
            "metrics": dict(self.exported.manifest.metrics),
            "pairs": self.pairs.to_json(),
            "training": {"folder": str(self.trained.folder), **self.trained.as_dict()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptationJob(TrainingJob[Adapted, ExportReport]):
    """What ``aisle adapt`` does.

    Attributes:
        description: of the domain.
        catalogue: that the encoder is for; None: items are invented from the description.
        pairs: how they are made.
        writer: a language model that writes queries too; None asks nobody.
        scorer: a reranker that decides on answers; None: what is found decides.
        pairs_folder: where the pairs are kept as well; None: nowhere.
        rows: that the model's own weights are trained on; 0 leaves them alone.
        keep_base: share of the base's weights that is mixed in at the end, 0 to 1.
        settings: of the training; their stages are chosen when the pairs are known.
    """

    description: Description
    catalogue: str | None = None
    pairs: PairSettings = PairSettings()  # noqa: RUF009 - frozen
    writer: QueryWriter | None = None
    scorer: CrossEncoder | None = None
    pairs_folder: Path | None = None
    rows: int = 0
    keep_base: float = 0.0
    settings: TrainingSettings

    def __post_init__(self) -> None:
        TrainingJob.__post_init__(self)
        check_share(self.keep_base)
        if self.rows < 0:
            raise InputError(f"no training on {self.rows} pairs", fix="give --rows of 0 or more")

    def run(
        self, store: ArtifactStore, *, resume: bool, measure: bool, progress: Progress
    ) -> tuple[Adapted, ExportReport]:
        """See `TrainingJob`."""
        if not resume:
            require_no_run(self.folder)
            if self.pairs_folder is not None:
                require_new(self.pairs_folder)
        made, items = self.made_pairs(progress)
        if self.pairs_folder is not None and self.pairs_folder.exists():
            progress.note(f"{self.pairs_folder} is left as it is")
        elif self.pairs_folder is not None:
            write_pairs(made, items, self.pairs_folder)
            progress.note(f"{len(made.data.pairs):,} pairs are in {self.pairs_folder}")
        progress.note(machine_note(self.settings.precision))
        settings = replace(self.settings, stages=adaptation_stages(made.data, self.rows))
        trained = train_encoder(made.data, settings, self.folder, resume=resume, progress=progress)
        if self.keep_base:
            progress.phase("mixing in the base's weights")
            mixed = self.folder / "mixed"
            write_mixed(Ends.of_run(self.folder), self.keep_base, mixed)
            trained = replace(trained, folder=mixed)
        progress.phase("exporting and measuring the artifact" if measure else "exporting the artifact")
        options = trained.export_options(self.name, made.data)
        told = {"adaptation": made.summary(), KEPT: self.keep_base}
        options = replace(options, training={**options.training, **told})
        exported = export(options, store, progress.note, fidelity=DenseFidelity() if measure else None)
        return Adapted(made, trained, exported), exported

    def made_pairs(self, progress: Progress) -> tuple[MadePairs, Sequence[Item]]:
        """The pairs, and the items that they are about.

        Raises:
            InputError: a catalogue that cannot be read or has no words, a base that cannot be exported.
        """
        progress.note(_understood(self.description))
        base = find_base(self.settings.base, self.settings.revision)
        if self.catalogue is None:
            items = invented_items(self.description, self.pairs.seed)
            progress.note(f"no catalogue: {len(items):,} items are invented from the description")
        else:
            progress.phase("reading the catalogue")
            items = list(read_catalogue(self.catalogue))
        with silenced_libraries():
            model = open_model(base.folder, best_device())
            made = make_pairs(
                items,
                self.description,
                self.pairs,
                self._encoder(model, base),
                progress,
                self.writer,
                self.scorer,
            )
            seconds = expected_seconds(made.data, self._rows(made.data), self._encoder(model, base))
        progress.note(
            f"{made.kept:,} of {made.made:,} queries find their item: {len(made.data.pairs):,} pairs"
        )
        progress.note(f"training will take {in_words(seconds)}: {self._plan(made.data)}")
        return made, items

    def _encoder(self, model: SentenceTransformer, base: BaseModel) -> TorchEncoder:
        """That has encoded nothing yet."""
        longest = min(max(self.settings.query_tokens, self.settings.item_tokens), base.max_length)
        return TorchEncoder(model, base.prefixes, longest, self.settings.precision.on(model.device.type))

    def _rows(self, data: TrainingSet) -> int:
        return min(self.rows, len(data.pairs) + len(data.items))

    def _plan(self, data: TrainingSet) -> str:
        """What will be trained, and how to train more."""
        rows = self._rows(data)
        if rows == 0:
            return "a linear head; --rows trains the model's own weights too, for much longer"
        return f"the model's own weights on {rows:,} pairs, then a linear head"


def _understood(description: Description) -> str:
    if description.said:
        return f"how people ask: {', '.join(description.said)}"
    return "the description says nothing of how people ask: usual queries are made"
