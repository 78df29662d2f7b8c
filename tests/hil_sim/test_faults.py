from datetime import UTC, datetime

import pytest

from hil_sim.faults import Fault, FaultKind, FaultyPlant

WINTER = datetime(2025, 2, 3, tzinfo=UTC)
SUMMER = datetime(2025, 6, 10, 9, tzinfo=UTC)
SUMMER_NIGHT = datetime(2025, 6, 10, 22, tzinfo=UTC)


def test_a_heat_pump_is_out_from_its_hour_on_and_comes_back(plant):
    faulty = FaultyPlant(plant, [Fault(FaultKind.OUT, "hp1", from_h=2.0, until_h=3.0)])
    faulty.reset(WINTER, 1)
    states = []
    for _ in range(4):
        seen = faulty.step({}, 3600.0)
        states.append((seen["hp1_io.fault"], seen["hp1_io.release_ok"]))
    assert states == [(0, 1), (0, 1), (1, 0), (0, 1)]
    assert seen["hp2_io.fault"] == 0


def test_a_broken_machine_does_not_run(plant):
    faulty = FaultyPlant(plant, [Fault(FaultKind.OUT, "hp1")])
    faulty.reset(WINTER, 1)
    faulty.step({}, 3600.0)
    truth = faulty.truth()
    assert (truth["hp1_io.compressor_1_on"], truth["heat_hp1.power_kw"]) == (0, 0)
    assert truth["hp2_io.compressor_1_on"] == 1


def test_readings_stick_shift_and_vanish(plant):
    faulty = FaultyPlant(
        plant,
        [
            Fault(FaultKind.STUCK, "main.import_kwh", from_h=1.0),
            Fault(FaultKind.OFFSET, "a1.temp_degc", from_h=1.0, amount=5.0),
            Fault(FaultKind.MISSING, "buffer.layer_1_temp_degc", from_h=1.0, until_h=3.0),
        ],
    )
    faulty.reset(WINTER, 1)
    first, second, third = (faulty.step({}, 3600.0) for _ in range(3))
    assert first["main.import_kwh"] == second["main.import_kwh"] < faulty.truth()["main.import_kwh"]
    assert second["a1.temp_degc"] - faulty.truth()["a1.temp_degc"] > 4
    assert second["buffer.layer_1_temp_degc"] is None
    assert third["buffer.layer_1_temp_degc"] is not None


@pytest.mark.parametrize(
    ("kind", "target"), [(FaultKind.OUT, "elevator"), (FaultKind.STUCK, "a1.smell"), (FaultKind.COP_LOSS, "boiler")]
)
def test_what_is_not_there_cannot_break(plant, kind, target):
    with pytest.raises(KeyError, match=target):
        FaultyPlant(plant, [Fault(kind, target)]).reset(WINTER, 1)


@pytest.mark.parametrize(
    "asset",
    ["circuit_floor_ab", "wells", "collectors", "hot_water", "pv_east", "charger_1", "boiler", "ahu_2", "loop_c"],
)
def test_every_part_that_can_fail_does_so_without_breaking_the_rest(plant, asset):
    faulty = FaultyPlant(plant, [Fault(FaultKind.OUT, asset)])
    faulty.reset(WINTER, 1)
    seen = faulty.step({"boiler.stage_request": 2.0}, 4 * 3600.0)
    assert None not in seen.values()
    truth = faulty.truth()
    lost = {
        "circuit_floor_ab": truth["circuit_floor_ab.valve_pct"],
        "wells": truth["brine.flow_m3_per_h"] + truth["hp1_io.compressor_1_on"],
        "collectors": truth["solar.flow_l_per_h"],
        "hot_water": truth["hot_water.power_kw"],
        "pv_east": truth["pv_east.ac_power_kw"],
        "charger_1": truth["charger_1.power_kw"],
        "boiler": truth["boiler.power_kw"],
        "ahu_2": truth["ahu_2.supply_flow_m3_per_h"],
        "loop_c": truth["loop_c.flow_l_per_min"] + (truth["loop_c.return_temp_degc"] > 45),
    }
    assert lost[asset] == 0


@pytest.mark.parametrize(
    ("kind", "target", "start", "commands", "seen"),
    [
        (FaultKind.COP_LOSS, "hp1", WINTER, {}, lambda t: t["el_hp1.power_kw"] / max(t["heat_hp1.power_kw"], 1)),
        (FaultKind.VALVE_LEAK, "ahu_1", SUMMER, {}, lambda t: t["ahu_1.supply_temp_degc"]),
        (FaultKind.LOOP_LOSS, "loop_b", WINTER, {}, lambda t: -t["loop_b.return_temp_degc"]),
        (FaultKind.BACKFLOW, "collectors", SUMMER_NIGHT, {}, lambda t: t["solar.collector_temp_degc"]),
        (FaultKind.STRING_LOSS, "pv_west", SUMMER, {}, lambda t: -t["pv_west.ac_power_kw"]),
        (
            FaultKind.OVERLAP,
            "ahu_3",
            SUMMER_NIGHT,
            {"brine.free_cooling_pct": 100.0},
            lambda t: min(t["ahu_3.cooling_coil_valve_pct"], t["ahu_3.heating_coil_valve_pct"]),
        ),
    ],
)
def test_worn_parts_do_worse_and_are_sound_again(plant, kind, target, start, commands, seen):
    found = []
    for faults in ([], [Fault(kind, target, amount=0.3)], [Fault(kind, target, until_h=0.0, amount=0.3)]):
        faulty = FaultyPlant(plant, faults)
        faulty.reset(start, 1)
        faulty.step(commands, 3 * 3600.0)
        found.append(seen(faulty.truth()))
    sound, worn, mended = found
    assert worn > sound + 0.02
    assert mended == sound


def test_a_worn_plant_still_balances(plant):
    faulty = FaultyPlant(plant, [Fault(FaultKind.BACKFLOW, "collectors", amount=0.1)])
    faulty.reset(SUMMER_NIGHT, 1)
    faulty.step({}, 3600.0)
    assert plant.centre.solar[0].to_tank_w < -100
    assert abs(plant.balance()["tanks"].error_kwh) < 1e-6
