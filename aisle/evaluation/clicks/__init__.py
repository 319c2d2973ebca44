"""Clicks of shoppers (User Behavior Insights) as judgments that positions do not bias."""

from aisle.evaluation.clicks.agreement import Agreement, agreements
from aisle.evaluation.clicks.estimates import Estimate, Method, estimate_clicks
from aisle.evaluation.clicks.log import AskedQuery, ClickLog, LogReader
from aisle.evaluation.clicks.simulation import Simulation, SimulationOptions, simulate

__all__ = [
    "Agreement",
    "AskedQuery",
    "ClickLog",
    "Estimate",
    "LogReader",
    "Method",
    "Simulation",
    "SimulationOptions",
    "agreements",
    "estimate_clicks",
    "simulate",
]
