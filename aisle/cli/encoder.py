"""``aisle encoder``: make, show and list artifacts, push them to the hub and pull them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich import box
from rich.console import Console
from rich.table import Table

import aisle
from aisle._artifacts import InstructionSet, verified_artifact
from aisle._printable import printable
from aisle.cli.console import JsonOption, print_choices, print_json, progress_console

if TYPE_CHECKING:
    from aisle.encoder.export import ExportReport

FIGURES = (
    *("cosine_mean", "cosine_min", "size_ratio", "p50_ms", "p50_fp32_ms"),
    *("p50_torch_ms", "ndcg", "ndcg_fp32"),
)
"""What the JSON says of fidelity; null where it was not measured."""

app = typer.Typer(no_args_is_help=True)


@app.callback()
def encoders() -> None:
    """Export, verify and list encoder artifacts; push them to the Hugging Face hub, pull them from there.

    Examples:

        aisle encoder export

        aisle encoder list
    """


_STORE = Annotated[
    Path | None, typer.Option("--out", help="Artifact store. Default: artifacts under AISLE_HOME.")
]


class Cpu(StrEnum):
    """``--cpu``: an ``InstructionSet``, or this machine's best."""

    AUTO = "auto"
    AVX2 = InstructionSet.AVX2
    AVX512 = InstructionSet.AVX512
    VNNI = InstructionSet.VNNI
    ARM64 = InstructionSet.ARM64


class PoolingChoice(StrEnum):
    """``--pooling``."""

    MEAN = "mean"
    CLS = "cls"


@app.command()
def export(
    model: Annotated[
        str, typer.Option(help="Model folder, hub id, or name of a packaged model.")
    ] = "all-MiniLM-L6-v2",
    name: Annotated[str | None, typer.Option(help="Name of the artifact. Default: the model's name.")] = None,
    out: _STORE = None,
    data: Annotated[
        Path | None, typer.Option(help="BEIR folder; measures the change of nDCG on its dev judgments.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit on the hub.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Longest text, in tokens. Default: 256.")] = None,
    dims: Annotated[int | None, typer.Option(help="Cut vectors to this width inside the model.")] = None,
    vector_bytes: Annotated[
        int | None,
        typer.Option(
            "--bytes",
            min=1,
            help="Memory of one vector: cut to the width that finds most within it, of the items in --data.",
        ),
    ] = None,
    pooling: Annotated[
        PoolingChoice | None,
        typer.Option(help="Vector of a text: mean of its tokens or the first one. Default: the model's own."),
    ] = None,
    query_prefix: Annotated[
        str | None,
        typer.Option(help="Put before queries. Default: the model's own, such as 'query: ' of E5."),
    ] = None,
    item_prefix: Annotated[
        str | None, typer.Option(help="Put before item texts. Default: the model's own.")
    ] = None,
    cpu: Annotated[
        Cpu, typer.Option(help="CPU instruction set to export for; auto takes this machine's best.")
    ] = Cpu.AUTO,
    as_json: JsonOption = False,
) -> None:
    """Export a text encoder as an INT8 artifact: BERT without torch, others with the extra `train`.

    Examples:

      aisle encoder export

      aisle encoder export --model intfloat/e5-small-v2 --name e5

      aisle encoder export --model intfloat/multilingual-e5-small --max-length 128

      aisle encoder export --model ./my-model --data judged --json

      aisle encoder export --model ./my-model --dims 64 --cpu avx2

      aisle encoder export --model ./my-model --data judged --bytes 256
    """
    with progress_console().status("exporting") as status:
        report = aisle.export_encoder(
            model,
            name=name,
            data=data,
            revision=revision,
            max_length=max_length,
            dims=dims,
            vector_bytes=vector_bytes,
            pooling=pooling,
            query_prefix=query_prefix,
            item_prefix=item_prefix,
            cpu=None if cpu is Cpu.AUTO else cpu,
            store=_store(out),
            progress=status.update,
        )
    if as_json:
        print_json(as_dict(report))
    else:
        print_report(report, Console())


@app.command()
def show(
    ref: Annotated[str, typer.Argument(help="Artifact (path, name or fingerprint).")],
    out: _STORE = None,
    as_json: JsonOption = False,
) -> None:
    """Verify an artifact (hashes, self-test on this machine) and print its manifest.

    Examples:

        aisle encoder show all-MiniLM-L6-v2

        aisle encoder show all-MiniLM-L6-v2 --json
    """
    artifact = verified_artifact(ref, store=_store(out))
    facts = {"path": str(artifact.path), "fingerprint": artifact.fingerprint}
    facts |= artifact.manifest.model_dump(mode="json")
    if as_json:
        print_json(facts)
        return
    table = _facts_table()
    for key, value in _rows({**facts, "training": artifact.manifest.told_training}):
        table.add_row(key, value)
    Console().print(table)
    progress_console().print("hashes and self-test agree on this machine")


def _rows(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """A row for each fact, and for each fact within a fact."""
    for key, value in facts.items():
        if isinstance(value, Mapping) and value:
            yield from _rows(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else orjson.dumps(value).decode()


@app.command("list")
def list_artifacts(out: _STORE = None, as_json: JsonOption = False) -> None:
    """List artifacts, newest first.

    Examples:

        aisle encoder list

        aisle encoder list --json
    """
    rows = [
        {"ref": f"{m.kind}/{path.name}", "dims": m.dims, "precision": m.precision, "created": m.created}
        for path, m in _store(out).list()
    ]
    if as_json:
        print_json(rows)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    # Whole on a narrow terminal too: it is there to be copied.
    table.add_column("artifact", overflow="fold")
    for column in ("dims", "precision", "created"):
        table.add_column(column, no_wrap=True)
    for ref, dims, precision, created in (map(str, row.values()) for row in rows):
        table.add_row(ref, dims, precision, created[:16].replace("T", " "))
    Console().print(table if rows else "no artifacts yet: make one with `aisle encoder export`")


_REPOSITORY = Annotated[str, typer.Argument(help="OWNER/NAME on the Hugging Face hub.", show_default=False)]


@app.command()
def push(
    ref: Annotated[str, typer.Argument(help="Artifact (path, name or fingerprint).", show_default=False)],
    repository: _REPOSITORY,
    public: Annotated[
        bool, typer.Option("--public", help="Everybody may see it. Without it, a new repository is private.")
    ] = False,
    licence: Annotated[
        str | None, typer.Option("--licence", "--license", help="Of the weights, such as apache-2.0.")
    ] = None,
    message: Annotated[str | None, typer.Option(help="Of the commit. Default: name and fingerprint.")] = None,
    out: _STORE = None,
    as_json: JsonOption = False,
) -> None:
    """Upload an encoder or reranker to the Hugging Face hub, with its card. The token is that of HF_TOKEN.

    Examples:

        aisle encoder push shop acme/shop-encoder

        aisle encoder push shop acme/shop-encoder --public --licence apache-2.0
    """
    with progress_console().status("uploading"):
        done = aisle.push_encoder(
            ref, repository, public=public, licence=licence, message=message, store=_store(out)
        )
    if as_json:
        print_json(done.to_json())
        return
    seen = "private" if done.private else "public"
    _say(f"{done.fingerprint[:12]} is in {done.repository} ({seen}), commit {done.commit}")
    _say(f"bring it elsewhere: aisle encoder pull {done.repository} --revision {done.commit}")


@app.command()
def pull(
    repository: _REPOSITORY,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit. A commit always gives the same.")
    ] = None,
    fingerprint: Annotated[
        str | None, typer.Option(help="That it must have: the first 8 digits or more.")
    ] = None,
    out: _STORE = None,
    as_json: JsonOption = False,
) -> None:
    """Download an artifact from the Hugging Face hub. Nothing can be seen until hashes and self-test agree.

    Examples:

        aisle encoder pull acme/shop-encoder

        aisle encoder pull acme/shop-encoder --revision 6f1c2d0b --fingerprint 04f1c8c27f6e
    """
    with progress_console().status("downloading, and replaying the self-test"):
        done = aisle.pull_encoder(repository, revision=revision, fingerprint=fingerprint, store=_store(out))
    if as_json:
        print_json(done.to_json())
        return
    _say(f"{done.path}")
    _say(f"{done.fingerprint[:12]}, of commit {done.commit}; hashes and self-test agree on this machine")


def _say(line: str) -> None:
    Console().print(printable(line), markup=False, highlight=False, soft_wrap=True)


def _store(out: Path | None) -> aisle.ArtifactStore:
    return aisle.ArtifactStore(out) if out else aisle.ArtifactStore.default()


def _facts_table() -> Table:
    # Folded, not cut: a path and a fingerprint are there to be copied.
    table = Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def as_dict(report: ExportReport) -> dict[str, Any]:
    """The report as plain JSON."""
    return {
        "path": str(report.path),
        "fingerprint": report.manifest.fingerprint,
        "manifest": report.manifest.model_dump(mode="json"),
        "fidelity": {name: report.figures.get(name) for name in FIGURES} if report.figures else None,
        "choices": [asdict(way) for way in report.choices],
    }


def print_report(report: ExportReport, console: Console) -> None:
    """The report as a table."""
    table = _facts_table()
    table.add_row("artifact", str(report.path))
    table.add_row("fingerprint", report.manifest.fingerprint)
    for label, value in _figures(report.figures) if report.figures else []:
        table.add_row(label, value)
    console.print(table)
    if report.choices:
        best = report.choices[0]
        console.print(f"cut to {best.dims} dimensions, as they find most:")
        print_choices(console, report.choices)
        console.print(
            f"index with --encoder {report.manifest.name} --vectors {best.kept_as.value}", markup=False
        )


def _figures(found: Mapping[str, float]) -> list[tuple[str, str]]:
    rows = [
        ("size, INT8 to fp32", f"{found['size_ratio']:.3f}"),
        ("cosine to fp32", f"mean {found['cosine_mean']:.4f}, least {found['cosine_min']:.4f} (1,000 texts)"),
        ("p50 of a query", f"{found['p50_ms']:.2f} ms, fp32 onnxruntime {found['p50_fp32_ms']:.2f} ms"),
    ]
    torch = found.get("p50_torch_ms")
    if torch is None:
        rows.append(("p50 fp32 torch", "not measured: torch and sentence-transformers are not installed"))
    else:
        rows.append(("p50 fp32 torch", f"{torch:.2f} ms, {torch / found['p50_ms']:.1f} times as long"))
    if "ndcg" in found:
        change = found["ndcg"] - found["ndcg_fp32"]
        rows.append(("nDCG@10", f"{found['ndcg']:.4f}, fp32 {found['ndcg_fp32']:.4f} ({change:+.4f})"))
    return rows
