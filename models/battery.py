"""A battery as the site file has it."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from models.assets import Asset, NotNegative, Positive

Percent = Annotated[float, Field(ge=0, le=100)]


class Battery(Asset):
    """A battery behind its inverter; positive power charges it."""

    capacity_kwh: Positive
    """From empty to full, as its state of charge counts."""
    charge_kw: Positive
    """Most power it takes."""
    discharge_kw: Positive
    """Most power it gives."""
    efficiency: float = Field(default=0.95, gt=0, le=1)
    """Each way: what is stored of what is charged, what is given of what is taken out."""
    lowest_pct: Percent = 10.0
    """State of charge below which control does not discharge it."""
    highest_pct: Percent = 95.0
    """State of charge above which control does not charge it."""
    wear_nok_per_kwh: NotNegative = 0.10
    """What giving a kWh costs in life of the cells."""

    @field_validator("highest_pct")
    @classmethod
    def _room_between(cls, highest_pct: float, info: ValidationInfo) -> float:
        if highest_pct <= info.data.get("lowest_pct", -1.0):
            raise ValueError(f"must be above lowest_pct, {info.data['lowest_pct']:g}")
        return highest_pct
