"""How large a cluster a catalogue needs: shards, nodes, heap, disk and vector memory. Pure."""

from aisle.indexer.capacity.formulas import Engine, parse_bytes, parse_count
from aisle.indexer.capacity.plan import Alternative, Plan, PlanRequest, plan

__all__ = ["Alternative", "Engine", "Plan", "PlanRequest", "parse_bytes", "parse_count", "plan"]
