"""Files to deploy by: pinned releases, loopback alone, no root, nothing written where it need not be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from aisle.testing.containers import DASHBOARDS_IMAGE, IMAGE

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
THREE_NODES = ROOT / "deploy" / "three-nodes.yml"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PODS: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text()))
SERVICE = "service"


def services(file: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    return found


def of_kind(kind: str) -> dict[str, Any]:
    (found,) = (document for document in PODS if document["kind"] == kind)
    return found


def test_images_are_of_the_pinned_release() -> None:
    images = {name: service.get("image") for name, service in services(COMPOSE).items()}
    assert images == {"opensearch": IMAGE, "dashboards": DASHBOARDS_IMAGE, SERVICE: None}
    assert {service["image"] for service in services(THREE_NODES).values()} == {IMAGE}


@pytest.mark.parametrize("file", [COMPOSE, THREE_NODES], ids=lambda file: file.stem)
def test_ports_are_bound_to_loopback(file: Path) -> None:
    ports = [port for service in services(file).values() for port in service.get("ports", ())]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_three_nodes_know_each_other() -> None:
    nodes = services(THREE_NODES)
    assert len(nodes) == 3
    for name, node in nodes.items():
        said = node["environment"]
        assert said["node.name"] == name
        assert (
            said["discovery.seed_hosts"] == ",".join(nodes) == said["cluster.initial_cluster_manager_nodes"]
        )
    assert len({volume for node in nodes.values() for volume in node["volumes"]}) == 3


def test_the_image_has_no_torch_and_no_root() -> None:
    (requirements,) = set(re.findall(r"-r (\S+)", DOCKERFILE))
    pinned = (ROOT / requirements).read_text(encoding="utf-8")
    assert not re.search(r"^(torch|transformers|sentence-transformers|pyarrow)==", pinned, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert ignored[0] == "*"
    assert {name for line in copied for name in line.split()} == {
        line[1:] for line in ignored if line.startswith("!")
    }


def test_the_service_writes_only_to_its_temporary_folder() -> None:
    compose = services(COMPOSE)[SERVICE]
    assert compose["read_only"] is True and compose["tmpfs"] == ["/tmp"] and compose["cap_drop"] == ["ALL"]
    assert all(volume.endswith(":ro") for volume in compose["volumes"])
    pod = of_kind("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}:" in DOCKERFILE
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert all(
        mount.get("readOnly") or "emptyDir" in volumes[mount["name"]] for mount in container["volumeMounts"]
    )


def test_the_pods_are_found_by_what_selects_them() -> None:
    deployment = of_kind("Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels == of_kind("Service")["spec"]["selector"]
    assert of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    (container,) = deployment["template"]["spec"]["containers"]
    assert {port["name"] for port in container["ports"]} == {
        port["targetPort"] for port in of_kind("Service")["spec"]["ports"]
    }
    claims = [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in deployment["template"]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    ]
    assert claims == [of_kind("PersistentVolumeClaim")["metadata"]["name"]]
    assert f"EXPOSE {container['ports'][0]['containerPort']}" in DOCKERFILE
