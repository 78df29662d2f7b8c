"""The latest picture of the plant: a pure fold of samples, and what is too old in it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from models.signals import Quality, Reading, Sample

YOUNG_S: Final = 120.0
"""Site time after which an input no longer counts as read [s]."""
MISSED_POLLS: Final = 3
"""Polls that may be missed before a point is stale, where its period is long against YOUNG_S."""

Picture = Mapping[str, Reading]


def unread(points: Iterable[str]) -> dict[str, Reading]:
    """The picture before anything was read."""
    return {point: Reading(None, Quality.UNREAD, None) for point in points}


def fold(picture: Picture, samples: Iterable[Sample]) -> dict[str, Reading]:
    """The picture after these samples, KeyError for one of an unknown point.

    Scanned and pushed samples of one tick come in any order, the latest one of a point counts. Against the picture no
    time is compared: a site clock that was set back must not make everything look late.
    """
    result = dict(picture)
    for point, at, value, quality in sorted(samples, key=attrgetter("at")):
        before = result[point]
        if quality is Quality.GOOD:
            result[point] = Reading(value, quality, at, value)
        else:
            result[point] = before._replace(value=None, quality=quality)
    return result


def observed(picture: Picture, values: Mapping[str, float | None], at: datetime) -> dict[str, Reading]:
    """The picture after all of a plant was read at one instant, None as BAD: `fold` for a plant without drivers."""
    result = dict(picture)
    good, bad = Quality.GOOD, Quality.BAD
    for point, value in values.items():
        if point not in result:
            continue
        result[point] = (
            Reading(value, good, at, value) if value is not None else result[point]._replace(value=None, quality=bad)
        )
    return result


def max_age_s(period_s: float, speed: float) -> float:
    """Site time that a value read every `period_s` (wall) may have before it is stale [s]."""
    return max(YOUNG_S, MISSED_POLLS * period_s * speed)


def aged(picture: Picture, now: datetime, max_age: Mapping[str, float]) -> dict[str, Reading]:
    """The picture as control may use it: GOOD readings older than `max_age` (site seconds by point) become STALE.

    So do readings from as far in the future: the site clock was set back since.
    """
    return {
        point: reading._replace(value=None, quality=Quality.STALE)
        if reading.quality is Quality.GOOD
        and reading.at is not None
        and abs(now - reading.at) > timedelta(seconds=max_age[point])
        else reading
        for point, reading in picture.items()
    }
