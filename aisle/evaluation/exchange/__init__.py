"""Judgments and query sets of other tools: read, written, and what a tool cannot hold is told."""

from aisle.evaluation.exchange.convert import Converted, Exchange, Format, convert
from aisle.evaluation.exchange.judgments import Change, Changes, Judgments

__all__ = ["Change", "Changes", "Converted", "Exchange", "Format", "Judgments", "convert"]
