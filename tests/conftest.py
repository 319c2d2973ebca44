"""Fixtures of all tests: one real OpenSearch node for the session, from the plugin that users have too.

Where ``AISLE_KNN_LIB`` names k-NN's native libraries, every test of a node runs on lucene and on faiss.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisle.cluster import Cluster, ClusterSettings, NodeOptions, capabilities, connect
from aisle.cluster.node.libraries import NATIVE_VARIABLE
from tests.support.shared_classes import OPTIONS, with_shared_classes

pytest_plugins = ["aisle.testing.pytest_plugin"]

NODE_TESTS = Path(__file__).parent / "node"
SHORT = tuple(Path(__file__).parent / folder for folder in ("property", "unit"))
LUCENE, FAISS = "lucene", "faiss"
# A node that runs already has the engine that it has.
NATIVE = bool(os.environ.get(NATIVE_VARIABLE)) and not os.environ.get("AISLE_TEST_URL")
ENGINES = (LUCENE, pytest.param(FAISS, marks=pytest.mark.native)) if NATIVE else None


class FailuresAtOnce:
    """Says which test failed when it fails: pytest-xdist keeps it until the end of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and reporter is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            reporter.write_line(f"\n{report.when} of {report.nodeid} failed", red=True)
            reporter.write_line(crash.message if crash else report.longreprtext)


def pytest_configure(config: pytest.Config) -> None:
    """Nodes live for minutes here: Java's second compiler would cost more than it gives."""
    os.environ.setdefault(OPTIONS, "-XX:TieredStopAtLevel=1")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(config))


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as ``node`` what stands in tests/node, and every other test that asks for the session's node.

    Short files come last, so that several processes end together.
    What is itself marked as ``native`` runs on faiss alone, and nowhere without the libraries.
    """
    for item in items:
        needs_node = "aisle_url" in getattr(item, "fixturenames", ())
        if needs_node or item.path.is_relative_to(NODE_TESTS):
            item.add_marker(pytest.mark.node)
        if not NATIVE and item.get_closest_marker("native"):
            item.add_marker(pytest.mark.skip(reason=f"{NATIVE_VARIABLE} names no native libraries"))
    items[:] = [item for item in items if not (_engine(item) == LUCENE and item.get_closest_marker("native"))]
    items.sort(key=lambda item: any(item.path.is_relative_to(folder) for folder in SHORT))


def _engine(item: pytest.Item) -> object:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("engine") if callspec else None


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Best k-NN engine of the nodes that tests use."""
    wanted = getattr(request, "param", LUCENE)
    if running := os.environ.get("AISLE_TEST_URL"):
        with connect(ClusterSettings(url=running)) as cluster:
            wanted = capabilities(cluster).best_engine
    with pytest.MonkeyPatch.context() as patch:
        if wanted == LUCENE:
            patch.delenv(NATIVE_VARIABLE, raising=False)
        patch.setenv(OPTIONS, with_shared_classes(os.environ[OPTIONS]))
        yield wanted


@pytest.fixture(scope="session")
def aisle_node_options(engine: str) -> NodeOptions:
    """A node of its own for each engine.

    It looks at its disk once: else it lifts, every 30 seconds, blocks of a full disk that tests have set.
    """
    return NodeOptions(name=f"tests-{engine}", settings={"cluster.info.update.interval": "1h"})


@pytest.fixture(scope="session")
def node_url(aisle_url: str) -> str:
    """URL of the session's node."""
    return aisle_url


@pytest.fixture(scope="session")
def client(aisle_cluster: Cluster) -> Cluster:
    """A client of the session's node."""
    return aisle_cluster


@pytest.fixture
def name(aisle_name: str) -> str:
    """A name that no other test uses, for an index or an alias; ``<name>`` and ``<name>-*`` go afterwards."""
    return aisle_name
