"""Search and recommendation for product catalogues on OpenSearch.

    import aisle

    aisle.index("products.csv", "shop", columns={"title": "name"})
    shop = aisle.open_search("shop")
    for hit in shop.search("cordless drill", size=5).hits:
        print(hit.rank, hit.item.title, hit.signals)

These names are Aisle's public interface; every other module may change without notice. Each function that
asks a cluster takes ``cluster``, an opensearch-py client; without one it uses ``AISLE_URL``, else the node
that `aisle up` started. What goes wrong on purpose is an `AisleError`, which says how to mend it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aisle._version import __version__

__all__ = [
    "AisleError",
    "ArtifactStore",
    "AsyncSearchClient",
    "ClusterSettings",
    "EvaluatedBaskets",
    "EvaluatedSequences",
    "FacetOptions",
    "Filters",
    "FusionSpec",
    "GroupOptions",
    "Hit",
    "Item",
    "Near",
    "Page",
    "RecommendationClient",
    "Recommender",
    "RerankOptions",
    "SearchClient",
    "SearchRequest",
    "SignalBoosts",
    "SimilarItemsClient",
    "Sort",
    "TwoHeads",
    "__version__",
    "adapt",
    "apply_fusion",
    "bind_models",
    "check_rules",
    "check_vectors",
    "clean_registry",
    "connect",
    "convert_judgments",
    "delete_rules",
    "demo",
    "diagnose_semantic_ids",
    "diff_releases",
    "evaluate",
    "evaluate_baskets",
    "evaluate_encoder",
    "evaluate_sequences",
    "explain_item",
    "export_encoder",
    "export_ubi",
    "gate_release",
    "import_dashboards",
    "index",
    "interpolate",
    "list_registry",
    "list_releases",
    "list_rules",
    "list_runs",
    "match_rules",
    "name_champion",
    "name_live_champions",
    "open_item_to_item",
    "open_recommendations",
    "open_recommender",
    "open_search",
    "open_similar_items",
    "plan",
    "preview",
    "promote",
    "prune_releases",
    "prune_ubi",
    "pull_encoder",
    "pull_release",
    "push_encoder",
    "push_release",
    "put_rules",
    "record_report",
    "release_log",
    "replay",
    "report_adaptation",
    "report_experiment",
    "rollback",
    "rollback_rules",
    "run_pipeline",
    "scoped_key",
    "serve",
    "show_rules",
    "simulate_ubi",
    "suggest",
    "train_codes",
    "train_encoder",
    "train_item_to_item",
    "train_preferences",
    "train_ranker",
    "train_recommender",
    "train_reranker",
    "train_router",
    "train_sparse",
    "try_catalogue",
    "tune",
    "tune_ladder",
    "update",
    "watch",
]

if TYPE_CHECKING:
    from aisle._adapt import adapt, interpolate, report_adaptation
    from aisle._artifacts import export_encoder
    from aisle._bind_models import bind_models
    from aisle._check_vectors import check_vectors
    from aisle._codes import train_codes
    from aisle._dashboards import import_dashboards, record_report
    from aisle._demo import demo
    from aisle._diagnose import diagnose_semantic_ids
    from aisle._encoder_hub import pull_encoder, push_encoder
    from aisle._evaluate import evaluate
    from aisle._evaluate_baskets import EvaluatedBaskets, evaluate_baskets
    from aisle._evaluate_encoder import evaluate_encoder
    from aisle._evaluate_sequences import EvaluatedSequences, evaluate_sequences
    from aisle._experiment import report_experiment
    from aisle._gate import gate_release
    from aisle._index import index, replay
    from aisle._item_to_item import open_item_to_item, train_item_to_item
    from aisle._judgments import convert_judgments
    from aisle._keys import scoped_key
    from aisle._pipeline import run_pipeline
    from aisle._plan import plan
    from aisle._preview import preview
    from aisle._recommend import open_recommender, train_recommender
    from aisle._recommendations import open_recommendations
    from aisle._registry import clean_registry, list_registry, pull_release, push_release
    from aisle._releases import (
        diff_releases,
        list_releases,
        promote,
        prune_releases,
        release_log,
        rollback,
    )
    from aisle._rules import (
        check_rules,
        delete_rules,
        list_rules,
        match_rules,
        put_rules,
        rollback_rules,
        show_rules,
    )
    from aisle._runs import list_runs, name_champion, name_live_champions
    from aisle._search import explain_item, open_search
    from aisle._serve import serve
    from aisle._similar import open_similar_items
    from aisle._suggest import suggest
    from aisle._train import train_encoder, train_reranker, train_sparse
    from aisle._train_preferences import train_preferences
    from aisle._train_ranker import train_ranker
    from aisle._train_router import train_router
    from aisle._try import try_catalogue
    from aisle._tune import apply_fusion, tune
    from aisle._tune_ladder import tune_ladder
    from aisle._ubi import export_ubi, prune_ubi, simulate_ubi
    from aisle._update import update
    from aisle._watch import watch
    from aisle.cluster import ClusterSettings, connect
    from aisle.encoder import ArtifactStore
    from aisle.errors import AisleError
    from aisle.mappings import FusionSpec
    from aisle.recommendation.item_to_item.model import TwoHeads
    from aisle.recommendation.recommender import Recommender
    from aisle.search import (
        FacetOptions,
        Filters,
        GroupOptions,
        Near,
        Page,
        RerankOptions,
        SearchClient,
        SearchRequest,
        SignalBoosts,
        Sort,
    )
    from aisle.search.aio import AsyncSearchClient
    from aisle.search.recommend.client import RecommendationClient
    from aisle.search.similar.client import SimilarItemsClient
    from aisle.types import Hit, Item
else:
    # For type checkers the imports above; at run time each is made when its name is first used, so that
    # `import aisle` takes milliseconds and loads neither opensearch-py nor onnxruntime.
    _HOMES = {
        "_adapt": ("adapt", "interpolate", "report_adaptation"),
        "_artifacts": ("export_encoder",),
        "_bind_models": ("bind_models",),
        "_check_vectors": ("check_vectors",),
        "_codes": ("train_codes",),
        "_dashboards": ("import_dashboards", "record_report"),
        "_demo": ("demo",),
        "_diagnose": ("diagnose_semantic_ids",),
        "_encoder_hub": ("pull_encoder", "push_encoder"),
        "_evaluate": ("evaluate",),
        "_evaluate_encoder": ("evaluate_encoder",),
        "_evaluate_baskets": ("EvaluatedBaskets", "evaluate_baskets"),
        "_evaluate_sequences": ("EvaluatedSequences", "evaluate_sequences"),
        "_experiment": ("report_experiment",),
        "_gate": ("gate_release",),
        "_index": ("index", "replay"),
        "_judgments": ("convert_judgments",),
        "_item_to_item": ("open_item_to_item", "train_item_to_item"),
        "_keys": ("scoped_key",),
        "_pipeline": ("run_pipeline",),
        "_plan": ("plan",),
        "_preview": ("preview",),
        "_train_ranker": ("train_ranker",),
        "_train_router": ("train_router",),
        "_recommend": ("open_recommender", "train_recommender"),
        "_recommendations": ("open_recommendations",),
        "_registry": ("clean_registry", "list_registry", "pull_release", "push_release"),
        "_releases": (
            *("diff_releases", "list_releases", "promote", "prune_releases", "release_log", "rollback"),
        ),
        "_rules": (
            "check_rules",
            "delete_rules",
            "list_rules",
            "match_rules",
            "put_rules",
            "rollback_rules",
            "show_rules",
        ),
        "_runs": ("list_runs", "name_champion", "name_live_champions"),
        "_search": ("explain_item", "open_search"),
        "_similar": ("open_similar_items",),
        "_serve": ("serve",),
        "_suggest": ("suggest",),
        "_train": ("train_encoder", "train_reranker", "train_sparse"),
        "_train_preferences": ("train_preferences",),
        "_try": ("try_catalogue",),
        "_tune": ("apply_fusion", "tune"),
        "_tune_ladder": ("tune_ladder",),
        "_ubi": ("export_ubi", "prune_ubi", "simulate_ubi"),
        "_update": ("update",),
        "_watch": ("watch",),
        "cluster": ("ClusterSettings", "connect"),
        "encoder": ("ArtifactStore",),
        "errors": ("AisleError",),
        "mappings": ("FusionSpec",),
        "recommendation.item_to_item.model": ("TwoHeads",),
        "recommendation.recommender": ("Recommender",),
        "search": (
            *("FacetOptions", "Filters", "GroupOptions", "Near", "Page", "RerankOptions"),
            *("SearchClient", "SearchRequest", "SignalBoosts", "Sort"),
        ),
        "search.aio": ("AsyncSearchClient",),
        "search.recommend.client": ("RecommendationClient",),
        "search.similar.client": ("SimilarItemsClient",),
        "types": ("Hit", "Item"),
    }

    def __getattr__(name: str) -> object:
        from importlib import import_module

        for home, names in _HOMES.items():
            if name in names:
                found = getattr(import_module(f"{__name__}.{home}"), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
