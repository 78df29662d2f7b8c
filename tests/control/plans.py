"""Plants small enough to be worked out by hand, for the planner's tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from control.assets.building import Group
from control.assets.bus import Node
from control.assets.electricity import Connection
from control.assets.heat_pumps import HeatPumps, Running
from control.assets.hot_water import HotWater
from control.grid import Grid
from control.problem import Inputs, Outlook, Plant, State, Tank
from control.tariff_state import local_days
from models.physics.heat_pump import HeatPump, Source, Stage

START = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
HOURS = Grid(START, (4, 4, 4, 4))
BUFFER = Tank(Node("buffer", 1.0), 90.0, 35.0, surroundings_degc=20.0)


def after(hours):
    return START + timedelta(hours=hours)


def small(grid=HOURS, plant=None, state=None, **outlook) -> Inputs:
    """A load of 10 kW at 1 NOK/kWh and a buffer that nobody uses, changed as told; a number holds for every step."""
    n = len(grid)
    see = {
        "identity": "by hand",
        "buy_nok_per_kwh": 1.0,
        "sell_nok_per_kwh": 0.5,
        "outdoor_degc": 20.0,
        "base_load_kw": 10.0,
        "gains_kw": {},
        "solar_kw": {},
        "low_degc": {},
        "high_degc": {},
        "air_share": {},
    } | outlook

    def spread(value):
        if isinstance(value, dict):
            return {key: spread(each) for key, each in value.items()}
        if isinstance(value, int | float | list):
            return np.zeros(n) + value
        return value

    return Inputs(
        grid=grid,
        plant=plant or Plant(Connection(100.0, 50.0), BUFFER, (), ((-20.0, 40.0), (15.0, 25.0))),
        state=state or State({"buffer": 20.0}, {}, {}),
        outlook=Outlook(**{name: spread(value) for name, value in see.items()}),
        days=local_days(grid.hour_starts),
    )


def machine(slope_per_k=0.004, count=1, **changes) -> HeatPumps:
    """20 kW from one compressor, 1/COP 0.25 at 35 degC and so much more per kelvin, whatever the source."""
    stage = Stage(20.0, 0.0, (0.25, slope_per_k, 0.0))
    physics = HeatPump((stage,), Source(0.0, 0.0, 0.0))
    names = tuple(f"hp{n}" for n in range(count))
    return replace(HeatPumps("hp", names, physics, False, (), False, 0.3, 0.25, 0.25, 65.0, 60.0), **changes)


ROOMS = Group("rooms", ("a", "b"), Node("rooms.room", 5.0), Node("rooms.mass", 40.0), 8.0, 0.3, 0.3, 2.0, 40.0)


def heated(grid, pump=None, outdoor_degc=0.0, **outlook) -> Inputs:
    """Rooms at 21.5 degC behind a 4 kWh/K buffer at 30 and a heat pump; a steady 12.6 kW hold 21 degC at 0."""
    pump = pump or machine()
    plant = Plant(
        Connection(100.0, 50.0),
        Tank(Node("buffer", 4.0), 90.0, 35.0),
        (ROOMS,),
        ((-20.0, 40.0), (15.0, 26.0)),
        heat_pumps=(pump,),
    )
    state = State({"buffer": 30.0}, {"rooms": 21.5}, {"rooms": 22.5}, heat_pumps={"hp": Running(len(pump.machines))})
    named = {"gains_kw": {"rooms": 0.0}, "solar_kw": {"rooms": 0.0}, "low_degc": {"rooms": 21.0}}
    return small(grid, plant, state, outdoor_degc=outdoor_degc, **(named | {"high_degc": {"rooms": 24.0}} | outlook))


WATER = HotWater(
    preheaters=("sun", "pump"),
    exchanger_kw_per_k=4.0,
    after_heater=Node("water", 1.0),
    heater_kw=30.0,
    stage_kw=10.0,
    circulation_kw_per_k=0.1,
    surroundings_degc=22.0,
    low_degc=66.0,
    high_degc=72.0,
    cycle_degc=70.0,
    cycle_h=0.5,
    top_above_mean_k=0.0,
)


def tapped(grid=HOURS, due_h=1000.0, water=WATER, start_degc=66.0, tanks=(50.0, 55.0), **outlook) -> Inputs:
    """Hot water behind two preheating tanks of 2 kWh/K; 10 kW drawn as 0.2 kW/K of water at 5 degC."""
    stores = tuple(Tank(Node(name, 2.0), 90.0, 50.0) for name in ("sun", "pump"))
    plant = Plant(Connection(100.0, 50.0), BUFFER, (), ((-20.0, 40.0), (15.0, 25.0)), tanks=stores, hot_water=water)
    temps = {"buffer": 20.0, "water": start_degc, "sun": tanks[0], "pump": tanks[1]}
    state = State(temps, {}, {}, hygiene_due_at=after(due_h))
    return small(grid, plant, state, **({"draw_kw": 10.0, "draw_kw_per_k": 0.2, "cold_degc": 5.0} | outlook))
