"""Modbus words to values and back, and the proof of a profile. Pure, no I/O.

Decoding is prepared once per device: every block of the read plan has one `struct` format for all its words, so that a
block costs two calls into C and one short loop over its points.
"""

import struct
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isfinite, isnan
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple

from drivers.errors import Refused
from drivers.read_plan import Block, Span, layout
from models.point import INTEGER_RANGE, ModbusPoint
from models.profile import ModbusProfile
from models.units import Unit

WordOrder = Literal["big", "little"]
Reply = Sequence[int] | Sequence[bool] | None
"""The words (or bits) of one block; None when the device did not give them."""

_FORMAT: Final = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "f32": "f", "f64": "d"}
_SCALE_FACTOR_LIMIT: Final = 10
"""SunSpec allows powers of ten from -10 to 10; 0x8000 says 'not implemented'."""
_F32_RESOLUTION: Final = 2.0**-22
_F64_RESOLUTION: Final = 2.0**-50


class _Number(NamedTuple):
    """How raw value number `at` of a block becomes value number `slot`: raw * num / den + offset, if plausible."""

    slot: int
    at: int
    num: int
    den: int
    offset: float
    low: float
    high: float
    missing: frozenset[float]


class _Scaled(NamedTuple):
    """A number with a SunSpec scale factor, which may stand in another block."""

    block: int
    number: _Number
    factor: tuple[str, int]


class _State(NamedTuple):
    """A state given as a number: what each raw value counts as; anything else is not known."""

    slot: int
    at: int
    values: dict[int, float]


class _TextState(NamedTuple):
    """A state given as a text."""

    slot: int
    at: int
    values: dict[str, float]


class _Recipe:
    """How one block is taken apart."""

    def __init__(self, block: Block, spans: Sequence[Span], slots: dict[str, int], word_order: WordOrder) -> None:
        self.count = block.count
        self.numbers: list[_Number] = []
        self.scaled: list[tuple[_Number, tuple[str, int]]] = []
        self.states: list[_State] = []
        self.texts: list[_TextState] = []
        self.factors: list[tuple[tuple[str, int], int]] = []
        bits = block.table in ("coil", "discrete")
        fields = [""]
        order: list[int] = []
        for index, span in enumerate(spans):
            start = span.address - block.address
            gap = start - len(order)
            order.extend(range(len(order), start))
            words = range(start, start + span.words)
            swapped = word_order == "little" and span.point is not None and span.point.form != "string"
            order.extend(reversed(words) if swapped else words)
            fields.append(f"{2 * gap}x" if gap else "")
            fields.append("h" if span.point is None else _field(span.point))
            if span.point is None:
                self.factors.append(((block.table, span.address), index))
            else:
                self._add(span.point, slots[span.point.name], start if bits else index)
        self.unpack = _bits if bits else _unpacker(block.count, ">" + "".join(fields), order)

    def _add(self, point: ModbusPoint, slot: int, at: int) -> None:
        if point.form == "string":
            self.texts.append(_TextState(slot, at, {text: float(state) for text, state in point.text.items()}))
        elif point.states:
            known = {state: float(state) for state in point.states if state not in missing_values(point)}
            self.states.append(_State(slot, at, known))
        elif point.scale_factor_at is None:
            self.numbers.append(_number(point, slot, at))
        else:
            self.scaled.append((_number(point, slot, at), (point.table, point.scale_factor_at)))


class Decoder:
    """Takes the replies to the read plan of one device apart."""

    def __init__(
        self,
        points: Sequence[ModbusPoint],
        word_order: WordOrder = "big",
        max_words: int = 125,
        max_gap: int = 0,
    ) -> None:
        requests = layout(points, max_words, max_gap)
        slots = {point.name: slot for slot, point in enumerate(points)}
        self._size = len(points)
        self.blocks = tuple(block for block, _ in requests)
        self._recipes = [_Recipe(block, spans, slots, word_order) for block, spans in requests]
        self._scaled = [
            _Scaled(at, number, factor) for at, recipe in enumerate(self._recipes) for number, factor in recipe.scaled
        ]

    def decode(self, replies: Sequence[Reply]) -> list[float | None]:
        """Values in the order of the points, from one reply per block, in the order of `blocks`.

        None stands for a point whose block is missing or too short, or whose value is not available or not plausible.
        """
        values: list[float | None] = [None] * self._size
        factors: dict[tuple[str, int], int] = {}
        raws_of_block: list[Sequence[Any] | None] = []
        for recipe, reply in zip(self._recipes, replies, strict=True):
            if reply is None or len(reply) < recipe.count:
                raws_of_block.append(None)
                continue
            raws = recipe.unpack(reply)
            raws_of_block.append(raws)
            for slot, at, num, den, offset, low, high, missing in recipe.numbers:
                raw = raws[at]
                value = raw * num / den + offset
                if low <= value <= high and raw not in missing:
                    values[slot] = value
            for slot, at, known in recipe.states:
                values[slot] = known.get(raws[at])
            for slot, at, texts in recipe.texts:
                values[slot] = texts.get(_text(raws[at]))
            for key, at in recipe.factors:
                factors[key] = raws[at]
        if self._scaled:
            self._decode_scaled(values, factors, raws_of_block)
        return values

    def _decode_scaled(
        self,
        values: list[float | None],
        factors: dict[tuple[str, int], int],
        raws_of_block: Sequence[Sequence[Any] | None],
    ) -> None:
        for at, number, key in self._scaled:
            raws = raws_of_block[at]
            exponent = factors.get(key)
            if raws is None or exponent is None or abs(exponent) > _SCALE_FACTOR_LIMIT:
                continue
            raw = raws[number.at]
            num, den = _times_ten(number.num, number.den, exponent)
            value = raw * num / den + number.offset
            if number.low <= value <= number.high and raw not in number.missing:
                values[number.slot] = value


def _field(point: ModbusPoint) -> str:
    return f"{2 * point.words}s" if point.form == "string" else _FORMAT.get(point.form, "")


def _bits(reply: Sequence[int] | Sequence[bool]) -> Sequence[int]:
    return reply


def _unpacker(count: int, fields: str, order: Sequence[int]) -> Callable[[Sequence[int]], tuple[Any, ...]]:
    pack = struct.Struct(f">{count}H").pack
    unpack = struct.Struct(fields).unpack
    if list(order) == list(range(count)):
        return lambda words: unpack(pack(*words[:count]))
    swap = itemgetter(*order)
    return lambda words: unpack(pack(*swap(words)))


def _text(raw: Any) -> str:
    return bytes(raw).split(b"\0", 1)[0].decode("ascii", "replace").strip()


def _ratio(point: ModbusPoint) -> tuple[int, int]:
    """The scale as a fraction: dividing a whole number by 10 is exact where multiplying it by 0.1 is not."""
    scale = Fraction(repr(point.scale))
    return scale.numerator, scale.denominator


def _times_ten(num: int, den: int, exponent: int) -> tuple[int, int]:
    return (num * 10**exponent, den) if exponent >= 0 else (num, den * 10**-exponent)


def missing_values(point: ModbusPoint) -> frozenset[float]:
    """The raw values that mean 'not available', as the form reads them (0x8000 as s16 is -32768)."""
    if not point.missing:
        return frozenset()
    unpack = struct.Struct(">" + _FORMAT[point.form])
    return frozenset(unpack.unpack(number.to_bytes(unpack.size, "big"))[0] for number in point.missing)


def _number(point: ModbusPoint, slot: int, at: int) -> _Number:
    flag = point.shown_unit is Unit.BOOL
    # Infinity and NaN are never plausible: the widest range is that of finite numbers, and NaN lies in no range.
    low = point.min if point.min is not None else 0.0 if flag else -sys.float_info.max
    high = point.max if point.max is not None else 1.0 if flag else sys.float_info.max
    return _Number(slot, at, *_ratio(point), point.offset, low, high, missing_values(point))


def resolution(point: ModbusPoint, exponent: int = 0) -> float:
    """The smallest difference that the point's form can tell, in its unit (for floats: relative to 1)."""
    if point.form in ("f32", "f64"):
        return _F32_RESOLUTION if point.form == "f32" else _F64_RESOLUTION
    num, den = _times_ten(*_ratio(point), exponent)
    return abs(num / den)


def encode(point: ModbusPoint, value: float, word_order: WordOrder = "big", exponent: int = 0) -> list[int]:
    """The words (or the one bit) that say `value`, rounded to what the form resolves; never wraps.

    `exponent` is what the word at `scale_factor_at` holds now. Raises Refused, naming the limit, when the form cannot
    hold the value or when the result would mean 'not available'.
    """
    if point.form == "bool":
        if value not in (0, 1):
            raise Refused(f"{point.name}: {value} is neither 0 nor 1")
        return [int(value)]
    if point.form == "string" or abs(exponent) > _SCALE_FACTOR_LIMIT:
        raise Refused(
            f"{point.name}: {value} cannot be written, "
            + ("a text is read-only" if point.form == "string" else f"its scale factor {exponent} is not valid")
        )
    num, den = _times_ten(*_ratio(point), exponent)
    raw: float = (value - point.offset) * den / num
    if point.form in INTEGER_RANGE:
        low, high = INTEGER_RANGE[point.form]
        if not low - 0.5 < raw < high + 0.5:  # also refuses NaN
            limits = sorted((low * num / den + point.offset, high * num / den + point.offset))
            raise Refused(
                f"{point.name}: {value} does not fit '{point.form}', which holds {limits[0]:g} .. {limits[1]:g}"
            )
        raw = round(raw)
    try:
        data = struct.pack(">" + _FORMAT[point.form], raw)
    except OverflowError as error:
        raise Refused(f"{point.name}: {value} does not fit '{point.form}'") from error
    if not isfinite(raw) or raw in missing_values(point):
        raise Refused(f"{point.name}: {value} would be read as 'not available'")
    words = list(struct.unpack(f">{len(data) // 2}H", data))
    return words[::-1] if word_order == "little" else words


def golden_faults(profile: ModbusProfile) -> list[str]:
    """What the profile's own proof contradicts: one line a fault, none when it holds.

    Every value must come out of its words, and where it may be written, the words must come out of the value.
    """
    faults = []
    points = {point.name: point for point in profile.points}
    for golden in profile.golden:
        words: dict[tuple[str, int], int] = {}
        for place, values in golden.words.items():
            table, _, address = place.partition(":")
            words.update({(table, int(address) + at): word for at, word in enumerate(values)})
        for name, expected in golden.gives.items():
            point = points[name]
            if fault := _golden_fault(point, expected, words, profile.word_order):
                faults.append(f"golden '{golden.source}': {fault}")
    return faults


def _golden_fault(
    point: ModbusPoint,
    expected: float,
    words: dict[tuple[str, int], int],
    word_order: WordOrder,
) -> str | None:
    decoder = Decoder([point], word_order)
    places = [[(b.table, b.address + at) for at in range(b.count)] for b in decoder.blocks]
    absent = [f"{table}:{address}" for block in places for table, address in block if (table, address) not in words]
    if absent:
        return f"{point.name} needs {', '.join(absent)}, which it does not give"
    value = decoder.decode([[words[place] for place in block] for block in places])[0]
    if (value is None) != isnan(expected) or (value is not None and abs(value - expected) > 1e-6 * max(1, abs(value))):
        return f"{point.name} decodes to {value}, not to {expected}"
    if point.write is None or value is None or not point.write.min <= value <= point.write.max:
        return None
    exponent = 0
    if point.scale_factor_at is not None:
        word = words[point.table, point.scale_factor_at]
        exponent = struct.unpack(">h", word.to_bytes(2, "big"))[0]
    own = [words[point.table, point.address + at] for at in range(point.words)]
    encoded = encode(point, value, word_order, exponent)
    return None if encoded == own else f"{point.name} = {value} encodes to {encoded}, not to {own}"
