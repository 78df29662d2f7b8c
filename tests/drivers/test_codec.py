"""The Modbus codec: read plan, decoding, encoding."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codec import Decoder, encode, resolution
from drivers.errors import Refused
from drivers.read_plan import BITS_PER_WORD, read_plan
from models.point import INTEGER_RANGE, ModbusPoint

WORDS = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "u64": 4, "f32": 2, "f64": 4}


def make(name="temp_degc", **fields):
    fields = {"table": "holding", "address": 0, "form": "s16"} | fields
    fields["as"] = fields.pop("form")
    return ModbusPoint.model_validate({"name": name, "label": {"nb": "a", "en": "a"}, "tfm": "RT401"} | fields)


def decode(point, words, word_order="big"):
    return Decoder([point], word_order).decode([words])[0]


# --- read plan


@st.composite
def maps(draw):
    """Points without overlap, in any order, with gaps, over all tables, some with a shared scale factor."""
    points = []
    for table in ("coil", "discrete", "input", "holding"):
        address = draw(st.integers(0, 20))
        for _ in range(draw(st.integers(0, 12))):
            form = "bool" if table in ("coil", "discrete") else draw(st.sampled_from(sorted(WORDS)))
            unit = {"unit": "bool"} if form == "bool" else {}
            name = f"p{len(points)}" if form == "bool" else f"p{len(points)}_k"
            factor = {"scale_factor_at": address + 9} if form == "s16" and draw(st.booleans()) else {}
            points.append(make(name, table=table, address=address, form=form, **unit, **factor))
            address += WORDS.get(form, 1) + (9 if factor else 0) + draw(st.integers(0, 30))
    return draw(st.permutations(points))


@given(points=maps(), max_words=st.integers(4, 125), max_gap=st.integers(0, 12))
def test_the_read_plan_brings_each_point_once_within_the_limits(points, max_words, max_gap):
    plan = read_plan(points, max_words, max_gap)
    brought = [point.name for block in plan for point in block.points]
    assert sorted(brought) == sorted(point.name for point in points)
    used = {(p.table, p.address + i) for p in points for i in range(p.words)}
    used |= {(p.table, p.scale_factor_at) for p in points if p.scale_factor_at is not None}
    covered = set()
    for block in plan:
        assert 0 < block.count <= max_words * (BITS_PER_WORD if block.table in ("coil", "discrete") else 1)
        addresses = range(block.address, block.address + block.count)
        for point in block.points:
            assert point.table == block.table
            assert point.address in addresses
            assert point.address + point.words - 1 in addresses
        hole = 0
        for address in addresses:
            hole = 0 if (block.table, address) in used else hole + 1
            assert hole <= max_gap
            assert (block.table, address) not in covered
            covered.add((block.table, address))
        assert (block.table, addresses[0]) in used
        assert (block.table, addresses[-1]) in used
    assert used <= covered


def test_neighbours_share_a_request_and_holes_split_it():
    points = [make(f"p{i}_k", address=address) for i, address in enumerate((0, 1, 2, 5))]
    assert [(b.address, b.count) for b in read_plan(points, 125)] == [(0, 3), (5, 1)]
    assert [(b.address, b.count) for b in read_plan(points, 125, max_gap=2)] == [(0, 6)]
    assert [(b.address, b.count) for b in read_plan(points, 2, max_gap=2)] == [(0, 2), (2, 1), (5, 1)]


def test_a_number_of_several_words_is_never_split():
    points = [make(f"p{i}_k", form="u32", address=2 * i) for i in range(100)]
    assert [(b.address, b.count) for b in read_plan(points, 125)] == [(0, 124), (124, 76)]


def test_bits_come_two_thousand_at_once():
    points = [make(f"p{i}", unit="bool", form="bool", table="coil", address=i) for i in range(2500)]
    assert [(b.address, b.count) for b in read_plan(points, 125)] == [(0, 2000), (2000, 500)]


# --- decoding


@given(
    points=maps(),
    max_gap=st.integers(0, 12),
    word_order=st.sampled_from(["big", "little"]),
    seed=st.randoms(use_true_random=True),
)
def test_what_is_encoded_is_decoded_in_any_layout(points, max_gap, word_order, seed):
    memory = {table: [seed.randrange(1 << 16) for _ in range(2000)] for table in ("input", "holding")}
    memory |= {table: [seed.randrange(2) for _ in range(2000)] for table in ("coil", "discrete")}
    expected = []
    for point in points:
        if point.scale_factor_at is not None:
            memory[point.table][point.scale_factor_at] = 0xFFFE  # 10^-2
        integer = point.form not in ("f32", "f64")
        low, high = INTEGER_RANGE.get(point.form, (0, 1))
        value = seed.randint(low, min(high, 1 << 50)) if integer else seed.randint(-999, 999) / 4
        if point.scale_factor_at is not None:
            value /= 100
        words = encode(point, value, word_order, -2 if point.scale_factor_at is not None else 0)
        memory[point.table][point.address : point.address + len(words)] = words
        expected.append(value)
    decoder = Decoder(points, word_order, 125, max_gap)
    replies = [memory[b.table][b.address : b.address + b.count] for b in decoder.blocks]
    assert decoder.decode(replies) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("point", "words", "value"),
    [
        (make(scale=0.1), [215], 21.5),
        (make(scale=0.1), [3], 0.3),  # and not 0.30000000000000004
        (make(scale=0.1), [0xFFB4], -7.6),
        (make(scale=0.1, offset=-10), [215], 11.5),
        (make(scale=100), [7], 700.0),
        (make(scale=0.1, missing=[0x8000]), [0x8000], None),
        (make(scale=0.1, max=40), [401], None),
        (make(scale=0.1, max=40), [400], 40.0),
        (make(scale=0.1, min=-40), [0x10000 - 401], None),
        (make(form="u32"), [1, 0x1170], 70000.0),
        (make(form="f32"), [0x4366, 0x8000], 230.5),
        (make(form="f32"), [0x7FC0, 0], None),
        (make(form="f32"), [0x7F80, 0], None),
        (make(form="f32", missing=[0xC61C3C00]), [0xC61C, 0x3C00], None),
        (make("flag", unit="bool", form="u16"), [1], 1.0),
        (make("flag", unit="bool", form="u16"), [2], None),
        (make("mode", unit="state", form="u16", states={1: "a", 3: "b"}), [3], 3.0),
        (make("mode", unit="state", form="u16", states={1: "a", 3: "b"}), [2], None),
    ],
)
def test_decodes(point, words, value):
    assert decode(point, words) == value


def test_little_word_order_swaps_words_only():
    assert decode(make(form="u32"), [0x1170, 1], "little") == 70000
    assert decode(make(form="f64"), [0, 0, 0, 0x4059], "little") == 100.0
    text = make("mode", unit="state", form="string", length=2, states={1: "a"}, text={"ABC": 1})
    assert decode(text, [0x4142, 0x4300], "little") == 1


def test_a_refused_or_short_block_spoils_its_own_points_only():
    points = [make("a_k", address=0), make("b_k", address=10), make("c_k", address=20)]
    assert Decoder(points).decode([[1], None, []]) == [1.0, None, None]


@pytest.mark.parametrize(("factor", "value"), [(0xFFFE, 12.34), (1, 12340.0), (0x8000, None), (11, None)])
def test_scale_factors(factor, value):
    # The factor stands in another block than the point.
    decoder = Decoder([make(scale_factor_at=40)])
    assert decoder.decode([[1234], [factor]]) == [value]
    assert decoder.decode([[1234], None]) == [None]


# --- encoding


def numbers():
    scales = st.sampled_from([1.0, 0.1, 0.01, 0.001, 0.5, 10.0, -0.1])
    return st.builds(
        lambda form, scale, offset: make(form=form, scale=scale, offset=offset),
        st.sampled_from(sorted(INTEGER_RANGE)),
        scales,
        st.sampled_from([0.0, -10.0, 273.15]),
    )


@given(
    point=numbers(), share=st.floats(0, 1), exponent=st.integers(-3, 3), word_order=st.sampled_from(["big", "little"])
)
def test_encoding_and_decoding_meet_within_the_resolution(point, share, exponent, word_order):
    low, high = INTEGER_RANGE[point.form]
    raw = low + share * (high - low)
    value = raw * point.scale * 10.0**exponent + point.offset
    try:
        words = encode(point, value, word_order, exponent)
    except Refused:
        assert share in (0.0, 1.0) or point.form == "u64"  # rounding of the float at the very end of the range
        return
    back = decode(point.model_copy(update={"scale": point.scale * 10.0**exponent}), words, word_order)
    assert back is not None
    assert abs(back - value) <= 0.5001 * resolution(point, exponent) + 1e-9 * abs(value)


@given(point=numbers(), value=st.floats(allow_nan=True, allow_infinity=True))
def test_encoding_never_wraps(point, value):
    try:
        words = encode(point, value)
    except Refused:
        ends = [end * point.scale + point.offset for end in INTEGER_RANGE[point.form]]
        assert not min(ends) <= value <= max(ends)
    else:
        back = decode(point, words)
        assert back is not None
        assert abs(back - value) <= 0.5001 * resolution(point) + 1e-9 * abs(value)


@given(value=st.floats(allow_nan=True, allow_infinity=True))
def test_floats_are_encoded_or_refused(value):
    point = make(form="f32")
    try:
        words = encode(point, value)
    except Refused:
        assert not math.isfinite(value) or abs(value) > 3.4e38
    else:
        assert decode(point, words) == struct.unpack(">f", struct.pack(">f", value))[0]


@pytest.mark.parametrize(
    ("point", "value", "exponent", "says"),
    [
        (make(form="u16", scale=0.1), -0.1, 0, "temp_degc: -0.1 does not fit 'u16', which holds 0 .. 6553.5"),
        (make(form="u16", scale=0.1), 6553.6, 0, "6553.6 does not fit"),
        (make(form="s16", scale=-0.1), 3276.9, 0, "which holds -3276.7 .. 3276.8"),
        (make(form="s16"), math.nan, 0, "nan does not fit"),
        (make(form="f32"), math.nan, 0, "would be read as 'not available'"),
        (make(form="f32"), 1e39, 0, "1e+39 does not fit 'f32'"),
        (make(form="u16", missing=[0xFFFF]), 65535, 0, "would be read as 'not available'"),
        (make(form="u16", scale_factor_at=5), 1, -0x8000, "scale factor -32768 is not valid"),
        (make("flag", unit="bool", table="coil", form="bool"), 0.5, 0, "flag: 0.5 is neither 0 nor 1"),
    ],
)
def test_refuses_to_encode(point, value, exponent, says):
    with pytest.raises(Refused) as refusal:
        encode(point, value, exponent=exponent)
    assert says in str(refusal.value)


def test_infinity_is_not_written():
    with pytest.raises(Refused):
        encode(make(form="f32"), math.inf)
