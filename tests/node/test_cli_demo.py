"""`aisle demo` on a folder of one's own: it ends by itself and leaves nothing, unless it is told to."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.command import aisle, failure, listing, open_folder, put_encoder, start

PRODUCTS = 40


@pytest.fixture
def place() -> Iterator[Path]:
    """AISLE_HOME with an encoder, a place for temporary folders, and a tiny BEIR folder."""
    with open_folder() as folder:
        put_encoder(folder / "home")
        (folder / "tmp").mkdir(mode=0o755)
        (folder / "shop" / "qrels").mkdir(parents=True)
        rows = ({"_id": str(n), "title": f"{('red', 'blue')[n % 2]} shoe {n}"} for n in range(PRODUCTS))
        (folder / "shop" / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "shop" / "queries.jsonl").write_text(
            '{"_id": "q1", "text": "red shoe 4"}\n{"_id": "q2", "text": "blue shoe"}\n'
        )
        (folder / "shop" / "qrels" / "dev.tsv").write_text("q1\t4\t3\nq2\t1\t2\nq2\t3\t2\n")
        yield folder


def settings(place: Path) -> dict[str, str]:
    return {"AISLE_HOME": str(place / "home"), "TMPDIR": str(place / "tmp")}


def processes_of(place: Path) -> list[psutil.Process]:
    """Whatever runs with a path of ours on its command line: the node and its supervisor."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(place) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def test_it_ends_by_itself_and_leaves_nothing(place: Path) -> None:
    home = listing(place / "home")
    done = aisle("demo", "--data", "shop", cwd=place, env=settings(place))
    assert done.code == 0, done.err
    assert f"Indexed {PRODUCTS} items" in done.err
    for told in ("red shoe 4", "bm25", "dense", "hybrid", "nDCG@10", "shop, dev: 2 queries"):
        assert told in done.out
    assert "synthetic" not in done.out
    # No terminal, nobody to look: the page is fetched once.
    assert re.search(r"Its page was served and shows: (red|blue) shoe \d+", done.out)
    assert processes_of(place) == []
    assert listing(place / "tmp") == []
    assert listing(place / "home") == home


def test_keep_leaves_the_node_up_until_down(place: Path) -> None:
    env = settings(place)
    done = aisle("demo", "--data", "shop", "--name", "kept", "--keep", "--no-page", cwd=place, env=env)
    try:
        assert done.code == 0, done.err
        assert "aisle down --name demo" in done.out
        assert len(processes_of(place)) == 1
        found = aisle("search", "red shoe 4", "-n", "kept", "--json", cwd=place, env=env)
        assert json.loads(found.out)["hits"][0]["item"]["title"] == "red shoe 4"
        # A second demo takes the node that is there and puts a new release on it.
        again = aisle("demo", "--data", "shop", "--name", "kept", "--keep", "--no-page", cwd=place, env=env)
        assert again.code == 0, again.err
        assert len(processes_of(place)) == 1
    finally:
        down = aisle("down", "--name", "demo", cwd=place, env=env)
    assert down.code == 0 and "node demo is stopped" in down.out
    assert processes_of(place) == []
    assert listing(place / "tmp") == []
    assert "no node named demo was started" in failure(aisle("down", "--name", "demo", cwd=place, env=env))


def test_ctrl_c_ends_the_node_too(place: Path) -> None:
    process = start("demo", "--data", "shop", cwd=place, env=settings(place))
    deadline = time.monotonic() + 60
    while not processes_of(place / "tmp") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(place / "tmp")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("interrupted: ")
    assert processes_of(place) == []
    assert listing(place / "tmp") == []
