"""Whether a shop's semantic IDs, and what is built on them, are sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from aisle._environment import optional
from aisle._files import whole_file
from aisle._recommend import find_files, read_data
from aisle.encoder import Artifact, ArtifactStore
from aisle.encoder.artifact import ITEM_CODES, PREFERENCES, RECOMMENDER, load_artifact
from aisle.encoder.code_artifact import ItemCodes, load_codes
from aisle.errors import ArtifactNotFound, EvaluationError, InputError
from aisle.evaluation.codes import CodeReport, PrefixLabel, code_report, labelled_prefixes
from aisle.evaluation.diagnosis import CandidateDiagnosis, SemanticIdDiagnosis
from aisle.types import Say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from aisle.catalogue.interactions import CatalogueTexts
    from aisle.recommendation.recommender import Recommender
    from aisle.sequences import Sequences

REPORT, FIGURES = "report.md", "diagnosis.json"
USERS: Final = 2_000
"""Whose next items are looked for, by default: the standard error of a share is .011 at most."""


@dataclass(frozen=True, slots=True, eq=False)
class DiagnosisFiles:
    """What was found and where it is written.

    Attributes:
        diagnosis: the figures.
        folder: of the report.
        files: names in it, the report first.
    """

    diagnosis: SemanticIdDiagnosis
    folder: Path
    files: tuple[str, ...]


def diagnose_semantic_ids(
    data: str | Path,
    *,
    name: str,
    out: str | Path,
    codes: str | Path | None = None,
    recommender: str | Path | None = None,
    catalogue: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    users: int = USERS,
    seed: int = 0,
    store: ArtifactStore | None = None,
    progress: Say | None = None,
) -> DiagnosisFiles:
    """Look at codes and at what channels find with them, and write a report with plots.

    Needs no cluster. Users' last items are left alone, as in every validation: the item before it is looked
    for, and the codes and the counts that are asked were made without either. A router has learned from all
    steps that it was given: where these are the same, its figures are marked.

    Example:
        >>> found = aisle.diagnose_semantic_ids("shop-data", name="shop", out="diagnosis")
        >>> found.files[0]
        'report.md'

    Args:
        data: orders, events, or a folder with them and a catalogue, as for `aisle.train_recommender`.
        name: of the artifacts: codes, recommender, router and preferences, whichever there are.
        out: folder of the report; it is made. Files of an earlier report in it are replaced.
        codes: others than those of this name.
        recommender: another than that of this name.
        catalogue: of the items, whose categories are compared with the prefixes; None: the folder's.
        columns: "user", "item", "time" or "quantity" to the column of a table.
        users: most whose next item is looked for.
        seed: of their draw.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: takes a line before each step.

    Raises:
        InputError: data that cannot be read, or a folder that cannot be written.
        ArtifactNotFound: neither codes nor a recommender, or not one that was named.
        ArtifactCorrupt: an artifact that is not what was built.
        MissingExtra: the extra ``train`` is not installed.
    """
    optional("matplotlib", extra="train")
    from aisle.evaluation.diagnosis_plots import diagnosis_plots

    say = progress or (lambda _: None)
    if users < 1:
        raise InputError(f"{users} users have no next item", fix="ask 1 or more")
    found = _artifacts(name, codes, recommender, store or ArtifactStore.default())
    known, read = read_data(find_files(data, catalogue), columns, say)
    missing = dict(found.missing)
    report: CodeReport | None = None
    labels: tuple[PrefixLabel, ...] = ()
    if found.codes is not None:
        say("looking at the codes")
        pairs, categories = found.codes.pairs(read.sequences), _categories(found.codes, known)
        report = found.codes.report(pairs, categories)
        labels = labelled_prefixes(found.codes.known.codes, found.codes.known.labels)
        if pairs is None:
            missing["what is bought in a row"] = "no user took three items that have codes"
        if not categories:
            missing["purity"] = "no item has a category; name a catalogue with a column of categories"
    candidates = None
    if found.recommender is not None:
        say(f"asking channels for what up to {users:,} users took next")
        try:
            candidates = _candidates(found, found.recommender, read.sequences, users, seed)
        except EvaluationError as error:
            missing["candidates"] = error.message
    diagnosis = SemanticIdDiagnosis(
        name=name,
        read=read.words(),
        codes=report,
        labels=labels,
        candidates=candidates,
        recorded={
            f"{held.manifest.kind} {held.manifest.name}": held.manifest.metrics
            for held in found.trained
            if held.manifest.metrics
        },
        missing=missing,
    )
    say("drawing")
    plots = diagnosis_plots(diagnosis)
    files = {
        REPORT: diagnosis.to_markdown(tuple(plots)).encode(),
        FIGURES: orjson.dumps(diagnosis.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
        **plots,
    }
    for file, content in files.items():
        with whole_file(Path(out) / file) as written:
            written.write(content)
    return DiagnosisFiles(diagnosis, Path(out), tuple(files))


@dataclass(frozen=True, slots=True, eq=False)
class _Codes:
    """Codes and where they are."""

    known: ItemCodes
    artifact: Artifact

    def pairs(self, sequences: Sequences) -> NDArray[np.int64] | None:
        """Steps that the codes were not made of, as rows of items; None where nobody took enough."""
        from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, next_steps, split

        try:
            pairs = next_steps(
                split(sequences.onto(self.known.items), EvaluationProtocol(), Phase.VALIDATION)
            )
        except EvaluationError:
            return None
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        return pairs if len(pairs) else None

    def report(self, pairs: NDArray[np.int64] | None, categories: Sequence[str]) -> CodeReport:
        """Figures as they are now; collisions and moves as they were measured before reassignment."""
        report = code_report(
            self.artifact.manifest.name,
            self.known.codes,
            self.known.quantizer.sizes,
            pairs=pairs,
            categories=categories or None,
        )
        then = self.artifact.manifest.metrics
        return replace(report, colliding=then["colliding"], moved=then["moved"])


@dataclass(frozen=True, slots=True, eq=False)
class _Artifacts:
    """Those that there are; what is missing with why and what to do."""

    codes: _Codes | None
    recommender: Recommender | None
    trained: tuple[Artifact, ...]
    missing: Mapping[str, str]


def _artifacts(
    name: str, codes: str | Path | None, recommender: str | Path | None, store: ArtifactStore
) -> _Artifacts:
    from aisle.recommendation.artifact import read_recommender
    from aisle.recommendation.known_items import find_recommender
    from aisle.recommendation.router_artifact import router_of

    missing: dict[str, str] = {}
    found = None
    try:
        # Of its kind: whatever else has the name is another model.
        found = _Codes(*load_codes(codes or f"{ITEM_CODES}/{name}", store))
    except ArtifactNotFound:
        if codes is not None:
            raise
        missing["codes"] = _none("codes", name, f"--name {name}")
    try:
        artifact = find_recommender(recommender or f"{RECOMMENDER}/{name}", store)
    except ArtifactNotFound:
        if recommender is not None:
            raise
        if found is None:
            raise ArtifactNotFound(
                f"there are neither codes nor a recommender of the name '{name}'",
                fix=f"make them: aisle train recommender --data orders.csv --name {name},"
                f" aisle train codes --data orders.csv --name {name}",
            ) from None
        return _Artifacts(
            found, None, (), missing | {"candidates": _none(RECOMMENDER, name, f"--name {name}")}
        )
    opened, trained, own = read_recommender(artifact), [artifact], artifact.manifest.name
    beside = f"--recommender {own} --name {own}"
    router = router_of(artifact, store)
    if router is None:
        missing["router"] = _none("router", own, beside)
    else:
        opened = opened.with_router(router)
        trained.append(router.artifact)
    try:
        trained.append(load_artifact(store.resolve(f"{PREFERENCES}/{own}", PREFERENCES)))
    except ArtifactNotFound:
        missing["preferences"] = _none("preferences", own, beside)
    return _Artifacts(found, opened, tuple(trained), missing)


def _none(kind: str, name: str, options: str) -> str:
    return f"no {kind} '{name}'; aisle train {kind} --data orders.csv {options}"


def _categories(codes: _Codes, known: CatalogueTexts | None) -> list[str]:
    """Of the items with codes; empty if none has one."""
    by_item = dict(zip(known.ids, known.categories, strict=True)) if known else {}
    found = [by_item.get(item, "") for item in codes.known.items]
    return found if any(found) else []


def _candidates(
    found: _Artifacts, recommender: Recommender, sequences: Sequences, users: int, seed: int
) -> CandidateDiagnosis:
    from aisle.recommendation.diagnose import Diagnosed

    return Diagnosed(
        recommender=recommender,
        codes=found.codes.known if found.codes else None,
        codes_fingerprint=found.codes.artifact.fingerprint if found.codes else "",
        sequences=sequences.onto(recommender.items),
        users=users,
        seed=seed,
    ).run()
