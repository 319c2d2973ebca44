"""For tests, ours and yours: a real OpenSearch node as pytest fixtures, and catalogues with exact judgments.

    # conftest.py
    pytest_plugins = ["aisle.testing.pytest_plugin"]

    # test_shop.py
    def test_a_drill_is_found(aisle_cluster, aisle_name, tmp_path):
        catalogue = tmp_path / "products.csv"
        catalogue.write_text("id,title\\n1,cordless drill\\n")
        aisle.index(catalogue, aisle_name, encoder=None, cluster=aisle_cluster)
        shop = aisle.open_search(aisle_name, cluster=aisle_cluster)
        assert shop.search("drill").hits[0].item.id == "1"

``pytest_plugin``  fixtures: a node for the session, a client of it, a name of one's own
``synthetic``      a generated catalogue of any size, with judged queries
``multi_node``     several nodes as one cluster on this machine
``containers``     the official image, for what the embedded node lacks (faiss, plugins)
"""
