"""Heat pumps: how many compressors, on which machines, and which makes hot water."""

HP1, HP2 = "hp1_io.stage_request", "hp2_io.stage_request"


def total(values):
    return values[HP1] + values[HP2]


def test_a_cold_buffer_brings_compressors_one_by_one_spread_over_the_machines(paper):
    paper.layers("buffer", 34.0, 33.0, 32.0, 30.0)
    seen = set()
    for _ in range(60):
        values = paper.decide(60)
        paper.obey(values)
        seen.add((values[HP1], values[HP2]))
        assert abs(values[HP1] - values[HP2]) <= 1
    assert total(values) == 4
    assert {sum(pair) for pair in seen} == {1, 2, 3, 4}


def test_the_step_between_two_compressors_leaves_the_buffer_time_to_answer(paper):
    paper.layers("buffer", 34.0, 33.0, 32.0, 30.0)
    counts = []
    for _ in range(25):
        values = paper.decide(60)
        paper.obey(values)
        counts.append(total(values))
    assert counts[:10] == [1.0] * 10
    assert counts[10:20] == [2.0] * 10


def test_compressors_stay_while_the_top_is_warm_and_the_bottom_is_not(paper):
    paper.layers("buffer", 34.0, 33.0, 32.0, 30.0)
    before = total(paper.pass_time(1500))
    paper.layers("buffer", 37.5, 36.0, 34.0, 32.0)
    assert total(paper.pass_time(3600)) == before


def test_a_full_buffer_stops_them_again_but_not_before_the_shortest_run(paper):
    paper.layers("buffer", 34.0, 33.0, 32.0, 30.0)
    paper.pass_time(120)
    paper.layers("buffer", 39.0, 39.0, 39.0, 39.0)
    assert total(paper.pass_time(12 * 60)) == 1
    assert total(paper.pass_time(6 * 60)) == 0


def test_a_full_buffer_asks_for_nothing(paper):
    assert total(paper.pass_time(600)) == 0


def test_machines_are_asked_for_three_kelvin_more_than_the_buffer_must_hold(paper):
    paper.layers("buffer", 34.0, 33.0, 32.0, 30.0)
    assert paper.decide(60)["hp1_io.supply_setpoint_degc"] == 35.0 + 2.0 + 3.0


def test_nothing_is_asked_before_a_machine_has_told_its_state(paper):
    paper.kill("hp1_io", "hp2_io")
    assert not [p for p in paper.decide() if p.startswith("hp")]


def test_one_silent_machine_does_not_stop_the_other(paper):
    paper.layers("buffer", 34.0, 33.0, 32.0, 30.0)
    paper.decide()
    paper.kill("hp1_io")
    values = paper.pass_time(3600)
    assert HP1 not in values
    assert values[HP2] == 2.0


def test_a_faulty_machine_is_asked_for_nothing_and_the_other_takes_over(paper):
    paper.layers("buffer", 34.0, 33.0, 32.0, 30.0)
    paper.pass_time(3600)
    paper.set(hp1_io__fault=1.0, hp1_io__compressor_1_on=0.0, hp1_io__compressor_2_on=0.0)
    values = paper.pass_time(3600)
    assert (values[HP1], values[HP2]) == (0.0, 2.0)
    assert paper.code(HP1) == "safety.machine_fault"


def test_an_open_safety_chain_counts_as_a_lost_machine(paper):
    paper.layers("buffer", 34.0, 33.0, 32.0, 30.0)
    paper.set(hp2_io__release_ok=0.0)
    assert paper.pass_time(120)[HP2] == 0.0
    assert paper.code(HP2) == "safety.machine_chain"


def test_a_machine_that_does_not_start_in_ten_minutes_is_lost_and_tried_again_later(paper):
    paper.layers("buffer", 34.0, 33.0, 32.0, 30.0)
    codes = []
    for _ in range(50):
        values = paper.decide(60)
        paper.obey({k: v for k, v in values.items() if k != HP1})
        codes.append(paper.code(HP1))
    assert "heat.machine_idle" in codes[:25]
    assert codes[-1] == "heat.stages"


def test_a_lost_top_sensor_is_replaced_by_the_next_layer(paper):
    paper.layers("buffer", 39.0, 34.0, 33.0, 30.0)
    paper.decide()
    paper.kill("buffer.layer_1")
    assert HP1 not in paper.decide(60)
    assert total(paper.decide(60)) == 1
    assert paper.code(HP1) == "heat.stages.other_layer"


def test_a_lost_buffer_is_replaced_by_the_circuits_own_supply(paper):
    paper.set(circuit_air__supply_temp_degc=31.0)
    paper.decide()
    paper.kill("buffer")
    assert total(paper.pass_time(300)) == 1
    assert paper.code(HP1) == "heat.stages.circuits"


def test_with_no_sensor_of_the_heating_water_the_machines_run_on_their_own_curves(paper):
    paper.decide()
    paper.kill("buffer", "circuit_")
    values = paper.pass_time(180)
    assert values[HP1] is None
    assert values["hp2_io.supply_setpoint_degc"] is None
    assert paper.code(HP1) == "heat.stages.own_curve"


def test_hot_water_is_still_made_while_the_other_machine_runs_on_its_own_curve(paper):
    paper.layers("hp_tank", 45.0, 45.0, 43.0, 40.0)
    paper.decide()
    paper.kill("buffer", "circuit_")
    values = paper.pass_time(600)
    assert sorted(values[f"hp{n}_io.hot_water_duty"] or 0.0 for n in (1, 2)) == [0.0, 1.0]
    assert sorted([values[HP1] is None, values[HP2] is None]) == [False, True]


def test_no_compressor_stops_before_the_boiler_has(paper):
    paper.layers("buffer", 33.0, 32.0, 31.0, 30.0)
    paper.pass_time(7200)
    paper.layers("buffer", 37.2, 37.0, 36.5, 36.0)
    first = {}
    for minute in range(60):
        values = paper.decide(60)
        paper.obey(values)
        first.setdefault(("boiler", values["boiler.stage_request"]), minute)
        first.setdefault(("machines", total(values)), minute)
    assert first["boiler", 0.0] < first["machines", 3.0]


def test_no_heat_wanted_stops_all_machines(summer):
    for n in range(3):
        summer.site = summer.site.model_copy(
            update={"zones": tuple(z.model_copy(update={"rooms": ()}) for z in summer.site.zones)}
        )
        values = summer.decide(60 * n)
    assert total(values) == 0
    assert summer.code(HP1) == "heat.stages.no_heat"


def test_a_cold_preheating_tank_puts_exactly_one_machine_on_duty_until_it_is_full(paper):
    paper.layers("hp_tank", 45.0, 45.0, 43.0, 40.0)
    values = paper.pass_time(180)
    on_duty = [m for m in ("hp1", "hp2") if values[f"{m}_io.hot_water_duty"] == 1.0]
    assert len(on_duty) == 1
    io = f"{on_duty[0]}_io"
    assert values[f"{io}.stage_request"] == 1.0
    assert values[f"{io}.supply_setpoint_degc"] == 55.0
    paper.layers("hp_tank", 53.0, 52.0, 50.0, 47.0)
    assert paper.pass_time(1200)[f"{io}.hot_water_duty"] == 1.0
    paper.layers("hp_tank", 54.0, 53.0, 52.0, 51.0)
    assert paper.pass_time(60)[f"{io}.hot_water_duty"] == 0.0


def test_a_very_cold_preheating_tank_gets_both_compressors(paper):
    paper.layers("hp_tank", 35.0, 35.0, 33.0, 30.0)
    assert max(paper.pass_time(600)[p] for p in (HP1, HP2)) == 2.0


def test_the_other_machine_takes_the_duty_over_when_the_first_is_lost(paper):
    paper.layers("hp_tank", 45.0, 45.0, 43.0, 40.0)
    paper.pass_time(300)
    first = paper.memory.duty.machine
    paper.set(**{f"{first}_io__fault": 1.0})
    values = paper.pass_time(300)
    other = "hp2" if first == "hp1" else "hp1"
    assert values[f"{other}_io.hot_water_duty"] == 1.0


def test_a_charge_that_never_ends_gives_the_machine_back_for_a_while(paper):
    paper.layers("hp_tank", 45.0, 45.0, 43.0, 40.0)
    duties = []
    for _ in range(160):
        values = paper.decide(60)
        paper.obey(values)
        duties.append(values["hp1_io.hot_water_duty"] + values["hp2_io.hot_water_duty"])
    assert duties[100] == 1
    assert duties[125] == 0
    assert duties[-1] == 1


def test_without_any_tank_sensor_the_tank_is_charged_one_hour_in_four(paper):
    paper.decide()
    paper.kill("hp_tank")
    hours = {}
    for _ in range(48):
        values = paper.pass_time(600, 600)
        hours.setdefault(paper.now.astimezone(paper.site.zone_info).hour, []).append(
            values["hp1_io.hot_water_duty"] + values["hp2_io.hot_water_duty"]
        )
    assert all(sum(seen) == 0 for hour, seen in hours.items() if hour % 4)
    assert all(sum(seen) > 0 for hour, seen in hours.items() if hour % 4 == 0)


def test_a_compressor_found_running_is_given_its_shortest_run(paper):
    paper.set(hp1_io__compressor_1_on=1.0)
    assert paper.pass_time(14 * 60)[HP1] == 1.0
    assert paper.pass_time(120)[HP1] == 0.0
