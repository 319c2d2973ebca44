"""Near a place: which items are within a distance of it. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

from aisle._arguments import check_real
from aisle.errors import InvalidQuery
from aisle.mappings import fields
from aisle.types import GeoPoint

# Mean radius of the earth (IUGG), as Lucene's SloppyMath reckons with it.
_EARTH_KM: Final = 6371.0087714
# Half-way round the earth there is nothing that is farther.
MAX_KM: Final = 20_015.1
_NUMBER: Final = r"\s*([+-]?[0-9]{1,6}(?:\.[0-9]{1,15})?)\s*"
_NEAR: Final = re.compile(rf"{_NUMBER},{_NUMBER},{_NUMBER}(?:km)?\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Near:
    """Within a distance of a place, as the crow flies; an item without a location is near nothing.

    Attributes:
        lat, lon: of the place in degrees, north and east above 0.
        km: how far away an item may be, above 0 and up to 20,015.1, which is the whole earth.

    Raises:
        InvalidQuery: a place that is not on earth, or no such distance.
    """

    lat: float
    lon: float
    km: float

    def __post_init__(self) -> None:
        check_real(lat=self.lat, lon=self.lon, km=self.km)
        if not (abs(self.lat) <= 90 and abs(self.lon) <= 180):
            raise InvalidQuery(
                f"{self.lat},{self.lon} is not on earth",
                fix="give a latitude of -90 to 90 and a longitude of -180 to 180",
            )
        if not 0 < self.km <= MAX_KM:
            raise InvalidQuery(
                f"{self.km} km is no distance on earth", fix=f"use more than 0 and at most {MAX_KM:,} km"
            )

    @classmethod
    def of(cls, near: Near | str | None) -> Near | None:
        """The place that a request means: ``52.52,13.40,10km`` is one too.

        Raises:
            InvalidQuery: a text that is none, or see above.
        """
        if not isinstance(near, str):
            return near
        if match := _NEAR.fullmatch(near):
            return cls(*map(float, match.groups()))
        raise InvalidQuery(
            f"{near[:60]!r} is no place with a distance", fix="write LAT,LON,KM, as in 52.52,13.40,10km"
        )

    def clause(self) -> dict[str, Any]:
        """Filter clause of it."""
        place = {"lat": self.lat, "lon": self.lon}
        return {
            "geo_distance": {"distance": f"{self.km!r}km", "distance_type": "arc", fields.LOCATION: place}
        }

    def has(self, location: GeoPoint | None) -> bool:
        """Whether a place is within the distance: the reference that the clause is held to.

        OpenSearch keeps latitudes and longitudes in 32 bits each: at the very edge, within some centimetres,
        it may decide otherwise.
        """
        return location is not None and kilometres(GeoPoint(self.lat, self.lon), location) <= self.km


def kilometres(one: GeoPoint, other: GeoPoint) -> float:
    """How far apart two places are, by the haversine formula (Sinnott, "Virtues of the Haversine", 1984)."""
    lat, lat2 = math.radians(one.lat), math.radians(other.lat)
    across = math.radians(other.lon - one.lon)
    chord = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin(across / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, chord)))
