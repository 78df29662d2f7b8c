"""Values as lines of InfluxDB's line protocol, and what is wrong with a value before any server has to say it.

Some targets answer 'done' to what they throw away (a value that is not finite, a time in the future), others refuse it:
neither may happen to a feed that is believed, so nothing doubtful is sent.
"""

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Final, NamedTuple

from bems.history.schema import QUALITY_CODE
from bems.history.times import to_ms
from models.outgoing import Quantity, Value
from models.signals import Quality

AHEAD: Final = timedelta(minutes=10)
"""A sample may be this much ahead of site time (clocks are corrected); more is a mistake."""
OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LARGEST: Final = 1e15
"""No quantity of a building is larger; raw garbage may be."""
PROBE: Final = "bems_feed"
"""Measurement of the line that is sent to learn whether a target takes anything at all."""

_ESCAPED: Final = str.maketrans({" ": r"\ ", ",": r"\,", "=": r"\=", "\\": r"\\"})


class Line(NamedTuple):
    """One line to be written, and the value it says."""

    text: str
    value: Value


def series_key(site: str, quantity: Quantity) -> str:
    """Measurement and tags of a quantity, sorted, as InfluxDB likes them best."""
    tags = {
        "equipment": quantity.equipment,
        "point": quantity.id,
        "site": site,
        "source": quantity.origin,
        "unit": quantity.unit.value,
    }
    return ",".join([quantity.kind, *(f"{key}={text.translate(_ESCAPED)}" for key, text in tags.items())])


def fault(value: Value, now: datetime) -> str | None:
    """Why the value must not be sent, for people; None when nothing is wrong with it. `now` is site time."""
    number = value.value
    if (number is None) != (value.quality is not Quality.GOOD):
        return f"a value of quality '{value.quality}' must {'have a' if number is None else 'have no'} number"
    if number is not None and not isfinite(number):
        return f"{number} is no finite number"
    if number is not None and abs(number) > LARGEST:
        return f"{number:g} is larger than anything in a building"
    if value.at > now + AHEAD:
        return f"its time {value.at:%Y-%m-%d %H:%M} is in the future"
    if value.at < OLDEST:
        return f"its time {value.at:%Y-%m-%d %H:%M} is before {OLDEST:%Y}"
    return None


def text_of(key: str, value: Value) -> str:
    """The line of a faultless value; its time is in milliseconds."""
    quality = f"quality={QUALITY_CODE[value.quality]}i"
    fields = quality if value.value is None else f"value={float(value.value)!r},{quality}"
    return f"{key} {fields} {to_ms(value.at)}"


def probe(site: str, at: datetime) -> str:
    """A line that any working target takes."""
    return f"{PROBE},site={site} value=1.0 {to_ms(at)}"
