"""What-if: pure changes with clear errors, figures that move the way physics says, the command on a few days."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bems.cli import main
from bems.whatif import changes
from bems.whatif.answer import differences, share, spread
from bems.whatif.changes import ChangeError
from bems.whatif.command import Wish, changes_of
from bems.whatif.drive import driven
from bems.whatif.figures import Figure, figures
from bems.whatif.page import page, pictures
from bems.whatif.plant import Hours
from bems.whatif.run import NEUTRAL, Setting, drawn, simulate
from bems.whatif.tariff_file import contract
from control.plant_model import from_site
from control.refit.fitted import Fitted
from models.local_time import local_midnight
from models.prices import join_prices
from models.site import load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices
from tests.two_fields import two_fields

FILE = Path("site.biri.toml")
SITE = load_site(FILE)
GROUPS = [group.zones for group in from_site(SITE).groups]


@pytest.fixture(scope="module", autouse=True)
def short():
    """A day of warm-up is enough to see which way things move."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bems.whatif.run.WARM_UP", timedelta(days=1))
        yield


@pytest.fixture(scope="module")
def setting():
    place = SITE.place
    weather = synthetic_year(2026, 1, place.latitude_deg, place.longitude_deg, place.altitude_m)
    prices = join_prices([synthetic_prices(year, 1, weather) for year in (2026, 2027)])
    return Setting(
        SITE, NEUTRAL, weather, prices, local_midnight(date(2026, 4, 10)), local_midnight(date(2026, 4, 12)), 1
    )


@pytest.fixture(scope="module")
def case(setting):
    """Figures of a site by key, each site run once."""
    kept = {}

    def told(site=SITE, name="as it is"):
        if name not in kept:
            hours = simulate(setting, site)
            kept[name] = {f.key: f.value for f in figures(SITE, site, hours, setting.prices, GROUPS)} | {"_": hours}
        return kept[name]

    return told


# --- Changes --------------------------------------------------------------------------------------------------------


def test_every_change_leaves_the_site_it_was_given_alone():
    before = SITE.model_dump_json()
    for name, arguments in (
        ("pv", (150.0,)), ("battery", (100.0, 50.0)), ("heat_pump", ("hp1", 60.0)), ("collectors", (80.0,)),
        ("insulation", (0.8,)), ("recovery", (0.85,)), ("setpoint", (-1.0,)), ("setback", (17.0,)),
        ("residents", (40,)), ("tariff", (SITE.tariff,)),
    ):  # fmt: skip
        changed = getattr(changes, name)(SITE, *arguments)
        assert name == "tariff" or changed.model_dump_json() != before
    assert SITE.model_dump_json() == before


def test_fields_of_collectors_grow_each_in_its_part():
    site = two_fields()
    wider = changes.collectors(site, 90.0)
    assert [field.area_m2 for field in wider.collectors] == pytest.approx([45.0, 45.0])
    assert [field.design_flow_l_per_h for field in wider.collectors] == pytest.approx([1425.0, 1425.0])


def test_sizes_come_out_as_asked():
    assert sum(a.peak_kw for a in changes.pv(SITE, 150.0).pv) == pytest.approx(150)
    assert changes.battery(SITE, 100, 50).batteries[0].capacity_kwh == 100
    again = changes.battery(changes.battery(SITE, 100, 50), 200, 20)
    assert (again.batteries[0].capacity_kwh, again.batteries[0].charge_kw) == (200, 20)
    pump = changes.heat_pump(SITE, "hp1", 60.0).heat_pumps[0]
    most = max(point.compressors for point in pump.certified)
    assert next(p.heat_kw for p in pump.certified if p.compressors == most) == pytest.approx(60)
    for new, old in zip(pump.certified, SITE.heat_pumps[0].certified, strict=True):
        assert new.heat_kw / new.power_kw == pytest.approx(old.heat_kw / old.power_kw)
    assert changes.residents(SITE, 24).hot_water.litres_per_day_60degc == 0.75 * SITE.hot_water.litres_per_day_60degc


def test_better_walls_and_other_set_points_leave_the_emitters_as_they_are():
    before = [group.emitter_kw_per_k for group in from_site(SITE).groups]
    for site in (changes.insulation(SITE, 0.7), changes.setpoint(SITE, -1.0), changes.setpoint(SITE, 0.0)):
        assert [group.emitter_kw_per_k for group in from_site(site).groups] == pytest.approx(before)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("pv", (0.0,), "--pv 0; allowed: above 0"),
        ("pv", (float("nan"),), "--pv nan"),
        ("battery", (-1.0, 5.0), "--battery -1; allowed"),
        ("heat_pump", (None, 60.0), "allowed: hp1=KW, hp2=KW"),
        ("heat_pump", ("hp9", 60.0), "hp9=60; allowed: hp1=KW"),
        ("insulation", (0.0,), "--insulation 0; allowed: 0.2 .. 3"),
        ("recovery", (1.2,), "--recovery 1.2; allowed: 0 .. 0.95"),
        ("setpoint", (-3.0,), "--setpoint -3: room 'a1': setpoint_degc 19.0; allowed: greater than or equal to 20"),
        ("setpoint", (9.0,), "--setpoint 9; allowed: -5 .. 5 K"),
        ("setback", (22.0,), "--setback 22; allowed: 16 .. 20"),
        ("residents", (1,), "--residents 1; allowed"),
    ],
)
def test_a_change_that_cannot_be_names_option_value_and_what_is_allowed(name, arguments, words):
    with pytest.raises(ChangeError) as error:
        getattr(changes, name)(SITE, *arguments)
    assert words in str(error.value)


def test_a_change_of_what_is_not_there_says_so():
    bare = SITE.model_copy(update={"pv": (), "collectors": (), "residents": 0})
    for name, value in (("pv", 10.0), ("collectors", 10.0), ("residents", 10)):
        with pytest.raises(ChangeError, match="allowed: a site with"):
            getattr(changes, name)(bare, value)


def test_what_was_fitted_goes_along_when_machines_part():
    group = from_site(SITE).heat_pumps[0].id
    fitted = Fitted(1, None, {f"heat_pumps.{group}": {"heat": 0.9}})
    after = changes.carried(fitted, SITE, changes.heat_pump(SITE, "hp2", 60.0))
    assert after.parts["heat_pumps.hp1"] == after.parts["heat_pumps.hp2"] == {"heat": 0.9}


def test_a_tariff_file_is_read_or_refused_with_its_name(tmp_path):
    assert contract(SITE, str(FILE)) == SITE.tariff
    faulty = tmp_path / "t.toml"
    faulty.write_text("[tariff]\nvat_pct = 200\n", "utf-8")
    with pytest.raises(ChangeError, match=r"t\.toml.*tariff\."):
        contract(SITE, str(faulty))
    faulty.write_text("x = 1\n", "utf-8")
    with pytest.raises(ChangeError, match=r"no \[tariff\]"):
        contract(SITE, str(faulty))
    with pytest.raises(ChangeError, match="allowed: a TOML file"):
        contract(SITE, str(tmp_path / "none.toml"))


# --- Which way things move ------------------------------------------------------------------------------------------


def test_more_solar_cells_buy_less_and_use_less_of_it_themselves(case):
    before, after = case(), case(changes.pv(SITE, 300.0), "pv")
    # The rules hold back what the grid does not take.
    assert 2 * before["pv_kwh"] < after["pv_kwh"] <= 3.001 * before["pv_kwh"]
    assert after["bought_kwh"] < before["bought_kwh"]
    assert after["sold_kwh"] > before["sold_kwh"]
    assert after["own_use_pct"] < before["own_use_pct"]


def test_a_lower_set_point_takes_less_heat_and_colder_rooms(case):
    before, after = case(), case(changes.setpoint(SITE, -1.0), "setpoint")
    heat = [one["floor_heat_kwh"] + one["air_heat_kwh"] for one in (before, after)]
    assert heat[1] < heat[0]
    assert after["mean_room_degc"] < before["mean_room_degc"] - 0.3
    assert after["worst_room_cold_kh"] >= before["worst_room_cold_kh"]


def test_better_walls_take_less_heat(case):
    before, after = case(), case(changes.insulation(SITE, 0.6), "insulation")
    assert after["floor_heat_kwh"] + after["air_heat_kwh"] < before["floor_heat_kwh"] + before["air_heat_kwh"]


def test_a_battery_loses_some_of_what_it_stores(case):
    after = case(changes.battery(SITE, 200.0, 60.0), "battery")
    assert case()["batteries_kwh"] is None
    assert after["batteries_kwh"] is not None


def test_no_change_is_no_difference(setting, case):
    hours = simulate(setting, SITE)
    again = {f.key: f.value for f in figures(SITE, SITE, hours, setting.prices, GROUPS)}
    assert again == {key: value for key, value in case().items() if key != "_"}


def test_energy_adds_up(case):
    one = case()
    used = sum(
        one[key] for key in ("heat_pumps_kwh", "boilers_kwh", "hot_water_kwh", "fans_kwh", "cars_kwh", "base_kwh")
    )
    assert one["bought_kwh"] - one["sold_kwh"] + one["pv_kwh"] == pytest.approx(used, rel=1e-6)
    parts = ("spot_nok", "supplier_nok", "grid_nok", "tax_nok", "peak_nok", "fixed_nok", "sold_nok")
    assert sum(one[part] for part in parts) == pytest.approx(one["total_nok"])
    assert len(one["_"].bought_kwh) == 48


def test_the_drive_brings_the_site_files_own_use(setting):
    start = local_midnight(date(2026, 1, 5))
    inputs = driven(SITE, from_site(SITE), setting.weather, start, start + timedelta(days=7))
    litres = inputs.draw_l_per_s.mean() * 86400
    assert litres == pytest.approx(SITE.hot_water.litres_per_day_60degc, rel=0.01)
    light = SITE.electricity.fixed_load_mwh_per_year / 8.76
    assert light < inputs.base_kw.mean() < 1.1 * light
    for stays, charger in zip(inputs.stays, SITE.chargers, strict=True):
        assert len(stays) >= sum(len(departure.days) for departure in charger.departures) - 1


def test_drawn_models_differ_but_are_the_same_for_a_number(setting):
    assert drawn(setting, 1) == drawn(setting, 1)
    assert drawn(setting, 1).fitted != drawn(setting, 2).fitted


# --- The answer -----------------------------------------------------------------------------------------------------


def test_unknown_is_not_nought_in_a_difference():
    rows = differences([Figure("s", "a", "A", "kWh", None)], [Figure("s", "a", "A", "kWh", 3.0)])
    assert rows[0]["difference"] is None
    assert rows[0]["difference_pct"] is None


def test_the_interval_is_that_of_a_further_model():
    drawn_rows = [[{"key": "a", "difference": value}] for value in (8.0, 10.0, 12.0)]
    low, high = spread(drawn_rows)["a"]
    # Student's t with 2 degrees of freedom at 95 %: 2.92; deviation 2; sqrt(1 + 1/3).
    assert (low, high) == pytest.approx((10 - 2.92 * 2 * (4 / 3) ** 0.5, 10 + 2.92 * 2 * (4 / 3) ** 0.5), abs=0.01)


def test_no_change_asked_for_is_refused():
    with pytest.raises(ChangeError, match="--pv, --battery"):
        changes_of(SITE, Wish())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pv", "-5"], "--pv -5"),
        (["--battery", "100"], "KWH/KW"),
        (["--heat-pump", "hp1=much"], "ID=KW"),
        (["--pv", "150", "--year", "1800"], "2000 .. 2050"),
        (["--pv", "150", "--start", "2026-01-01"], "--days"),
        (["--pv", "150", "--start", "soon", "--days", "2"], "2026-01-15"),
        (["--pv", "150", "--draws", "1"], "--draws 1"),
        (["--pv", "150", "--controller", "oracle"], "rules, optimiser"),
    ],
)
def test_a_faulty_argument_runs_nothing(options, words, capsys):
    assert main(["whatif", str(FILE), *options]) == 2
    assert words in capsys.readouterr().err


def test_the_command_end_to_end(tmp_path, capsys):
    out, html = tmp_path / "w.json", tmp_path / "w.html"
    options = ["--recovery", "0.5", "--start", "2026-02-03", "--days", "1", "--data", str(tmp_path / "none")]
    assert main(["whatif", str(FILE), *options, "--json", str(out), "--html", str(html)]) == 0
    answer = json.loads(out.read_text("utf-8"))
    rows = {row["key"]: row for row in answer["cases"][0]["figures"]}
    assert rows["air_heat_kwh"]["difference"] > 0
    assert rows["bought_kwh"]["difference"] == pytest.approx(
        rows["bought_kwh"]["changed"] - rows["bought_kwh"]["value"]
    )
    assert any("design values" in text for text in answer["doubt"])
    page = html.read_text("utf-8")
    assert "heat recovery of 50 %" in page
    assert page.count("<svg") == 3
    assert "http" not in page.split("</style>")[1]
    assert "Electricity bought" in capsys.readouterr().out
    assert np.isfinite(rows["total_nok"]["changed"])


def test_a_year_is_drawn_by_the_week_and_cases_stand_side_by_side():
    start = datetime(2025, 12, 31, 23, tzinfo=UTC)
    hours = np.arange(365 * 24)
    flat = np.full(len(hours), 40.0)
    runs = {
        name: Hours(start, flat - less, np.zeros(len(hours)), {}, {}, np.full((2, len(hours)), 21.0 - less))
        for name, less in (("as it is", 0.0), ("set points -1 K", 1.0))
    }
    drawn = pictures(runs, ZoneInfo("Europe/Oslo"))
    assert "Highest hour of each week" in drawn
    assert drawn.count(">1.7.</text>") == 3
    assert ">8.1.</text>" not in drawn
    week = {name: Hours(start, one.bought_kwh[:168], one.sold_kwh[:168], {}, {}, one.rooms_degc[:, :168])
            for name, one in runs.items()}  # fmt: skip
    assert "Highest hour of each day" in pictures(week, ZoneInfo("Europe/Oslo"))
    keys = {"bought_kwh": "kWh", "total_nok": "NOK", "peak_kw": "kW", "co2_no_kg": "kg", "cold_kh": "Kh"}
    rows = [
        {"section": "All", "key": key, "label": key, "unit": unit, "value": 100.0, "changed": 1900.0,
         "difference": 1800.0, "difference_pct": 1800.0}
        for key, unit in keys.items()
    ]  # fmt: skip
    cases = [{"told": told, "figures": rows, "between": {}} for told in ("set points -1 K", "only --pv 3")]
    answer = {"meta": {"site": "x", "start": start.isoformat(), "days": 365, "controller": "rules"},
              "cases": cases, "doubt": []}  # fmt: skip
    both = page(answer)
    assert "2026-01-01 to 2026-12-31, 365 days," in both
    assert "At a glance" in both
    assert "<h2>set points −1 K</h2>" in both
    assert "<h2>only --pv 3</h2>" in both
    assert "+1\u202f800" in both
    assert "At a glance" not in page(answer | {"cases": cases[:1]})


@pytest.mark.parametrize(
    ("pct", "told"), [(None, "–"), (0.0, "0.0"), (-0.04, "0.0"), (0.04, "0.0"), (-8.02, "-8.0"), (50.0, "+50.0"),
                      (1753.1, "+1\u202f753"), (-2084.9, "-2\u202f085")]
)  # fmt: skip
def test_shares_are_told_as_far_as_they_mean_something(pct, told):
    assert share(pct) == told
