"""What shoppers ask and do, written to the indexes of User Behavior Insights (UBI 1.3.0)."""

from aisle.service.events.answers import (
    Asker,
    RecordedAnswer,
    ShownBy,
    recorded_recommendation,
    recorded_search,
    recorded_similar,
)
from aisle.service.events.event import Feedback, UbiEvent
from aisle.service.events.recorder import Recorder
from aisle.service.events.writer import EventCounts, EventWriter

__all__ = [
    "Asker",
    "EventCounts",
    "EventWriter",
    "Feedback",
    "RecordedAnswer",
    "Recorder",
    "ShownBy",
    "UbiEvent",
    "recorded_recommendation",
    "recorded_search",
    "recorded_similar",
]
