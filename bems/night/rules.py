"""What the rules would have paid in the same night: the fitted twin, run by the rules and by what was really done.

Both runs are on the same twin from the same state, so what is wrong with it is in both: the difference between them is
what is told. How far the twin's repetition of the night is from the meter is its uncertainty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bems.backtest.lockstep import Controller
from bems.history.rows import CommandRow
from bems.twin.account import Account, account
from bems.twin.inputs import TwinError
from control.night.account import Rules
from control.picture import Picture
from control.problem import Plant
from control.record import Record
from control.refit.fitted import NEUTRAL
from control.rules.decision import Decision, decide
from control.rules.memory import RuleMemory
from control.wish import Wish
from models.prices import PriceSeries
from models.reasons import Code, because
from models.signals import Reason
from models.site import Site

HOUR: Final = timedelta(hours=1)
LATE: Final = timedelta(minutes=15)
"""A night that begins so soon after the hour is told from the hour."""
LITTLE_KWH: Final = 1.0
LEAST_SHARE: Final = 0.02
"""Of the night's cost: the twin misses the difference of two controllers by so much even where it repeats one well."""


@dataclass(frozen=True)
class Paid:
    """What was bought in a night, and its cost without power charges; None is not known, 0 is nothing."""

    electricity_kwh: float | None
    """Less what was sold."""
    electricity_nok: float | None
    heat_kwh: float | None = 0.0
    """District heat."""
    heat_nok: float | None = 0.0

    @property
    def energy_kwh(self) -> float | None:
        """Of both."""
        known = self.electricity_kwh is not None and self.heat_kwh is not None
        return (self.electricity_kwh or 0.0) + (self.heat_kwh or 0.0) if known else None

    @property
    def cost_nok(self) -> float | None:
        """Of both."""
        known = self.electricity_nok is not None and self.heat_nok is not None
        return (self.electricity_nok or 0.0) + (self.heat_nok or 0.0) if known else None


class Replay:
    """A controller that repeats commands of the record, each until the next one to its point."""

    def __init__(self, commands: Sequence[CommandRow]) -> None:
        self._commands = sorted(commands, key=lambda row: row.at)
        self._next = 0
        self._held: dict[str, float | None] = {}

    def __call__(self, site: Site, picture: Picture, now: datetime, memory: RuleMemory, max_age_s: float) -> Decision:
        """All that is held now, as wishes that need no input."""
        del site, picture, max_age_s
        while self._next < len(self._commands) and self._commands[self._next].at <= now:
            command = self._commands[self._next].command
            self._held[command.point] = command.value
            self._next += 1
        why = Reason("night.replay")
        return Decision(tuple(Wish(point, value, why, ()) for point, value in self._held.items()), memory, ())


def by_rules(
    site: Site,
    plant: Plant,
    record: Record,
    commands: Sequence[CommandRow],
    prices: PriceSeries | None,
    period: tuple[datetime, datetime],
    paid: Paid,
    memory: RuleMemory | None,
) -> Rules:
    """What the rules would have paid for a night, heat left in the building counted; or why that cannot be said.

    Args:
        site: the site.
        plant: fitted parameters.
        record: by quarters, from at least half a day before the night.
        commands: what was really asked for in it.
        prices: spot prices.
        period: begin and end of the night (UTC).
        paid: what was bought in it, and its cost.
        memory: of the rules at its begin.
    """
    begin, hours = clock_hours(period)
    if prices is None or paid.cost_nok is None or paid.energy_kwh is None:
        return _lost("prices or meters")
    if hours < 1:
        return _lost("the night was shorter than an hour")
    controllers: dict[str, Controller] = {"rules": decide, "same": Replay(commands)}
    try:
        told = account(site, plant, NEUTRAL, record, begin, hours, controllers, prices, memory=memory)
    except TwinError as error:
        return _lost(str(error))
    ruled, same = _nok(told["rules"]), _nok(told["same"])
    share = hours / ((period[1] - period[0]) / HOUR)
    same_kwh = (float(told["same"].bought_kwh.sum()), float(told["same"].heat_kwh.sum()))
    off_nok = _off_nok(same_kwh[0], paid.electricity_kwh, paid.electricity_nok, share)
    if site.district_heat:
        off_nok += _off_nok(same_kwh[1], paid.heat_kwh, paid.heat_nok, share)
    if not np.isfinite([ruled, same, off_nok]).all():
        return _lost("prices")
    return Rules(paid.cost_nok + ruled - same, max(off_nok, LEAST_SHARE * abs(paid.cost_nok)))


def clock_hours(period: tuple[datetime, datetime]) -> tuple[datetime, int]:
    """The first clock hour that a night is told from, and how many there are."""
    begin = period[0].replace(minute=0, second=0, microsecond=0)
    begin += HOUR if period[0] - begin > LATE else timedelta()
    return begin, (period[1] - begin) // HOUR


def _off_nok(repeated_kwh: float, metered_kwh: float | None, nok: float | None, share: float) -> float:
    """What the twin's repetition misses, at what a kWh cost on average; NaN where that is not known."""
    if metered_kwh is None or nok is None:
        return float("nan")
    off_kwh = abs(repeated_kwh - metered_kwh * share)
    if metered_kwh <= 0:
        return 0.0 if off_kwh < LITTLE_KWH else float("nan")
    return off_kwh * nok / metered_kwh


def _nok(of: Account) -> float:
    """Energy, and what the heat that is left is worth."""
    return float(of.energy_nok.sum() + of.heat_nok.sum()) + (of.score.stored_heat_correction_nok or 0.0)


def _lost(what: str) -> Rules:
    return Rules(None, None, because(Code.NIGHT_TWIN_LOST, what=what))
