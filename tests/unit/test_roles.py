"""The role documents as such: the plugin's format, one catalogue each, nothing with a wildcard of its own."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from aisle.cli.roles import app
from aisle.errors import InputError
from aisle.indexer.lease.state import STATE_INDEX
from aisle.mappings.observations import OBSERVATIONS
from aisle.mappings.roles import Role, role_document
from aisle.mappings.ubi import EVENTS, QUERIES
from aisle.search.rules.store import RULES_INDEX

# Permissions that the plugin checks for the cluster, though their names begin with "indices:" (its
# PrivilegesEvaluator.isClusterPerm).
ALSO_OF_THE_CLUSTER = {
    *("indices:data/write/bulk", "indices:data/read/mget", "indices:data/read/msearch"),
    *("indices:data/read/scroll", "indices:data/read/scroll/clear"),
}


@pytest.mark.parametrize("role", Role)
def test_the_format(role: Role) -> None:
    document = role_document(role, "shop")
    assert set(document) == {"cluster_permissions", "index_permissions", "tenant_permissions"}
    assert document["tenant_permissions"] == []
    for action in document["cluster_permissions"]:
        assert action.startswith("cluster:") or action in ALSO_OF_THE_CLUSTER
        assert "*" not in action
    for permission in document["index_permissions"]:
        assert set(permission) == {"index_patterns", "allowed_actions"}
        assert permission["index_patterns"] in (
            ["shop", "shop-v*"],
            [STATE_INDEX],
            [RULES_INDEX],
            [OBSERVATIONS, EVENTS, QUERIES],
            [EVENTS, QUERIES],
        )
        for action in permission["allowed_actions"]:
            assert action.startswith("indices:")
            # The parts of one action, such as bulk[s], and no others.
            assert "*" not in action.removesuffix("*")
            assert not action.endswith(("/*", ":*"))
            assert permission["allowed_actions"] == sorted(set(permission["allowed_actions"]))


def test_only_the_indexer_makes_and_only_two_delete() -> None:
    def may(action: str) -> set[Role]:
        return {
            role
            for role in Role
            for permission in role_document(role, "shop")["index_permissions"]
            if "shop" in permission["index_patterns"] and action in permission["allowed_actions"]
        }

    assert may("indices:admin/create") == {Role.INDEXER}
    assert may("indices:admin/delete") == {Role.INDEXER, Role.RELEASES}
    assert may("indices:data/write/bulk*") == {Role.INDEXER, Role.UPDATER}
    for role in (Role.SEARCHER, Role.WATCHER):
        reads = json.dumps(role_document(role, "shop"))
        assert "write" not in reads and STATE_INDEX not in reads


@pytest.mark.parametrize("name", ["", "*", "shop*", "sh?p", "/.*/", "shop${user.name}", "a\\b"])
def test_a_name_never_widens_a_role(name: str) -> None:
    with pytest.raises(InputError, match="a role cannot be made"):
        role_document(Role.INDEXER, name)


def test_the_command() -> None:
    done = CliRunner().invoke(app, ["show", "searcher", "--name", "shop-de"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == role_document(Role.SEARCHER, "shop-de")
    refused = CliRunner().invoke(app, ["show", "searcher", "--name", "Shop"])
    assert isinstance(refused.exception, InputError)
    assert CliRunner().invoke(app, ["show", "nobody", "--name", "shop"]).exit_code == 2
