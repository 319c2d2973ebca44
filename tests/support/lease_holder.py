"""A process that holds a lease and says so: ``python -m tests.support.lease_holder URL NAME LEASE_S``.

It says "held", then answers each line on its standard input: "check" and "reserve".
"""

from __future__ import annotations

import sys

from aisle.cluster import ClusterSettings, connect
from aisle.errors import AisleError
from aisle.indexer.lease.lease import hold


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main(url: str, name: str, lease_s: str) -> None:
    with connect(ClusterSettings(url=url)) as client:
        try:
            with hold(client, name, "the other", lease_s=float(lease_s)) as lease:
                say("held")
                for line in sys.stdin:
                    if line.strip() == "reserve":
                        say(str(lease.reserve(1)))
                        continue
                    lease.check()
                    say("still held")
        except AisleError as error:
            say(f"{type(error).__name__}: {error.message}")


if __name__ == "__main__":
    main(*sys.argv[1:])
