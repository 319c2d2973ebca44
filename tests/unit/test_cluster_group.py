"""What nodes of one cluster must know of one another before any of them starts."""

from __future__ import annotations

from pathlib import Path

from aisle.cluster import NodeOptions
from aisle.testing.multi_node import GROUP_HEAP_MIB, group_options

NAMES = ("one", "two", "three")


def test_every_node_knows_all_of_them_and_has_ports_and_data_of_its_own(tmp_path: Path) -> None:
    options = group_options(NAMES, tmp_path)
    ports = [port for one in options for port in (one.http_port, one.transport_port)]
    assert len(set(ports)) == 6 and 0 not in ports
    assert [one.folder for one in options] == [tmp_path / name for name in NAMES]
    seeds = [f"127.0.0.1:{one.transport_port}" for one in options]
    for one, name in zip(options, NAMES, strict=True):
        assert (one.name, one.wait_for, one.heap_mib) == (name, "", GROUP_HEAP_MIB)
        assert one.settings["discovery.seed_hosts"] == seeds
        assert one.settings["cluster.initial_cluster_manager_nodes"] == list(NAMES)


def test_what_they_have_in_common_wins_and_they_get_longer_to_start(tmp_path: Path) -> None:
    common = NodeOptions(heap_mib=300, start_timeout_s=50, settings={"discovery.seed_hosts": ["x"], "a": "b"})
    for one in group_options(NAMES, tmp_path, common):
        assert (one.heap_mib, one.start_timeout_s) == (300, 150)
        assert (one.settings["discovery.seed_hosts"], one.settings["a"]) == (["x"], "b")
