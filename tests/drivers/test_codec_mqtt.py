"""JSON states, as devices send them and as they should not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codec_mqtt import decode_state, encode_set
from models.point import MqttPoint, Text

CO2 = MqttPoint(name="co2_ppm", label=Text(nb="x", en="x"), tfm="RY601", key="co2", min=200, max=10000)
THERE = MqttPoint(name="occupied", label=Text(nb="x", en="x"), tfm="RB601", unit="bool", key="occupancy")
MODE = MqttPoint(name="mode", label=Text(nb="x", en="x"), tfm="XS601", unit="state", states={0: "a", 2: "b"}, key="m")


def test_numbers_and_flags_become_numbers():
    assert decode_state(b'{"co2": 742, "occupancy": true, "more": "x"}', [CO2, THERE]) == {
        "co2_ppm": 742.0,
        "occupied": 1.0,
    }


def test_a_key_that_is_left_out_says_nothing():
    assert decode_state(b'{"occupancy": false}', [CO2, THERE]) == {"occupied": 0.0}


@pytest.mark.parametrize("said", ["null", '"742"', "[742]", "NaN", "1e999", "1" + "0" * 400, "199.9", "10000.1"])
def test_what_is_no_plausible_number_is_not_available(said):
    assert decode_state(f'{{"co2": {said}}}', [CO2]) == {"co2_ppm": None}


@pytest.mark.parametrize("payload", [b"", b"742", b"[]", b"\xff\xfe", b"{", b"[" * 100_000, b'"state"'])
def test_what_is_no_object_makes_every_point_of_its_topic_unavailable(payload):
    assert decode_state(payload, [CO2, THERE]) == {"co2_ppm": None, "occupied": None}


def test_a_state_without_a_name_is_not_available():
    assert [decode_state(f'{{"m": {said}}}', [MODE])["mode"] for said in (0, 1, 2)] == [0.0, None, 2.0]


@given(st.binary(max_size=60))
def test_no_payload_is_an_error(payload):
    for value in decode_state(payload, [CO2, THERE]).values():
        assert value is None or isinstance(value, float)


def test_what_is_sent_has_the_type_the_point_has():
    assert json.loads(encode_set(THERE, 1.0)) == {"occupancy": True}
    assert encode_set(MODE, 2.0) == '{"m": 2}'
    assert encode_set(CO2, 800.0) == '{"co2": 800}'
    assert encode_set(CO2, 800.5) == '{"co2": 800.5}'
