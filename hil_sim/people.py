"""What people do: where they are, which equipment runs, how much water they draw. One seeded local day at a time."""

from datetime import date, datetime, time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.deviations import Deviations
from hil_sim.spaces import Space
from models.assets import Period, Zone, ZoneKind
from models.physics.hot_water import MINUTES, draws_l_per_min
from models.site import Site

Array = NDArray[np.float64]

SLOTS: Final = 288
"""Slots of five minutes in a day."""
EQUIPMENT_SHAPE: Final = (
    0.02, 0.00, 0.01, 0.01, 0.03, 0.14, 0.30, 0.47, 0.68, 0.80, 0.85, 0.88,
    0.87, 0.76, 0.69, 0.61, 0.53, 0.53, 0.46, 0.40, 0.31, 0.20, 0.13, 0.06,
)  # fmt: skip
"""Electricity of a nursing home without its heating, hour by hour between its least (0) and its greatest (1)."""
NIGHT_LEVEL: Final = {ZoneKind.RESIDENTIAL: 0.64, ZoneKind.DAY: 0.50, ZoneKind.OFFICE: 0.50, ZoneKind.SERVICE: 0.35}
"""Least load of the day over its mean."""
UNUSED_DAY: Final = 0.55
"""Load over the usual on a day on which a zone is not manned."""
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OUTINGS: Final = (
    # (from, to) in hours, how likely: when residents leave their room
    (8.5, 9.5, 0.8),
    (10.0, 12.0, 0.5),
    (13.0, 14.0, 0.8),
    (15.0, 17.0, 0.4),
    (18.0, 19.0, 0.7),
    (19.0, 21.0, 0.3),
)
_STAFF_DAY: Final = 3.0
_STAFF_NIGHT: Final = 1.0


class People:
    """The day's tables; `turn` moves to an instant."""

    def __init__(self, site: Site, spaces: tuple[Space, ...], deviations: Deviations, seed: int) -> None:
        self._site = site
        self._spaces = spaces
        self._seed = seed
        self._day: date | None = None
        self._slot = self._day_of_month = -1
        mean_kw = site.electricity.fixed_load_mwh_per_year / 8.76 * deviations.factor("fixed_load")
        weights = np.array([zone.equipment_w_per_m2 * zone.area_m2 for zone in site.zones])
        self._zone_mean_kw = mean_kw * weights / max(weights.sum(), 1e-9)
        self._heat = np.zeros((len(site.zones), len(spaces)))
        for place, space in enumerate(spaces):
            zone_w = space.zone.equipment_w_per_m2 * space.zone.area_m2 * deviations.factor("equipment", space.zone.id)
            zone_kw = float(self._zone_mean_kw[space.zone_index])
            self._heat[space.zone_index, place] = space.share * zone_w / zone_kw if zone_kw > 0 else 0.0
        self._profile = np.stack([_weekly(zone) for zone in site.zones])
        water = site.hot_water
        self._litres = water.litres_per_day_60degc * deviations.factor("draws") if water else 0.0
        self._persons_day: Array = np.zeros((SLOTS, len(spaces)))
        self._zone_kw_day: Array = np.zeros((SLOTS, len(site.zones)))
        self._equipment_day: Array = self._persons_day
        self._drawn = [0.0] * (MINUTES + 1)
        self.persons: Array = self._persons_day[0]
        """People in each space."""
        self.equipment_w: Array = self._equipment_day[0]
        """Heat of light and equipment in each space [W]."""
        self.zone_kw: list[float] = self._zone_kw_day[0].tolist()
        """Electricity of light and equipment in each zone [kW]."""

    def turn(self, local: datetime) -> None:
        """Take the tables of a local instant."""
        slot = (local.hour * 60 + local.minute) // 5
        if slot == self._slot and local.day == self._day_of_month:
            return
        self._slot, self._day_of_month = slot, local.day
        today = local.date()
        if today != self._day:
            self._new_day(today)
            self._day = today
        self.persons = self._persons_day[slot]
        self.equipment_w = self._equipment_day[slot]
        self.zone_kw = self._zone_kw_day[slot].tolist()

    def drawn_l(self, local: datetime, dt_s: float) -> float:
        """Water drawn [l at 60 degC] in the `dt_s` up to a local instant of the day that `turn` was last called for."""
        end = local.hour * 60 + local.minute + local.second / 60
        begin = end - dt_s / 60
        if (
            begin < 0
        ):  # the minutes before midnight are taken from today's end: the same mean, and no second day to keep
            return self._drawn_until(MINUTES) - self._drawn_until(MINUTES + begin) + self._drawn_until(end)
        return self._drawn_until(end) - self._drawn_until(begin)

    def _drawn_until(self, minute: float) -> float:
        whole = min(int(minute), MINUTES - 1)
        low = self._drawn[whole]
        return low + (self._drawn[whole + 1] - low) * (minute - whole)

    def _new_day(self, today: date) -> None:
        rng = np.random.default_rng([self._seed, 7, today.toordinal()])
        self._persons_day = self._presence(today, rng)
        level = self._profile[:, today.weekday(), :].T * self._zone_mean_kw
        wander = 1 + 0.06 * np.repeat(rng.standard_normal((SLOTS // 6, len(self._site.zones))), 6, axis=0)
        self._zone_kw_day = level * wander * (1 + 0.03 * rng.standard_normal())
        self._equipment_day = self._zone_kw_day @ self._heat
        day_factor = float(np.clip(1 + 0.08 * rng.standard_normal(), 0.8, 1.2))
        litres = draws_l_per_min(max(self._litres, 1e-9) * day_factor, rng) * (1.0 if self._litres > 0 else 0.0)
        self._drawn = [0.0, *np.cumsum(litres).tolist()]

    def _presence(self, today: date, rng: np.random.Generator) -> Array:
        persons = np.zeros((SLOTS, len(self._spaces)))
        hour = np.arange(SLOTS) / 12
        staff = np.where((hour >= 7) & (hour < 22), _STAFF_DAY, _STAFF_NIGHT)
        common_of: dict[int, int] = {}
        for place, space in enumerate(self._spaces):
            zone = space.zone
            if space.room is None:
                common_of[space.zone_index] = place
                manned = staff if zone.kind is ZoneKind.RESIDENTIAL else _attendance(zone, today, rng)
                persons[:, place] += np.minimum(manned, zone.persons)
                continue
            inside = np.ones(SLOTS)
            for begin, end, likely in _OUTINGS:
                shift = rng.uniform(-0.4, 0.4)
                if rng.random() < likely:
                    inside[(hour >= begin + shift) & (hour < end + shift)] = 0.0
            persons[:, place] = inside
            persons[:, common_of[space.zone_index]] += 0.75 * (1 - inside)  # the others are elsewhere in the house
        return persons


def manned(periods: tuple[Period, ...], weekday: int, hour: Array) -> Array:
    """1 where one of the periods covers the hour of a weekday (0 = Monday), else 0."""
    inside = np.zeros_like(hour)
    for period in periods:
        if _DAYS[weekday] in period.days:
            start = period.start.hour + period.start.minute / 60
            end = 24.0 if period.to == time(0) else period.to.hour + period.to.minute / 60
            inside[(hour >= start) & (hour < end)] = 1.0
    return inside


def _attendance(zone: Zone, today: date, rng: np.random.Generator) -> Array:
    hour = np.arange(SLOTS) / 12
    inside = manned(zone.occupied, today.weekday(), hour)
    asleep = np.where((hour < 6) | (hour >= 22), 0.15, 1.0)
    kernel = np.ones(9) / 9  # people come and go over three quarters of an hour
    wander = np.repeat(rng.uniform(0.6, 1.1, SLOTS // 12), 12)
    present = np.convolve(np.pad(inside * asleep, 4, mode="edge"), kernel, "valid") * wander * rng.uniform(0.4, 0.75)
    return np.asarray(np.round(zone.persons * present), dtype=np.float64)


def _weekly(zone: Zone) -> Array:
    """Load over its yearly mean: 7 days of SLOTS."""
    hour = np.arange(SLOTS) / 12
    shape = np.interp(hour, np.arange(24) + 0.5, EQUIPMENT_SHAPE, period=24)
    low = NIGHT_LEVEL[zone.kind]
    day = low + (1 - low) * shape / shape.mean()
    always = not zone.occupied
    factors = [
        1.0 if always or manned(zone.occupied, weekday, hour).any() else UNUSED_DAY for weekday in range(len(_DAYS))
    ]
    week = np.outer(factors, day)
    return np.asarray(week / week.mean(), dtype=np.float64)
