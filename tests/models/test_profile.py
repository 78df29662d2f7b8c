"""What a profile refuses, and how clearly it says so."""

import re
from pathlib import Path

import pytest

from models.profile import ModbusProfile, ProfileError, builtin_names, load_profile, parse_profile
from models.units import Unit

HEAD = """
protocol = "modbus"
vendor = "Acme"
model = "Meter"
document = "Acme manual 7, p. 12"
golden = [{ source = "by hand", words = { "input:0" = [215] }, gives = { temp_degc = 21.5 } }]
"""
LABEL = 'label = { nb = "Temperatur", en = "Temperature" }'


def point(**changes: str) -> str:
    fields = {
        "name": '"temp_degc"',
        "tfm": '"RT401"',
        "table": '"input"',
        "address": "0",
        "as": '"s16"',
        "scale": "0.1",
    }
    fields |= {("as" if key == "form" else key): value for key, value in changes.items()}
    return (
        "[[points]]\n" + LABEL + "\n" + "\n".join(f"{key} = {value}" for key, value in fields.items() if value) + "\n"
    )


WRITE = '{ min = 0, max = 40, relinquish = 20, persistence = "ram", daily_budget = 10 }'
SECOND = {"name": '"other_temp_degc"', "tfm": '"RT501"'}


def test_the_example_the_refusals_start_from_is_accepted():
    profile = parse_profile(HEAD + point(), "meter.toml")
    assert isinstance(profile, ModbusProfile)
    assert profile.point("temp_degc").shown_unit is Unit.DEGC
    assert not profile.generic


@pytest.mark.parametrize(
    ("points", "says"),
    [
        pytest.param(
            point(form='"s32"') + point(**SECOND, address="1"),
            r"'temp_degc' and 'other_temp_degc' overlap at input 1",
            id="overlap",
        ),
        pytest.param(
            point(form='"s32"') + point(**SECOND, address="9") + point(name='"x_k"', tfm='"RT601"', address="1"),
            r"overlap at input 1",
            id="overlap before a gap",
        ),
        pytest.param(
            point() + point(**SECOND, address="1", scale_factor_at="0"),
            r"scale factor of 'other_temp_degc' overlaps 'temp_degc' at input 0",
            id="scale factor on a point",
        ),
        pytest.param(point(address="70000"), r"points\.0\.address: .*65535 \(got 70000\)", id="address"),
        pytest.param(point(address="65535", form='"u32"'), r"65535 \+ 2 words exceeds 65536", id="end of table"),
        pytest.param(point(unit='"kW"'), r"unit 'kW' contradicts its name, which promises '°C'", id="wrong unit"),
        pytest.param(point(name='"level"'), r"'level': give a unit", id="no unit"),
        pytest.param(point(unit='"bananas"'), r"points\.0\.unit: .*°C.*\(got 'bananas'\)", id="unknown unit"),
        pytest.param(
            point(name='"mode"', unit='"state"', scale=""), r"the table `states` belong together", id="no states"
        ),
        pytest.param(
            point(name='"mode"', unit='"state"', states='{ 1 = "On" }'),
            r"states are whole numbers, they have no scale",
            id="scaled states",
        ),
        pytest.param(point(write=WRITE), r"table 'input' is read-only, `write` is not allowed", id="write to an input"),
        pytest.param(
            point(table='"holding"', write=WRITE.replace("relinquish = 20", "relinquish = 50")),
            r"relinquish 50\.0 must lie within min 0\.0 \.\. max 40\.0",
            id="relinquish outside",
        ),
        pytest.param(
            point(table='"holding"', write=WRITE.replace('"ram"', '"watchdog"')),
            r"'watchdog' needs it",
            id="watchdog without refresh",
        ),
        pytest.param(
            point(table='"holding"', write=WRITE.replace("max = 40", "max = 4000")),
            r"4000\.0 may be written, but 's16' cannot hold it",
            id="write beyond the form",
        ),
        pytest.param(
            point(table='"holding"', max="30", write=WRITE),
            r"may be written, 0\.0 \.\. 40\.0, leaves the plausible -inf \.\. 30\.0",
            id="write beyond plausible",
        ),
        pytest.param(point(min="5", max="-5"), r"min 5\.0 exceeds max -5\.0", id="empty range"),
        pytest.param(point(scale="0"), r"scale 0 loses the value", id="scale 0"),
        pytest.param(point(missing="[70000]"), r"missing 70000 is no raw value of 's16'", id="missing too large"),
        pytest.param(
            point(table='"coil"'), r"coil and discrete hold 'bool', registers never do", id="number in a coil"
        ),
        pytest.param(point(form='"bool"'), r"registers never do", id="flag in a register"),
        pytest.param(point(form='"string"', scale=""), r"'string' needs it", id="string without length"),
        pytest.param(
            point(
                name='"mode"',
                unit='"state"',
                states='{ 1 = "On" }',
                form='"string"',
                length="2",
                text="{ A = 2 }",
                scale="",
            ),
            r"text gives 2, which `states` does not name",
            id="text without state",
        ),
        pytest.param(point() + point(address="5"), r"name 'temp_degc' is used by two points", id="same name"),
        pytest.param(
            point() + point(name='"b_degc"', address="5"),
            r"tfm 'RT401' is used by two points",
            id="same component code",
        ),
        pytest.param(point(tfm='"Sensor1"'), r"points\.0\.tfm: .*\(got 'Sensor1'\)", id="component code"),
        pytest.param(point(colour='"red"'), r"points\.0\.colour: Extra inputs are not permitted", id="unknown key"),
        pytest.param(
            point(name='"flow_l_per_h"'), r"golden 'by hand': no point 'temp_degc'", id="golden names nothing"
        ),
    ],
)
def test_refuses(points, says):
    with pytest.raises(ProfileError) as caught:
        parse_profile(HEAD + points, "meter.toml")
    assert re.search(says, str(caught.value)), str(caught.value)
    assert str(caught.value).startswith("meter.toml: ")
    assert len(str(caught.value)) < 250, "one readable line"


def test_a_point_must_fit_one_request():
    with pytest.raises(ProfileError, match="2 words exceed max_words 1"):
        parse_profile("max_words = 1\n" + HEAD + point(form='"u32"'), "meter.toml")


def test_all_faults_come_at_once():
    with pytest.raises(ProfileError) as caught:
        parse_profile(HEAD + point(unit='"kW"') + point(**SECOND, address="-1"), "meter.toml")
    assert len(str(caught.value).splitlines()) == 2


def test_a_profile_without_proof_is_refused():
    without = "\n".join(line for line in HEAD.splitlines() if not line.startswith("golden"))
    with pytest.raises(ProfileError, match=r"golden: Field required"):
        parse_profile(without + "\n" + point(), "meter.toml")


def test_not_toml():
    with pytest.raises(ProfileError, match=r"meter.toml: not TOML"):
        parse_profile("protocol = ", "meter.toml")


def test_a_plain_state_stands_for_both_languages():
    text = HEAD.replace("temp_degc = 21.5", "mode = 1") + point(
        name='"mode"', unit='"state"', scale="", states='{ 1 = "MPPT", 2 = { nb = "Av", en = "Off" } }'
    )
    states = parse_profile(text, "meter.toml").point("mode").states
    assert (states[1].nb, states[1].en, states[2].nb, states[2].en) == ("MPPT", "MPPT", "Av", "Off")


def test_the_sites_own_profile_comes_first(tmp_path: Path):
    (tmp_path / "generic_boiler.toml").write_text(HEAD + point(), "utf-8")
    assert load_profile("generic_boiler", tmp_path).vendor == "Acme"
    assert load_profile("generic_boiler").vendor == "generic"


def test_an_unknown_profile_names_those_there_are():
    with pytest.raises(ProfileError, match=r"no profile 'nibe'; there are: .*nibe_f1345"):
        load_profile("nibe")


@pytest.mark.parametrize("name", list(builtin_names()))
def test_built_in_profiles_speak_both_languages_and_name_their_source(name):
    profile = load_profile(name)
    assert len(profile.document) > 40
    for each in profile.all_points:
        assert each.label.nb, each.name
        assert each.label.en, each.name
        assert not each.alarm or each.shown_unit is Unit.BOOL, each.name
