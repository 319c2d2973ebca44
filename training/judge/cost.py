"""What an encoder costs: size, time of a query, texts a second; alone or beside its fp32 peers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from encoder.dense import MODEL, DenseEncoder
from training.judge.peers import Peer, fp32_peers
from training.judge.timing import query_p50_ms, texts_per_s

_QUERIES = 40


@dataclass(frozen=True, slots=True)
class Cost:
    """One peer.

    Attributes:
        name: precision and runtime.
        model_bytes: of the file that holds its weights.
        p50_ms: median milliseconds of one query alone, warm, tokenization included.
        texts_per_s: catalogue texts a second, in bulk, with all cores.
    """

    name: str
    model_bytes: int
    p50_ms: float
    texts_per_s: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def measure_cost(
    encoder: DenseEncoder, queries: Sequence[str], texts: Sequence[str], weights: str | None = None
) -> tuple[Cost, ...]:
    """Time the encoder, and with ``weights`` the fp32 ONNX graph and fp32 torch of them in the same rounds.

    Args:
        encoder: the artifact in question; the first of the result.
        queries: real queries, of which 40 at even distances are timed one by one.
        texts: catalogue texts for the bulk figure.
        weights: the checkpoint behind the artifact: a folder, a hub id, or the name of a packaged model.

    Raises:
        InputError: no such weights, or they are another model's.
        MissingExtra: without the extra ``export``; torch is left out where it is not installed.
    """
    own = Peer(
        name=f"{encoder.manifest.precision} onnxruntime",
        model_bytes=(encoder.artifact.path / MODEL).stat().st_size,
        query=lambda text: encoder.encode_queries([text]),
        bulk=encoder.encode_items,
    )
    with ExitStack() as stack:
        peers = [own, *(fp32_peers(encoder, weights, texts, stack) if weights else ())]
        sample = queries[:: max(1, len(queries) // _QUERIES)][:_QUERIES]
        p50 = query_p50_ms({peer.name: peer.query for peer in peers}, sample)
        rate = texts_per_s({peer.name: peer.bulk for peer in peers}, texts)
    return tuple(Cost(p.name, p.model_bytes, p50[p.name], rate[p.name]) for p in peers)
