"""Linear problems written as on paper: named blocks of variables and rows. The only file that knows the solver.

    m = Problem()
    heat = m.var("heat", 24, 0.0, 40.0)
    temp = m.var("temp", 24, 20.0, 65.0, ref=45.0)
    m.rows("store", (2.0 * (temp - temp.prev(44.0))).equals(0.25 * heat - 1.0))
    m.cost("energy", 0.25 * price * heat)

An `Expr` is a column of affine expressions, one per step; numbers and arrays take part as constants. A variable with a
reference `ref` is kept as its deviation from it, so that a sum of money hidden in the reference takes no part in the
solver's relative gap: `Solution.objective` has no constants. Nothing here depends on a clock or on chance: the same
problem gives the same answer, unless the time limit was hit, which the status says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Union

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array, csr_array, hstack, identity

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Operand = Union["Expr", float, Array]

VIOLATED: Final = 1e-6
"""Slack above this counts as used, in the row's own unit."""


class Status(StrEnum):
    """What came of a solve."""

    OPTIMAL = "optimal"
    TIME_LIMIT_WITH_INCUMBENT = "time_limit_with_incumbent"
    INFEASIBLE = "infeasible"
    FAILED = "failed"
    """No answer in time, unbounded, or an error of the solver."""


@dataclass(frozen=True, slots=True)
class Expr:
    """`size` affine expressions: const + the entries (row, column of the problem, value). Never changed in place."""

    size: int
    row: Index
    col: Index
    val: Array
    const: Array

    __array_ufunc__ = None  # numpy arrays leave `array * expr` to us

    def __add__(self, other: Operand) -> "Expr":
        if not isinstance(other, Expr):
            size = max(self.size, np.size(other))
            spread = self._spread(size)
            return Expr(size, spread.row, spread.col, spread.val, spread.const + other)
        size = max(self.size, other.size)
        a, b = self._spread(size), other._spread(size)
        row, col = np.concatenate((a.row, b.row)), np.concatenate((a.col, b.col))
        return Expr(size, row, col, np.concatenate((a.val, b.val)), a.const + b.const)

    def __mul__(self, factor: float | Array) -> "Expr":
        weight = np.broadcast_to(np.asarray(factor, dtype=np.float64), (max(self.size, np.size(factor)),))
        a = self._spread(len(weight))
        return Expr(a.size, a.row, a.col, a.val * weight[a.row], a.const * weight)

    def __neg__(self) -> "Expr":
        return self * -1.0

    def __sub__(self, other: Operand) -> "Expr":
        return self + (-other)

    def __rsub__(self, other: float | Array) -> "Expr":
        return -self + other

    def __truediv__(self, divisor: float | Array) -> "Expr":
        return self * (1.0 / np.asarray(divisor, dtype=np.float64))

    __radd__ = __add__
    __rmul__ = __mul__

    def __getitem__(self, part: slice | NDArray[np.bool_] | Index) -> "Expr":
        """The expressions chosen, in that order, any of them more than once."""
        kept = np.arange(self.size)[part]
        order = np.argsort(self.row, kind="stable")
        sorted_row = self.row[order]
        first, last = np.searchsorted(sorted_row, kept), np.searchsorted(sorted_row, kept, "right")
        counts = last - first
        taken = order[np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)]
        row = np.repeat(np.arange(len(kept)), counts)
        return Expr(len(kept), row, self.col[taken], self.val[taken], self.const[kept])

    def prev(self, first: float) -> "Expr":
        """Each step's value one step earlier; `first` stands before the first step."""
        there = self.row < self.size - 1
        const = np.concatenate(([first], self.const[:-1]))
        return Expr(self.size, self.row[there] + 1, self.col[there], self.val[there], const)

    def by(self, group: Index, count: int) -> "Expr":
        """Sums over groups: `group[i]` in 0..count-1 says where expression i belongs."""
        const = np.bincount(group, weights=self.const, minlength=count).astype(np.float64)
        return Expr(count, group[self.row], self.col, self.val, const)

    def sum(self) -> "Expr":
        """All of them added up, one expression."""
        return self.by(np.zeros(self.size, dtype=np.int64), 1)

    def equals(self, other: Operand) -> "Rows":
        """State that both sides are equal."""
        return Rows(self - other, equal=True)

    def __le__(self, other: Operand) -> "Rows":
        return Rows(self - other, equal=False)

    def __ge__(self, other: Operand) -> "Rows":
        return Rows(other - self, equal=False)

    def _spread(self, size: int) -> "Expr":
        if self.size == size:
            return self
        if self.size != 1:
            raise ValueError(f"blocks of {self.size} and {size} do not fit together")
        row = np.repeat(np.arange(size), len(self.col))
        return Expr(size, row, np.tile(self.col, size), np.tile(self.val, size), np.repeat(self.const, size))


@dataclass(frozen=True, slots=True)
class Rows:
    """`expr = 0` or `expr <= 0`."""

    expr: Expr
    equal: bool


def zeros(size: int) -> Expr:
    """An expression that is nothing."""
    nothing = np.zeros(0, dtype=np.int64)
    return Expr(size, nothing, nothing, np.zeros(0), np.zeros(size))


def total(parts: Sequence[Operand], size: int) -> Expr:
    """The parts added up; none give zero."""
    result = zeros(size)
    for part in parts:
        result = result + part
    return result


@dataclass(frozen=True, slots=True)
class Given:
    """A row that had to give way: how far, in the row's unit, at which place of its block."""

    row: str
    place: int
    amount: float


@dataclass(frozen=True)
class Solution:
    """What the solver found; `x` and `dual` are empty unless the status has a point."""

    status: Status
    x: Array
    objective: float
    """Without the constants of the problem."""
    dual: dict[str, Array] = field(default_factory=dict)
    """By row name: rise of the objective when the right-hand side rises by one; equalities and `<=` rows alike."""
    gap: float = 0.0
    """Proven relative distance from the optimum."""

    @property
    def found(self) -> bool:
        """Whether there is a point to read."""
        return self.status in (Status.OPTIMAL, Status.TIME_LIMIT_WITH_INCUMBENT)

    def value(self, expr: Expr) -> Array:
        """The expressions at the solution."""
        sums = np.bincount(expr.row, weights=expr.val * self.x[expr.col], minlength=expr.size)
        return np.asarray(sums + expr.const, dtype=np.float64)


class Problem:
    """Variables, rows and costs, in the order they are stated."""

    def __init__(self) -> None:
        self.columns = 0
        self.costs: dict[str, Expr] = {}
        self._lower: list[Array] = []
        self._upper: list[Array] = []
        self._integer: list[Array] = []
        self._rows: dict[str, Rows] = {}

    def var(
        self,
        name: str,
        size: int,
        lower: float | Array = 0.0,
        upper: float | Array = np.inf,
        *,
        ref: float | Array = 0.0,
        integer: int = 0,
    ) -> Expr:
        """A block of variables; the first `integer` of them whole numbers (then `ref` must be 0)."""
        reference = np.broadcast_to(np.asarray(ref, dtype=np.float64), (size,))
        low, high = (np.broadcast_to(np.asarray(b, dtype=np.float64), (size,)) - reference for b in (lower, upper))
        if bool((low > high).any()):
            raise ValueError(f"{name}: lower bound above upper bound")
        self._lower.append(low)
        self._upper.append(high)
        self._integer.append((np.arange(size) < integer).astype(np.float64))
        places = np.arange(size)
        block = Expr(size, places, places + self.columns, np.ones(size), reference)
        self.columns += size
        return block

    def rows(self, name: str, rows: Rows) -> None:
        """State a block of rows; a name is used once."""
        if name in self._rows:
            raise ValueError(f"rows '{name}' are stated twice")
        self._rows[name] = rows

    def cost(self, part: str, expr: Expr) -> None:
        """Add the sum of the expressions to what is minimised, under a name of its own."""
        self.costs[part] = self.costs.get(part, zeros(1)) + expr.sum()

    @property
    def row_count(self) -> int:
        """Rows in all."""
        return sum(rows.expr.size for rows in self._rows.values())

    @property
    def integer_count(self) -> int:
        """Whole-number variables in all."""
        return int(sum(block.sum() for block in self._integer))

    def solve(self, *, fixed: Array | None = None, time_limit_s: float = 5.0, gap: float | None = None) -> Solution:
        """The cheapest point.

        Args:
            fixed: a point whose whole numbers are kept (the others are found anew, with duals).
            time_limit_s: for the solver alone [s].
            gap: relative gap at which whole numbers are good enough; None: they may be broken, with duals.
        """
        if gap is not None and self.integer_count:
            return self._solve_whole(time_limit_s, gap)
        low, high = self._bounds()
        if fixed is not None:
            whole = np.concatenate(self._integer) > 0
            low[whole] = high[whole] = np.round(fixed[whole])
        return self._solve_linear(self._objective(), low, high, time_limit_s)

    def least(self, expr: Expr, time_limit_s: float = 5.0) -> float | None:
        """The smallest sum of the expressions that the rows allow, whole numbers broken; None when there is none."""
        vector = np.zeros(self.columns)
        np.add.at(vector, expr.col, expr.val)
        found = self._solve_linear(vector, *self._bounds(), time_limit_s)
        return float(found.value(expr.sum())[0]) if found.found else None

    def rounded(self, x: Array) -> Array:
        """The point with its whole-number blocks rounded so that their running sums stay as near as they can."""
        result, first = x.copy(), 0
        for low, high, whole in zip(self._lower, self._upper, self._integer, strict=True):
            over = 0.0
            for place in np.flatnonzero(whole):
                wanted = x[first + place] + over
                given = float(np.clip(np.round(wanted), low[place], high[place]))
                result[first + place], over = given, wanted - given
            first += len(whole)
        return result

    def least_broken(self, price: float, time_limit_s: float = 5.0) -> tuple[Solution, tuple[Given, ...]]:
        """The cheapest point when every row may give way at `price` per unit, and the rows that did, largest first."""
        matrix, right, equal = self._matrix()
        count = len(right)
        eye = identity(count, format="csc")
        widened = csc_array(hstack((matrix, -eye, eye[:, equal])))
        low, high = self._bounds()
        extra = count + int(equal.sum())
        cost = np.concatenate((self._objective(), np.full(extra, price)))
        low, high = np.concatenate((low, np.zeros(extra))), np.concatenate((high, np.full(extra, np.inf)))
        raw = self._solve_linear(cost, low, high, time_limit_s, (widened, right, equal))
        if not raw.found:
            return raw, ()
        over, under = raw.x[self.columns : self.columns + count], np.zeros(count)
        under[equal] = raw.x[self.columns + count :]
        amounts = over + under
        names = [(name, place) for name, rows in self._rows.items() for place in range(rows.expr.size)]
        given = [Given(*names[i], float(amounts[i])) for i in np.flatnonzero(amounts > VIOLATED)]
        x = raw.x[: self.columns]
        objective = float(self._objective() @ x)
        solution = Solution(raw.status, x, objective, raw.dual)
        return solution, tuple(sorted(given, key=lambda g: (-g.amount, g.row, g.place)))

    def _objective(self) -> Array:
        vector = np.zeros(self.columns)
        for expr in self.costs.values():
            np.add.at(vector, expr.col, expr.val)
        return vector

    def _bounds(self) -> tuple[Array, Array]:
        return np.concatenate(self._lower), np.concatenate(self._upper)

    def _matrix(self) -> tuple[csc_array, Array, NDArray[np.bool_]]:
        """(A, b, which rows are equalities) of A x = b and A x <= b."""
        first, row, col, val, right, equal = 0, [], [], [], [], []
        for rows in self._rows.values():
            expr = rows.expr
            row.append(expr.row + first)
            col.append(expr.col)
            val.append(expr.val)
            right.append(-expr.const)
            equal.append(np.full(expr.size, rows.equal))
            first += expr.size
        entries = (np.concatenate(val), (np.concatenate(row), np.concatenate(col)))
        return csc_array(entries, shape=(first, self.columns)), np.concatenate(right), np.concatenate(equal)

    def _solve_whole(self, time_limit_s: float, gap: float) -> Solution:
        matrix, right, equal = self._matrix()
        low, high = self._bounds()
        raw = milp(
            self._objective(),
            integrality=np.concatenate(self._integer),
            bounds=Bounds(low, high),
            constraints=LinearConstraint(matrix, np.where(equal, right, -np.inf), right),
            options={"time_limit": time_limit_s, "mip_rel_gap": gap},
        )
        if raw.x is None:
            return Solution(Status.INFEASIBLE if raw.status == 2 else Status.FAILED, np.zeros(0), np.nan)
        status = Status.OPTIMAL if raw.status == 0 else Status.TIME_LIMIT_WITH_INCUMBENT
        return Solution(status, raw.x, float(raw.fun), gap=float(raw.mip_gap or 0.0))

    def _solve_linear(
        self,
        cost: Array,
        low: Array,
        high: Array,
        time_limit_s: float,
        system: tuple[csc_array, Array, NDArray[np.bool_]] | None = None,
    ) -> Solution:
        matrix, right, equal = system or self._matrix()
        by_row = csr_array(matrix)
        raw = linprog(
            cost,
            A_ub=by_row[~equal],
            b_ub=right[~equal],
            A_eq=by_row[equal],
            b_eq=right[equal],
            bounds=np.column_stack((low, high)),
            method="highs",
            options={"time_limit": time_limit_s},
        )
        if raw.status != 0:
            return Solution(Status.INFEASIBLE if raw.status == 2 else Status.FAILED, np.zeros(0), np.nan)
        marginal = np.zeros(len(right))
        marginal[equal], marginal[~equal] = raw.eqlin.marginals, raw.ineqlin.marginals
        sizes = [rows.expr.size for rows in self._rows.values()]
        parts = np.split(marginal, np.cumsum(sizes)[:-1])
        return Solution(Status.OPTIMAL, raw.x, float(raw.fun), dict(zip(self._rows, parts, strict=True)))
