"""Events as clients send them, and the documents that they become. Pure.

The specification's schema (o19s/ubi, schema/1.3.0/event.schema.json) cannot be applied as it stands: its
``oneOf`` refuses what fits both of its branches, and every ``click`` and every UUID does. Its bounds are
these; what it asks for beyond is left to the client where the plugin's own ``ubi.js`` does not send it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from aisle.mappings.ubi import ID_CHARS, MESSAGE_CHARS, OBJECT_ID_CHARS, USER_QUERY_CHARS, Action

MAX_EVENTS: Final = 100
"""Of one request: as many as a page has hits."""

# A clock that is further away is wrong, or somebody's invention: then it is the service's time that counts.
_EARLIEST: Final = timedelta(days=7)
_LATEST: Final = timedelta(minutes=5)


def _none_if_empty(value: Any) -> Any:
    """``ubi.js`` sends empty texts for what it does not know."""
    return None if value == "" else value


def _text_if_whole(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Id = Annotated[str, Field(min_length=1, max_length=ID_CHARS)]
_ObjectId = Annotated[str, Field(min_length=1, max_length=OBJECT_ID_CHARS), BeforeValidator(_text_if_whole)]
_MaybeId = Annotated[_Id | None, BeforeValidator(_none_if_empty)]
_MaybeObjectId = Annotated[_ObjectId | None, BeforeValidator(_none_if_empty)]
_Place = Annotated[int, Field(ge=-(2**31), lt=2**31)]
_Coordinate = Annotated[float, Field(allow_inf_nan=False)]
_Consent = Annotated[
    bool | None,
    Field(description="Whether the shopper agreed to being recorded; `false`: it is not written."),
]


class _Known(BaseModel):
    """What is not named is left out, so that no visitor invents fields."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Point(_Known):
    """Where on the screen."""

    x: _Coordinate
    y: _Coordinate


class Position(_Known):
    """Where in the results, or on the screen; all of it may be left out."""

    ordinal: _Place | None = Field(
        default=None, description="Place among the results, from 1: a hit's `rank`."
    )
    xy: Point | None = None
    x: _Place | None = None
    y: _Place | None = None
    page_depth: _Place | None = None
    scroll_depth: _Place | None = None
    trail: _MaybeObjectId = None


class EventObject(_Known):
    """What the event is about."""

    object_id: _MaybeObjectId = Field(default=None, description="Id of an item.", examples=["100002"])
    object_id_field: _MaybeId = None
    object_id_type: _MaybeId = None
    internal_id: _MaybeObjectId = None
    name: _MaybeObjectId = None
    search_config: _MaybeId = Field(default=None, description="Of an experiment: the configuration shown.")


class EventAttributes(_Known):
    """Of an event."""

    object: EventObject | None = None
    position: Position | None = None


class UbiEvent(_Known):
    """An event of User Behavior Insights 1.3.0. What is not named here is left out."""

    action_name: _Id = Field(examples=[action.value for action in Action])
    timestamp: datetime = Field(description="ISO 8601; without an offset it is UTC.")
    query_id: _MaybeId = Field(default=None, description="Of the answer that showed the item.")
    user_query: Annotated[str | None, Field(max_length=USER_QUERY_CHARS), BeforeValidator(_none_if_empty)] = (
        Field(default=None, description="Filled in by the service where it gave the answer.")
    )
    client_id: _MaybeId = None
    session_id: _MaybeId = None
    user_id: _MaybeId = None
    message_type: _MaybeId = None
    message: Annotated[str | None, Field(max_length=MESSAGE_CHARS), BeforeValidator(_none_if_empty)] = None
    event_attributes: EventAttributes | None = None
    consent: _Consent = None


class Feedback(BaseModel):
    """What a shopper did with an item."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"action": "click", "item": "100002", "rank": 3, "query_id": "5f2b…"}]
        },
    )

    action: _Id = Field(
        description="One of UBI's, or your own.", examples=[action.value for action in Action]
    )
    item: _ObjectId = Field(description="Id of the item.")
    rank: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        default=None, description="Of the item in the answer that showed it."
    )
    query_id: _Id | None = Field(default=None, description="Of the answer that showed it.")
    client_id: _Id | None = None
    session_id: _Id | None = None
    user_id: _Id | None = None
    at: datetime | None = Field(default=None, description="When, in ISO 8601; left out: now.")
    consent: _Consent = None

    def event(self, now: datetime) -> UbiEvent:
        """It as an event of UBI."""
        return UbiEvent(
            action_name=self.action,
            timestamp=self.at or now,
            query_id=self.query_id,
            client_id=self.client_id,
            session_id=self.session_id,
            user_id=self.user_id,
            event_attributes=EventAttributes(
                object=EventObject(object_id=self.item),
                position=None if self.rank is None else Position(ordinal=self.rank),
            ),
            consent=self.consent,
        )


def shown_by(event: UbiEvent, configs: Mapping[str, str] | None) -> UbiEvent:
    """An event, with the arm of the experiment that showed its item, if that is known and it does not say.

    Args:
        event: as it was sent.
        configs: item to the arm that showed it; None: nothing is known of its answer.
    """
    attributes = event.event_attributes
    about = attributes.object if attributes else None
    if not configs or attributes is None or about is None or about.search_config:
        return event
    named = about.model_copy(update={"search_config": configs.get(about.object_id or "")})
    return event.model_copy(update={"event_attributes": attributes.model_copy(update={"object": named})})


def event_document(event: UbiEvent, application: str, text: str | None, now: datetime) -> dict[str, Any]:
    """What is written of an event.

    Args:
        event: as it was sent.
        application: whose it is, whatever the client says: keys are for catalogues.
        text: of its query, where the service knows it.
        now: by the service's clock, with its time zone.
    """
    said = event.model_dump(exclude_none=True, exclude={"consent"})
    return {
        **said,
        **({} if text is None else {"user_query": text[:USER_QUERY_CHARS]}),
        "application": application,
        "timestamp": moment(_plausible(event.timestamp, now)),
    }


def moment(at: datetime) -> str:
    """A moment as UBI's indexes have it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plausible(at: datetime, now: datetime) -> datetime:
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware if now - _EARLIEST <= aware <= now + _LATEST else now
