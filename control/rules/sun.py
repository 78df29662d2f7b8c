"""Solar collectors and solar cells. Plain rules."""

from dataclasses import dataclass, replace
from typing import Final

from control.loads import main_meter
from control.picture import Scene
from control.rules.demand import layers
from control.rules.hot_water import after_heater_sensors, after_heater_wanted_degc
from control.rules.memory import RuleMemory, SolarMemory, Switch, latch
from control.wish import Wish
from models.assets import Collectors
from models.reasons import Code, because

MIN_RUN_S: Final = 240.0
MIN_REST_S: Final = 120.0
LEAST_PUMP_PCT: Final = 30.0
PUMP_BAND_PCT: Final = 10.0
"""Smaller changes of speed are not followed."""
FULL_PUMP_K: Final = 20.0
"""Collector above the sink at which the pump runs at full speed."""
STAGNATION_BACK_K: Final = 15.0
"""A collector that was stopped is started again only this far below its stop."""
TANK, CIRCULATION, WELLS = 0, 1, 2
WORTH_CIRCULATING_DEGC: Final = 70.0
"""The solar tank has served the preheating when its bottom is this warm: more goes to the circulation."""
TANK_FULL_K: Final = 2.0
BACK_K: Final = 8.0
"""A target left because the tank was full or warm is left for good until the tank has cooled this much."""
SUN_ABOVE_K: Final = 4.0
SUN_BACK_K: Final = 2.0
"""Above what a plan wants of the after-heater: the sun serves it up to here, and again from here down, so that the
electric heater, which waits for what is wanted, has nothing to do."""
HOT_WITHIN_S: Final = 900.0
TRY_AGAIN_S: Final = 1800.0
"""A collector that is not hot enough for the circulation by then serves the tank again, at least for so long."""
FEED_IN_MARGIN_KW: Final = 2.0


@dataclass(frozen=True)
class Sink:
    """Where solar heat may go: its number on the controller, the temperature it is at, the sensors, and why there."""

    target: int
    degc: float
    needs: tuple[str, ...]
    code: Code


def collectors(scene: Scene, memory: RuleMemory) -> tuple[list[Wish], RuleMemory]:
    """Pump and target of every field of collectors, each by its own temperatures and those of its own tank.

    On 7 K above the sink, off at 3 K, faster the hotter. The sink by value: the tank until its bottom is 70 degC, then
    the hot-water circulation while the collector is hotter than its returns, then the tank until it is full, then the
    wells up to the warmest brine allowed. A plan may want the circulation first, for that spares the after-heater
    electricity where the tank spares a heat pump's. No sink, or a collector at its stop temperature: stopped until it
    has cooled by 15 K. Fallbacks: no tank bottom: the exchanger's return; no collector temperature or no sink known:
    the pump stands, the loop's own cut-outs guard it.
    """
    wishes: list[Wish] = []
    for panel in scene.site.collectors:
        more, memory = _field(scene, memory, panel)
        wishes += more
    return wishes, memory


def _field(scene: Scene, memory: RuleMemory, panel: Collectors) -> tuple[list[Wish], RuleMemory]:
    pump, target = (scene.find(panel, s) for s in ("pump_pct", "target"))
    if pump is None:
        return [], memory
    own = memory.solar.get(panel.id, SolarMemory())
    hot_point = scene.find(panel, "collector_temp_degc")
    hot = scene.value(hot_point)
    if hot is None or hot_point is None:
        if not scene.missing(hot_point):
            return [], memory
        return [Wish(pump, 0.0, because(Code.SUN_UNKNOWN), ())], _kept(memory, panel, replace(own, pump=None))
    alarm = scene.flag(scene.find(panel, "stagnation")) or False
    limit = panel.stop_degc - (STAGNATION_BACK_K if own.stagnating else 0.0)
    own = replace(own, stagnating=alarm or hot >= limit)
    if own.stagnating:
        why = because(Code.SUN_STAGNATION, collector_degc=hot, stop_degc=panel.stop_degc)
        return [Wish(pump, 0.0, why, (hot_point,))], _kept(memory, panel, _stopped(scene, own))
    tank_points = _tank_points(scene, panel)
    if scene.unsettled(tank_points[-1:]):
        return [], _kept(memory, panel, own)
    sink = _planned(scene, own, panel, hot) or _sink(scene, own, panel, hot)
    if sink is None:
        why = because(Code.SUN_NO_SINK, collector_degc=hot)
        return [Wish(pump, 0.0, why, (hot_point,))], _kept(memory, panel, _stopped(scene, own))
    return _run(scene, memory, panel, sink, (pump, target, hot_point), hot, own)


def _kept(memory: RuleMemory, panel: Collectors, own: SolarMemory) -> RuleMemory:
    return replace(memory, solar={**memory.solar, panel.id: own})


def _stopped(scene: Scene, own: SolarMemory) -> SolarMemory:
    """The pump stopped at once, whatever its shortest run."""
    return own if own.pump is not None and not own.pump.on else replace(own, pump=Switch(False, scene.now))


def _run(
    scene: Scene,
    memory: RuleMemory,
    panel: Collectors,
    sink: Sink,
    points: tuple[str, str | None, str],
    hot: float,
    own: SolarMemory,
) -> tuple[list[Wish], RuleMemory]:
    pump, target, hot_point = points
    above = hot - sink.degc
    switch = latch(
        own.pump,
        scene.now,
        start=above >= panel.on_difference_k,
        stop=above <= panel.off_difference_k,
        min_on_s=MIN_RUN_S,
        min_off_s=MIN_REST_S,
    )
    share = max(0.0, min(1.0, (above - panel.off_difference_k) / (FULL_PUMP_K - panel.off_difference_k)))
    wanted = LEAST_PUMP_PCT + (100.0 - LEAST_PUMP_PCT) * share if switch.on else 0.0
    pct, memory = memory.steadied(pump, wanted, PUMP_BAND_PCT)
    code = Code.SUN_PUMP if switch.on else Code.SUN_WAIT
    why = because(code, collector_degc=hot, sink_degc=sink.degc, pump_pct=pct)
    needs = (hot_point, *sink.needs)
    wishes = [Wish(pump, pct, why, needs)]
    if target is not None:
        why = because(sink.code, sink_degc=sink.degc)
        wishes.append(Wish(target, float(sink.target), why, needs))
    return wishes, _kept(memory, panel, replace(own, pump=switch, target=sink.target))


def _tank_points(scene: Scene, panel: Collectors) -> list[str | None]:
    tank = next((t for t in scene.site.tanks if t.id == panel.tank), None)
    return layers(scene, tank) if tank is not None else []


def _planned(scene: Scene, own: SolarMemory, panel: Collectors, hot: float) -> Sink | None:
    """The circulation, where the plan has the sun warm it, up to a little above what the after-heater is to hold.

    A collector that served a colder sink must become hot first: its pump stands meanwhile, for a quarter at most.
    """
    guide, water, sink = scene.guidance, scene.site.hot_water, _circulation(scene)
    if guide is None or panel.id not in guide.sun_circulates or water is None or sink is None:
        return None
    sink = replace(sink, code=Code.PLAN_SUN)
    circulating, switch = own.target == CIRCULATION, own.pump
    warm = next((v for p in after_heater_sensors(scene, water) if (v := scene.value(p)) is not None), None)
    most = after_heater_wanted_degc(scene, water) + (SUN_ABOVE_K if circulating else SUN_BACK_K)
    if warm is None or warm >= most:
        return None
    if hot >= sink.degc + panel.on_difference_k:
        return sink
    if switch is None:
        return None
    so_long = scene.seconds_since(switch.since)
    if circulating:
        return sink if switch.on or so_long <= HOT_WITHIN_S else None
    return sink if switch.on and so_long >= TRY_AGAIN_S else None


def _sink(scene: Scene, own: SolarMemory, panel: Collectors, hot: float) -> Sink | None:
    tank = next((t for t in scene.site.tanks if t.id == panel.tank), None)
    points = _tank_points(scene, panel)
    own_return = scene.find(panel, "exchanger_return_temp_degc")
    bottom_point = points[-1] if points and scene.value(points[-1]) is not None else own_return
    top_point = points[0] if points and scene.value(points[0]) is not None else bottom_point
    bottom, top = scene.value(bottom_point), scene.value(top_point)
    back = BACK_K if own.target != TANK else 0.0
    if bottom is not None and bottom_point is not None and bottom < WORTH_CIRCULATING_DEGC - back:
        return Sink(TANK, bottom, (bottom_point,), Code.SUN_TO_TANK)
    circulation = _circulation(scene)
    if circulation is not None and hot >= circulation.degc + panel.off_difference_k:
        return circulation
    full = (tank.max_degc if tank is not None else 0.0) - TANK_FULL_K
    full -= BACK_K if own.target == WELLS else 0.0
    if bottom is not None and bottom_point is not None and top is not None and top < full:
        return Sink(TANK, bottom, (bottom_point,), Code.SUN_TO_TANK)
    return _wells(scene, panel)


def _circulation(scene: Scene) -> Sink | None:
    water = scene.site.hot_water
    if water is None:
        return None
    returns = [scene.find(loop.devices, "return_temp_degc") for loop in water.loops]
    young = [(p, value) for p in returns if p is not None and (value := scene.value(p)) is not None]
    if not young or len(young) < len(returns):
        return None
    warmest = max(young, key=lambda pair: pair[1])
    return Sink(CIRCULATION, warmest[1], (warmest[0],), Code.SUN_TO_CIRCULATION)


def _wells(scene: Scene, panel: Collectors) -> Sink | None:
    wells = scene.site.wells
    point = scene.find(wells, "to_wells_temp_degc") if wells is not None else None
    value = scene.value(point)
    if wells is None or point is None or value is None or value >= panel.wells_max_degc:
        return None
    return Sink(WELLS, value, (point,), Code.SUN_TO_WELLS)


def feed_in(scene: Scene) -> list[Wish]:
    """Solar cells run free; only above the feed-in limit are all inverters turned down alike.

    Needs the main meter and what the inverters make. Fallback when one of them is missing: the inverters together may
    make no more than may be fed in.
    """
    arrays = [(a, p) for a in scene.site.pv if (p := scene.find(a, "power_limit_pct")) is not None]
    if not arrays:
        return []
    rated_kw = sum(array.inverter_kw for array in scene.site.pv)
    limit_kw = scene.site.electricity.feed_in_limit_kw - FEED_IN_MARGIN_KW
    meter = main_meter(scene.site, "power_kw")
    made_points = [scene.find(array, "ac_power_kw") for array in scene.site.pv]
    needs = tuple(point for point in (meter, *made_points) if point is not None)
    if scene.unsettled([meter, *made_points]):
        return []
    values = [scene.value(point) for point in (meter, *made_points)]
    if any(value is None for value in values):
        pct, why = min(100.0, 100.0 * limit_kw / rated_kw), Code.PV_UNKNOWN
        needs = ()
    else:
        grid_kw, *made_kw = [value for value in values if value is not None]
        own_use_kw = sum(made_kw) + grid_kw
        pct, why = min(100.0, max(0.0, 100.0 * (own_use_kw + limit_kw) / rated_kw)), Code.PV_LIMIT
    reason = because(why if pct < 100.0 else Code.PV_FREE, limit_pct=pct, feed_in_kw=limit_kw)
    wishes: list[Wish] = []
    for array, point in arrays:
        wishes.append(Wish(point, pct, reason, needs))
        if (enabled := scene.find(array, "power_limit_enabled")) is not None:
            wishes.append(Wish(enabled, float(pct < 100.0), reason, needs))
    return wishes
