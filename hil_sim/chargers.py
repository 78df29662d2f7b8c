"""Charge points: cars leave by their departures, come back, and take what they drove."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from hil_sim.board import Board
from models.assets import Charger, Departure

FREE, CONNECTED, CHARGING, FAULT = 0, 1, 2, 3
LEAST_A: Final = 6.0
"""Below this a car pauses (IEC 61851)."""
LONGEST_TRIP: Final = timedelta(hours=7)
TURNAROUND: Final = timedelta(minutes=45)
"""A car is back at least this long before it leaves again."""
TAPER_KWH: Final = 1.0
STANDBY_KW: Final = 0.006
PHASE_V: Final = 230.0
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class ChargePoint:
    """One socket and its car."""

    def __init__(self, asset: Charger, board: Board, seed: int, number: int) -> None:
        self._asset = asset
        self._board = board
        self._rng = np.random.default_rng([seed, 31, number])
        self._limit = board.command(asset.devices, "max_current_a", 16.0)
        names = ("voltage_v", "current_a", "power_kw", "energy_kwh", "mode3_state")
        self._shown = board.stretch([board.out(asset.devices, name) for name in names])
        self._last = (-1, -1.0)
        self.power_kw = 0.0
        self.energy_kwh = 0.0
        self.unserved_kwh = 0.0
        """What cars lacked when they left, summed."""
        self.failed = False
        self._need_kwh = 0.0
        self._away = False
        self._next: tuple[datetime, Departure] | None = None
        self._back: datetime | None = None

    def settle(self, local: datetime) -> None:
        """Every car is here, half of its last trip still to be charged."""
        self._next = self._departure_after(local)
        if self._next is not None:
            self._need_kwh = self._next[1].energy_kwh * float(self._rng.uniform(0.3, 0.7))

    def step(self, dt_s: float, local: datetime) -> float:
        """Mean power [kW] over the `dt_s` that end at a local instant."""
        if self._next is not None and not self._away and local >= self._next[0]:
            self._leave(self._next[0])
        if self._back is not None and self._away and local >= self._back:
            self._come_back(local)
        amperes = self._board.held[self._limit]
        if self._away or self.failed or amperes < LEAST_A or self._need_kwh <= 0:
            self.power_kw = 0.0
            return STANDBY_KW
        most = min(self._asset.max_kw, amperes * PHASE_V * self._asset.phases / 1000)
        taken = min(most * min(1.0, self._need_kwh / TAPER_KWH + 0.1) * dt_s / 3600, self._need_kwh)
        self._need_kwh -= taken
        if self._need_kwh < 1e-3:
            self._need_kwh = 0.0
        self.energy_kwh += taken
        self.power_kw = taken * 3600 / dt_s
        return self.power_kw + STANDBY_KW

    def publish(self, volts: float) -> None:
        """True values to the board."""
        state = FREE if self._away else CHARGING if self.power_kw > 0 else CONNECTED
        state = FAULT if self.failed else state
        shown = self._board.shown
        if not self.power_kw and (state, self.power_kw) == self._last:  # most cars stand still most of the time
            shown[self._shown.start] = volts
            return
        self._last = (state, self.power_kw)
        amperes = self.power_kw * 1000 / (volts * self._asset.phases)
        shown[self._shown] = (volts, amperes, self.power_kw, self.energy_kwh, state)

    def _leave(self, at: datetime) -> None:
        self.unserved_kwh += self._need_kwh
        self._need_kwh = 0.0
        self._away = True
        following = self._departure_after(at + timedelta(minutes=1))
        assert following is not None  # there was one, and weeks repeat
        trip = min(LONGEST_TRIP, following[0] - at - TURNAROUND)
        late = float(self._rng.uniform(-30, 15))
        self._back = at + max(trip + timedelta(minutes=late), timedelta(minutes=30))
        self._next = following

    def _come_back(self, local: datetime) -> None:
        self._away, self._back = False, None
        if self._next is not None:
            self._need_kwh = self._next[1].energy_kwh * float(self._rng.uniform(0.75, 1.2))
            if local >= self._next[0]:
                self._next = self._departure_after(local)

    def _departure_after(self, local: datetime) -> tuple[datetime, Departure] | None:
        """The next departure at or after a local instant; None when the car never leaves."""
        best: tuple[datetime, Departure] | None = None
        for departure in self._asset.departures:
            for ahead in range(8):
                day = local + timedelta(days=ahead)
                if _DAYS[day.weekday()] not in departure.days:
                    continue
                at = day.replace(hour=departure.at.hour, minute=departure.at.minute, second=0, microsecond=0)
                if at >= local:
                    best = (at, departure) if best is None or at < best[0] else best
                    break
        return best
