"""Apply changes as they come, from whatever writes JSON lines to standard input.

    kafka-console-consumer --topic products ... | python examples/update_from_stream.py shop shop.json

Ctrl-C and SIGTERM end it well: what was read is applied, and the checkpoint `shop.json` says how far it came.
"""

from __future__ import annotations

import signal
import sys
import threading

import aisle


def main(name: str, checkpoint: str) -> None:
    """Apply standard input to the live release of a catalogue."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    report = aisle.update(name, "-", checkpoint=checkpoint, refresh=True, stop=stop, wait_s=60)
    print(report)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except aisle.AisleError as error:
        sys.exit(f"{error.message}\n{error.fix}")
