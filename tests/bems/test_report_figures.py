"""Every figure of a report reckoned again from the raw samples, by other means: loops over readings, facts typed in.

What is compared is read through `History.raw` alone; no counter arithmetic, no buckets and no calculation of the
product has a part in it. A figure that nobody reckons again here fails the test.
"""

from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from bems.history import parquet
from bems.history.archive import enter
from bems.history.record import Record
from bems.history.rows import Event, EventKind, KnownForecast
from bems.history.schema import open_for_writing
from bems.reports.make import made
from tests.bems.report_readings import (
    DAYS,
    EXCHANGE,
    NOW,
    OSLO,
    PERIOD,
    QUARTER_MS,
    SILENT,
    SITE,
    START,
    Readings,
    curve,
    weekly,
)

# What the site has, as its owner would say it.
AREA_M2, RESIDENTS, WELL_M, COLLECTOR_M2, PEAK_KWP = 5000.0, 32, 3500.0, 60.0, 100.0
NORMAL_KD = {1: 673.0, 2: 622.0, 3: 558.0, 4: 393.0}
MONTH_DAYS = {1: 31, 2: 28, 3: 31, 4: 30}
KW_PRICE = {1: 92.0, 2: 92.0, 3: 92.0, 4: 38.0}
USES = ("el_hp1", "el_hp2", "el_boiler", "el_hot_water", "el_fans", "el_pumps", "el_light", "el_kitchen", "el_cars")
WEEK_MS = 7 * 86_400_000
"""At least so often a cycle is due."""
POTABLE = (*(f"hot_water.{n}_temp_degc" for n in ("top", "middle", "bottom", "supply")),
           *(f"loop_{n}.return_temp_degc" for n in "abcd"))  # fmt: skip
ELSEWHERE = {
    "pv_expected": "test_calc_normal_snow.py",
    "snow_loss": "test_calc_normal_snow.py",
    "faults": "test_calc_faults.py",
    "faults_open": "test_calc_faults.py",
    "faults_cost": "test_calc_faults.py",
    **dict.fromkeys(("tap_readings", "tap_good", "open_deviations", "routines_late"), "test_report_water_file.py"),
}
"""Figures that come of a model or of what people entered, not of readings alone: the tests that reckon them."""


def values_of_all_points() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Readings every quarter of an hour."""
    draw, steps = np.random.default_rng(11), DAYS * 96
    at_ms = int(START.timestamp() * 1000) + np.arange(steps, dtype=np.int64) * QUARTER_MS
    hour = np.arange(steps) / 4
    outdoor = -9 + 18 * hour / hour[-1] + 4 * np.sin(hour * np.pi / 12) + draw.normal(0, 0.5, steps)
    found: dict[str, np.ndarray] = {}
    for point in SITE.points.values():
        if point.spec.counter:
            power = draw.uniform(1, 6) * (1 + 0.6 * np.sin(hour * np.pi / 12 + draw.uniform(0, 6)))
            found[point.id] = np.cumsum(power * draw.uniform(0.5, 1.5, steps) / 4)
        elif point.id.endswith("temp_degc"):
            found[point.id] = 21 + 1.5 * np.sin(hour / 7 + draw.uniform(0, 6)) + draw.normal(0, 0.3, steps)
        elif point.id.endswith("co2_ppm"):
            found[point.id] = 800 + 250 * np.sin(hour * np.pi / 12) + draw.normal(0, 30, steps)
    found["weather.outdoor_temp_degc"] = outdoor
    for meter, share in (("heat_floor", 0.6), ("heat_air", 0.4)):
        heat = share * (25 + 4 * np.maximum(3.5 - outdoor, 0)) * draw.uniform(0.9, 1.1, steps)
        found[f"{meter}.energy_kwh"] = np.cumsum(heat / 4)
    for meter in ("heat_hp1", "heat_hp2"):
        found[f"{meter}.energy_kwh"] *= 12
    for place in POTABLE:
        found[place] = 71 + draw.normal(0, 0.3, steps)
    for loop in "abcd":
        heated = (hour % (24 * 8)) < 3
        found[f"loop_{loop}.return_temp_degc"] = np.where(heated, 61.5, 57.5) + draw.normal(0, 0.2, steps)
    found["hot_water.cold_temp_degc"] = 6 + draw.normal(0, 0.2, steps)
    found["solar.stagnation"] = ((hour % 24 > 11) & (hour % 24 < 12.6)).astype(float)
    used = sum(found[f"{use}.import_kwh"] for use in USES)
    net = np.diff(1.02 * used - found["el_pv.export_kwh"], prepend=0.0)
    found["main.import_kwh"], found["main.export_kwh"] = (np.cumsum(np.maximum(side, 0)) for side in (net, -net))
    found = {point: np.round(values, 3) for point, values in found.items()}
    return at_ms, found


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Writes a record of these readings; `change` alters them first."""

    def write(name: str, change=lambda values: None, *, priced: bool = True) -> Path:
        at_ms, values = values_of_all_points()
        change(values)
        counter, exchanged, first = EXCHANGE
        row = int((exchanged - START) / timedelta(minutes=15))
        last = float(values[counter][row]) + 0.25
        values[counter][row + 1 :] += first - last
        for step in range(*(int((at - START) / timedelta(minutes=15)) for at in SILENT[1:])):
            values[SILENT[0]][step] = np.nan
        path = tmp_path_factory.mktemp(name) / "record.sqlite"
        prices = KnownForecast("prices", START, START, at_ms[::4], {"price_nok_per_kwh": spot(np.arange(DAYS * 24))})
        event = Event(exchanged, EventKind.METER_EXCHANGE, counter, "", {"last": last, "first": first})
        with Record.open(path) as record:
            if priced:
                record.put_forecast(prices)
            record.append_tick([], events=[event])
        names = tuple(values)
        table = np.column_stack([values[name] for name in names])
        step, point = np.nonzero(np.isfinite(table))
        frame = parquet.frame(
            names, point, at_ms[step], table[step, point], np.zeros(len(step), dtype=np.int8), step + 2
        )
        connection = open_for_writing(path, 5.0)
        connection.executemany("INSERT INTO points (name) VALUES (?)", [(name,) for name in names])
        enter(connection, path.parent, "archive/2026/all.parquet", frame, (2, len(at_ms) + 2), "raw")
        connection.close()
        return path

    return write


def spot(hour):
    """Price of the n-th hour [NOK/kWh]."""
    return np.round(0.7 + 0.3 * np.sin(hour / 9.0), 4)


def energy_figures(r: Readings) -> dict[str, float | None]:
    bought, sold, pv = r.gained("main.import_kwh"), r.gained("main.export_kwh"), r.gained("el_pv.export_kwh")
    used, heating = bought - sold + pv, r.gained("heat_floor.energy_kwh", "heat_air.energy_kwh")
    heat = r.gained("heat_hp1.energy_kwh", "heat_hp2.energy_kwh")
    power = r.gained("el_hp1.import_kwh", "el_hp2.import_kwh")
    boiler, pumps = r.gained("el_boiler.import_kwh"), r.gained("el_pumps.import_kwh")
    taken = r.gained("heat_brine.energy_kwh")
    spf4 = (heat + boiler) / (power + boiler + pumps)
    means = r.daily_means("weather.outdoor_temp_degc")
    actual_kd = sum(max(17.0 - mean, 0.0) for mean in means)
    months = [r.month(day) for day in r.days[:-1]]
    normal_kd = sum(NORMAL_KD[month] / MONTH_DAYS[month] for month in months)
    normal_heat = heating * normal_kd / actual_kd
    normal_used = used + (normal_heat - heating) / spf4
    floor, air = r.by_day("heat_floor.energy_kwh"), r.by_day("heat_air.energy_kwh")
    days = zip(r.by_day("main.import_kwh"), r.by_day("main.export_kwh"), r.by_day("el_pv.export_kwh"), strict=True)
    of_heat = curve(*weekly(r, [a + b for a, b in zip(floor, air, strict=True)]))
    of_power = curve(*weekly(r, [a - b + c for a, b, c in days]))
    return {
        "bought": bought, "sold": sold, "made": pv, "used": used, "heating": heating,
        "used_specific": used / AREA_M2, "bought_specific": bought / AREA_M2,
        "outdoor": fmean(means), "degree_days": actual_kd, "heating_by_degree_day": heating / actual_kd,
        "normal_kd": normal_kd, "normal_heating": normal_heat, "normal_used": normal_used,
        "normal_specific": normal_used / AREA_M2,
        "curve_base_heating": of_heat[0], "curve_slope_heating": of_heat[1], "curve_knee_heating": of_heat[2],
        "curve_base_electricity": of_power[0], "curve_slope_electricity": of_power[1],
        "curve_knee_electricity": of_power[2],
        "machine_heat": heat, "machine_power": power, "spf_one": heat / power, "spf_two": None, "spf_three": None,
        "spf_four": spf4, "cover": 100 * heat / (heat + boiler), "boiler": boiler, "boiler_share": 100 * boiler / used,
        "wells_taken": taken, "wells_returned": None, "wells_metre": taken / WELL_M,
        "wells_closure": 100 * (heat - power - taken) / heat,
        "wells_from": fmean(r.daily_means("brine.from_wells_temp_degc")),
        "wells_to": fmean(r.daily_means("brine.to_wells_temp_degc")),
        "own_use": 100 * (pv - sold) / pv, "own_cover": 100 * (pv - sold) / used, "specific_yield": pv / PEAK_KWP,
        "solar_heat": r.gained("solar.energy_kwh"), "solar_specific": r.gained("solar.energy_kwh") / COLLECTOR_M2,
        "stagnation": sum(r.of["solar.stagnation"][at] for at in r.quarters) / 4,
        "charged": r.gained(*(f"charger_{n}.energy_kwh" for n in range(1, 9))),
        "metered": 100.0,
    }  # fmt: skip


def money_figures(r: Readings) -> dict[str, float | None]:
    bought, sold = r.by_hour("main.import_kwh"), r.by_hour("main.export_kwh")
    first = (r.days[0] - int(START.timestamp() * 1000)) // (4 * QUARTER_MS)
    price = [float(spot(first + n)) for n in range(len(bought))]
    cost_spot, earned = (sum(a * b for a, b in zip(kwh, price, strict=True)) for kwh in (bought, sold))
    highest: dict[int, dict[str, float]] = {}  # by month, of each day
    for at, kwh in zip(r.hours, bought, strict=True):
        local = datetime.fromtimestamp(at / 1000, OSLO)
        of_days = highest.setdefault(local.month, {})
        of_days[str(local.date())] = max(kwh, of_days.get(str(local.date()), 0.0))
    ranked = {month: sorted(of_days.values(), reverse=True) for month, of_days in highest.items()}
    total = sum(bought)
    parts = {
        "cost_spot": cost_spot,
        "cost_supplier": total * 0.02,
        "cost_grid": total * 0.05,
        "cost_tax": total * 0.0713,
        "cost_peak": sum(top[0] * KW_PRICE[month] for month, top in ranked.items()),
        "cost_fixed": 4 * (500.0 + 39.0),
        "cost_sold": -earned,
    }
    return parts | {
        "cost": sum(parts.values()),
        "peak": max(bought),
        "avoidable": sum((top[0] - top[1]) * KW_PRICE[month] for month, top in ranked.items()),
        "greenhouse_location": None,
        "greenhouse_market": None,
        "greenhouse_lifetime_no": total * 0.018,
        "greenhouse_lifetime_eu": total * 0.136,
    }


def water_figures(r: Readings) -> dict[str, float | None]:
    top, cold = r.of["hot_water.top_temp_degc"], r.of["hot_water.cold_temp_degc"]
    heat, cold_means = 0.0, []
    for hour, volume in zip(r.hours, r.by_hour("hot_water.volume_m3"), strict=True):
        at = range(hour, hour + 4 * QUARTER_MS, QUARTER_MS)
        cold_means.append(fmean(cold[one] for one in at))
        heat += 1.16 * volume * (fmean(top[one] for one in at) - cold_means[-1])
    days, loss = len(r.hours) / 24, r.gained("heat_circulation.energy_kwh")
    volume = r.gained("hot_water.volume_m3")
    proofs: list[list[int]] = []  # of quarters that are warm enough, one after the other
    for at in r.quarters:
        coldest = [r.of[place].get(at) for place in POTABLE]
        if any(one is None or one < 60.0 for one in coldest):
            continue
        if proofs and at - proofs[-1][-1] == QUARTER_MS:
            proofs[-1].append(at)
        else:
            proofs.append([at])
    held = [(one[0], one[-1] + QUARTER_MS - 60_000) for one in proofs if len(one) >= 3]
    ends, begins = [r.days[0], *(end for _, end in held)], [*(begin for begin, _ in held), r.days[-1]]
    due, passed, kept = r.days[0] + WEEK_MS, 0, 0
    for begin, end in held:
        while begin > due + WEEK_MS:
            due, passed = due + WEEK_MS, passed + 1
        due, passed, kept = end + WEEK_MS, passed + 1, kept + (begin <= due)
    while due < r.days[-1]:
        due, passed = due + WEEK_MS, passed + 1
    return {
        "water_volume": volume, "water_heat": heat, "after_heater": r.gained("el_hot_water.import_kwh"),
        "water_resident": 1000 * volume / (RESIDENTS * days),
        "water_sixty": 1000 * heat / (1.16 * (60 - fmean(cold_means))) / (RESIDENTS * days),
        "water_year": heat / RESIDENTS * 365.25 / days, "water_area": heat / AREA_M2 * 365.25 / days,
        "circulation": loss, "circulation_resident": 1000 * loss / 24 / (RESIDENTS * days),
        "circulation_share": 100 * loss / (loss + heat),
        "cycles": float(len(held)), "deadlines": float(passed), "deadlines_kept": float(kept),
        "interval": max(b - a for a, b in zip(ends, begins, strict=True)) / 86_400_000,
    }  # fmt: skip


def reckoned(path: Path) -> dict[str, float | None]:
    """Every figure, by its id."""
    readings = Readings(path)
    return energy_figures(readings) | money_figures(readings) | water_figures(readings)


def figures(path: Path):
    report = made(SITE, path, PERIOD, NOW, "en")
    return report, {figure.id: figure for section in report.sections for figure in section.figures}


@pytest.fixture(scope="module")
def whole(written):
    path = written("whole")
    report, found = figures(path)
    return path, report, found, reckoned(path)


def test_every_figure_is_reckoned_again_from_the_samples(whole):
    _, _, found, expected = whole
    assert {name for name in found if name not in expected} <= set(ELSEWHERE), "a figure nobody reckons again"
    assert set(expected) <= set(found)
    wrong = {
        name: (found[name].value, value)
        for name, value in expected.items()
        if found[name].value != (None if value is None else pytest.approx(value, rel=1e-5, abs=2e-4))
    }
    assert wrong == {}


def test_figures_of_models_are_reckoned_in_their_own_tests():
    folder = Path(__file__).resolve().parents[1]
    assert [name for name in set(ELSEWHERE.values()) if not list(folder.glob(f"*/{name}"))] == []


def test_what_is_not_known_says_why(whole):
    _, _, found, expected = whole
    lacking = {name: found[name].reason for name, value in expected.items() if value is None}
    assert set(lacking) >= {"spf_two", "greenhouse_market"}
    assert all(lacking.values())


def table(report, name):
    return next(t for section in report.sections for t in section.tables if t.id == name).rows


def test_indicators_are_those_of_their_definitions(whole):
    path, report, _, known = whole
    r = Readings(path)
    year = 365.25 / (len(r.hours) / 24)
    ground, sun = known["machine_heat"] - known["machine_power"], known["made"] - known["sold"]
    own = ground + sun + r.gained("solar.energy_kwh")
    values = [row[2] for row in table(report, "indicators")]
    assert values == pytest.approx(
        [
            100 * own / (known["bought"] + own),
            known["used"] / RESIDENTS * year,
            (known["heating"] + known["circulation"]) * 0.0036 / RESIDENTS * year,
            known["bought"] / AREA_M2 * year,
        ],
        rel=1e-5,
    )


def test_minutes_at_temperatures_are_counted_sample_by_sample(whole):
    path, report, _, _ = whole
    r = Readings(path)
    own = r.of["loop_b.return_temp_degc"]
    known = [own[at] for at in r.quarters if at in own]
    row = next(row for row in table(report, "minutes") if row[0] == "Circulation B, return")
    assert row[1] == 15 * sum(1 for value in known if value < 60)
    assert row[2] == 15 * sum(1 for value in known if value < 55)
    assert row[5] == min(known)
    assert row[6] == int(1000 * len(known) / len(r.quarters)) / 10


def test_hours_of_rooms_outside_their_band_are_counted_sample_by_sample(whole):
    path, report, _, _ = whole
    r = Readings(path)
    rooms = [r.of[f"{room}.temp_degc"] for room in ("unit_b", *(f"b{n}" for n in range(1, 9)))]
    seen = [room[at] for room in rooms for at in r.quarters]
    row = next(row for row in table(report, "climate") if row[0] == "Unit B")
    low = [value for value in seen if value < 21.0]
    assert row[1:3] == (9, pytest.approx(fmean(seen), abs=1e-5))
    assert row[4] == len(low) / 4
    assert row[5] == pytest.approx(sum(21.0 - value for value in low) / 4, rel=1e-5)
    assert row[6] == sum(1 for value in seen if value > 24.0) / 4


def test_months_add_up_to_the_period(whole):
    _, report, _, known = whole
    rows = table(report, "months")
    for column, name in ((1, "bought"), (2, "sold"), (3, "made"), (4, "heating")):
        assert sum(row[column] for row in rows) == pytest.approx(known[name], rel=1e-6), name


def test_a_month_without_prices_has_no_cost_of_energy(written):
    path = written("unpriced", priced=False)
    rows = table(made(SITE, path, PERIOD, NOW, "en"), "bill")
    assert len(rows) == 4
    for _, energy, peak, fixed, sold, total, share in rows:
        assert (energy, sold, total, share) == (None, None, None, 0.0)
        assert fixed == 539.0
        assert peak > 0


CORRUPTED = {
    "weather.outdoor_temp_degc": "degree_days",
    "main.import_kwh": "peak",
    "heat_air.energy_kwh": "heating",
    "hot_water.cold_temp_degc": "water_heat",
    "solar.stagnation": "stagnation",
}
"""A point, and a figure that rests on it."""


def test_one_false_sample_is_seen_in_the_figures(written, whole):
    def falsify(values):
        for point in CORRUPTED:
            if SITE.points[point].spec.counter:
                values[point][3000:] += 40.0  # within one quarter of an hour
            else:
                values[point][3000] += 1.0 if point == "solar.stagnation" else 30.0

    path = written("false", falsify)
    _, found = figures(path)
    again = reckoned(path)
    for name in CORRUPTED.values():
        assert found[name].value != pytest.approx(whole[3][name], rel=1e-5, abs=2e-4), name
        assert found[name].value == pytest.approx(again[name], rel=1e-5, abs=2e-4), name
