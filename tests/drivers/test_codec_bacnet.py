"""ReadPropertyMultiple, octet by octet, after the examples in annex F.3.7 of the standard."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codec_bacnet import (
    FAULT,
    OUT_OF_SERVICE,
    PRESENT_VALUE,
    STATUS_FLAGS,
    AccessError,
    Property,
    application_value,
    batches,
    decode_read,
    encode_read,
    encode_value,
    encode_write,
    object_id,
    reading,
)
from drivers.errors import Nonsense
from models.point import BacnetPoint, Text

AI16 = object_id("analog-input,16")


def point(object_name="analog-input,1", **more):
    unit = {} if object_name.startswith("analog") else {"unit": "bool"}
    name = "temp_degc" if object_name.startswith("analog") else "running"
    return BacnetPoint(name=name, label=Text(nb="x", en="x"), tfm="RT401", object=object_name, **{**unit, **more})


def test_a_request_names_each_object_once_and_its_properties():
    wanted = [Property(AI16, PRESENT_VALUE), Property(AI16, 103)]
    assert encode_read(wanted).hex(" ") == "0c 00 00 00 10 1e 09 55 09 67 1f"


def test_an_answer_gives_numbers_and_the_devices_own_errors():
    data = bytes.fromhex("0c 00 00 00 10 1e 29 55 4e 44 42 90 99 9a 4f 29 67 4e 91 00 4f 1f")
    answers = decode_read(data)
    assert answers[Property(AI16, PRESENT_VALUE)] == pytest.approx(72.3)
    assert answers[Property(AI16, 103)] == 0
    refused = bytes.fromhex("0c 00 00 00 22 1e 29 55 5e 91 01 91 1f 5f 1f")
    assert decode_read(refused) == {Property(object_id("analog-input,34"), PRESENT_VALUE): AccessError(1, 31)}


def test_an_element_of_an_array_is_told_from_the_whole():
    wanted = Property(object_id("analog-output,1"), 87, 8)
    assert encode_read([wanted]).hex(" ") == "0c 00 40 00 01 1e 09 57 19 08 1f"
    data = bytes.fromhex("0c 00 40 00 01 1e 29 57 39 08 4e 00 4f 1f")
    assert decode_read(data) == {wanted: None}


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("00", None),
        ("10", 0),
        ("11", 1),
        ("21 07", 7),
        ("22 01 00", 256),
        ("31 ff", -1),
        ("44 41 a8 00 00", 21.0),
        ("55 08 40 35 00 00 00 00 00 00", 21.0),
        ("82 04 40", FAULT),
        ("91 01", 1),
    ],
)
def test_each_primitive_becomes_a_number(octets, value):
    data = bytes.fromhex(octets)
    assert application_value(data) == (value, len(data))


@pytest.mark.parametrize("octets", ["75 03 00 61 62", "c4 00 00 00 01", "3e", "44 41 a8", "24 01", "25 fe 01 00", ""])
def test_what_is_no_number_is_nonsense(octets):
    with pytest.raises(Nonsense):
        application_value(bytes.fromhex(octets))
    with pytest.raises(Nonsense):
        decode_read(bytes.fromhex("0c 00 00 00 10 1e 29 55 4e") + bytes.fromhex(octets))


@given(st.binary(max_size=80))
def test_random_octets_are_nonsense_or_answers_and_never_anything_else(data):
    try:
        answers = decode_read(data)
    except Nonsense:
        return
    assert isinstance(answers, dict)


@given(st.binary(max_size=40))
def test_random_octets_after_a_good_beginning_end_the_same_way(data):
    try:
        decode_read(bytes.fromhex("0c 00 00 00 10 1e 29 55 4e") + data)
    except Nonsense:
        return


def test_a_write_carries_its_value_in_the_objects_own_type_and_its_priority():
    output = point("analog-output,1")
    request = encode_write(object_id(output.object), encode_value(output, 42.0), 8)
    assert request.hex(" ") == "0c 00 40 00 01 19 55 3e 44 42 28 00 00 3f 49 08"
    assert encode_value(output, None) == b"\x00"
    assert encode_value(point("binary-output,1"), 1.0).hex(" ") == "91 01"
    states = point("multi-state-value,1", unit="state", states={1: "off", 2: "on"})
    assert encode_value(states, 2.0).hex(" ") == "22 00 02"


def test_an_offset_moves_the_instance_and_ends_where_instances_end():
    assert object_id("analog-value,3", 200) == 2 << 22 | 203
    with pytest.raises(ValueError, match="4194303"):
        object_id("analog-value,3", 4194301)


def test_a_fault_flag_takes_the_value_away():
    assert reading(point(), 21.0, 0) == 21.0
    assert reading(point(), 21.0, None) == 21.0  # a device without status flags
    assert reading(point(), 21.0, FAULT) is None


def test_an_input_out_of_service_measures_nothing_but_a_set_point_keeps_its_value():
    assert reading(point(), 21.0, OUT_OF_SERVICE) is None
    assert reading(point("analog-value,1"), 21.0, OUT_OF_SERVICE) == 21.0


@pytest.mark.parametrize("present", [math.nan, math.inf, None, AccessError(2, 32), -40.1, 80.1])
def test_what_cannot_be_true_is_not_available(present):
    assert reading(point(min=-40, max=80), present, 0) is None


def test_a_state_without_a_name_is_not_available():
    states = point("multi-state-value,1", unit="state", states={1: "off", 2: "on"})
    assert [reading(states, number, 0) for number in (0, 1, 2, 3)] == [None, 1.0, 2.0, None]


def test_batches_fit_the_answer_and_keep_an_objects_properties_together():
    groups = [[Property(number, PRESENT_VALUE), Property(number, STATUS_FLAGS)] for number in range(300)]
    for longest, count in ((1476, 6), (480, 18), (206, 43)):
        plan = batches(groups, longest)
        assert [wanted for batch in plan for wanted in batch] == [wanted for group in groups for wanted in group]
        assert len(plan) == count
        assert all(len(batch) % 2 == 0 for batch in plan)
    assert batches([], 1476) == []
