"""What a rule asks for, before the guard has looked at it."""

from dataclasses import dataclass

from models.signals import Reason


@dataclass(frozen=True, slots=True)
class Wish:
    """A value for a writable point; None gives it back to the device's own control."""

    point: str
    value: float | None
    reason: Reason
    needs: tuple[str, ...]
    """The inputs it was decided on; the guard holds it unless all of them are young."""
