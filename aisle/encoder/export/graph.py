"""Writes an ONNX graph node by node."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional

MICROSOFT = "com.microsoft"
OPSET = 18
_IR_VERSION = 9


_MOST = 2**31 - 2**20
"""Bytes of constants that one file holds, with room for the nodes: a protobuf message ends at 2 GiB."""

_LARGE = 2**10
"""Bytes from which on a constant goes into the other file."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A finished graph: a ModelProto without its constants, and these by name."""

    proto: Any
    constants: Mapping[str, NDArray[Any]]

    def write(self, path: Path, most: int = _MOST) -> None:
        """Write it; where constants take over ``most`` bytes, the large ones go to ``path`` + ".data"."""
        onnx = optional("onnx", extra="export")
        model = onnx.ModelProto()
        model.CopyFrom(self.proto)
        least = _LARGE if sum(value.nbytes for value in self.constants.values()) > most else math.inf
        with ExitStack() as stack:
            data: BinaryIO | None = None
            for name, value in self.constants.items():
                if value.nbytes < least:
                    model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
                    continue
                data = data or stack.enter_context(path.with_name(f"{path.name}.data").open("wb"))
                tensor = model.graph.initializer.add(name=name, dims=value.shape)
                tensor.data_type = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
                tensor.data_location = onnx.TensorProto.EXTERNAL
                place = {"location": f"{path.name}.data", "offset": data.tell(), "length": value.nbytes}
                for key, said in place.items():
                    tensor.external_data.add(key=key, value=str(said))
                value.tofile(data)
        path.write_bytes(model.SerializeToString(deterministic=True))


@dataclass(frozen=True, slots=True)
class GraphInput:
    """What a graph reads first: its name outside, its type, and its axes, named or of a fixed size."""

    name: str
    dtype: type[np.generic]
    axes: tuple[str | int, ...]


TOKENS: Final = GraphInput("input_ids", np.int64, ("batch", "tokens"))


class GraphWriter:
    """Collects nodes and initializers; every method returns names of tensors."""

    def __init__(self, title: str = "bert", opset: int = OPSET) -> None:
        """Args: title: of the graph; opset: of the operators without a domain."""
        self._onnx = optional("onnx", extra="export")
        self._title, self._opset = title, opset
        self._nodes: list[Any] = []
        self._constants: dict[str, NDArray[Any]] = {}

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        """An initializer; the same name twice is the same tensor."""
        self._constants[name] = np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)
        return name

    def node(self, kind: str, inputs: list[str], *, domain: str = "", **attributes: object) -> str:
        """A node with one output."""
        return self.nodes(kind, inputs, 1, domain=domain, **attributes)[0]

    def nodes(
        self, kind: str, inputs: list[str], outputs: int, *, domain: str = "", **attributes: object
    ) -> list[str]:
        """A node with several outputs. An empty input name leaves an optional input out."""
        label = f"{kind}_{len(self._nodes)}"
        names = [f"{label}_{i}" for i in range(outputs)]
        self._nodes.append(
            self._onnx.helper.make_node(kind, inputs, names, name=label, domain=domain, **attributes)
        )
        return names

    def take(self, node: Any, inputs: list[str], outputs: list[str]) -> None:
        """A node (NodeProto) of another graph, with other names of its tensors."""
        taken = self._onnx.NodeProto()
        taken.CopyFrom(node)
        del taken.input[:], taken.output[:]
        taken.input.extend(inputs)
        taken.output.extend(outputs)
        self._nodes.append(taken)

    def cast(self, tensor: str, dtype: type[np.generic]) -> str:
        """Cast to a NumPy type."""
        return self.node("Cast", [tensor], to=self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def model(
        self,
        output: str,
        width: int | None,
        *,
        name: str = "vectors",
        per_text: tuple[str, ...] = ("lengths",),
        first: GraphInput = TOKENS,
    ) -> Graph:
        """A finished graph: int64 ``input_ids`` [b, s] and others [b] -> float32 [b, width] or [b].

        Args:
            output: the tensor that is given out.
            width: of its rows; None: it has none.
            name: what it is called outside.
            per_text: names of the int64 inputs [b] beside the first.
            first: what is read, if not tokens.
        """
        helper, types = self._onnx.helper, self._onnx.TensorProto
        self._nodes.append(helper.make_node("Identity", [output], [name], name=name))
        graph = helper.make_graph(
            self._nodes,
            self._title,
            [
                helper.make_tensor_value_info(
                    first.name, helper.np_dtype_to_tensor_dtype(np.dtype(first.dtype)), list(first.axes)
                ),
                *(helper.make_tensor_value_info(each, types.INT64, ["batch"]) for each in per_text),
            ],
            [
                helper.make_tensor_value_info(
                    name, types.FLOAT, ["batch"] if width is None else ["batch", width]
                )
            ],
        )
        model = helper.make_model(
            graph,
            producer_name="aisle",
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", self._opset), helper.make_opsetid(MICROSOFT, 1)],
        )
        return Graph(model, self._constants)
