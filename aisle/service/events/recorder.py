"""Records answers and what shoppers do with them, as far as they agreed to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from aisle.errors import Overloaded
from aisle.mappings.observations import OBSERVATIONS
from aisle.mappings.ubi import EVENTS, QUERIES
from aisle.search.rank.stage import Recent
from aisle.service.events.answers import Asker, RecordedAnswer, observation, query_document
from aisle.service.events.event import UbiEvent, event_document, shown_by
from aisle.service.events.writer import EventCounts, EventWriter, Outcome, Record

# Queries whose texts are known when their events come, those of other processes aside.
_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Recorder:
    """Attributes:
    writer: that writes.
    counts: told of what is not taken.
    need_consent: record only what says that its shopper agreed.
    texts: write what shoppers typed.
    """

    writer: EventWriter
    counts: EventCounts
    need_consent: bool = False
    texts: bool = True
    _shown: Recent[tuple[str, str], Mapping[str, str]] = field(default_factory=lambda: Recent(_REMEMBERED))
    _asked: Recent[tuple[str, str], str] = field(default_factory=lambda: Recent(_REMEMBERED))

    def answered(self, catalogue: str, answer: RecordedAnswer, asker: Asker) -> str:
        """Record an answer, if it may be and there is room; returns the id that events name it by."""
        query_id, now = str(uuid.uuid4()), datetime.now(UTC)
        records = []
        if self._may(asker.consent):
            document = query_document(query_id, catalogue, answer, asker, now, texts=self.texts)
            records.append(Record(QUERIES, document, query_id))
            if self.texts and answer.text:
                self._asked.keep([((catalogue, query_id), document["user_query"])])
            if answer.configs:
                self._shown.keep([((catalogue, query_id), answer.configs)])
        else:
            self.counts.count(QUERIES, Outcome.REFUSED, "consent")
        if answer.observed is not None:
            records.append(Record(OBSERVATIONS, observation(query_id, catalogue, answer.observed, now)))
        self.writer.put(records)
        return query_id

    def take(self, catalogue: str, events: Sequence[UbiEvent]) -> int:
        """Record events; returns how many were taken: those of shoppers who did not agree are not.

        Raises:
            Overloaded: too many wait; none of them was taken.
        """
        now = datetime.now(UTC)
        wanted = [event for event in events if self._may(event.consent)]
        if refused := len(events) - len(wanted):
            self.counts.count(EVENTS, Outcome.REFUSED, "consent", refused)
        names = [(catalogue, event.query_id or "") for event in wanted]
        known = zip(wanted, self._asked.find(names), self._shown.find(names), strict=True)
        records = [
            Record(EVENTS, self._document(shown_by(event, configs), catalogue, text, now))
            for event, text, configs in known
        ]
        if not self.writer.put(records):
            raise Overloaded(
                f"{self.writer.waiting:,} events wait already", fix="send them again after Retry-After"
            )
        return len(records)

    def _document(
        self, event: UbiEvent, catalogue: str, text: str | None, now: datetime
    ) -> dict[str, object]:
        document = event_document(event, catalogue, text, now)
        if not self.texts:
            # A message may quote what was typed.
            document.pop("user_query", None)
            document.pop("message", None)
        return document

    def _may(self, consent: bool | None) -> bool:
        return consent is True or (consent is None and not self.need_consent)
