"""The `[access]` section of a site file: how long people stay signed in, and what anybody may see."""

from typing import Final, Literal

from pydantic import Field

from models.field import Strict

FEWEST_TOLD: Final = 8
"""An hour of a building tells of its residents where fewer live in it."""


class Access(Strict):
    """Sign-in, the public display, and open data."""

    idle_min: int = Field(default=120, ge=5, le=1440)
    """A session ends when nobody has done anything for so long [min]."""
    longest_h: int = Field(default=12, ge=1, le=720)
    """It ends after this in any case [h]."""
    display: bool = False
    """Whether /display shows the public page, without controls and without a sign-in."""
    open_data: bool = False
    """Whether /api/open/energy tells anybody the building's energy by the hour; with 8 residents or more, or none."""
    open_data_delay_h: int = Field(default=24, ge=1, le=8760)
    """Only hours that ended longer ago than this are told [h]."""
    open_data_licence: Literal["NLOD-2.0", "CC-BY-4.0"] = "NLOD-2.0"
    """Under which it may be used."""
