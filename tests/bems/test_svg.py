"""Charts as text: nothing from elsewhere, gaps stay gaps, days begin at local midnight."""

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bems.svg import Line, Mark, Panel, draw

OSLO = ZoneInfo("Europe/Oslo")
START = datetime(2026, 3, 27, 23, tzinfo=UTC)


def drawn(panel, step_s=3600.0):
    return draw(panel, START, step_s, OSLO)


def test_a_gap_in_the_values_is_a_gap_in_the_line():
    values = np.array([1.0, 2.0, np.nan, 3.0, 4.0])
    assert drawn(Panel("x", "kW", [Line(values, "c0")])).count("<polyline") == 2


def test_days_begin_at_local_midnight_over_a_change_of_the_clock():
    text = drawn(Panel("x", "kW", [Line(np.arange(71.0), "c0")]))
    places = {name: float(at) for at, name in re.findall(r"<text x=([\d.]+) y=\d+>(\d+\.3\.)</text>", text)}
    assert list(places) == ["28.3.", "29.3.", "30.3."]
    first, short = places["29.3."] - places["28.3."], places["30.3."] - places["29.3."]
    assert short == pytest.approx(first * 23 / 24, abs=0.2)


def test_words_of_others_cannot_become_markup():
    text = drawn(Panel('"><script>', "<kW>", [Line(np.ones(3), "c0")], marks=[Mark(1, 1.0, "c0")]))
    assert "<script>" not in text
    assert "<kW>" not in text
    assert text.count("<circle") == 1


def test_a_band_and_equal_values_can_be_drawn():
    flat = np.full(5, 21.0)
    text = drawn(Panel("x", "°C", [Line(flat, "c0")], band=(flat - 1, flat + 1)))
    assert text.count("<polygon") == 1
    assert "nan" not in text
    lines = re.findall(r'points="([^"]*)"', text)
    assert all(len(place.split(",")) == 2 for line in lines for place in line.split())


def test_attributes_that_need_quotes_have_them():
    text = drawn(Panel("power by the hour", "kW", [Line(np.ones(3), "c0", steps=True)]))
    quoted = re.sub(r"=([^\s\">]+)(?=[\s>])", r'="\1"', text)
    assert ET.fromstring(quoted).tag == "svg"
