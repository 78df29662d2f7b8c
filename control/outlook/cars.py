"""Which cars will stand at the chargers, until when, and what they need: those here now, and those to come."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from control.assets.chargers import Session
from control.habits.known import Trip
from control.outlook.moment import Moment
from control.picture import DAYS
from control.rules.departures import SPARE, stays
from models.assets import Charger, Departure

READY_MARGIN: Final = 1.1
READY_SLACK: Final = timedelta(minutes=15)
"""A car that must always be ready is charged in hardly more time than it takes."""
EASY: Final = 1.5
"""Time to charge over the shortest possible, before the spare time ahead of a departure is given up."""
LATE: Final = timedelta(hours=1)
"""A car that should be back is expected within the hour."""
LEAST_STAY: Final = timedelta(minutes=30)
BACK_BEFORE: Final = timedelta(hours=1)
"""A car is back so long before it leaves again, however long its trips are."""


def sessions(moment: Moment) -> tuple[Session, ...]:
    """Stays within the grid, each charger's in order.

    Cars here: what the rules say they still need. Cars to come: back after their usual trip, in need of what the
    timetable says. A charger that says nothing is taken to follow its timetable.
    """
    here = {stay.charger.id: stay for stay in stays(moment.scene, moment.memory)}
    now, found = moment.scene.now, []
    for charger in moment.site.chargers:
        stay = here.get(charger.id)
        after = now
        if stay is not None:
            if stay.leaves_at is None:
                continue
            if not stay.full and stay.need_kwh > 0:
                found.append(_session(charger, now, stay.leaves_at, stay.need_kwh))
            after = stay.leaves_at
        found += _to_come(moment, charger, after, away_now=stay is None)
    return tuple(found)


def _session(charger: Charger, begin: datetime, leaves_at: datetime, need_kwh: float) -> Session:
    """Charged some time before it leaves, where that leaves time enough."""
    shortest = timedelta(hours=need_kwh / charger.max_kw)
    ready = min(max(leaves_at - SPARE, begin + EASY * shortest), leaves_at)
    if charger.always_ready:
        ready = min(ready, begin + READY_MARGIN * shortest + READY_SLACK)
    return Session((charger.id,), begin, ready, need_kwh, charger.max_kw)


def _to_come(moment: Moment, charger: Charger, after: datetime, *, away_now: bool) -> list[Session]:
    """Stays after a departure at `after`, or, while the car is away, after the last one in the timetable."""
    trip, now = moment.learned.trips.get(charger.id, Trip()), moment.scene.now
    left = _last_departure(moment, charger, after) if away_now else after
    found: list[Session] = []
    while left is not None:
        following = _departure_after(moment, charger, max(left, now))
        if following is None:
            break
        leaves_at, departure = following
        back = min(left + timedelta(hours=trip.hours), leaves_at - BACK_BEFORE)
        back = back if back > now else now + LATE
        if back >= moment.grid.end:
            break
        if leaves_at - back >= LEAST_STAY:
            # A car as late as that cannot take more; a plan need not pay for it beforehand.
            most_kwh = charger.max_kw * ((leaves_at - back) / timedelta(hours=1))
            found.append(_session(charger, back, leaves_at, min(departure.energy_kwh * trip.need_share, most_kwh)))
        left = leaves_at
    return found


def _departure_after(moment: Moment, charger: Charger, after: datetime) -> tuple[datetime, Departure] | None:
    """The first departure later than an instant, and what it needs."""
    found = []
    for departure in charger.departures:
        at = next((at for at in _leaving(moment, departure, after, range(len(DAYS) + 1)) if at > after), None)
        found += [(at, departure)] if at is not None else []
    return min(found, key=lambda one: one[0], default=None)


def _last_departure(moment: Moment, charger: Charger, before: datetime) -> datetime | None:
    found = []
    for departure in charger.departures:
        past = _leaving(moment, departure, before, range(0, -len(DAYS) - 1, -1))
        last = next((at for at in past if at <= before), None)
        found += [last] if last is not None else []
    return max(found, default=None)


def _leaving(moment: Moment, departure: Departure, around: datetime, days: range) -> Iterator[datetime]:
    """When the car leaves on days counted from that of an instant [UTC]."""
    zone = moment.site.zone_info
    today = around.astimezone(zone).date()
    for ahead in days:
        day = today + timedelta(days=ahead)
        if DAYS[day.weekday()] in departure.days:
            yield datetime.combine(day, departure.at, zone).astimezone(UTC)
