"""A day and more of the simulated building in a real InfluxDB; every query of every panel is asked and answered."""

import json
import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.backtest.lockstep import run
from bems.publish.influx_setup import set_up
from bems.publish.lines import series_key, text_of
from dashboards.grafana.provision import files
from hil_sim.plant import create
from models.outgoing import Outflow, outgoing
from models.signals import Quality, Sample
from models.site import load_site
from models.synthetic import synthetic_year
from models.targets import Influx
from tests.system.influx_server import INFLUXD, NO_INFLUXD, InfluxServer, influx_server

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 6, 6, tzinfo=UTC)
HOURS = 26
STEP_S = 120.0
END = START + timedelta(hours=HOURS)
DATABASE = "bems_test_grafana"
"""Left behind in an InfluxDB of the environment."""
DEAF = "weather."
"""Its points do not answer in the third hour."""
DEBIANS = "InfluxDB 1.6.7"
ENVIRONMENT = [os.environ.get(name) for name in ("INFLUX_URL", "INFLUX_TOKEN", "INFLUX_ORG")]
SERVERS = [pytest.param(DEBIANS, marks=pytest.mark.skipif(INFLUXD is None, reason=NO_INFLUXD))]
SERVERS += ["the InfluxDB of the environment"] if all(ENVIRONMENT) else []
"""An InfluxDB 2 or 3 joins when the environment says where it is."""
MAY_BE_EMPTY = {"For kaldt ut av bereder": "the water was never too cold; a count of none has no row in InfluxQL"}


@pytest.fixture(scope="module")
def site():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture(scope="module")
def day(site):
    """The building under its rules."""
    return run(site, create(site, synthetic_year(2026, 7)), START, HOURS, dt_s=STEP_S)


@pytest.fixture(scope="module", params=SERVERS)
def server(request, site, day, tmp_path_factory):
    """A server that was fed with what may leave at every step."""
    if request.param == DEBIANS:
        with influx_server(tmp_path_factory.mktemp("influx")) as running:
            running.query(f"CREATE DATABASE {DATABASE}")
            fed(running, site, day)
            yield running
    else:
        url, token, org = ENVIRONMENT
        assert list(set_up(Influx(url=url, org=org, bucket=DATABASE, raw_days=7300), token, site.id))
        running = InfluxServer(url, token, org)
        fed(running, site, day)
        yield running


def fed(server, site, day):
    quantities = outgoing(site)
    keys, flow = {q.id: series_key(site.id, q) for q in quantities}, Outflow(quantities)
    lines = []
    for row, values in enumerate(day.values):
        at = START + timedelta(seconds=(row + 1) * day.dt_s)
        deaf = 2 <= (at - START) / timedelta(hours=1) < 3
        samples = [sample(point, at, value, deaf) for point, value in zip(day.points, values, strict=True)]
        lines += [text_of(keys[v.quantity.id], v) for v in flow.take(samples)]
        if len(lines) > 30_000:
            server.write(DATABASE, lines)
            lines = []
    server.write(DATABASE, lines)


def sample(point, at, value, deaf):
    if np.isnan(value) or (deaf and point.startswith(DEAF)):
        return Sample(point, at, None, Quality.OFFLINE)
    return Sample(point, at, float(value))


@pytest.fixture(scope="module")
def boards(site):
    made = files(site, "nb", date(2026, 3, 7), "/srv/grafana")
    return {Path(name).stem: json.loads(text) for name, text in made.items() if name.endswith(".json")}


def expanded(board, panel, query):
    """The query as Grafana sends it at the end of the record, a panel 700 pixels wide."""
    since = START
    if override := panel.get("timeFrom"):
        local = END.astimezone(load_site(ROOT / "site.biri.toml").zone_info)
        month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        amount = re.fullmatch(r"(\d+)([md])", override)
        unit = {"m": "minutes", "d": "days"}
        since = month if amount is None else END - timedelta(**{unit[amount[2]]: int(amount[1])})
        assert amount is not None or override == "now/M"
    times = f"time >= {since.timestamp() * 1000:.0f}ms and time <= {END.timestamp() * 1000:.0f}ms"
    query = query.replace("$timeFilter", times).replace("$__interval", panel.get("interval") or "2m")
    for variable in board["templating"]["list"]:
        query = query.replace(f"${variable['name']}", variable["current"]["value"])
    assert "$" not in query
    return query


def asked(server, board, panel):
    """The rows of each query of a panel, without times whose value is unknown."""
    for target in panel.get("targets") or ():
        series = server.series(expanded(board, panel, target["query"]), DATABASE)
        yield target, [[row for row in s["values"] if row[1] is not None] for s in series]


def panel_of(boards, key, title):
    return next(p for p in boards[key]["panels"] if p["title"] == title)


def test_every_query_of_every_panel_finds_data(server, boards):
    empty, asked_for, largest = [], 0, 0
    for board in boards.values():
        for panel in board["panels"]:
            for _, series in asked(server, board, panel):
                asked_for += 1
                largest = max(largest, *(len(rows) for rows in series), 0)
                if not any(series) and panel["title"] not in MAY_BE_EMPTY:
                    empty.append((board["title"], panel["title"]))
    assert not empty
    assert asked_for > 100
    assert largest <= 1 + HOURS * 30, "a row for each step of two minutes, never more"


def test_names_of_series_are_those_that_the_overrides_wait_for(server, boards):
    """Grafana names a series by its alias: a point's id, a piece of equipment, or the words given."""
    for board in boards.values():
        for panel in board["panels"]:
            named = {o["matcher"]["options"] for o in (panel.get("fieldConfig") or {}).get("overrides", [])
                     if o["matcher"]["id"] == "byName"}  # fmt: skip
            for target in panel.get("targets") or ():
                tag = re.fullmatch(r"\$tag_(\w+)", target["alias"])
                if tag is None or panel["type"] == "stat" or not named:
                    continue
                series = server.series(expanded(board, panel, target["query"]), DATABASE)
                assert {s["tags"][tag[1]] for s in series} <= named, panel["title"]


def test_energy_of_a_panel_is_what_the_counters_say(server, boards, day):
    bought = figure(server, boards, "energy", "Kjøpt fra nettet")
    meter = day.column("main.import_kwh")
    assert bought == pytest.approx(meter[-1] - meter[0], rel=0.02)
    daily = panel_of(boards, "energy", "Strøm per døgn etter formål")
    sums = {target["alias"]: sum(row[1] for rows in series for row in rows)
            for target, series in asked(server, boards["energy"], daily)}  # fmt: skip
    fans_and_pumps = sum(day.column(f"el_{part}.import_kwh")[-1] for part in ("fans", "pumps"))
    assert sums["fans_and_pumps"] == pytest.approx(fans_and_pumps, rel=0.03)


def figure(server, boards, key, title, number=0):
    panel = panel_of(boards, key, title)
    return list(asked(server, boards[key], panel))[number][1][0][0][1]


def test_days_are_local_days(server, boards):
    panel = panel_of(boards, "energy", "Sol per døgn")
    times = {row[0] for _, series in asked(server, boards["energy"], panel) for rows in series for row in rows}
    assert {datetime.fromtimestamp(at / 1000, UTC).strftime("%d %H:%M") for at in times} == {"05 23:00", "06 23:00"}


def test_the_highest_hour_is_that_of_the_hourly_means(server, boards, day):
    shown = figure(server, boards, "energy", "Månedens høyeste time")
    power = np.clip(day.column("main.power_kw"), 0, None)
    assert shown == pytest.approx(power.reshape(HOURS, -1).mean(axis=1).max(), rel=0.03)
    assert figure(server, boards, "energy", "Effektledd så langt") == pytest.approx(92 * shown)


def test_heat_over_electricity_is_the_performance_of_the_machine(server, boards, day):
    title = "Varmepumpe 1: varmefaktor"
    heat, electricity = (figure(server, boards, "heat_pumps", title, number) for number in (0, 1))
    expected = day.column("heat_hp1.energy_kwh")[-1] / day.column("el_hp1.import_kwh")[-1]
    assert heat / electricity == pytest.approx(expected, rel=0.03)


def test_the_sum_of_meters_is_the_sum_of_their_means(server, boards, day):
    panel = panel_of(boards, "quality", "Strøm som ikke er forklart")
    (_, main), (_, parts) = asked(server, boards["quality"], panel)
    at = START + timedelta(hours=5)
    whole, summed = ({row[0]: row[1] for row in rows[0]}[at.timestamp() * 1000] for rows in (main, parts))
    meters = [p for p in day.points if p.startswith("el_") and p.endswith(".power_kw")]
    rows = slice(5 * 30 - 1, 5 * 30 + 7)  # 5:00 to 5:14
    assert summed == pytest.approx(sum(day.column(point)[rows].mean() for point in meters))
    assert whole == pytest.approx(day.column("main.power_kw")[rows].mean())


def test_what_did_not_answer_is_shown_as_not_good(server, boards):
    panel = panel_of(boards, "quality", "Målinger som ikke var gode")
    query = expanded(boards["quality"], panel, panel["targets"][0]["query"])
    series = {s["tags"]["equipment"]: s["values"] for s in server.series(query, DATABASE)}
    hour = (START + timedelta(hours=2)).timestamp() * 1000
    assert {at for at, _ in series["weather"]} == {hour + quarter * 900_000 for quarter in range(4)}


def test_minutes_of_cold_water_are_counted(server, site, boards):
    """Ten minutes of water at 50 °C, long after the record."""
    cold = START + timedelta(days=2)
    quantity = next(q for q in outgoing(site) if q.id == "hot_water.supply_temp_degc")
    key, flow = series_key(site.id, quantity), Outflow([quantity])
    for minute in range(30):
        degc = 50.0 if 10 <= minute < 20 else 68.0
        values = flow.take([Sample(quantity.id, cold + timedelta(minutes=minute), degc)])
        server.write(DATABASE, [text_of(key, value) for value in values])
    query = panel_of(boards, "hot_water", "For kaldt ut av bereder")["targets"][0]["query"]
    times = f"time >= {cold.timestamp() * 1000:.0f}ms and time < {cold.timestamp() * 1000 + 1_800_000:.0f}ms"
    (series,) = server.series(query.replace("$timeFilter", times), DATABASE)
    assert series["values"][0][1] == 10
