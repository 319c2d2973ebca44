"""Cells of Amazon Reviews 2023 (Hou et al., arXiv 2403.03952), as the raw files and the hub write them."""

from __future__ import annotations

from typing import Any

import orjson

from catalogue.rows import Cells


def prepare_meta(cells: Cells) -> Cells:
    """Add ``image`` from ``images``, and ``details`` as an object; a price "from 5.99" is 5.99."""
    price = cells.get("price")
    return {
        **cells,
        "image": _image(cells.get("images")),
        "details": _object(cells.get("details")),
        "price": price.strip().removeprefix("from ") if isinstance(price, str) else price,
    }


def _image(images: Any) -> str:
    """The first large picture. The raw files hold a list of objects, the hub an object of lists."""
    first = images[0] if isinstance(images, list) and images else images
    if not isinstance(first, dict):
        return ""
    for size in ("large", "hi_res", "thumb"):
        found = first.get(size)
        found = found[0] if isinstance(found, list) and found else found
        if isinstance(found, str) and found:
            return found
    return ""


def _object(details: Any) -> Any:
    if not isinstance(details, str):
        return details
    try:
        return orjson.loads(details)
    except orjson.JSONDecodeError:
        return None
