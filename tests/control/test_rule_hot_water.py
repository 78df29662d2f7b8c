"""After-heater and circulation."""

STAGE, PUMP = "hot_water.stage_request", "hot_water.circulation_pump_on"


def top(paper, degc):
    paper.set(hot_water__top_temp_degc=degc, hot_water__middle_temp_degc=degc, hot_water__bottom_temp_degc=degc)


def test_stages_come_on_one_by_one_as_the_top_falls_and_go_off_with_a_band(paper):
    stages = []
    for degc in (71.0, 69.9, 68.4, 66.9, 68.2, 68.6, 70.1, 71.4, 71.6):
        top(paper, degc)
        stages.append(paper.decide(60)[STAGE])
    assert stages == [0, 1, 2, 3, 3, 2, 1, 1, 0]


def test_all_stages_before_a_return_reaches_its_limit(paper):
    assert paper.decide()[STAGE] == 0
    paper.set(loop_d__return_temp_degc=60.5)
    assert paper.decide(60)[STAGE] == 3
    assert paper.code(STAGE) == "safety.water_limit"


def test_all_stages_before_the_supply_reaches_its_limit(paper):
    paper.set(hot_water__supply_temp_degc=65.5)
    assert paper.decide()[STAGE] == 3


def test_a_dead_return_does_not_stop_the_rule(paper):
    top(paper, 69.0)
    paper.kill("loop_a", "loop_b")
    assert paper.decide()[STAGE] == 1


def test_a_lost_top_is_replaced_by_the_middle_after_two_minutes(paper):
    top(paper, 69.0)
    paper.decide()
    paper.kill("hot_water.top")
    assert STAGE not in paper.decide(60)
    assert paper.decide(60)[STAGE] == 1
    assert paper.wishes[STAGE].needs == ("hot_water.middle_temp_degc",)


def test_with_no_sensor_the_heater_is_given_back_to_its_own_thermostat(paper):
    paper.decide()
    paper.kill("hot_water.top", "hot_water.middle", "hot_water.supply")
    assert STAGE not in paper.decide(60)
    assert paper.decide(60)[STAGE] is None
    assert paper.code(STAGE) == "water.after_heater.own"


def test_nothing_is_asked_of_a_heater_that_has_not_been_read(paper):
    paper.kill("hot_water")
    assert STAGE not in paper.decide()
    assert PUMP not in paper.decide()


def test_a_tripped_heater_is_asked_for_nothing(paper):
    paper.set(hot_water__overheat_trip=1.0, loop_a__return_temp_degc=50.0)
    assert paper.decide()[STAGE] == 0


def test_the_circulation_pump_always_runs(paper, summer):
    assert paper.decide()[PUMP] == 1
    assert summer.decide()[PUMP] == 1


def test_a_site_without_hot_water_has_no_such_rules(paper):
    paper.site = paper.site.model_copy(update={"hot_water": None})
    values = paper.decide()
    assert STAGE not in values
    assert paper.memory.hygiene is None
