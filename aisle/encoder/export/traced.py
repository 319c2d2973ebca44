"""The graph of any encoder that torch can trace, written anew in a precision.

torch.onnx traces the model once, in float32. Its nodes are then written again one by one, and every product
with a constant matrix and every table of vectors goes through the ``WeightPrecision``, as in ``bert.py``:
INT8 means the same for all encoders.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional
from aisle.encoder.cpu import open_session
from aisle.encoder.export.bert import first_columns
from aisle.encoder.export.graph import Graph, GraphWriter
from aisle.encoder.export.precision import Floats, Fp32, WeightPrecision
from aisle.encoder.export.torch_model import EXTRA, TorchEncoder, first_line
from aisle.encoder.tokenizer import Texts
from aisle.errors import InputError

_OPSET = 20
"""The first that has Gelu."""

_INPUTS = ("input_ids", "lengths")
_FIX = "export an encoder of another family"

MOST = 1e-4
"""Greatest difference to torch of any value of a unit vector."""


@dataclass(frozen=True, slots=True)
class TracedGraph:
    """A model as torch.onnx traced it.

    Attributes:
        nodes: NodeProto each, in order.
        constants: by name.
        output: name of the vectors, float32 [b, width], before normalisation.
        width: of the vectors.
        table_width: of tables that are stored in the precision: word vectors and the like.
    """

    nodes: tuple[Any, ...]
    constants: Mapping[str, NDArray[Any]]
    output: str
    width: int
    table_width: int

    def graph(self, precision: WeightPrecision, dims: int | None = None) -> Graph:
        """The graph: int64 ``input_ids`` [b, s], ``lengths`` [b] -> float32 ``vectors`` [b, dims].

        Args:
            precision: how weights are stored and multiplied.
            dims: the first so many values make the vector (Matryoshka), default all of them.

        Raises:
            MissingExtra: onnx is not installed.
        """
        graph = GraphWriter("encoder", _OPSET)
        written = {name: name for name in ("", *_INPUTS)}
        biased = self._biased()
        with_bias = {product.output[0] for product, _ in biased.values()}
        gelus = {node.output[0] for node in self.nodes if node.op_type == "Gelu"}

        def name(tensor: str) -> str:
            if tensor in self.constants:
                return graph.constant(f"traced.{tensor}", self.constants[tensor])
            return written.get(tensor, f"traced.{tensor}")

        for number, node in enumerate(self.nodes):
            output = node.output[0]
            product, bias = biased.get(output, (node, None))
            if output in with_bias:
                continue
            if self._is_product(product):
                x, weight = product.input
                written[output] = precision.linear(
                    graph, name(x), self.constants[weight], bias, f"linear.{number}", after_gelu=x in gelus
                )
            elif self._is_table(node):
                table, ids = node.input
                written[output] = precision.lookup(graph, name(ids), self.constants[table], f"table.{table}")
            else:
                graph.take(node, [name(each) for each in node.input], [name(each) for each in node.output])
        width = dims or self.width
        vectors = first_columns(graph, name(self.output), self.width, width)
        return graph.model(graph.node("LpNormalization", [vectors], axis=-1, p=2), width)

    def _biased(self) -> Mapping[str, tuple[Any, Floats]]:
        """Outputs of additions that do nothing but add a bias to a product: the product and the bias."""
        uses = Counter(tensor for node in self.nodes for tensor in node.input)
        products = {node.output[0]: node for node in self.nodes if self._is_product(node)}
        found = {}
        for node in self.nodes:
            for one, other in (node.input[:2], reversed(node.input[:2])) if node.op_type == "Add" else ():
                bias = self.constants.get(other)
                if one in products and uses[one] == 1 and bias is not None and bias.ndim == 1:
                    found[node.output[0]] = (products[one], bias)
        return found

    def _is_product(self, node: Any) -> bool:
        """x [.., in] times a constant [in, out]."""
        return (
            node.op_type == "MatMul"
            and node.input[0] not in self.constants
            and self._is_matrix(node.input[1])
        )

    def _is_table(self, node: Any) -> bool:
        """Rows by id of a constant [v, h]."""
        if (
            node.op_type != "Gather"
            or node.input[1] in self.constants
            or any(each.i for each in node.attribute)
        ):
            return False
        return self._is_matrix(node.input[0]) and self.constants[node.input[0]].shape[1] == self.table_width

    def _is_matrix(self, tensor: str) -> bool:
        value = self.constants.get(tensor)
        return value is not None and value.ndim == 2 and value.dtype == np.float32


def trace(model: TorchEncoder, example: Texts) -> TracedGraph:
    """Trace a model and hold the fp32 graph to torch.

    Args:
        model: the model.
        example: two texts or more, of unlike lengths.

    Raises:
        InputError: torch cannot trace the model, or the graph's vectors are not torch's.
        MissingExtra: onnx, onnxscript or onnxruntime's like is not installed.
    """
    torch, ir = optional("torch", extra=EXTRA), optional("onnx_ir", extra=EXTRA)
    optional("onnxscript", extra=EXTRA)
    feed = example.feed(range(len(example.rows)))
    inputs = tuple(torch.from_numpy(feed[name]) for name in _INPUTS)
    batch, tokens = torch.export.Dim("batch"), torch.export.Dim.DYNAMIC
    with torch.no_grad(), _quiet():
        try:
            expected = torch.nn.functional.normalize(model.forward(*inputs)).numpy()
            traced = torch.onnx.export(
                model.forward,
                inputs,
                dynamo=True,
                opset_version=_OPSET,
                input_names=list(_INPUTS),
                dynamic_shapes=({0: batch, 1: tokens}, {0: batch}),
                verbose=False,
            ).model
        # Whatever a model's code or torch's own passes raise.
        except Exception as error:
            raise InputError(f"torch cannot trace this model: {first_line(error)}", fix=_FIX) from error
    nodes = tuple(ir.to_proto(node) for node in traced.graph)
    if any(each.HasField("g") or each.graphs for node in nodes for each in node.attribute):
        raise InputError("the model branches as it runs, which cannot be exported", fix=_FIX)
    constants = {name: value.const_value.numpy() for name, value in traced.graph.initializers.items()}
    graph = TracedGraph(nodes, constants, traced.graph.outputs[0].name, expected.shape[1], model.table_width)
    _check(graph, example, expected)
    return graph


def _check(graph: TracedGraph, texts: Texts, expected: Floats) -> None:
    """Hold the fp32 graph's vectors of texts, together and each alone, to those expected."""
    with tempfile.TemporaryDirectory(prefix="aisle-traced-") as folder:
        path = Path(folder) / "fp32.onnx"
        graph.graph(Fp32()).write(path)
        session = open_session(path)
        together = range(len(texts.rows))
        for batch in (together, *([position] for position in together)):
            found = session.run(None, texts.feed(batch))[0]
            difference = float(np.abs(found - expected[list(batch)]).max())
            # Negated: NaN is above no bound.
            if not difference <= MOST:
                raise InputError(
                    f"the traced graph is not the model: its vectors differ from torch's by {difference:.1e}",
                    fix=_FIX,
                )


@contextmanager
def _quiet() -> Iterator[None]:
    """Tracing warns of what lies within torch and of packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
