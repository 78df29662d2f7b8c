"""Every Modbus profile against the words of its own document."""

from math import isnan

import pytest

from drivers.codec import golden_faults
from models.profile import ModbusProfile, builtin_names, load_profile

PROFILES = {name: profile for name in builtin_names() if isinstance(profile := load_profile(name), ModbusProfile)}


@pytest.fixture(params=sorted(PROFILES))
def profile(request):
    return PROFILES[request.param]


def test_golden_words_decode_and_encode_as_stated(profile):
    assert golden_faults(profile) == []


def test_golden_words_cover_every_form_and_say_what_is_missing(profile):
    proven = {name for golden in profile.golden for name, value in golden.gives.items() if not isnan(value)}
    forms = {(point.form, point.scale_factor_at is not None) for point in profile.points}
    shown = {(p.form, p.scale_factor_at is not None) for p in profile.points if p.name in proven}
    assert shown == forms
    assert any(isnan(value) for golden in profile.golden for value in golden.gives.values())


def test_writable_points_are_proven(profile):
    proven = {name for golden in profile.golden for name, value in golden.gives.items() if not isnan(value)}
    assert {point.name for point in profile.points if point.write is not None} <= proven


def test_a_wrong_word_order_is_noticed():
    meter = PROFILES["carlo_gavazzi_em340"]
    faults = golden_faults(meter.model_copy(update={"word_order": "big"}))
    assert any("l1_v decodes to None, not to 230.5" in fault for fault in faults), faults


def test_a_wrong_address_is_noticed():
    boiler = PROFILES["generic_boiler"]
    moved = tuple(p.model_copy(update={"address": p.address + 9}) for p in boiler.points)
    faults = golden_faults(boiler.model_copy(update={"points": moved}))
    assert "golden 'worked by hand': stage_request needs holding:9, which it does not give" in faults


def test_a_wrong_value_is_noticed():
    boiler = PROFILES["generic_boiler"]
    golden = boiler.golden[0].model_copy(update={"gives": {"power_kw": 59.7, "fault": float("nan")}})
    faults = golden_faults(boiler.model_copy(update={"golden": (golden,)}))
    assert [fault.partition(": ")[2] for fault in faults] == [
        "power_kw decodes to 59.8, not to 59.7",
        "fault decodes to 1.0, not to nan",
    ]
