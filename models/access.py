"""The `[access]` section of a site file: how long people stay signed in, and the page that anybody may see."""

from pydantic import Field

from models.field import Strict


class Access(Strict):
    """Sign-in and the public display."""

    idle_min: int = Field(default=120, ge=5, le=1440)
    """A session ends when nobody has done anything for so long [min]."""
    longest_h: int = Field(default=12, ge=1, le=720)
    """It ends after this in any case [h]."""
    display: bool = False
    """Whether /display shows the public page, without controls and without a sign-in."""
