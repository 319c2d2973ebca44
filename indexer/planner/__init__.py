"""How large a cluster a catalogue needs: shards, nodes, heap, disk and vector memory. Pure."""

from indexer.planner.engine import Engine
from indexer.planner.plan import Alternative, Plan, plan
from indexer.planner.quantity import parse_bytes, parse_count
from indexer.planner.request import PlanRequest

__all__ = ["Alternative", "Engine", "Plan", "PlanRequest", "parse_bytes", "parse_count", "plan"]
