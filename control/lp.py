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

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array, csr_array, hstack, identity

from control.expr import Array, Expr, Rows, zeros

WHOLE_ENOUGH: Final = 1e-6
"""A broken number this near to a whole one counts as it."""
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

    def solve(
        self,
        *,
        fixed: Array | None = None,
        near: Array | None = None,
        time_limit_s: float = 5.0,
        gap: float | None = None,
    ) -> Solution:
        """The cheapest point.

        Args:
            fixed: a point whose whole numbers are kept (the others are found anew, with duals).
            near: a point whose whole numbers may only be rounded up or down.
            time_limit_s: for the solver alone [s].
            gap: relative gap at which whole numbers are good enough; None: they may be broken, with duals.
        """
        low, high = self._bounds()
        whole = np.concatenate(self._integer) > 0
        if fixed is not None:
            low[whole] = high[whole] = np.round(fixed[whole])
        if near is not None:
            low[whole] = np.maximum(low[whole], np.floor(near[whole] + WHOLE_ENOUGH))
            high[whole] = np.minimum(high[whole], np.ceil(near[whole] - WHOLE_ENOUGH))
        if gap is not None and self.integer_count:
            return self._solve_whole(low, high, time_limit_s, gap)
        return self._solve_linear(self._objective(), low, high, time_limit_s)

    def least(self, expr: Expr, time_limit_s: float = 5.0) -> float | None:
        """The smallest sum of the expressions that the rows allow, whole numbers broken; None when there is none."""
        vector = np.zeros(self.columns)
        np.add.at(vector, expr.col, expr.val)
        found = self._solve_linear(vector, *self._bounds(), time_limit_s)
        return float(found.value(expr.sum())[0]) if found.found else None

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

    def _solve_whole(self, low: Array, high: Array, time_limit_s: float, gap: float) -> Solution:
        matrix, right, equal = self._matrix()
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
