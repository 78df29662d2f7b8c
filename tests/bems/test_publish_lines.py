"""Lines of the line protocol, and what is refused before a server has to refuse it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan
from pathlib import Path

import pytest

from bems.publish.lines import fault, probe, series_key, text_of
from models.outgoing import Quantity, Value, outgoing
from models.profile import Text
from models.signals import Quality
from models.site import load_site
from models.units import Unit

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
SUPPLY = next(q for q in outgoing(SITE) if q.id == "hp1.supply_temp_degc")


def value(number: float | None = 21.5, quality: Quality = Quality.GOOD, at: datetime = NOW) -> Value:
    return Value(SUPPLY, at, number, quality)


def test_a_good_sample_and_one_without_a_value():
    key = series_key("biri", SUPPLY)
    assert key == "heat_pump,equipment=hp1,point=hp1.supply_temp_degc,site=biri,source=modbus,unit=°C"
    assert text_of(key, value()) == f"{key} value=21.5,quality=0i 1767614400000"
    assert text_of(key, value(None, Quality.OFFLINE)) == f"{key} quality=2i 1767614400000"


def test_every_number_is_a_float_and_comes_back_as_it_was():
    for number in (1.0, 0.1 + 0.2, -1e-9, 123456789.125, 1e14):
        said = re.search(r"value=(\S+?),", text_of("k", value(number)))
        assert said is not None
        assert float(said[1]) == number
        assert "i" not in said[1]


def test_what_divides_a_line_is_escaped():
    odd = replace(SUPPLY, equipment="a b,c=d\\e", unit=Unit.KW, label=Text(nb="x", en="x"))
    assert r"equipment=a\ b\,c\=d\\e," in series_key("biri", odd)


def test_the_keys_of_a_whole_site_differ_and_hold_no_stray_separator():
    keys = [series_key(SITE.id, q) for q in outgoing(SITE)]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z_]+(,[a-z]+=[^ ,=]+){5}", key) for key in keys)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (value(nan), "no finite number"),
        (value(inf), "no finite number"),
        (value(1e16), "larger than anything"),
        (value(None), "must have a number"),
        (value(1.0, Quality.BAD), "must have no number"),
        (value(at=NOW + timedelta(minutes=11)), "in the future"),
        (value(at=datetime(1999, 12, 31, tzinfo=UTC)), "before 2000"),
    ],
)
def test_what_must_not_be_sent(wrong, said):
    assert said in (fault(wrong, NOW) or "")


def test_what_may_be_sent():
    assert fault(value(), NOW) is None
    assert fault(value(None, Quality.STALE), NOW) is None
    assert fault(value(at=NOW + timedelta(minutes=9)), NOW) is None


def test_the_probe_is_a_line_of_its_own():
    assert probe("biri", NOW) == "bems_feed,site=biri value=1.0 1767614400000"


def test_a_quantity_is_what_the_site_says():
    assert isinstance(SUPPLY, Quantity)
    assert SUPPLY.unit is Unit.DEGC
