"""Sun, load, tap water, comfort, air and cars of an outlook, rung by rung."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from control.grid import Grid
from control.habits.known import Factor
from control.outlook.spread import spread
from control.record import Record
from control.rules.memory import Filtered, MeteredHour, ParkedCar
from control.rules.zones import early_start_h
from control.strategy import NAIVE
from models.site import load_site
from tests.control.conftest import Paper
from tests.control.looking import JULY, MIDNIGHT, NOON, Outside, sky, spot
from tests.two_fields import EAST, WEST, two_fields


@pytest.fixture
def outside(biri, paper):
    return Outside(biri, paper)


@pytest.fixture
def warm(biri, summer):
    return Outside(biri, summer, JULY)


# --- Sun --------------------------------------------------------------------------------------------------------------


def test_sun_through_windows_by_group(warm):
    warm.paper.kill("irradiance")
    warm.weather = sky(JULY, dni=0.0, dhi=100.0)
    made = warm.see()
    # An overcast sky: half of it and the ground's share on every wall, whatever side it faces.
    glass = {g.id: glass_m2(warm.site, g) for g in warm.plant.groups}
    for group, kw in made.solar_kw.items():
        assert kw[0] == pytest.approx(0.34 * glass[group] * 0.1 * (0.5 + 0.2 * 0.5), rel=0.02)


def glass_m2(site, group):
    zones = [zone for zone in site.zones if zone.id in group.zones]
    return sum(sum(zone.windows_m2.values()) + sum(room.window_m2 for room in zone.rooms) for zone in zones)


def test_solar_cells_as_they_were_measured_to_be(warm):
    warm.weather = sky(JULY, temp=20.0)
    warm.paper.kill("irradiance")
    usual = warm.see().pv_kw
    warm.learned = replace(warm.learned, pv={"pv_east": Factor(0.8), "pv_west": Factor(0.8)})
    assert warm.see().pv_kw == pytest.approx(0.8 * usual)
    assert 30 < usual.max() < 90


def test_new_snow_covers_the_panels_and_thaw_bares_them(outside):
    outside.paper.kill("irradiance", "outdoor_temp", "ac_power")
    snow = np.where((np.arange(73) >= 10) & (np.arange(73) < 16), 2.0, 0.0)
    outside.weather = sky(NOON, snow=snow, temp=-5.0)
    made = outside.see()
    assert made.pv_kw[0] > 1.0
    assert outside.at(made.pv_kw, 24) == 0.0
    assert "snow on the panels" in made.identity
    outside.weather = sky(NOON, snow=snow, temp=np.where(np.arange(73) < 16, -5.0, 12.0))
    assert outside.at(outside.see().pv_kw, 47) > 0.0


def test_panels_that_give_nothing_under_a_bright_sky_in_frost_are_covered(outside):
    outside.paper.set(
        weather__irradiance_w_per_m2=150.0,
        weather__outdoor_temp_degc=-6.0,
        pv_east__ac_power_kw=0.1,
        pv_west__ac_power_kw=0.1,
    )
    outside.weather = sky(NOON, temp=-6.0)
    made = outside.see()
    assert made.pv_kw.max() == 0.0
    outside.paper.set(pv_east__ac_power_kw=5.0, pv_west__ac_power_kw=5.0)
    assert outside.see().pv_kw.max() > 1.0
    # In the dark what the record saw last stands, until it thaws.
    outside.paper.kill("irradiance")
    outside.learned = replace(outside.learned, snow_cover={"pv_east": 1.0, "pv_west": 1.0})
    assert outside.see().pv_kw.max() == 0.0
    outside.paper.set(weather__outdoor_temp_degc=4.0)
    assert outside.see().pv_kw.max() > 1.0


def test_a_sky_brighter_than_forecast_counts_half_for_a_while(warm):
    warm.weather = sky(JULY, dni=200.0, dhi=100.0, temp=20.0)
    warm.paper.kill("irradiance")
    usual = warm.see().pv_kw
    warm.paper.revive()
    warm.paper.set(weather__irradiance_w_per_m2=600.0)
    bright = warm.see().pv_kw
    assert bright[0] > 1.2 * usual[0]
    assert warm.at(bright, 24) == pytest.approx(warm.at(usual, 24), rel=0.01)


def test_collectors_give_most_to_the_coldest_sink(warm):
    warm.weather = sky(JULY, dni=700.0, dhi=100.0, temp=20.0)
    sun = warm.see().sun_heat["collectors"]
    assert sun.to_wells_kw.max() > sun.to_tank_kw.max() > sun.to_circulation_kw.max() > 10.0
    assert sun.standstill_degc.max() > 100.0
    warm.learned = replace(warm.learned, collectors={"collectors": Factor(0.8)})
    assert warm.see().sun_heat["collectors"].to_tank_kw.sum() < 0.85 * sun.to_tank_kw.sum()


@pytest.fixture
def roofs():
    """What two fields could give their tanks in a clear day from noon on, by the tank of the western one."""

    def seen(west_tank):
        site = two_fields(west_tank)
        outside = Outside(site, Paper(site, JULY), JULY)
        outside.weather = sky(JULY, dni=700.0, dhi=100.0, temp=20.0)
        return {
            name: [outside.at(sun.to_tank_kw, h) for h in range(24)] for name, sun in outside.see().sun_heat.items()
        }

    return seen


def test_every_field_has_the_sun_of_its_own_roof_and_the_warmth_of_its_own_tank(roofs):
    one, two = roofs("solar_tank"), roofs("hp_tank")
    assert list(one) == [EAST, WEST]
    afternoon, morning = slice(4, 8), slice(16, 20)
    assert max(one[WEST][afternoon]) > 8.0
    assert max(one[EAST][afternoon]) < 3.0
    assert max(one[EAST][morning]) > 8.0
    assert max(one[WEST][morning]) < 3.0
    assert two[EAST] == one[EAST]
    assert sum(two[WEST]) < 0.98 * sum(one[WEST])  # the heat pump's tank is warmer


def test_no_free_cooling_in_winter_nor_in_damp_air(outside, warm):
    outside.weather = sky(NOON)
    assert outside.see().cooling_kw.max() == 0.0
    warm.memory = replace(warm.memory, outdoor=Filtered(22.0, JULY))
    warm.weather = sky(JULY, temp=24.0, humidity=40.0)
    assert warm.see().cooling_kw.max() == warm.site.wells.free_cooling_kw
    warm.weather = sky(JULY, temp=24.0, humidity=95.0)
    assert warm.see().cooling_kw.max() == 0.0


# --- Load -------------------------------------------------------------------------------------------------------------


def test_load_is_moved_by_what_it_is_off_now_for_some_hours(outside):
    outside.paper.kill("main.power_kw")
    usual = outside.see().base_load_kw
    outside.paper.revive()
    outside.paper.set(main__power_kw=usual[0] + 10.0)
    made = outside.see().base_load_kw
    assert made[0] == pytest.approx(usual[0] + 7.0, abs=0.5)
    assert outside.at(made - usual, 4) == pytest.approx(7.0 / np.e, abs=0.4)
    assert abs(outside.at(made - usual, 30)) < 0.05


def test_the_last_minutes_of_the_peak_guard_are_better_than_one_look(outside):
    usual = outside.learned.base_load_kw.mean[0][48]
    outside.memory = replace(outside.memory, hour=MeteredHour(NOON, NOON, rest_kw=(usual + 5, usual + 5, usual + 90)))
    outside.paper.set(main__power_kw=usual + 90.0)
    assert outside.see().base_load_kw[0] == pytest.approx(usual + 3.5, abs=0.7)


def test_a_mad_meter_moves_the_load_by_half_at_most(outside):
    outside.paper.set(main__power_kw=5000.0)
    usual = outside.learned.base_load_kw.mean[0][48]
    assert outside.see().base_load_kw.max() < 1.5 * usual
    outside.paper.set(main__power_kw=-5000.0)
    assert outside.see().base_load_kw.min() > 0.0


def test_a_weekday_differs_from_a_sunday(outside):
    outside.paper.kill("main")
    thursday = outside.see().base_load_kw
    outside.paper.now = NOON + timedelta(days=3)
    assert outside.see().base_load_kw[0] < thursday[0] - 3.0


def test_perfect_foresight_of_load_and_tap_water(outside):
    n = 4 * 48
    outside.truth = Record(
        NOON,
        900.0,
        {
            "main.power_kw": np.full(n, 60.0),
            **{point: np.zeros(n) for point in planned_and_made(outside.site)},
            "hot_water.volume_m3": np.arange(n) * 0.05,
        },
    )
    made = outside.see()
    assert made.base_load_kw == pytest.approx(60.0)
    assert outside.at(made.draw_kw, 10) == pytest.approx(0.2 * 1.157 * (60.0 - made.cold_degc[0]), rel=0.01)
    assert "load as it will be" in made.identity
    hourly = Record(NOON, 3600.0, {point: values[::4] for point, values in outside.truth.values.items()})
    outside.truth = hourly
    assert outside.see().base_load_kw == pytest.approx(60.0)
    outside.truth = Record(NOON - timedelta(days=30), 900.0, outside.truth.values)
    made = outside.see()
    assert np.isfinite(made.base_load_kw).all()
    assert "load as it will be" not in made.identity


def planned_and_made(site):
    arrays = [f"{array.id}.ac_power_kw" for array in site.pv]
    pumps = [f"el_{pump.id}.power_kw" for pump in site.heat_pumps]
    rest = [f"{asset.devices[0]}.power_kw" for asset in (*site.boilers, *site.chargers, site.hot_water)]
    return [*arrays, *pumps, *rest]


def test_gains_are_what_the_site_file_says_ends_in_rooms_with_people_and_pipes(outside):
    outside.paper.kill("main")
    made = outside.see(Grid(MIDNIGHT, (4,) * 24))
    day_kwh = sum(kw.sum() for kw in made.gains_kw.values())
    equipment = sum(zone.equipment_w_per_m2 * zone.area_m2 for zone in outside.site.zones) * 24 / 1000
    pipes = sum(loop.loss_kw for loop in outside.site.hot_water.loops) * 24
    people = day_kwh - equipment - pipes
    assert 32 * 0.07 * 24 < people < 3 * 32 * 0.07 * 24
    units = sum(made.gains_kw["unit_a"])
    assert 0.3 * day_kwh < units < 0.6 * day_kwh


# --- Tap water --------------------------------------------------------------------------------------------------------


def test_tap_water_is_the_days_litres_heated_to_sixty(outside):
    outside.paper.kill("hot_water")
    made = outside.see(Grid(MIDNIGHT, (4,) * 24))
    assert made.draw_kw.sum() == pytest.approx(1.9 * 1.157 * (60 - made.cold_degc.mean()), rel=0.02)
    stored = (outside.plant.hot_water.low_degc + outside.plant.hot_water.high_degc) / 2
    assert made.draw_kw / made.draw_kw_per_k == pytest.approx(stored - made.cold_degc)


def test_cold_water_is_what_is_measured_while_it_flows(outside):
    outside.paper.set(hot_water__cold_temp_degc=7.5, hot_water__flow_l_per_min=0.0)
    usual = outside.see().cold_degc[0]
    assert usual == pytest.approx(4.6, abs=0.2)
    outside.paper.set(hot_water__flow_l_per_min=6.0)
    assert outside.see().cold_degc[0] == pytest.approx(7.5)
    outside.paper.set(hot_water__cold_temp_degc=21.0)
    assert outside.see().cold_degc[0] == pytest.approx(usual)


# --- Comfort and air --------------------------------------------------------------------------------------------------


def test_bands_follow_the_rules_set_points(outside):
    outside.weather = sky(NOON, temp=5.0)
    made = outside.see()
    units, common = made.low_degc["unit_a"], made.low_degc["cafe"]
    assert units == pytest.approx(units[0])
    assert 21.9 < units[0] < 22.3
    assert made.high_degc["unit_a"] == pytest.approx(24.0)
    noon, night = common[0], outside.at(common, 13.5)
    assert noon - night > 0.5
    zones = [zone for zone in outside.site.zones if zone.kind != "residential"]
    area = sum(zone.area_m2 for zone in zones)
    assert noon == pytest.approx(sum(zone.area_m2 * zone.setpoint_degc for zone in zones) / area, abs=0.01)


def test_heating_begins_before_people_come_and_staggered_zones_sooner(outside):
    outside.paper.now = MIDNIGHT
    outside.weather = sky(MIDNIGHT, temp=5.0)
    outside.paper.kill("outdoor_temp")
    grid = Grid(MIDNIGHT, (1,) * 96)
    staggered = outside.see(grid).low_degc["cafe"]
    outside.strategy = NAIVE
    plain = outside.see(grid).low_degc["cafe"]
    assert (staggered >= plain - 1e-9).all()
    assert staggered.sum() > plain.sum()
    # The café (21 over 19 degC) is manned from 08:00; its own share of the group's area rises that long before.
    early = early_start_h(2.0, 5.0)
    at = int((8.0 - early) * 4)
    assert plain[at + 1] > plain[at - 2] + 0.1


def test_a_zone_that_is_held_up_is_promised_to_rise_at_its_own_pace(outside):
    """Asked for at once, the two kelvins of the morning would be worth a boiler to a plan."""
    outside.paper.now = MIDNIGHT
    outside.weather = sky(MIDNIGHT, temp=5.0)
    outside.paper.kill("outdoor_temp")
    outside.paper.set(cafe__temp_degc=19.2)
    made = outside.see(Grid(MIDNIGHT, (1,) * 96))
    assert made.promised_degc["cafe"] == 19.0
    low = made.low_degc["cafe"]
    morning = np.diff(low[12:40])
    assert morning.max() < 0.25
    assert low[12:40].max() > low[12] + 1.0
    evening = np.diff(low[40:])
    assert evening.min() < -0.25  # down at once


def test_a_plan_sees_when_zones_are_set_back_and_their_valves_shut(outside):
    outside.weather = sky(NOON, temp=5.0)
    made = outside.see()
    assert (made.held["unit_a"] == 1.0).all()
    assert made.held["cafe"][0] > 0.9
    at_night = outside.at(made.held["cafe"], 13.5)
    assert 0.2 <= at_night < 0.5


def test_no_set_back_in_severe_cold(outside):
    outside.weather = sky(NOON, temp=-20.0)
    outside.paper.set(weather__outdoor_temp_degc=-20.0)
    outside.memory = replace(outside.memory, outdoor=Filtered(-20.0, NOON))
    assert np.ptp(outside.see().low_degc["cafe"]) == pytest.approx(0.0)


def test_homes_that_share_a_circuit_with_cooler_rooms_are_not_overheated_by_its_mean():
    house = load_site(Path(__file__).parents[2] / "docs" / "examples" / "air_house" / "site.toml")
    made = Outside(house, Paper(house, NOON)).see()
    # A third of the area is a workshop of 20 degC by day: at 24 degC the homes' 22 are a mean of 23.3.
    assert made.high_degc["home"].max() == pytest.approx(24.0 - (22.0 - 64 / 3), abs=0.05)
    assert (made.high_degc["home"] - made.low_degc["home"]).min() >= 1.0


def test_homes_may_be_warmer_in_summer(warm):
    assert warm.see().high_degc["unit_a"] == pytest.approx(26.0)


def test_air_by_the_timetable_and_by_night_in_summer(outside, warm):
    made = outside.see()
    assert outside.at(made.air_share["ahu_3"], 1) == 1.0
    assert outside.at(made.air_share["ahu_3"], 15) == pytest.approx(0.25)
    assert (made.air_share["ahu_1"] == 1.0).all()
    warm.weather = sky(JULY, temp=np.where(np.arange(73) % 24 < 8, 22.0, 14.0))
    warm.memory = replace(warm.memory, outdoor=Filtered(20.0, JULY))
    warm.paper.set(ahu_3__extract_temp_degc=24.0)
    assert warm.at(warm.see().air_share["ahu_3"], 15) == 1.0


# --- Cars -------------------------------------------------------------------------------------------------------------


def stays_of(made, charger):
    return [s for s in made.sessions if s.chargers == (charger,)]


def test_a_car_that_is_here_needs_what_the_rules_say_and_comes_back_tomorrow(outside):
    outside.paper.set(charger_3__mode3_state=1.0, charger_3__energy_kwh=103.0)
    outside.memory = replace(outside.memory, parked={"charger_3": ParkedCar(NOON - timedelta(hours=1), 101.0)})
    here, later = stays_of(outside.see(), "charger_3")
    assert here.connected_at == NOON
    assert here.energy_kwh == pytest.approx(1.25 * 7.5 - 2.0)
    assert here.leaves_at == datetime(2026, 1, 16, 6, 0, tzinfo=UTC)  # 07:30 local time less half an hour
    assert later.connected_at == datetime(2026, 1, 16, 14, 0, tzinfo=UTC)  # a shift after it left
    assert later.energy_kwh == pytest.approx(7.5)
    assert later.leaves_at.date() == datetime(2026, 1, 19, tzinfo=UTC).date()  # a Monday, beyond the grid


def test_a_full_car_needs_nothing(outside):
    outside.paper.set(charger_3__mode3_state=1.0, charger_3__energy_kwh=100.0)
    parked = ParkedCar(NOON - timedelta(hours=1), 100.0, NOON - timedelta(minutes=30))
    outside.memory = replace(outside.memory, parked={"charger_3": parked})
    assert [s.connected_at.day for s in stays_of(outside.see(), "charger_3")] == [16]


def test_a_car_always_ready_is_charged_at_once(outside):
    ready = next(c for c in outside.site.chargers if c.always_ready)
    outside.paper.set(**{f"{ready.id}__mode3_state": 1.0})
    outside.memory = replace(outside.memory, parked={ready.id: ParkedCar(NOON, 0.0)})
    here = stays_of(outside.see(), ready.id)[0]
    hours = (here.leaves_at - here.connected_at) / timedelta(hours=1)
    assert here.energy_kwh / ready.max_kw < hours < here.energy_kwh / ready.max_kw + 0.5


def test_a_car_that_is_away_comes_back_after_its_usual_trip(outside):
    outside.paper.set(charger_3__mode3_state=0.0)
    first = stays_of(outside.see(), "charger_3")[0]
    assert first.connected_at == datetime(2026, 1, 15, 14, 0, tzinfo=UTC)
    trips = {"charger_3": replace(outside.learned.trips["charger_3"], hours=6.0, need_share=0.8)}
    outside.learned = replace(outside.learned, trips=trips)
    first = stays_of(outside.see(), "charger_3")[0]
    assert first.connected_at == datetime(2026, 1, 15, 12, 30, tzinfo=UTC)
    assert first.energy_kwh == pytest.approx(6.0)


def test_a_car_that_is_late_is_expected_within_the_hour(outside):
    outside.paper.now = NOON + timedelta(hours=6)
    outside.paper.set(charger_3__mode3_state=0.0)
    assert stays_of(outside.see(), "charger_3")[0].connected_at == NOON + timedelta(hours=7)


def test_a_silent_charger_is_taken_to_follow_its_timetable(outside):
    outside.paper.kill("charger_3")
    assert [s.connected_at.day for s in stays_of(outside.see(), "charger_3")] == [15, 16]


def test_a_charger_without_departures_has_no_sessions(outside):
    chargers = tuple(c.model_copy(update={"departures": ()}) for c in outside.site.chargers)
    outside.site = outside.site.model_copy(update={"chargers": chargers})
    outside.paper.set(charger_3__mode3_state=1.0)
    outside.memory = replace(outside.memory, parked={"charger_3": ParkedCar(NOON, 0.0)})
    assert outside.see().sessions == ()


def test_every_session_can_be_met(outside):
    for hour in range(0, 48, 3):
        outside.paper.now = NOON + timedelta(hours=hour)
        for session in outside.see().sessions:
            most = (session.leaves_at - session.connected_at) / timedelta(hours=1) * session.max_kw
            assert session.energy_kwh <= most * 1.3
            assert session.connected_at >= outside.grid.start - timedelta(minutes=15)


# --- How uncertain it is ----------------------------------------------------------------------------------------------


def test_spread_grows_with_lead_time_and_is_nothing_where_prices_are_published(outside):
    outside.prices, outside.weather = spot(np.ones(24)), sky(NOON)
    made = outside.see()
    how = spread(made, outside.site, outside.grid, outside.learned, outside.prices, weather=True)
    assert (how.spot_nok_per_kwh[outside.grid.edges_h[:-1] < 11.9] == 0).all()
    assert (how.spot_nok_per_kwh[outside.grid.edges_h[:-1] > 12.1] >= 0.08).all()
    assert (np.diff(how.outdoor_k) > 0).all()
    assert outside.at(how.outdoor_k, 24) == pytest.approx(1.6, abs=0.2)
    assert how.base_load_kw == pytest.approx(0.15 * outside.grid.from_quarters(usual_quarters(outside)))
    assert (how.pv_kw <= made.pv_kw * 1.1).all()
    assert (how.draw_kw > 0).all()
    assert np.array_equal(made.spread.outdoor_k, how.outdoor_k)
    collected = how.collected_kw["collectors"]
    assert (collected >= 0).all()
    assert (collected <= made.sun_heat["collectors"].to_tank_kw * 1.1).all()
    assert how.back_h == {charger.id: 1.0 for charger in outside.site.chargers}
    blind = spread(made, outside.site, outside.grid, outside.learned, None, weather=False)
    assert (blind.spot_nok_per_kwh > 0).all()
    assert (blind.outdoor_k >= how.outdoor_k).all()


def usual_quarters(outside):
    from control.slots import slots

    when = slots(outside.grid.start, sum(outside.grid.quarters), outside.site.zone_info)
    return outside.learned.base_load_kw.at(when)
