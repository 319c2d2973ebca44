"""Instruction sets: which a CPU has, what is exported for it, and what is said on another."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.cpu import CpuNotice, InstructionSet, best_of, instruction_sets, sets_of
from aisle.encoder.export import DenseExport, Fp32, Int8, export
from aisle.encoder.export.precision import quantize_columns
from aisle.evaluation.encoders.samples import sample_texts
from tests.support.encoder_artifact import minilm

AVX2, AVX512, VNNI, ARM64 = InstructionSet


@pytest.mark.parametrize(
    ("machine", "flags", "sets", "best"),
    [
        ("x86_64", [], {AVX2}, AVX2),
        ("AMD64", ["avx2", "avx512f"], {AVX2}, AVX2),
        ("x86_64", ["avx2", "avx512f", "avx512bw"], {AVX2, AVX512}, AVX512),
        ("x86_64", ["avx2", "avx512f", "avx512bw", "avx512_vnni"], {AVX2, AVX512, VNNI}, VNNI),
        ("x86_64", ["avx2", "avx_vnni"], {AVX2, VNNI}, VNNI),
        ("aarch64", [], {ARM64}, ARM64),
        ("arm64", ["asimddp"], {ARM64}, ARM64),
    ],
)
def test_a_cpu_by_its_flags(
    machine: str, flags: list[str], sets: set[InstructionSet], best: InstructionSet
) -> None:
    assert sets_of(machine, flags) == sets
    assert best_of(frozenset(sets)) == best


def test_this_machine_has_a_set_and_exports_for_it() -> None:
    sets = instruction_sets()
    assert sets
    assert DenseEncoder.load(minilm()).manifest.instruction_set == best_of(sets)


@pytest.mark.parametrize("made_for", [AVX2, AVX512])
def test_sums_of_two_products_fit_sixteen_bits_where_they_would_saturate(made_for: InstructionSet) -> None:
    largest = Int8(DenseExport(cpu=made_for).weight_bits).largest
    weight = np.random.default_rng(1).normal(size=(32, 8)).astype(np.float32)
    levels, _ = quantize_columns(weight, largest)
    assert 2 * 255 * int(np.abs(levels).max()) <= np.iinfo(np.int16).max
    assert 2 * 255 * int(np.abs(quantize_columns(weight)[0]).max()) > np.iinfo(np.int16).max


def test_a_graph_for_an_older_cpu_is_close_to_the_others(tmp_path: Path) -> None:
    old, new = (export(DenseExport(cpu=cpu), ArtifactStore(tmp_path / cpu)) for cpu in (AVX2, VNNI))
    assert (old.manifest.instruction_set, new.manifest.instruction_set) == (AVX2, VNNI)
    texts = sample_texts(50)
    vectors = [
        DenseEncoder.load(report.path, cpu=frozenset({AVX2, VNNI})).encode_items(texts)
        for report in (old, new)
    ]
    cosines = (vectors[0] * vectors[1]).sum(axis=1)
    assert 0.99 < cosines.min() < 0.99999


@pytest.mark.parametrize(
    ("made_for", "cpu", "says"),
    [
        (VNNI, {AVX2, AVX512}, "was made for CPUs with vnni; this one has avx2, avx512"),
        (VNNI, {ARM64}, "this one has arm64"),
        (ARM64, {AVX2, VNNI}, "made for CPUs with arm64"),
        (AVX2, {AVX2, AVX512, VNNI}, None),
        (VNNI, {AVX2, AVX512, VNNI}, None),
    ],
)
def test_an_artifact_for_another_cpu_loads_and_says_so(
    tmp_path: Path, made_for: InstructionSet, cpu: set[InstructionSet], says: str | None
) -> None:
    path = export(DenseExport(cpu=made_for), ArtifactStore(tmp_path)).path
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder = DenseEncoder.load(path, cpu=frozenset(cpu))
    told = [str(entry.message) for entry in caught if entry.category is CpuNotice]
    assert len(told) == (says is not None)
    assert all(str(says) in text for text in told)
    assert encoder.encode_queries(["drill"]).shape == (1, 384)


def test_fp32_is_for_any_cpu(tmp_path: Path) -> None:
    report = export(DenseExport(precision=Fp32(), cpu=VNNI), ArtifactStore(tmp_path))
    assert report.manifest.instruction_set == ""
