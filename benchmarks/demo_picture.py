"""Runs the demo and keeps what it prints as a picture for the README: docs/images/demo.svg."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

import aisle
from aisle.cli.demo import print_demo

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "demo.svg"
COLUMNS = 100


def main() -> None:
    """Write the picture."""
    result = aisle.demo(say=print)
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    print_demo(console, result)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    picture = console.export_svg(title="aisle demo")
    # The font would be fetched from elsewhere; any monospaced one will do.
    PICTURE.write_text(re.sub(r"@font-face {.*?}", "", picture, flags=re.DOTALL), encoding="utf-8")
    print(f"wrote {PICTURE.name}")


if __name__ == "__main__":
    main()
