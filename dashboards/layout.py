"""Where everything stands in the plant drawing: boxes and lines, from the components alone. No markup here.

Columns follow the flow from left to right: sources, machines, stores, circuits, users. Bands from top to bottom: heat,
tap water, electricity. Lengths are drawing units; the page scales the whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from dashboards.components import Component, Kind
from models.site import Site

COLUMN_X: Final = (16, 226, 476, 672, 974)
COLUMN_WIDTH: Final = (176, 196, 160, 254, 290)
WIDTH: Final = 1280
ROW: Final = 20
HEAD: Final = 28
FOOT: Final = 6
GAP: Final = 10
BAND_GAP: Final = 26
TOP: Final = 12
EDGE: Final = 16.0
BUS: Final = 16.0
"""From a busbar down to what hangs on it."""
BUS_GAP: Final = 20.0
BEND: Final = 27.0
"""From a box to the bend of the pipe that comes to it past other columns."""
METERED_WIDTH: Final = 200.0
LISTED_WIDTH: Final = 175.0
"""Of one column of a list."""
LEAST_BLINDS: Final = 190.0
MOST_BLINDS: Final = 400.0


@dataclass(frozen=True, slots=True)
class Box:
    """A frame with one component, or with a list of them under a heading."""

    members: tuple[Component, ...]
    x: float
    y: float
    width: float
    height: float
    heading: str | None = None
    """Key of the heading of a list; None when the box is one component."""
    columns: int = 1
    """Of a list."""

    @property
    def right(self) -> float:
        """Where its right side is, on x."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Where its lower side is, on y."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Half-way down, on y."""
        return self.y + self.height / 2


class Line(NamedTuple):
    """A pipe or cable through its corners."""

    kind: str
    """'supply', 'return', 'water' or 'cable'."""
    corners: tuple[tuple[float, float], ...]


@dataclass(slots=True)
class Layout:
    """The finished arrangement."""

    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    height: float = 0.0


def arrange(site: Site, parts: Mapping[str, Component]) -> Layout:
    """Boxes and lines of the site's plant."""
    layout = Layout()
    kinds: dict[Kind, list[Component]] = {kind: [] for kind in Kind}
    for part in parts.values():
        kinds[part.kind].append(part)
    y = _heat(layout, site, parts, kinds, TOP)
    y = _water(layout, site, parts, kinds, y + BAND_GAP)
    y = _electricity(layout, kinds, y + BAND_GAP)
    layout.height = y + TOP
    return layout


def _single(part: Component, column: int, y: float) -> Box:
    return Box((part,), COLUMN_X[column], y, COLUMN_WIDTH[column], _height(part))


def _height(part: Component) -> float:
    """Heading, a row for running or stopped where there is such a thing, a row a value."""
    return HEAD + ROW * max(1, len(part.shown) + bool(part.running)) + FOOT


def _list(parts: Sequence[Component], heading: str, x: float, y: float, width: float, columns: int = 1) -> Box:
    rows = -(-len(parts) // columns)
    return Box(tuple(parts), x, y, width, HEAD + (ROW + 4) * rows + FOOT, heading, columns)


def _stack(layout: Layout, parts: Iterable[Component], column: int, y: float) -> list[Box]:
    boxes = []
    for part in parts:
        box = _single(part, column, y)
        boxes.append(box)
        y = box.bottom + GAP
    layout.boxes += boxes
    return boxes


def _heat(
    layout: Layout, site: Site, parts: Mapping[str, Component], kinds: Mapping[Kind, list[Component]], top: float
) -> float:
    sources = _stack(layout, [*kinds[Kind.WEATHER], *kinds[Kind.WELLS]], 0, top)
    machines = _stack(layout, [*kinds[Kind.HEAT_PUMP], *kinds[Kind.DISTRICT_HEAT], *kinds[Kind.BOILER]], 1, top)
    buffers = _stack(layout, [parts[t.id] for t in site.tanks if t.role == "buffer"], 2, top + HEAD)
    circuits = _stack(layout, kinds[Kind.CIRCUIT], 3, top)
    pumps = [box for box in machines if box.members[0].kind is Kind.HEAT_PUMP]
    wells = [box for box in sources if box.members[0].kind is Kind.WELLS]
    _manifold(layout, wells, pumps)
    _manifold(layout, machines, buffers or circuits)
    if buffers:
        _manifold(layout, buffers, circuits)
    users = _users(layout, site, parts, kinds[Kind.AIR], {box.members[0].id: box for box in circuits}, top)
    return max((box.bottom for box in [*sources, *machines, *buffers, *circuits, *users]), default=top)


def _users(
    layout: Layout,
    site: Site,
    parts: Mapping[str, Component],
    units: Sequence[Component],
    circuits: Mapping[str, Box],
    top: float,
) -> list[Box]:
    """What each circuit serves: the rooms beside their circuit, the air-handling units in one list."""
    users: list[Box] = []
    y = top
    for circuit in site.circuits:
        rooms = parts.get(f"{circuit.id}.rooms")
        if rooms is not None:
            users.append(_single(rooms, 4, max(y, circuits[circuit.id].y)))
            y = users[-1].bottom + GAP
            _pair(layout, circuits[circuit.id], users[-1])
    if units:
        users.append(_list(units, "drawing.air_handling", COLUMN_X[4], y, COLUMN_WIDTH[4]))
        for circuit in site.circuits:
            if any(unit.circuit == circuit.id for unit in site.air_handling):
                _pair(layout, circuits[circuit.id], users[-1])
    layout.boxes += users
    return users


def _water(
    layout: Layout, site: Site, parts: Mapping[str, Component], kinds: Mapping[Kind, list[Component]], top: float
) -> float:
    tanks = [parts[t.id] for t in site.tanks if t.role != "buffer"]
    place = {tank.id: number for number, tank in enumerate(tanks)}
    fields = sorted(site.collectors, key=lambda panel: place.get(panel.tank, len(tanks)))
    collectors = _stack(layout, [parts[panel.id] for panel in fields], 0, top)
    first = _stack(layout, tanks[:1], 1, top)
    others = _stack(layout, tanks[1:], 2, top)
    water = _stack(layout, kinds[Kind.HOT_WATER], 3, top)
    boxes = {box.members[0].id: box for box in [*first, *others]}
    for panel, box in zip(fields, collectors, strict=True):
        if panel.tank in boxes:
            _pair(layout, box, boxes[panel.tank])
    chain = [boxes[t] for t in site.hot_water.preheat_tanks if t in boxes] if site.hot_water else []
    for left, right in zip(chain, [*chain[1:], *water], strict=False):
        layout.lines.append(Line("water", ((left.right, left.middle + 16), (right.x, left.middle + 16))))
    charged = [boxes[t.id] for t in site.tanks if t.role == "heat_pump" and t.id in boxes]
    machines = [box for box in layout.boxes if box.members[0].kind is Kind.HEAT_PUMP]
    if charged and machines:
        _down(layout, machines, charged[0])
    loops: list[Box] = []
    if kinds[Kind.LOOP] and water:
        loops = [_list(kinds[Kind.LOOP], "drawing.circulation", COLUMN_X[4], top, COLUMN_WIDTH[4])]
        layout.boxes += loops
        _pair(layout, water[0], loops[0])
    return max((box.bottom for box in [*collectors, *first, *others, *water, *loops]), default=top)


def _electricity(layout: Layout, kinds: Mapping[Kind, list[Component]], top: float) -> float:
    """Rows along busbars: the grid, the sun, batteries, cars; blinds at the end, since they belong to the outside."""
    singles = [*kinds[Kind.MAIN], *kinds[Kind.PV][:2], *kinds[Kind.BATTERY]]
    boxes = [Box((part,), 0, 0, METERED_WIDTH, _height(part)) for part in singles]
    lists = ((kinds[Kind.PV][2:], "drawing.pv", 1), (kinds[Kind.CHARGER], "drawing.chargers", 2))
    boxes += [_list(parts, text, 0, 0, LISTED_WIDTH * columns, columns) for parts, text, columns in lists if parts]
    rows: list[list[Box]] = []
    bottom = y = top + BUS
    for box in boxes:
        x = rows[-1][-1].right + BUS_GAP if rows else WIDTH
        if x + box.width > WIDTH - EDGE:
            x, y = EDGE, bottom + (GAP + BUS if rows else 0)
            rows.append([])
        rows[-1].append(replace(box, x=x, y=y))
        bottom = max(bottom, rows[-1][-1].bottom)
    for row in rows:
        level = row[0].y - BUS
        layout.lines += [Line("cable", ((box.x + 30, level), (box.x + 30, box.y))) for box in row]
        if len(boxes) > 1:
            layout.lines.append(Line("bus", ((row[0].x, level), (max(row[-1].right, row[0].x + 60), level))))
        layout.boxes += row
    if not kinds[Kind.BLIND]:
        return bottom if rows else top
    x = rows[-1][-1].right + BUS_GAP if rows else EDGE
    if WIDTH - EDGE - x < LEAST_BLINDS:
        x, y = EDGE, bottom + GAP
    layout.boxes.append(_list(kinds[Kind.BLIND], "drawing.blinds", x, y, min(WIDTH - EDGE - x, MOST_BLINDS)))
    return max(bottom, layout.boxes[-1].bottom)


def _pair(layout: Layout, left: Box, right: Box) -> None:
    """Supply and return between two neighbours; straight where they overlap in height, else with one bend."""
    low, high = max(left.y, right.y) + 12, min(left.bottom, right.bottom) - 12
    if high - low >= 16:
        middle = (low + high) / 2
        corners = [_line_through((left.right, middle + d), (right.x, middle + d)) for d in (-6, 6)]
    else:
        bend = right.x - min((right.x - left.right) / 2, BEND)
        corners = [
            _line_through(
                (left.right, left.middle + d),
                (bend - d, left.middle + d),
                (bend - d, right.middle + d),
                (right.x, right.middle + d),
            )
            for d in (-6, 6)
        ]
    layout.lines += [Line(kind, line) for kind, line in zip(("supply", "return"), corners, strict=True)]


def _line_through(*corners: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    return corners


def _manifold(layout: Layout, left: Sequence[Box], right: Sequence[Box]) -> None:
    """Supply and return that join every box on the left with every box on the right, by a riser in the gap."""
    if not left or not right:
        return
    gap = (max(box.right for box in left) + min(box.x for box in right)) / 2
    for kind, d in (("supply", -6), ("return", 6)):
        x = gap + d
        ends = [(box.right, box.middle + d) for box in left] + [(box.x, box.middle + d) for box in right]
        layout.lines += [Line(kind, (end, (x, end[1]))) for end in ends]
        heights = [y for _, y in ends]
        layout.lines.append(Line(kind, ((x, min(heights)), (x, max(heights)))))


def _down(layout: Layout, machines: Sequence[Box], tank: Box) -> None:
    """Supply and return from the machines down to a tank in the band below, beside the riser to the buffer."""
    for kind, d in (("supply", 0), ("return", 10)):
        x = tank.x - 30 + d
        level = tank.y + 34 + d
        ends = [(box.right, box.bottom - 26 + d) for box in machines]
        layout.lines += [Line(kind, (end, (x, end[1]))) for end in ends]
        layout.lines += [Line(kind, ((x, min(y for _, y in ends)), (x, level), (tank.x, level)))]
