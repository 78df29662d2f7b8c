"""What is said to a broker, word by word: values, alarms, events, and what Home Assistant is told; nothing personal."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bems.alarming.alarms import Alarm, Condition, lost_connection
from bems.history.rows import Event, EventKind
from bems.publish.mqtt_discovery import CLASSES, Discovery
from bems.publish.mqtt_messages import TOLD, Messages
from bems.publish.mqtt_outbox import Outbox
from models.field import Privacy
from models.outgoing import Value, outgoing
from models.reasons import Code, because
from models.signals import Quality
from models.site import load_site
from models.targets import MqttOut
from models.units import Unit

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
QUANTITIES = {quantity.id: quantity for quantity in outgoing(SITE)}
AT = datetime(2026, 1, 15, 6, 0, 0, 250_000, tzinfo=UTC)
PERSONAL = next(point.id for point in SITE.points.values() if point.privacy is Privacy.PERSONAL)
DEVICE, SIGNAL = PERSONAL.split(".")


def messages(**more):
    return Messages(SITE, MqttOut(host="broker", **more))


def discovery(**more):
    config = MqttOut(host="broker", **more)
    return Discovery(SITE, config, Messages(SITE, config))


def value(point, number, quality=Quality.GOOD, **more):
    return json.loads(messages(**more).value(Value(QUANTITIES[point], AT, number, quality)))


def announced(point, **more):
    (about,) = discovery(**more).of_quantity(QUANTITIES[point]).values()
    return json.loads(about)


def event(kind=EventKind.CONTROL, subject="hot_water", text="said", data=None):
    return messages().event(7, Event(AT, kind, subject, text, data or {}))


def test_a_measurement_has_unit_quality_and_time():
    assert value("hp1.supply_temp_degc", 41.23456) == {
        "value": 41.235, "unit": "°C", "quality": "good", "at": "2026-01-15T06:00:00.250Z",
    }  # fmt: skip


def test_a_value_that_is_not_known_is_null_and_never_zero():
    said = value("hp1.supply_temp_degc", None, Quality.OFFLINE)
    assert (said["value"], said["quality"]) == (None, "offline")
    assert value("hp1_io.fault", None, Quality.BAD)["state"] is None


def test_flags_and_states_are_said_in_words_too():
    assert value("hp1_io.fault", 1.0)["state"] == "on"
    assert value("hp1_io.fault", 0.0)["state"] == "off"
    assert value("hp1.priority", 30.0)["state"] == "Oppvarming"
    assert value("hp1.priority", 30.0, language="en")["state"] == "Heating"
    assert value("hp1.priority", 77.0)["state"] is None  # a number that nobody has named


def test_every_quantity_is_announced_once_under_a_name_of_its_own():
    words = discovery()
    configs = {topic: json.loads(about) for q in QUANTITIES.values() for topic, about in words.of_quantity(q).items()}
    assert len(configs) == len(QUANTITIES)
    assert len({about["unique_id"] for about in configs.values()}) == len(QUANTITIES)
    for topic, about in configs.items():
        assert topic.split("/")[:3] in (["homeassistant", part, "bems_biri"] for part in ("sensor", "binary_sensor"))
        assert topic.split("/")[3].replace("-", "_").isidentifier()
        assert about["availability_topic"] == "bems/biri/status"
        assert about["name"]
        assert about["device"]["via_device"] == "bems_biri"
    devices = {about["device"]["identifiers"][0]: about["device"]["name"] for about in configs.values()}
    assert len(set(devices.values())) == len(devices)  # people can tell them apart


def test_every_unit_has_its_class_or_is_told_in_words():
    assert CLASSES.keys() | {Unit.STATE, Unit.BOOL} == set(Unit)


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("main.import_kwh", ("energy", "kWh", "total_increasing")),
        ("main.power_kw", ("power", "kW", "measurement")),
        ("heat_hp1.flow_l_per_h", (None, "L/h", "measurement")),
        ("hot_water.flow_l_per_min", ("volume_flow_rate", "L/min", "measurement")),
        ("unit_a_rooms.mean_co2_ppm", ("carbon_dioxide", "ppm", "measurement")),
        ("weather.wind_m_per_s", ("wind_speed", "m/s", "measurement")),
        ("hp1.starts_1", (None, None, "total_increasing")),
        ("hp1.priority", ("enum", None, None)),
        ("hp1_io.fault", ("problem", None, None)),
    ],
)
def test_home_assistant_is_told_class_unit_and_kind_of_state(point, said):
    about = announced(point)
    assert (about.get("device_class"), about.get("unit_of_measurement"), about.get("state_class")) == said


def test_energy_that_is_no_counter_is_not_announced_as_one():
    quantity = replace(QUANTITIES["main.import_kwh"], counter=False)
    (about,) = discovery().of_quantity(quantity).values()
    assert "device_class" not in json.loads(about)


def test_names_are_in_the_language_of_the_site_file():
    assert announced("hp1.supply_temp_degc")["name"] == "Turtemperatur"
    assert announced("hp1.supply_temp_degc", language="en")["name"] == "Supply temperature"
    assert announced("heat_hp1.power_kw")["device"]["name"] == "Varme fra varmepumpe 1"


def test_nothing_is_announced_where_nobody_wants_it():
    words = discovery(discovery_prefix="")
    assert words.of_system() == {}
    assert words.of_alarm("connection.mb_heat") == {}


def test_alarms_are_said_in_both_languages_and_never_leave_their_topic():
    words = messages()
    said = json.loads(words.alarm(Alarm(lost_connection("mb_heat", 48), AT)))
    assert (said["state"], said["severity"], said["since"]) == ("on", "B", "2026-01-15T06:00:00.250Z")
    assert "48" in said["nb"]
    assert "48" in said["en"]
    assert words.alarm_topic("a/b+c#d e") == "bems/biri/alarms/a-b-c-d-e"


def test_standing_alarms_are_counted_by_class_newest_first():
    old, new = Alarm(lost_connection("mb_heat", 1), AT), Alarm(lost_connection("mb_sun", 1), AT.replace(hour=7))
    said = json.loads(messages().standing([old, new]))
    assert (said["number"], said["a"], said["b"], said["c"]) == (2, 0, 2, 0)
    assert [alarm["id"] for alarm in said["alarms"]] == ["connection.mb_sun", "connection.mb_heat"]


def test_an_event_has_its_number_its_kind_and_a_sentence():
    said = json.loads(event(EventKind.OUTSIDE_CHANGE, "hp1.heating_offset_k", "t", {"ours": 1.0, "theirs": 2.5}))
    assert (said["number"], said["event_type"], said["at"]) == (7, "outside_change", "2026-01-15T06:00:00.250Z")
    assert "2,5" in said["nb"]
    assert "2.5" in said["en"]


@pytest.mark.parametrize("kind", [EventKind.HOLD, EventKind.PLAN])
def test_plans_and_wishes_that_were_held_back_stay_in_the_record(kind):
    assert event(kind) is None
    assert kind not in TOLD


@pytest.mark.parametrize(
    "more",
    [
        {"subject": PERSONAL},
        {"subject": f"point.{PERSONAL}"},
        {"text": f"{PERSONAL} was set to 1"},
        {"data": {"input": PERSONAL}},
        {"data": {"inputs": ["hp1.supply_temp_degc", PERSONAL]}},
        {"data": {"name": DEVICE, "signal": SIGNAL}},
    ],
)
def test_an_event_that_tells_of_a_resident_is_not_told(more):
    assert event() is not None
    assert event(**more) is None


def test_an_alarm_that_tells_of_a_resident_is_not_told():
    flag = because(Code.ALARM_DEVICE_FLAG, name=DEVICE, signal=SIGNAL, tag="=563.501-XX101")
    assert messages().may_be_told(Alarm(lost_connection("mb_heat", 1), AT))
    assert not messages().may_be_told(Alarm(Condition("x", "B", flag), AT))
    assert not messages().may_be_told(Alarm(Condition("x", "B", because(Code.ALARM_CONNECTION), PERSONAL), AT))


def test_the_outbox_keeps_the_newest_word_of_each_topic_and_no_more():
    outbox = Outbox()
    for number in range(1000):
        outbox.say({"a": str(number).encode(), "b": b"same"})
    assert len(outbox) == 2
    assert [outbox.take(), outbox.take(), outbox.take()] == [("a", b"999"), ("b", b"same"), None]
    outbox.say({"a": b"999"})  # no news
    assert outbox.take() is None


def test_what_could_not_be_told_is_told_by_its_newest_word():
    outbox = Outbox()
    outbox.say({"a": b"1"})
    outbox.take()
    outbox.say({"a": b"2"})
    outbox.give_back("a")
    assert [outbox.take(), outbox.take()] == [("a", b"2"), None]


def test_a_broker_that_forgot_is_told_all_again():
    outbox = Outbox()
    outbox.say({"a": b"1", "b": b"2"})
    while outbox.take() is not None:
        pass
    outbox.say({"b": b"3"})
    outbox.say_all_again()
    assert [outbox.take(), outbox.take(), outbox.take()] == [("a", b"1"), ("b", b"3"), None]
