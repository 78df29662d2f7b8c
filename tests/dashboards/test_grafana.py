"""The files for Grafana: whole, sound, and asking for nothing that may not leave the building."""

import json
import re
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest

from bems.cli import main
from dashboards.grafana.desk import Desk, texts
from dashboards.grafana.energy import months_in_words
from dashboards.grafana.provision import files, pages
from models.field import Privacy
from models.outgoing import outgoing
from models.site import load_site
from models.units import Unit

ROOT = Path(__file__).parents[2]
SITES = ["site.biri.toml", "site.example.toml"]
DAY = date(2026, 3, 7)


@pytest.fixture(scope="module", params=[(site, language) for site in SITES for language in ("nb", "en")])
def made(request):
    """Site and files, in both languages."""
    name, language = request.param
    site = load_site(ROOT / name)
    return site, files(site, language, DAY, "/srv/grafana")


def boards(made):
    return {name: json.loads(text) for name, text in made[1].items() if name.endswith(".json")}


def targets(board):
    return [(panel, target) for panel in board["panels"] for target in panel.get("targets") or ()]


def test_five_dashboards_each_with_a_question_units_and_links_to_the_others(made):
    found = boards(made)
    assert set(found) == {f"dashboards/{key}.json" for key in ("plant", "heat_pumps", "hot_water", "energy", "quality")}
    uids = {board["uid"] for board in found.values()}
    assert len(uids) == 5
    for board in found.values():
        assert re.fullmatch(r"[a-z0-9_]{8,40}", board["uid"])
        assert board["description"].endswith(("?", "."))
        assert board["schemaVersion"] >= 36
        assert board["graphTooltip"] == 1
        assert board["timezone"] == "Europe/Oslo"
        assert {link["url"] for link in board["links"]} == {f"/d/{uid}" for uid in uids - {board["uid"]}}
        for panel in (p for p in board["panels"] if p["type"] != "row"):
            assert panel["title"]
            assert panel["description"]
            assert panel["fieldConfig"]["defaults"]["unit"]


def test_panels_have_ids_of_their_own_and_never_overlap(made):
    for name, board in boards(made).items():
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
        places = [panel["gridPos"] for panel in board["panels"]]
        assert all(place["x"] >= 0 and place["w"] >= 2 and place["x"] + place["w"] <= 24 for place in places), name
        for one, two in combinations(places, 2):
            beside = one["x"] + one["w"] <= two["x"] or two["x"] + two["w"] <= one["x"]
            above = one["y"] + one["h"] <= two["y"] or two["y"] + two["h"] <= one["y"]
            assert beside or above, (name, one, two)


def test_every_query_asks_the_chosen_datasource(made):
    for board in boards(made).values():
        source = next(v for v in board["templating"]["list"] if v["type"] == "datasource")
        assert (source["name"], source["query"], source["current"]["value"]) == (
            "datasource",
            "influxdb",
            "bems_influxdb",
        )
        for panel, target in targets(board):
            assert panel["datasource"] == target["datasource"] == {"type": "influxdb", "uid": "${datasource}"}
            assert target["rawQuery"] is True
        for panel in board["panels"]:
            refs = [target["refId"] for target in panel.get("targets") or ()]
            assert len(set(refs)) == len(refs)


def test_variables_in_queries_are_those_of_the_dashboard_or_of_grafana(made):
    for board in boards(made).values():
        known = {v["name"] for v in board["templating"]["list"]} | {"timeFilter", "__interval"}
        used = {name for _, target in targets(board) for name in re.findall(r"\$(\w+)", target["query"])}
        assert used <= known
        for variable in board["templating"]["list"]:
            if variable["type"] == "custom":
                chosen = variable["current"]
                assert f"{chosen['text']} : {chosen['value']}" in variable["query"].split(", ")


def test_queries_keep_to_what_influxdb_1_2_and_3_understand(made):
    for board in boards(made).values():
        for _, target in targets(board):
            query = target["query"]
            assert "$timeFilter" in query
            assert not re.search(r"\b(integral|sample|slimit|soffset|into|holt_winters)\b", query, re.IGNORECASE), query
            assert not re.search(r"\),\s*\(SELECT", query), "two subqueries after FROM"
            for inner in re.findall(r"\(SELECT.*\) WHERE \$timeFilter", query):
                assert "tz(" not in inner, query
                assert not re.search(r'"point" fill\(previous\)', inner), query


def test_queries_ask_only_for_what_may_leave_the_building(made):
    site, texts_by_name = made
    allowed = {quantity.id for quantity in outgoing(site)}
    personal = {p.id for p in site.points.values() if p.privacy is Privacy.PERSONAL}
    for board in boards(made).values():
        for _, target in targets(board):
            assert set(re.findall(r"\"point\" = '([^']+)'", target["query"])) <= allowed
            assert f"\"site\" = '{site.id}'" in target["query"]
    for text in texts_by_name.values():
        assert not [point for point in personal if point in text]


def test_arithmetic_and_names_refer_to_series_that_exist(made):
    """Grafana is silent about a field that is not there: the panel is just empty."""
    site, _ = made
    ids = {q.id for q in outgoing(site)} | {q.equipment for q in outgoing(site)}
    for board in boards(made).values():
        for panel in board["panels"]:
            series = {target["alias"] for target in panel.get("targets") or ()}
            made_here = set()
            for step in panel.get("transformations") or ():
                if step["id"] == "calculateField" and step["options"]["mode"] == "binary":
                    parts = step["options"]["binary"]
                    assert {parts["left"], parts["right"]} <= series | made_here, panel["title"]
                    made_here.add(step["options"]["alias"])
                if step["id"] == "filterFieldsByName" and made_here:
                    assert set(step["options"]["include"]["names"]) <= made_here | {"Time", "time"}
            if panel["type"] in ("timeseries", "bargauge", "state-timeline"):
                overrides = panel["fieldConfig"]["overrides"]
                named = {o["matcher"]["options"] for o in overrides if o["matcher"]["id"] == "byName"}
                assert named <= series | made_here | ids, panel["title"]


def test_limits_are_those_of_the_site(made):
    site, _ = made
    panels = {p["id"]: p for p in boards(made)["dashboards/hot_water.json"]["panels"] if p["type"] == "timeseries"}
    drawn = [[step["value"] for step in p["fieldConfig"]["defaults"]["thresholds"]["steps"]] for p in panels.values()
             if "thresholds" in p["fieldConfig"]["defaults"]]  # fmt: skip
    hygiene = site.hygiene
    assert [None, hygiene.alarm_below_degc, hygiene.supply_min_degc] in drawn
    assert [None, hygiene.critical_below_degc, hygiene.return_min_degc] in drawn
    pumps = json.dumps(boards(made)["dashboards/heat_pumps.json"])
    for pump in site.heat_pumps:
        assert f'"value": {pump.supply_max_degc}' in pumps


def test_no_address_and_no_secret_stands_in_a_file(made):
    _, texts_by_name = made
    source = texts_by_name["provisioning/datasources/bems.yaml"]
    settings = dict(re.findall(r"^ +(?:- )?(\w+): (.+)$", source, re.MULTILINE))
    assert settings["url"] == "$INFLUX_URL"
    assert settings["dbName"] == settings["database"] == "$INFLUX_DB"
    assert settings["httpHeaderValue1"] == "Token $INFLUX_TOKEN"
    assert settings["uid"] == "bems_influxdb"
    assert settings["timeInterval"] == "60s"
    assert '"/srv/grafana/dashboards"' in texts_by_name["provisioning/dashboards/bems.yaml"]
    assert not [name for name, text in texts_by_name.items() if re.search(r"https?://", text)]


def test_every_text_is_there_in_both_languages_and_every_panel_is_used():
    for kind, entries in texts().items():
        for key, entry in entries.items():
            pairs = entry.values() if kind in ("page", "panel") or key == "purpose" else [entry]
            for pair in pairs:
                assert set(pair) == {"nb", "en"}, (kind, key)
    code = "".join(path.read_text("utf-8") for path in (ROOT / "dashboards" / "grafana").glob("*.py"))
    unused = [key for key in texts()["panel"] if f'"{key}"' not in code]
    unused += [key for key in texts()["word"] if f'"{key}"' not in code]
    assert not unused


def test_months_are_told_as_stretches_across_new_year():
    desk = Desk(load_site(ROOT / "site.biri.toml"), "nb", DAY)
    assert months_in_words(desk, [1, 2, 3, 10, 11, 12]) == "okt–mar"
    assert months_in_words(desk, [4, 5, 9]) == "apr–mai og sep"
    assert months_in_words(desk, range(1, 13)) == "hele året"


@pytest.mark.parametrize(("day", "rate", "adders"), [(date(2025, 5, 1), "38", "0.2393"), (DAY, "92", "0.1413")])
def test_the_tariff_in_force_is_the_one_chosen(day, rate, adders):
    """Grid energy 0.05, markup 0.02 and the tax of the day, as the site file has them."""
    board = json.loads(files(load_site(ROOT / "site.biri.toml"), "nb", day, "/x")["dashboards/energy.json"])
    chosen = {v["name"]: v["current"]["value"] for v in board["templating"]["list"]}
    assert (chosen["peak_rate"], chosen["adders"]) == (rate, adders)


def test_a_site_without_hot_water_has_no_such_dashboard():
    site = load_site(ROOT / "site.example.toml").model_copy(update={"hot_water": None})
    assert [page.key for page in pages(Desk(site, "en", DAY))] == ["plant", "heat_pumps", "energy", "quality"]


def test_every_unit_has_one_of_grafanas():
    from dashboards.grafana.palette import UNIT

    assert set(UNIT) == set(Unit)


def test_the_verb_writes_the_folder_and_says_how_to_start(tmp_path, capsys):
    told = ["grafana", str(tmp_path / "g"), "--site", str(ROOT / SITES[1]), "--language", "en", "--seen-at", "/etc/g"]
    assert main(told) == 0
    assert "GF_PATHS_PROVISIONING=/etc/g/provisioning" in capsys.readouterr().out
    assert json.loads((tmp_path / "g/dashboards/plant.json").read_text("utf-8"))["title"] == "The plant now"
    assert '"/etc/g/dashboards"' in (tmp_path / "g/provisioning/dashboards/bems.yaml").read_text("utf-8")


def test_the_verb_says_when_it_cannot_write(tmp_path, capsys):
    (tmp_path / "file").write_text("", "utf-8")
    assert main(["grafana", str(tmp_path / "file"), "--site", str(ROOT / SITES[1])]) == 1
    assert "file" in capsys.readouterr().err
