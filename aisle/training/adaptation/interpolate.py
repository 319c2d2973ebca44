"""Between the weights of a base and those of what was adapted from it: most of the gain, little of the loss.

Robust fine-tuning by weights in between (Wortsman et al. 2021, arXiv 2109.01903, section 3), as LM-Cocktail
does for encoders (Xiao et al. 2023, arXiv 2311.13534).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import check_name
from aisle.encoder.dense import DenseEncoder
from aisle.encoder.export import DenseExport, ExportReport, export
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.errors import InputError
from aisle.evaluation.encoders.fidelity import DenseFidelity
from aisle.training.common.base_model import find_base, open_model, save_model
from aisle.training.common.progress import Progress
from aisle.training.common.run_folder import LEDGER, work_folder
from aisle.training.dense.stages.head import AxesStage

if TYPE_CHECKING:
    from torch import Tensor

USUAL_SHARE: Final = 0.3
KEPT: Final = "keep_base"
"""Where a manifest's ``training`` has the share of the base's weights."""
_CPU: Final = "cpu"


@dataclass(frozen=True, slots=True)
class Ends:
    """Two models of the same layers.

    Attributes:
        start: folder of the model before anything was learned: of a run that begins with principal axes the
            one that is turned to them, whose full vectors rank as the base's.
        end: folder of the finished model.
        data_hash: of what it was trained on; empty where the run does not tell.
    """

    start: Path
    end: Path
    data_hash: str = ""

    @classmethod
    def of_run(cls, folder: Path) -> Ends:
        """Those of a training of an encoder, by its work folder.

        Raises:
            InputError: it holds no finished training that begins with principal axes.
        """
        try:
            ledger = orjson.loads((folder / LEDGER).read_bytes())
            first, last = ledger["stages"][0], ledger["stages"][-1]
            data_hash = (ledger.get("decided") or {}).get("data", "")
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            raise InputError(
                f"{folder} holds no finished training of an encoder",
                fix="name one by --name or --work of `aisle adapt` or `aisle train encoder`",
            ) from None
        if first["name"] != AxesStage.name or first is last:
            raise InputError(
                f"the training in {folder} does not begin with its base's principal axes",
                fix="train it with this version of Aisle",
            )
        return cls(folder / first["folder"], folder / last["folder"], data_hash)


def check_share(keep_base: float) -> None:
    """Refuse what is no share. Raises InputError."""
    if not 0 <= keep_base <= 1:
        raise InputError(
            f"{keep_base:g} of the base cannot be kept", fix="give 0 to 1, such as --keep-base 0.3"
        )


def mixed(start: dict[str, Tensor], end: dict[str, Tensor], keep_base: float) -> dict[str, Tensor]:
    """Weights in between, by name: 0 is the end, 1 the start.

    Raises:
        InputError: a share outside of 0 and 1, or models of other layers.
    """
    check_share(keep_base)
    if start.keys() != end.keys() or any(start[name].shape != end[name].shape for name in start):
        raise InputError("the two models have other layers", fix="name a training and the base it began with")
    return {
        name: weight if not weight.is_floating_point() else weight + keep_base * (start[name] - weight)
        for name, weight in end.items()
    }


@dataclass(frozen=True, slots=True)
class Interpolation:
    """What is to be made.

    Attributes:
        run: work folder of the training.
        keep_base: share of the base's weights, 0 to 1.
        name: of the artifact that is made.
        adapted: artifact of the training: what the new one says of itself is its.
    """

    run: Path
    keep_base: float
    name: str
    adapted: DenseEncoder

    def make(self, store: ArtifactStore, *, measure: bool, progress: Progress) -> ExportReport:
        """Mix the weights and export them; the torch model goes to the training's folder, by the new name.

        Raises:
            InputError: no such training, or a share that is none.
        """
        check_name(self.name)
        ends = Ends.of_run(self.run)
        folder = work_folder(self.name) / "mixed"
        manifest = self.adapted.manifest
        progress.phase("mixing the weights")
        with silenced_libraries():
            write_mixed(ends, self.keep_base, folder)
        training: dict[str, Any] = {**manifest.training, KEPT: self.keep_base}
        options = DenseExport(
            model=str(folder),
            base_model=manifest.base_model,
            name=self.name,
            max_length=manifest.max_length,
            query_prefix=manifest.prefixes.query,
            item_prefix=manifest.prefixes.item,
            widths=manifest.widths,
            training=training,
            data_hash=manifest.data_hash,
        )
        progress.phase("exporting and measuring the artifact" if measure else "exporting the artifact")
        return export(options, store, progress.note, fidelity=DenseFidelity() if measure else None)


def write_mixed(ends: Ends, keep_base: float, folder: Path) -> None:
    """The model in between, in sentence-transformers' layout; it appears whole. Raises as ``mixed``."""
    start, end = open_model(ends.start, _CPU), open_model(ends.end, _CPU)
    end.load_state_dict(mixed(start.state_dict(), end.state_dict(), keep_base))
    folder.parent.mkdir(parents=True, exist_ok=True)
    save_model(end, find_base(str(ends.end)), folder)
