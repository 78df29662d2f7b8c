"""Last, pure and small: what of the wishes may go out. Nothing reaches a device without passing here.

In this order: an input that is not young holds the wish; people, machines, hygiene and device bound its value; minimum
run and stop times and starts are kept; a change too small, or one too many today, keeps what is held. Whatever the
wishes are, the guard itself asks for what hygiene and frost need, at a level no operator or optimiser overrides.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Final, NamedTuple

from control.ledger import Ledger
from control.limits import Bound, Bounds, bounds, left_alone, too_cold
from control.picture import YOUNG_S, Picture, Scene
from control.wish import Wish
from models.assets import HeatPump
from models.field import SitePoint
from models.priority import Level
from models.profile import WriteRule
from models.reasons import Code, because, is_safety
from models.signals import Command, Hold, Reason
from models.site import Site

COMMAND_S: Final = 900.0
"""A command that is not renewed for so long ends [s, site time]."""
WATCHDOG_S: Final = 300.0
"""The same for points with a watchdog, at least three refreshes [s, site time]."""
SOURCE: Final = "guard"


class _Value(NamedTuple):
    """A value on its way through the guard."""

    value: float
    reason: Reason

    def changed(self, value: float, code: Code, wished: float) -> "_Value":
        """Replaced by the guard, unless it is the same anyway."""
        return self if value == self.value else _Value(value, because(code, wished=wished, given=value))


def guard(
    wishes: Iterable[Wish],
    site: Site,
    picture: Picture,
    now: datetime,
    ledger: Ledger,
    *,
    max_age_s: float = YOUNG_S,
    priority: int = Level.RULES,
    source: str = "rules",
) -> list[Command | Hold]:
    """One Command or Hold for every wish as `judge` gives them, and the guard's own commands at Level.CRITICAL."""
    scene = Scene(site, picture, now, max_age_s, now)
    limits = bounds(scene)
    return _judged(wishes, scene, limits, ledger, int(priority), source) + _own(scene, limits)


def judge(
    wishes: Iterable[Wish],
    site: Site,
    picture: Picture,
    now: datetime,
    ledger: Ledger,
    *,
    max_age_s: float = YOUNG_S,
    priority: int = Level.RULES,
    source: str = "rules",
) -> list[Command | Hold]:
    """One Command or Hold for every wish.

    Args:
        wishes: of one source at one priority.
        site: the checked site.
        picture: latest reading of every point.
        now: site time, UTC.
        ledger: what has been written so far; the caller records in it what is written next.
        max_age_s: site time for which a reading counts as young [s].
        priority: BACnet priority the wishes are written at.
        source: who wishes.
    """
    scene = Scene(site, picture, now, max_age_s, now)
    return _judged(wishes, scene, bounds(scene), ledger, priority, source)


def _judged(
    wishes: Iterable[Wish], scene: Scene, limits: Bounds, ledger: Ledger, priority: int, source: str
) -> list[Command | Hold]:
    site, now, max_age_s, alone = scene.site, scene.now, scene.max_age_s, left_alone(scene)
    exact = priority <= Level.OPERATOR
    machines = {p: pump for pump in site.heat_pumps if (p := scene.find(pump, "stage_request")) is not None}
    result: list[Command | Hold] = []
    for wish in wishes:
        held = _hold(scene, wish)
        if held is not None:
            result.append(held)
            continue
        point = site.points[wish.point]
        expires_at = now + timedelta(seconds=lifetime_s(point, max_age_s))
        if wish.value is None or wish.point in alone:
            why = because(alone[wish.point]) if wish.point in alone else wish.reason
            result.append(Command(wish.point, None, priority, source, expires_at, why))
            continue
        passed = _bounded(_Value(wish.value, wish.reason), wish.value, point, limits.get(wish.point, []))
        passed = _machine(passed, wish.value, machines.get(wish.point), ledger, wish.point, now)
        passed = _worth_writing(passed, wish.value, point, limits.get(wish.point, []), ledger, scene, exact=exact)
        result.append(Command(wish.point, passed.value, priority, source, expires_at, passed.reason))
    return result


def lifetime_s(point: SitePoint, max_age_s: float) -> float:
    """How long a command on this point lives without being renewed [s, site time]; always outlives a few decisions."""
    refresh_s = point.spec.write.refresh_s if point.spec.write is not None else None
    least_s = COMMAND_S if refresh_s is None else max(WATCHDOG_S, 3 * refresh_s)
    return max(least_s, 2 * max_age_s)


def _hold(scene: Scene, wish: Wish) -> Hold | None:
    point = scene.site.points.get(wish.point)
    if point is None or not point.writable:
        return Hold(wish.point, because(Code.GUARD_NOT_WRITABLE))
    if wish.value is not None and not isfinite(wish.value):
        return Hold(wish.point, because(Code.GUARD_NOT_A_NUMBER))
    for need in wish.needs:
        if scene.value(need) is None:
            return Hold(wish.point, because(Code.GUARD_OLD_INPUT, input=need))
    return None


def _rule(point: SitePoint) -> WriteRule:
    assert point.spec.write is not None  # writable, as _hold has seen
    return point.spec.write


def _bounded(passed: _Value, wished: float, point: SitePoint, limits: list[Bound]) -> _Value:
    """Within every bound of the moment, then on the device's own grid and range."""
    for bound in limits:
        value = bound.within(passed.value)
        if value != passed.value:
            passed = passed.changed(value, bound.code, wished)
    rule = _rule(point)
    value = _on_grid(passed.value, rule.min, rule.step)
    clamped = min(rule.max, max(rule.min, value))
    if clamped != value:
        return passed.changed(clamped, Code.GUARD_DEVICE_LIMIT, wished)
    return passed if clamped == passed.value else passed._replace(value=clamped)


@lru_cache
def _on_grid(value: float, least: float, step: float) -> float:
    """The device's nearest value to this one; remembered, as nearly all wishes are those of a minute ago."""
    return round(least + round((value - least) / step) * step, 6) if step else value


def _machine(passed: _Value, wished: float, pump: HeatPump | None, ledger: Ledger, point: str, now: datetime) -> _Value:
    """Shortest run and stop times and starts per hour of a heat pump; a safety reason may always stop it."""
    entry = ledger.points.get(point)
    if pump is None or entry is None or passed.value == entry.value:
        return passed
    held = entry.value
    if passed.value < held:
        ran = entry.raised_at is None or now - entry.raised_at >= timedelta(minutes=pump.min_run_min)
        return passed if ran or is_safety(passed.reason) else passed.changed(held, Code.GUARD_MIN_RUN, wished)
    if entry.lowered_at is not None and now - entry.lowered_at < timedelta(minutes=pump.min_stop_min):
        return passed.changed(held, Code.GUARD_MIN_STOP, wished)
    recent = sum(now - at < timedelta(hours=1) for at in entry.raises)
    spare = max(0, pump.max_starts_per_h - recent)
    return passed.changed(min(passed.value, held + spare), Code.GUARD_STARTS, wished)


def _worth_writing(
    passed: _Value,
    wished: float,
    point: SitePoint,
    limits: list[Bound],
    ledger: Ledger,
    scene: Scene,
    *,
    exact: bool,
) -> _Value:
    """What is held stays, and is only renewed, when the change is too small or the day's writes are used up.

    A person's value is met exactly: no change is too small for it (`exact`).
    """
    rule, held = _rule(point), ledger.held(point.id)
    if held is None or held == passed.value:
        return passed
    allowed = all(bound.within(held) == held for bound in limits)
    if not exact and abs(held - passed.value) < rule.min_change - 1e-9 and allowed:
        return passed._replace(value=held)
    used = ledger.writes_on(point.id, scene.local.date()) >= rule.daily_budget
    if used and allowed and not is_safety(passed.reason):
        return _Value(held, because(Code.GUARD_WEAR, budget=float(rule.daily_budget), wished=wished, given=held))
    return passed


def _own(scene: Scene, limits: Bounds) -> list[Command | Hold]:
    """What the guard asks for by itself, whoever holds the point below it."""
    water = scene.site.hot_water
    result: list[Command | Hold] = []
    if water is None:
        return result
    pump = scene.find(water, "circulation_pump_on")
    if pump is not None and scene.flag(pump) is not None:
        result.append(_critical(scene, pump, 1.0, because(Code.GUARD_CIRCULATION)))
    point = scene.find(water, "stage_request")
    if point is not None and too_cold(scene):
        passed = _Value(0.0, because(Code.GUARD_HOT_WATER, wished=None, given=0.0))
        for bound in limits.get(point, []):
            value = bound.within(passed.value)
            passed = passed if value == passed.value else _Value(value, because(bound.code, wished=None, given=value))
        result.append(_critical(scene, point, passed.value, passed.reason))
    return result


def _critical(scene: Scene, point: str, value: float, reason: Reason) -> Command:
    expires_at = scene.now + timedelta(seconds=max(WATCHDOG_S, 2 * scene.max_age_s))
    return Command(point, value, int(Level.CRITICAL), SOURCE, expires_at, reason)
