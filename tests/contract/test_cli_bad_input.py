"""Bad input at the command line, as far as no node is needed to refuse it: one error, one fix, no trace."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.command import AISLE, NOWHERE, Done, aisle, environment, failure, here, listing

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]
NOISE = random.Random(5).randbytes(4000)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: Patch) -> Path:
    """The working folder of a user with two products, two queries and odd judgments."""
    (tmp_path / "qrels").mkdir()
    files = {
        "corpus.jsonl": b'{"_id": "1", "title": "red shoe"}\n{"_id": "2", "title": "blue shoe"}\n',
        "queries.jsonl": b'{"_id": "q", "text": "shoe"}\n',
        "qrels/dev.tsv": b"query-id\tcorpus-id\tscore\nq\t1\t3\n",
        "qrels/textless.tsv": b"nobody\t1\t3\n",
        "qrels/words.tsv": b"q\t1\tvery good\n",
        "qrels/empty.tsv": b"",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("no.jsonl", None, "no such file: no.jsonl"),
        ("no\x1b[31m.jsonl", None, r"no such file: no\x1b[31m.jsonl"),
        ("empty.jsonl", b"", "empty.jsonl is empty"),
        ("blank.jsonl", b"\n  \n\n", "blank.jsonl holds no items"),
        ("broken.jsonl", b'{"_id": 1, "title": "a"\n{{\n[]\n', "broken.jsonl is not valid JSON after item 0"),
        (
            "unknown.csv",
            b"foo,bar\n1,2\n",
            "no column of unknown.csv can be the id or the title (found: foo, bar)",
        ),
        ("noise.csv", NOISE, "noise.csv"),
        ("lines.csv", b"1,Cap,18\n2,Hat,19\n", "lines.csv has no header: its first line looks like a row"),
        ("noise.jsonl", NOISE, "noise.jsonl"),
        ("noise.parquet", b"PAR1" + NOISE, "noise.parquet is not a whole Parquet file"),
        ("noise.csv.gz", b"\x1f\x8b" + NOISE, "noise.csv.gz is not a whole archive"),
        ("wide.jsonl", "id,title\n1,a\n".encode("utf-16"), "every row of wide.jsonl was rejected (2)"),
    ],
)
def test_a_file_that_cannot_be_used(
    shop: Path, monkeypatch: Patch, capfd: Capture, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (shop / name).write_bytes(content)
    done = here(monkeypatch, capfd, "index", name, "--name", "x", "--encoder", "none", AISLE_URL=NOWHERE)
    assert said in failure(done)
    assert done.out == ""
    # Bad rows are shown to the user; nothing else is left behind.
    left = set(listing(shop)) - {name} - {"x-dead-letters.jsonl"}
    assert left == {"corpus.jsonl", "qrels", "queries.jsonl"} | {
        f"qrels/{split}.tsv" for split in ("dev", "textless", "words", "empty")
    }


def test_unknown_columns_come_with_a_mapping_that_can_be_tried(
    shop: Path, monkeypatch: Patch, capfd: Capture
) -> None:
    (shop / "odd.csv").write_text("product_name,our mark\nred shoe,1\n")
    command = ("index", "odd.csv", "--name", "x", "--encoder", "none")
    said = failure(here(monkeypatch, capfd, *command, AISLE_URL=NOWHERE))
    assert "fix: --map 'id=our mark'" in said.splitlines()
    (shop / "odder.csv").write_text("one,two\n1,red shoe\n")
    both = failure(
        here(monkeypatch, capfd, "index", "odder.csv", "--name", "x", "--encoder", "none", AISLE_URL=NOWHERE)
    )
    assert both.splitlines()[1] == "fix: --map id=one --map title=two"
    again = failure(here(monkeypatch, capfd, *command, "--map", "id=our mark", AISLE_URL=NOWHERE))
    assert "nothing answers" in again


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("index corpus.jsonl -n x --encoder no-such-model", "no single artifact 'no-such-model'"),
        ("index corpus.jsonl -n x --format yaml", "unknown format 'yaml'"),
        ("index corpus.jsonl -n x --map colour=c", "items have no field 'colour'"),
        ("index qrels -n x", "holds no corpus.jsonl"),
        ("eval . -n x --split test", "no judgments for split 'test' (found: dev, empty, textless, words)"),
        ("eval . -n x --split textless", "1 judged queries are not in queries.jsonl, the first is 'nobody'"),
        ("eval . -n x --split words", "words.tsv line 1: the grade 'very good' is not a number"),
        ("eval . -n x --split empty", "empty.tsv is empty"),
        ("eval elsewhere -n x", "no such folder: elsewhere"),
        ("eval . -n x --systems bm25,colbert", "there is no system 'colbert'"),
        ("eval . -n x --systems ,", "no system to evaluate"),
        ("demo --data elsewhere", "no such file: elsewhere"),
        ("demo --data . --split test", "no judgments for split 'test'"),
        ("encoder show no-such-model", "no single artifact 'no-such-model'"),
        ("down --name nobody", "no node named nobody was started"),
        ("logs --name nobody", "no node named nobody was started"),
        ("up --name ../x", "'../x' cannot name a node"),
        ("up --name x --data .", "is not empty and not a node's folder"),
    ],
)
def test_an_argument_that_means_nothing(
    shop: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: Patch,
    capfd: Capture,
    command: str,
    said: str,
) -> None:
    before = listing(shop)
    home = str(tmp_path_factory.mktemp("home"))
    done = here(monkeypatch, capfd, *command.split(), AISLE_URL=NOWHERE, AISLE_HOME=home)
    assert said in failure(done)
    # Found before anything that takes time, and before anything is printed.
    assert "Starting" not in done.err and done.out == ""
    assert listing(shop) == before


@pytest.mark.parametrize(
    "command",
    [
        "search",
        "search shoe",
        "index corpus.jsonl",
        "index corpus.jsonl -n x --dims 0",
        "index corpus.jsonl -n x --limit many",
        "index corpus.jsonl -n x --max-refused 1.5",
        "index corpus.jsonl -n x --no-such-option",
        "eval . -n x --json",
        "up --port http",
        "no-such-command",
    ],
)
def test_usage_errors_end_with_2(shop: Path, monkeypatch: Patch, capfd: Capture, command: str) -> None:
    done = here(monkeypatch, capfd, *command.split(), AISLE_URL=NOWHERE)
    assert done.code == 2
    assert "Error" in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "search shoe -n x",
        "index corpus.jsonl -n x --encoder none",
        "eval . -n x --json report.json",
    ],
)
def test_no_node_at_the_start(shop: Path, monkeypatch: Patch, capfd: Capture, command: str) -> None:
    before = listing(shop)
    said = failure(here(monkeypatch, capfd, *command.split(), AISLE_URL=NOWHERE))
    assert "nothing answers at the OpenSearch address" in said
    assert "aisle up" in said and "AISLE_URL" in said
    nobody = failure(here(monkeypatch, capfd, *command.split(), AISLE_HOME=str(shop)))
    assert "no OpenSearch address is set and no node runs" in nobody
    assert listing(shop) == before


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AISLE_URL", "ftp://ann:hush-hush@127.0.0.1"),
        ("AISLE_URL", "http://ann:hush-hush@127.0.0.1:99999"),
        ("AISLE_URL", "http://ann:hush-hush@"),
        ("AISLE_HEADERS", "x-api-key: hush-hush"),
        ("AISLE_HEADERS", '["hush-hush"]'),
        ("AISLE_TIMEOUT_S", "hush-hush"),
        ("AISLE_CA_FILE", "no-such.pem"),
    ],
)
def test_a_setting_that_means_nothing_is_named_and_not_shown(
    shop: Path, monkeypatch: Patch, capfd: Capture, variable: str, value: str
) -> None:
    done = here(monkeypatch, capfd, "status", **{"AISLE_URL": NOWHERE, variable: value})
    assert variable in failure(done)
    assert "hush-hush" not in done.err + done.out


def test_a_folder_that_cannot_be_written(shop: Path, monkeypatch: Patch, capfd: Capture) -> None:
    closed = str(shop / "corpus.jsonl" / "home")
    said = failure(here(monkeypatch, capfd, "up", AISLE_HOME=closed))
    assert "corpus.jsonl" in said


def test_a_taken_port(shop: Path, monkeypatch: Patch, capfd: Capture) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        port = str(holder.getsockname()[1])
        before = listing(shop / "qrels")
        said = failure(
            here(monkeypatch, capfd, "up", "--port", port, "--data", str(shop / "node"), AISLE_HOME=str(shop))
        )
    assert port in said
    assert not (shop / "node").exists()
    assert listing(shop / "qrels") == before


def test_no_java(tmp_path: Path) -> None:
    # A machine without Java: nothing on the PATH, nothing in the usual folders, and no network to fetch it.
    bare = textwrap.dedent(
        """
        from aisle.cluster.node import java
        java.USUAL_FOLDERS = ()
        from aisle.cli.main import main
        main()
        """
    )
    env = {
        **{key: value for key, value in environment().items() if "JAVA" not in key},
        "PATH": str(tmp_path / "bin"),
        "AISLE_HOME": str(tmp_path / "home"),
        "AISLE_CACHE": str(tmp_path / "cache"),
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
    }
    for command in ("up", "demo"):
        ended = subprocess.run(
            [sys.executable, "-c", bare, command],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = failure(Done(ended.returncode, ended.stdout, ended.stderr))
        assert "no JDK 21 or later found (no Java at all)" in said
        assert "set JAVA_HOME" in said
    assert not list((tmp_path / "home").rglob("*.json"))


def test_ctrl_c_while_the_command_is_still_loading(tmp_path: Path) -> None:
    # A Ctrl-C in the very first import of a command module, at no time in particular.
    script = (
        "import sys, signal, os\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'numpy': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        f"sys.argv = ['aisle', 'search', 'drill', '--name', 'shop']\nexec(open({str(AISLE)!r}).read())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 130, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("interrupted")


def test_a_command_leaves_no_trace_and_reports_to_nobody(tmp_path: Path) -> None:
    # ONNX Runtime's telemetry would leave a session file and a device identifier here.
    env = {"AISLE_URL": NOWHERE, **dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(tmp_path))}
    assert aisle("status", cwd=tmp_path, env=env).code == 1
    assert listing(tmp_path) == []


def test_the_console_script_itself(tmp_path: Path) -> None:
    missing = aisle("index", "no.jsonl", "--name", "x", cwd=tmp_path, env={"AISLE_URL": NOWHERE})
    assert "no such file: no.jsonl" in failure(missing)
    assert aisle("--help", cwd=tmp_path, env={}).code == 0
    assert aisle("no-such-command", cwd=tmp_path, env={}).code == 2
    assert (
        json.loads(aisle("encoder", "list", "--json", cwd=tmp_path, env={"AISLE_HOME": str(tmp_path)}).out)
        == []
    )
