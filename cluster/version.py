"""The OpenSearch release that Aisle is built and tested on: the one place that names it.

After a change here run ``python -m cluster.relock`` and change the image tags in docker-compose.yml.
"""

from __future__ import annotations

OPENSEARCH = "3.6.0"
"""Newest release whose server, modules, k-NN and neural-search are all published as Maven artifacts."""

PLUGINS = f"{OPENSEARCH}.0"

MINIMUM = (3, 0)
"""Oldest server spoken to: z-score normalisation and hybrid pagination are in every 3.x."""
