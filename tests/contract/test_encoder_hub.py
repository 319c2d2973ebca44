"""`aisle encoder push` and `pull`, by huggingface_hub's own protocol, with a small hub on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import onnx
import orjson
import pytest

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.artifact import Manifest, write_manifest
from aisle.encoder.export import DenseExport, export
from tests.support.command import Done, failure, here
from tests.support.hub_server import TOKEN, HubServer, Repository, hub_server
from tests.support.tiny_bert import tiny_bert

pytestmark = pytest.mark.slow

Command = Callable[..., Done]
REPOSITORY = "acme/shop-encoder"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a tiny encoder."""
    folder = tmp_path_factory.mktemp("hub")
    export(
        DenseExport(model=str(tiny_bert(folder / "tiny")), name="shop"), ArtifactStore(folder / "artifacts")
    )
    return folder / "artifacts"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as running:
        yield running


@pytest.fixture
def command(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    settings = {
        "HF_ENDPOINT": hub.address,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "hf"),
        "AISLE_HOME": str(tmp_path / "home"),
    }
    return lambda *arguments, **env: here(monkeypatch, capfd, "encoder", *arguments, **settings | env)


def pushed(command: Command, made: Path, *more: str) -> dict[str, str]:
    done = command("push", "shop", REPOSITORY, "--out", str(made), "--json", *more)
    assert done.code == 0, done.err
    found: dict[str, str] = orjson.loads(done.out)
    return found


def test_what_is_pushed_comes_back_as_it_was(
    command: Command, hub: HubServer, made: Path, tmp_path: Path
) -> None:
    sent = pushed(command, made, "--licence", "apache-2.0")
    repository = hub.repositories[REPOSITORY]
    assert repository.private and sent["private"] and sent["commit"] == repository.newest
    held = repository.commits[repository.newest]
    card = held["README.md"].decode()
    assert card.startswith('---\nlibrary_name: "aisle"\npipeline_tag: "sentence-similarity"\n')
    assert 'license: "apache-2.0"' in card and "# shop" in card and sent["fingerprint"] in card
    assert "base_model:" not in card and str(tmp_path) not in card
    pulled = command("pull", REPOSITORY)
    assert pulled.code == 0 and f"of commit {repository.newest}" in pulled.out, pulled.err
    store = ArtifactStore(tmp_path / "home" / "artifacts")
    here_, there = (
        DenseEncoder.load("shop", store=store),
        DenseEncoder.load("shop", store=ArtifactStore(made)),
    )
    assert here_.fingerprint == there.fingerprint == sent["fingerprint"]
    assert (here_.encode_queries(["a lamp"]) == there.encode_queries(["a lamp"])).all()
    assert TOKEN not in pulled.out + pulled.err
    # All files are of the commit that the branch was at first, and only those that the manifest names.
    asked = {path for method, path, _ in hub.asked if "/resolve/" in path}
    assert asked == {f"/{REPOSITORY}/resolve/{repository.newest}/{name}" for name in held}
    assert [path.name for path in (tmp_path / "home" / "artifacts").iterdir()] == ["dense"]


def test_a_commit_and_a_fingerprint_pin_it(command: Command, hub: HubServer, made: Path) -> None:
    sent = pushed(command, made)
    hub.repositories[REPOSITORY].commit({"model.onnx": b"another one"})
    changed = failure(command("pull", REPOSITORY))
    assert "was changed" in changed
    assert "no artifacts yet" in command("list").out
    pinned = command(
        "pull", REPOSITORY, "--revision", sent["commit"], "--fingerprint", sent["fingerprint"][:12]
    )
    assert pinned.code == 0 and sent["commit"] in pinned.out
    other = command("pull", REPOSITORY, "--revision", sent["commit"], "--fingerprint", "0" * 12)
    assert f"holds {sent['fingerprint'][:12]}, not 000000000000" in failure(other)
    assert "too little" in failure(command("pull", REPOSITORY, "--fingerprint", "04f1"))


def test_nothing_becomes_public_by_itself(command: Command, hub: HubServer, made: Path) -> None:
    hub.repositories[REPOSITORY] = Repository(private=False)
    refused = failure(command("push", "shop", REPOSITORY, "--out", str(made)))
    assert "can be seen by everybody" in refused and "--public" in refused
    assert hub.repositories[REPOSITORY].commits == {}
    assert not pushed(command, made, "--public")["private"]
    # What everybody may see is pulled without a token, and a private one is not.
    assert command("pull", REPOSITORY, HF_TOKEN="").code == 0
    assert {token for _, path, token in hub.asked if "/resolve/" in path} == {""}
    hub.repositories[REPOSITORY].private = True
    assert "HF_TOKEN" in failure(command("pull", REPOSITORY, HF_TOKEN=""))


def test_who_may_not_push_is_told_and_tokens_are_never_shown(
    command: Command, hub: HubServer, made: Path
) -> None:
    out = ("--out", str(made))
    assert "set HF_TOKEN" in failure(command("push", "shop", REPOSITORY, *out, HF_TOKEN=""))
    assert hub.asked == []
    wrong = command("push", "shop", REPOSITORY, *out, HF_TOKEN="hf_wrong")
    assert "did not do it" in failure(wrong) and "hf_wrong" not in wrong.err + wrong.out
    assert "no repository of the hub" in failure(command("push", "shop", "shop", *out))
    hub.broken = "/commit/"
    assert "did not do it" in failure(command("push", "shop", REPOSITORY, *out))
    away = command("push", "shop", REPOSITORY, *out, HF_ENDPOINT="http://127.0.0.1:9")
    assert "check the network" in failure(away)


def test_what_is_no_artifact_or_does_something_else_is_never_seen(
    command: Command, hub: HubServer, made: Path, tmp_path: Path
) -> None:
    assert "no acme/none" in failure(command("pull", "acme/none"))
    hub.repositories["acme/other"] = Repository(private=False)
    hub.repositories["acme/other"].commit({"README.md": b"# other"})
    assert "is no artifact of Aisle" in failure(command("pull", "acme/other"))
    assert "no such revision" in failure(command("pull", "acme/other", "--revision", "v7"))
    outside = Manifest(
        kind="dense", name="x", base_model="", dims=2, text_version="2", files={"../../x": "0" * 64}
    )
    hub.repositories["acme/other"].commit({"manifest.json": outside.to_bytes()})
    assert "no plain file" in failure(command("pull", "acme/other"))
    # Whole by its hashes, and its vectors are others than its self-test says.
    (source,) = (made / "dense").iterdir()
    staged = tmp_path / "staged"
    staged.mkdir()
    for file in source.iterdir():
        (staged / file.name).write_bytes(file.read_bytes())
    tokens = orjson.loads((staged / "tokenizer.json").read_bytes())
    vocabulary = tokens["model"]["vocab"]
    vocabulary["a"], vocabulary["e"] = vocabulary["e"], vocabulary["a"]
    (staged / "tokenizer.json").write_bytes(orjson.dumps(tokens))
    held = orjson.loads((staged / "manifest.json").read_bytes())
    write_manifest(staged, Manifest(**held))
    hub.repositories["acme/other"].commit({file.name: file.read_bytes() for file in staged.iterdir()})
    odd = failure(command("pull", "acme/other"))
    assert "acme/other at " in odd and "differ from those recorded" in odd and "staging" not in odd
    assert "no artifacts yet" in command("list").out


def test_a_repository_that_is_broken_in_any_part_is_refused_and_leaves_nothing(
    command: Command, hub: HubServer, made: Path, tmp_path: Path
) -> None:
    pushed(command, made)
    good = dict(hub.repositories[REPOSITORY].commits[hub.repositories[REPOSITORY].newest])
    held = orjson.loads(good["manifest.json"])
    names = [name for name in good if name not in ("manifest.json", "README.md")]

    def said(**changes: object) -> dict[str, bytes]:
        return {"manifest.json": orjson.dumps({**held, **changes})}

    def hashed(**contents: bytes) -> dict[str, bytes]:
        """Whole by its hashes, whatever the files hold."""
        files = {**held["files"], **{name: sha256(content).hexdigest() for name, content in contents.items()}}
        return {**contents, **said(files=files)}

    broken: dict[str, dict[str, bytes]] = {
        **{
            f"manifest {n}": {"manifest.json": one}
            for n, one in enumerate((b"", b"[]", b"\xff", b"[" * 9_000))
        },
        **{f"files {n}": said(files=one) for n, one in enumerate((["a"], {}, {"a" * 400: "0" * 64}))},
        **{f"a file {one!r}": said(files={**held["files"], one: "0" * 64}) for one in ("", "..", "a\0b")},
        **{f"dims {one}": said(dims=one) for one in (-1, 16, 10**9)},
        **{f"name {one[:9]!r}": said(name=one) for one in ("../../evil", "a\nb", "x" * 300)},
        "kind": said(kind=3),
        "schema": said(schema_version=99),
        "another model": hashed(**{"model.onnx": _another_model()}),
        **{f"{name} cut": {name: good[name][: len(good[name]) // 2]} for name in names},
        **{f"{name} of zeros": hashed(**{name: bytes(100)}) for name in names},
    }
    odd: list[str] = []
    for what, change in broken.items():
        hub.repositories["acme/odd"] = Repository(private=False)
        hub.repositories["acme/odd"].commit({**good, **change})
        try:
            failure(command("pull", "acme/odd"))
        except BaseException as error:  # noqa: BLE001
            odd.append(f"{what}: {error!r}"[:300])
        if left := [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()]:
            odd.append(f"{what} left {left}")
            shutil.rmtree(tmp_path / "home")
    assert odd == []


def _another_model() -> bytes:
    """A graph that takes and gives one number."""
    takes, gives = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [takes], [gives])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
