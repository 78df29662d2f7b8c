"""Function descriptions as pages may read them: what each system does, at which numbers, and what stops it.

Every number in them is the site file's or the one that control works with; `bems/functions` writes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.profile import Text

Origin = Literal["site", "control", "guard"]
"""Where a number is set: in the site file, in the rules, or in what guards them."""


@dataclass(frozen=True, slots=True)
class SetPointView:
    """A number that decides, and where it comes from."""

    name: Text
    value: Text
    """With its unit."""
    origin: Origin
    point: str | None = None
    """The set point in the field that follows from it now."""


@dataclass(frozen=True, slots=True)
class FallView:
    """What points that we write do when nobody holds them."""

    name: Text
    """What they all are."""
    points: Sequence[str]
    to: Text
    """The value they fall to."""
    how: Text


@dataclass(frozen=True, slots=True)
class FunctionView:
    """One system, by the first three digits of its tags."""

    system: str
    title: Text
    purpose: Sequence[Text]
    sequence: Sequence[Text]
    """What it does, in the order in which it matters."""
    set_points: Sequence[SetPointView]
    interlocks: Sequence[Text]
    """What no rule, plan or person gets past."""
    failures: Sequence[Text]
    """What happens without an input."""
    alarms: Sequence[str]
    """Points that raise an alarm by themselves."""
    duties: Sequence[Text]
    """Alarms that control raises."""
    restart: Sequence[Text]
    """After a power cut or a restart."""
    falls: Sequence[FallView]
