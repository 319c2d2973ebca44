"""A cluster behind TLS and passwords: a real reverse proxy before the embedded node, by the command line.

The security plugin is not published for the embedded node; to a client, this is the same door.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisle.cluster import Cluster
from tests.support.command import Done, aisle, environment, failure, here, put_encoder
from tests.support.indexing import releases
from tests.support.proxies.secured import Secured, basic, make_ca, secured
from tests.unit.test_cluster_tls import openssl_3

pytestmark = pytest.mark.skipif(not openssl_3(), reason="openssl 3 makes the certificates; it is not here")

PASSWORD = "corréct-hörse"
WRONG = "battery-staple"
API_KEY = "key-of-the-shop"
RED = ("search", "red shoe", "--name")


@pytest.fixture(scope="module")
def door(node_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    ca = make_ca(tmp_path_factory.mktemp("authority"), "ca")
    accepted = {"authorization": {basic("ann", PASSWORD), f"ApiKey {API_KEY}"}, "x-api-key": {API_KEY}}
    with secured(node_url, ca, accepted) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = put_encoder(tmp_path_factory.mktemp("home"))
    rows = ({"_id": str(n), "title": f"{('red', 'blue')[n % 2]} shoe {n}"} for n in range(30))
    (folder / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def settings(door: Secured, home: Path, password: str = PASSWORD, **changes: str) -> dict[str, str]:
    given = {"AISLE_URL": door.url, "AISLE_USER": "ann", "AISLE_PASSWORD": password}
    return {"AISLE_HOME": str(home), "AISLE_CA_FILE": str(door.ca), **given, **changes}


def test_from_file_to_search_with_password_and_ca(
    door: Secured, home: Path, client: Cluster, name: str
) -> None:
    env = settings(door, home)
    done = aisle("index", "shop.jsonl", "--name", name, "--json", cwd=home, env=env)
    assert done.code == 0, done.err
    assert json.loads(done.out)["documents"] == 30
    found = aisle(*RED, name, "--json", cwd=home, env=env)
    assert found.code == 0, found.err
    hits = json.loads(found.out)["hits"]
    assert [set(hit["signals"]) for hit in hits] == [{"bm25", "dense"}] * 10
    assert hits[0]["item"]["title"].startswith("red shoe")
    assert set(door.statuses) <= {200, 201, 404}
    assert releases(client, name) == {f"{name}-v0001": {name}}
    meta = client.indices.get(index=f"{name}-v0001")
    assert PASSWORD not in json.dumps(meta, ensure_ascii=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"AISLE_URL": "https://ann:corr%C3%A9ct-h%C3%B6rse@HOST", "AISLE_USER": "", "AISLE_PASSWORD": ""},
        {"AISLE_HEADERS": json.dumps({"x-api-key": API_KEY}), "AISLE_USER": "", "AISLE_PASSWORD": ""},
        {"AISLE_HEADERS": json.dumps({"Authorization": f"ApiKey {API_KEY}"}), "AISLE_USER": ""},
        {"AISLE_CA_FILE": "", "AISLE_VERIFY": "false"},
    ],
    ids=["in the URL", "API key", "API key as authorization", "unverified"],
)
def test_other_ways_in(
    door: Secured,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    changes: dict[str, str],
) -> None:
    env = {key: value.replace("HOST", door.url.split("//")[1]) for key, value in changes.items()}
    env = {key: value for key, value in settings(door, home, **env).items() if value}
    done = here(monkeypatch, capfd, "status", "--json", **env)
    assert done.code == 0, done.err
    assert json.loads(done.out)["version"].startswith("3.")
    assert not any(secret in done.out + done.err for secret in (PASSWORD, "corr%C3%A9ct", API_KEY))


NOT_IN = {
    "wrong password": ({"AISLE_PASSWORD": WRONG}, "OpenSearch refused the user or the password (401)"),
    "no password": ({"AISLE_USER": "", "AISLE_PASSWORD": ""}, "refused the user or the password (401)"),
    "wrong key": (
        {"AISLE_HEADERS": json.dumps({"x-api-key": WRONG}), "AISLE_USER": ""},
        "refused the user or the password (401)",
    ),
    "no CA": ({"AISLE_CA_FILE": ""}, "the server's certificate could not be verified"),
    "another CA": ({"AISLE_CA_FILE": "OTHER"}, "the server's certificate could not be verified"),
    "no certificate": ({"AISLE_CA_FILE": "KEY"}, "the server's certificate could not be verified"),
}


@pytest.mark.parametrize("case", NOT_IN)
def test_not_let_in(
    door: Secured,
    home: Path,
    client: Cluster,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    case: str,
) -> None:
    changes, said = NOT_IN[case]
    files = {"OTHER": make_ca(tmp_path, "other"), "KEY": tmp_path / "other.key"}
    env = settings(door, home, **changes)
    env = {key: str(files.get(value, value)) for key, value in env.items() if value}
    monkeypatch.chdir(home)
    fix = "AISLE_PASSWORD" if "401" in said else "AISLE_CA_FILE"
    for command in ((*RED, name), ("index", "shop.jsonl", "--name", name, "--encoder", "none"), ("status",)):
        told = failure(done := here(monkeypatch, capfd, *command, **env))
        assert said in told and fix in told.splitlines()[1]
        assert not any(secret in done.out + done.err for secret in (PASSWORD, WRONG))
    assert not client.indices.get(index=f"{name}*", allow_no_indices=True)


def test_the_secret_is_in_no_log(door: Secured, home: Path, name: str) -> None:
    # Everything that any library would log, on standard error.
    loud = "import logging; logging.basicConfig(level=0)\nfrom aisle.cli.main import main; main()"
    for password, code in ((PASSWORD, 0), (WRONG, 1)):
        env = environment(**settings(door, home, password, AISLE_HEADERS=json.dumps({"x-trace": API_KEY})))
        for command in (["index", "shop.jsonl", "--name", name, "--encoder", "none"], [*RED, name]):
            ended = subprocess.run(
                [sys.executable, "-c", loud, *command],
                cwd=home,
                env=env,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            done = Done(ended.returncode, ended.stdout, ended.stderr)
            assert done.code == code, done.err
            assert "DEBUG:" in done.err
            secrets = (password, basic("ann", password).split()[1], API_KEY)
            assert not any(secret in done.out + done.err for secret in secrets)
