"""Every BACnet and MQTT profile proves itself: its golden values, encoded by the library, read as it says."""

import math

import pytest
from bacpypes3.apdu import ReadPropertyMultipleACK
from bacpypes3.basetypes import (
    BinaryPV,
    ReadAccessResult,
    ReadAccessResultElement,
    ReadAccessResultElementChoice,
    StatusFlags,
)
from bacpypes3.constructeddata import Any
from bacpypes3.primitivedata import ObjectIdentifier, Real, Unsigned

from drivers.codec_bacnet import PRESENT_VALUE, STATUS_FLAGS, Property, decode_read, object_id, reading
from drivers.codec_mqtt import decode_state
from models.profile import BacnetProfile, MqttProfile, builtin_names, load_profile

PROFILES = {name: load_profile(name) for name in builtin_names()}
BACNET = [name for name, profile in PROFILES.items() if isinstance(profile, BacnetProfile)]
MQTT = [name for name, profile in PROFILES.items() if isinstance(profile, MqttProfile)]


def on_the_wire(values):
    """What a device made with bacpypes3 answers when these present values are asked for."""
    results = []
    for name, value in values.items():
        kind = name.split("-")[0]
        primitive = {"analog": Real, "binary": BinaryPV, "multi": Unsigned}[kind](value)
        elements = [
            ReadAccessResultElement(
                propertyIdentifier=property_name,
                readResult=ReadAccessResultElementChoice(propertyValue=Any(encoded.encode())),
            )
            for property_name, encoded in (("presentValue", primitive), ("statusFlags", StatusFlags([])))
        ]
        results.append(ReadAccessResult(objectIdentifier=ObjectIdentifier(name), listOfResults=elements))
    return bytes(ReadPropertyMultipleACK(listOfReadAccessResults=results).encode().pduData)


def bacnet_readings(profile, golden):
    answers = decode_read(on_the_wire(golden.values))
    given = {}
    for point in profile.points:
        if point.object in golden.values:
            number = object_id(point.object)
            given[point.name] = reading(
                point, answers[Property(number, PRESENT_VALUE)], answers[Property(number, STATUS_FLAGS)]
            )
    return given


def mqtt_readings(profile, golden):
    given = {}
    for topic, payload in golden.payloads.items():
        given |= decode_state(payload.encode(), [point for point in profile.points if point.topic == topic])
    return given


def agrees(given, expected):
    """`expected` as in the file, where nan stands for 'not available'."""
    wanted = {name: None if math.isnan(value) else value for name, value in expected.items()}
    return given == {name: value if value is None else pytest.approx(value, rel=1e-6) for name, value in wanted.items()}


@pytest.mark.parametrize("name", BACNET)
def test_a_bacnet_profile_reads_its_golden_values(name):
    profile = PROFILES[name]
    for golden in profile.golden:
        assert agrees(bacnet_readings(profile, golden), golden.gives), golden.source


@pytest.mark.parametrize("name", MQTT)
def test_an_mqtt_profile_reads_its_golden_payloads(name):
    profile = PROFILES[name]
    for golden in profile.golden:
        assert agrees(mqtt_readings(profile, golden), golden.gives), golden.source


@pytest.mark.parametrize("name", BACNET + MQTT)
def test_golden_values_cover_every_point_and_differ_from_each_other(name):
    profile = PROFILES[name]
    proven = {signal for golden in profile.golden for signal in golden.gives}
    assert proven == {point.name for point in profile.points}
    numbers = [value for value in profile.golden[0].gives.values() if value not in (0, 1)]
    assert len(set(numbers)) == len(numbers), "equal values would not notice two objects that were swapped"


def test_a_wrong_golden_value_is_noticed():
    profile = PROFILES["generic_tank"]
    golden = profile.golden[0]
    wrong = dict(golden.gives) | {"layer_1_temp_degc": golden.gives["layer_2_temp_degc"]}
    assert not agrees(bacnet_readings(profile, golden), wrong)
