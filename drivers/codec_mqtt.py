"""JSON that devices publish, and what is sent to them: bytes in, numbers out. Pure."""

import json
from collections.abc import Iterable

from drivers.limits import plausible
from models.point import MqttPoint
from models.units import Unit


def decode_state(payload: bytes | str, points: Iterable[MqttPoint]) -> dict[str, float | None]:
    """Signal names and what they read; None means 'not available', and so for all points when it is no JSON object.

    A key that is left out says nothing about its point, which then is not in the answer: gateways send what changed.
    """
    points = list(points)
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return {point.name: None for point in points}
    return {point.name: _number(point, said[point.key]) for point in points if point.key in said}


def encode_set(point: MqttPoint, value: float) -> str:
    """The JSON object that tells the device `value`, already checked against the point's write rule."""
    said: float | bool = value
    if point.shown_unit is Unit.BOOL:
        said = bool(value)
    elif point.shown_unit is Unit.STATE or value.is_integer():
        said = int(value)
    return json.dumps({point.key: said})


def _number(point: MqttPoint, said: object) -> float | None:
    """Numbers as they are, true and false as 1 and 0; texts, lists and null tell no number."""
    if not isinstance(said, int | float):  # bool is an int
        return None
    try:
        return plausible(point, float(said))
    except OverflowError:
        return None
