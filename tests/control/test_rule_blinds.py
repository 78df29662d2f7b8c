"""External blinds."""

from datetime import UTC, datetime

import pytest

from control.rules.blinds import sun_position_deg

SOUTH = "blinds_south.position_pct"


def warm(paper, degc=24.5):
    for point in paper.values:
        if point.endswith(".temp_degc"):
            paper.values[point] = degc


def test_the_sun_stands_where_almanacs_say():
    elevation, azimuth = sun_position_deg(60.95, 10.61, datetime(2026, 6, 21, 11, 19, tzinfo=UTC))
    assert elevation == pytest.approx(90 - 60.95 + 23.44, abs=0.3)
    assert azimuth == pytest.approx(180.0, abs=1.5)
    elevation, _ = sun_position_deg(60.95, 10.61, datetime(2026, 12, 21, 11, 16, tzinfo=UTC))
    assert elevation == pytest.approx(90 - 60.95 - 23.44, abs=0.3)
    elevation, azimuth = sun_position_deg(60.95, 10.61, datetime(2026, 3, 20, 5, 25, tzinfo=UTC))
    assert elevation == pytest.approx(0.0, abs=1.0)
    assert azimuth == pytest.approx(90.0, abs=2.0)


def test_blinds_go_down_where_the_sun_is_and_rooms_are_warm(summer):
    warm(summer)
    values = summer.decide()
    assert values[SOUTH] == 80.0
    assert values["blinds_north.position_pct"] == 0.0


def test_blinds_stay_up_while_rooms_are_cool_or_the_sky_is_dull(summer):
    assert summer.decide()[SOUTH] == 0.0
    warm(summer)
    summer.set(weather__irradiance_w_per_m2=200.0)
    assert summer.decide(3600)[SOUTH] == 0.0


def test_they_do_not_move_more_than_once_in_half_an_hour(summer):
    warm(summer)
    assert summer.decide()[SOUTH] == 80.0
    summer.set(weather__irradiance_w_per_m2=50.0)
    assert summer.decide(1200)[SOUTH] == 80.0
    assert summer.decide(700)[SOUTH] == 0.0


def test_wind_takes_them_up_at_once(summer):
    warm(summer)
    summer.decide()
    summer.set(weather__wind_m_per_s=13.0)
    assert summer.decide(60)[SOUTH] == 0.0
    assert summer.code(SOUTH) == "safety.blinds_wind"


def test_their_own_wind_alarm_takes_them_up_at_once(summer):
    warm(summer)
    summer.decide()
    summer.set(blinds_south__wind_alarm=1.0)
    assert summer.decide(60)[SOUTH] == 0.0


@pytest.mark.parametrize("dead", ["weather.wind", "weather.irradiance", ".temp_degc"])
def test_a_missing_input_takes_them_up_after_two_minutes(summer, dead):
    warm(summer)
    summer.decide()
    summer.kill(dead)
    assert SOUTH not in summer.decide(60)
    assert summer.decide(60)[SOUTH] == 0.0
    assert summer.code(SOUTH) == "blinds.unknown"
