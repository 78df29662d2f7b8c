"""Heat pumps with a controller of their own (no stages to ask for): a fixed supply temperature. Plain rule."""

from control.memory import RuleMemory
from control.picture import Scene
from control.rule_heat import Outdoor, buffer_target_degc
from control.rule_heat_pumps import CONDENSER_K
from control.wish import Wish
from models.reasons import Code, because


def own_controllers(scene: Scene, memory: RuleMemory, outside: Outdoor | None) -> list[Wish]:
    """Fixed supply set point of every machine that modulates by itself, and leave to make hot water.

    The set point follows what the buffer must hold, in whole kelvins (the value lives in EEPROM). Fallback: that of the
    outdoor temperature; when the machine's own supply temperature has been missing for two minutes nothing is written,
    and when nothing wants heat the machine gets its own curve back.
    """
    wishes: list[Wish] = []
    target = None if outside is None else buffer_target_degc(scene, memory, outside)
    for pump in scene.site.heat_pumps:
        setpoint, enable = scene.find(pump, "fixed_supply_setpoint_degc"), scene.find(pump, "fixed_supply_enabled")
        supply = scene.find(pump, "supply_temp_degc")
        if setpoint is None or enable is None or supply is None or outside is None or scene.value(supply) is None:
            continue
        needs = (*outside.needs, supply)
        if target is None:
            why = because(Code.STAGES_NO_HEAT)
            wishes += [Wish(setpoint, None, why, needs), Wish(enable, 0.0, why, needs)]
        else:
            degc = float(round(min(target + CONDENSER_K, pump.supply_max_degc)))
            why = because(Code.MACHINE_SUPPLY, supply_degc=degc, target_degc=target)
            wishes += [Wish(setpoint, degc, why, needs), Wish(enable, 1.0, why, needs)]
        if (hot_water := scene.find(pump, "hot_water_enabled")) is not None:
            wishes.append(Wish(hot_water, float(pump.serves_hot_water), because(Code.OWN_HOT_WATER), (supply,)))
    return wishes
