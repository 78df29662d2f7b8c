"""Set points of rooms and zones."""

from datetime import UTC, datetime

from control.rules.zones import early_start_h

NIGHT = datetime(2026, 1, 14, 23, tzinfo=UTC)


def at(paper, hour, minute=0):
    """Thursday 15 January, local winter time."""
    paper.now = datetime(2026, 1, 15, hour - 1, minute, tzinfo=UTC)


def test_a_residents_room_keeps_its_own_set_point_day_and_night(paper):
    for hour in range(1, 24):
        at(paper, hour)
        values = paper.decide()
        assert values["a3.setpoint_degc"] == 23.0
        assert values["a6.setpoint_degc"] == 21.5
        assert values["a3.floor_setpoint_degc"] == 25.0
        assert values["unit_a.setpoint_degc"] == 22.0


def test_a_room_without_temperature_is_given_back_to_its_controller_after_two_minutes(paper):
    paper.decide()
    paper.kill("a3.temp_degc")
    assert "a3.setpoint_degc" not in paper.decide(60)
    assert paper.decide(60)["a3.setpoint_degc"] is None
    assert paper.wishes["a4.setpoint_degc"].value == 22.0


def test_a_room_not_yet_read_is_not_written(paper):
    paper.kill("a3")
    assert "a3.setpoint_degc" not in paper.decide()


def test_an_office_is_warm_in_its_hours_and_set_back_outside_them(paper):
    at(paper, 10)
    assert paper.decide()["administration.setpoint_degc"] == 21.0
    at(paper, 20)
    assert paper.decide()["administration.setpoint_degc"] == 19.0


def test_a_zone_that_is_always_manned_is_never_set_back(paper):
    at(paper, 3)
    assert paper.decide()["home_care.setpoint_degc"] == 21.0


def test_heating_begins_before_people_come(paper):
    early = early_start_h(2.0, 0.0)
    at(paper, 7 - int(early) - 1)
    assert paper.decide()["administration.setpoint_degc"] == 19.0
    at(paper, 6, 30)
    assert paper.decide()["administration.setpoint_degc"] == 21.0
    assert paper.code("administration.setpoint_degc") == "zone.early_start"


def test_the_lead_grows_with_lift_and_cold_within_one_to_five_hours():
    assert early_start_h(2.0, -9.0) > early_start_h(2.0, 10.0) > early_start_h(1.0, 10.0) >= 1.0
    assert early_start_h(4.0, -25.0) == 5.0


def test_no_set_back_below_minus_ten_degrees(paper):
    for point in paper.values:
        if point.endswith(".outdoor_temp_degc"):
            paper.values[point] = -10.5
    at(paper, 22)
    assert paper.decide()["administration.setpoint_degc"] == 21.0
    assert paper.code("administration.setpoint_degc") == "zone.too_cold_for_setback"


def test_no_set_back_while_the_outdoor_temperature_is_unknown(paper):
    at(paper, 22)
    paper.kill("outdoor_temp_degc")
    assert paper.decide()["administration.setpoint_degc"] == 21.0


def test_nobody_is_left_below_nineteen_degrees_where_somebody_is_seen(paper):
    at(paper, 22)
    assert paper.decide()["gym.setpoint_degc"] == 18.0
    paper.set(gym__occupied=1.0)
    assert paper.decide(60)["gym.setpoint_degc"] == 19.0


def test_a_dead_presence_sensor_leaves_the_timetable_alone(paper):
    at(paper, 22)
    paper.kill("gym.occupied")
    assert paper.decide(300)["gym.setpoint_degc"] == 18.0


def test_hours_follow_the_wall_clock_over_a_change_of_summer_time(paper):
    paper.now = datetime(2026, 3, 30, 4, 30, tzinfo=UTC)  # Monday 06:30, the day after the clocks went forward
    assert paper.decide()["administration.setpoint_degc"] == 21.0
    paper.now = datetime(2026, 3, 30, 15, 30, tzinfo=UTC)  # 17:30
    assert paper.decide()["administration.setpoint_degc"] == 19.0
