"""The drawing follows from the site: every asset in it, every value bound to points that exist, no two in one place."""

import re
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from dashboards.access import ANONYMOUS
from dashboards.components import Kind, components
from dashboards.drawing import drawing, short_names
from dashboards.figures import figures
from dashboards.layout import WIDTH, arrange
from dashboards.markup import Markup, el
from dashboards.pages.now import now
from models.profile import Text
from models.site import load_site
from tests.dashboards.fake import site
from tests.two_fields import EAST, WEST, two_fields

DRAWN = set(Kind) - {Kind.ROOM, Kind.ZONE, Kind.METER}


def smallest():
    """Another building: one heat pump straight on one circuit, no tanks, no tap water, no sun, no cars."""
    whole = site()
    nothing = dict.fromkeys(("tanks", "pv", "blinds", "chargers", "air_handling", "boilers", "weather_station"), ())
    return whole.model_copy(
        update=nothing
        | {
            "heat_pumps": whole.heat_pumps[:1],
            "circuits": whole.circuits[:1],
            "meters": whole.meters[:1],
            "zones": whole.zones[:1],
            "wells": None,
            "collectors": (),
            "hot_water": None,
        }
    )


def overview(building, demo, language):
    """The page of now over a building."""
    return now(SimpleNamespace(site=building, demo=demo), ANONYMOUS, language)


def school():
    """District heat and a battery, no heat pump, no tank."""
    return load_site(Path(__file__).parents[2] / "docs" / "examples" / "district_school" / "site.toml")


def everything():
    """More on the busbar than one row takes."""
    whole, other = site(), school()
    return whole.model_copy(
        update={
            "devices": (*whole.devices, *(d for d in other.devices if d.id in ("battery", "substation"))),
            "connections": (*whole.connections, *(c for c in other.connections if c.id == "mb_plant")),
            "batteries": other.batteries,
            "district_heat": other.district_heat,
        }
    )


BUILDINGS = {
    "biri": site,
    "smallest": smallest,
    "school": school,
    "everything": everything,
    "two roofs": two_fields,
    "two roofs, one tank": partial(two_fields, "solar_tank"),
}


@pytest.fixture(params=BUILDINGS)
def building(request):
    return BUILDINGS[request.param]()


def test_every_part_of_the_plant_is_drawn_and_can_be_opened(building):
    root = ET.fromstring(drawing(building, "nb"))
    linked = {a.get("data-component") for a in root.iter("a")}
    assert linked == {part.id for part in components(building).values() if part.kind in DRAWN}
    assert all(a.get("href") for a in root.iter("a"))
    names = {part.id: part.name.nb for part in components(building).values()}
    for link in root.iter("a"):
        word = names[link.get("data-component")].split()[-1][:5].lower()
        assert word in "".join(link.itertext()).lower()


def test_every_shown_value_is_bound_to_points_that_exist(building):
    page = overview(building, True, "nb")
    named = {p for group in re.findall(r'data-(?:points|running)="([^"]+)"', page) for p in group.split()}
    assert named
    assert named - building.points.keys() == set()


def test_no_box_lies_on_another_or_leaves_the_drawing(building):
    layout = arrange(building, components(building))
    for box in layout.boxes:
        assert box.x >= 0
        assert box.right <= WIDTH
        assert box.bottom <= layout.height
    for one, other in combinations(layout.boxes, 2):
        apart = one.right <= other.x or other.right <= one.x or one.bottom <= other.y or other.bottom <= one.y
        assert apart, (one.members[0].id, other.members[0].id)


def test_lines_begin_and_end_within_the_drawing(building):
    layout = arrange(building, components(building))
    assert layout.lines
    assert all(0 <= x <= WIDTH and 0 <= y <= layout.height for line in layout.lines for x, y in line.corners)


@pytest.mark.parametrize("tank", ["hp_tank", "solar_tank"])
def test_each_field_of_collectors_is_joined_to_its_own_tank_past_all_other_boxes(tank):
    building = two_fields(tank)
    layout = arrange(building, components(building))
    boxes = {box.members[0].id: box for box in layout.boxes}
    for field, own in ((EAST, "solar_tank"), (WEST, tank)):
        pipes = [
            line.corners
            for line in layout.lines
            if line.corners[0][0] == boxes[field].right and boxes[field].y < line.corners[0][1] < boxes[field].bottom
        ]
        assert len(pipes) == 2
        for corners in pipes:
            x, y = corners[-1]
            assert x == boxes[own].x
            assert boxes[own].y < y < boxes[own].bottom
            for (x0, y0), (x1, y1) in pairwise(corners):
                for box in layout.boxes:
                    beside = max(x0, x1) <= box.x or min(x0, x1) >= box.right
                    assert beside or max(y0, y1) <= box.y or min(y0, y1) >= box.bottom, box.members[0].id


def test_a_heat_pump_shows_the_meters_that_measure_only_it():
    shown = {s.text: s.points[0] for s in components(site())["hp1"].shown}
    assert shown["short.heat"] == "heat_hp1.power_kw"
    assert shown["short.electricity"] == "el_hp1.power_kw"


def test_district_heat_and_a_battery_are_joined_to_the_house_and_have_their_key_figures():
    found = components(school())
    assert [shown.points[0] for shown in found["battery"].shown] == ["battery.state_of_charge_pct", "battery.power_kw"]
    assert found["substation"].running == ("substation.power_kw",)
    assert found["substation"].shown[0].target == "substation.supply_setpoint_degc"
    box = next(box for box in arrange(school(), found).boxes if box.members[0].id == "substation")
    ends = [line.corners[0] for line in arrange(school(), found).lines if line.kind == "supply"]
    assert (box.right, box.middle - 6) in ends
    told = {figure.text: figure for figure in figures(school(), found)}
    assert told["figure.district_heat"].points == ("substation.power_kw",)
    assert (told["figure.battery"].scale.band_low, told["figure.battery"].scale.band_high) == (10, 95)


def test_a_building_without_a_plant_part_has_no_key_figure_for_it():
    found = {figure.text for figure in figures(smallest(), components(smallest()))}
    assert "figure.hot_water" not in found
    assert "figure.pv" not in found
    assert {"figure.coldest_room", "figure.compressors"} <= found


def test_the_page_is_written_in_the_language_asked_for():
    assert 'lang="nb"' in overview(site(), True, "nb")
    assert "Varmepumpe 1" in overview(site(), True, "nb")
    assert "Heat pump 1" in overview(site(), True, "en")


def test_a_plant_that_is_not_simulated_is_not_called_so():
    assert "Simulert anlegg</span>" in overview(site(), True, "nb")
    assert "Simulert anlegg</span>" not in overview(site(), False, "nb")


def test_names_from_the_site_file_cannot_become_markup():
    evil = Text(nb="<script>alert(1)</script>", en='"><img>')
    building = site().model_copy(update={"name": evil})
    for language in ("nb", "en"):
        page = overview(building, True, language)
        assert "<script>alert" not in page
        assert "<img" not in page


def test_an_element_escapes_text_and_attributes_but_not_markup():
    assert el("p", {"title": 'a"<', "hidden": True, "id": None}, "1 < 2", Markup("<b>x</b>")) == (
        '<p title="a&quot;&lt;" hidden>1 &lt; 2<b>x</b></p>'
    )


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["Solskjerming nord", "Solskjerming sør"], ["Nord", "Sør"]),
        (["Lader 1", "Lader 2"], ["Lader 1", "Lader 2"]),
        (["Ventilasjon kjøkken"], ["Ventilasjon kjøkken"]),
    ],
)
def test_names_in_a_list_lose_the_words_they_share(names, short):
    assert short_names(names) == short
