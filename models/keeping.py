"""What the site file says about the record: how often samples are stored, and how long they are kept, in which form."""

from typing import Final

from pydantic import Field

from models.field import Strict

THINNED_MIN: Final = 15
"""Minutes that one mean stands for once raw samples have been thinned."""


class RecordKeeping(Strict):
    """The `[record]` section. Samples are thinned, never thrown away, but for personal ones."""

    every_s: float = Field(default=60.0, ge=1.0, le=900.0)
    """Analog values and counters are stored at most so often, unless they move by a lot."""
    hot_days: int = Field(default=1, ge=1, le=62)
    """Finished days (UTC) stay so long in SQLite; then they are Parquet files of the archive, which are read faster."""
    raw_years: float = Field(default=5.0, ge=0.1, le=100.0)
    """Days that are older are thinned to means of 15 minutes; counters keep their readings."""
    personal_days: int = Field(default=30, ge=1, le=3660)
    """Samples of personal points (a device's `personal` signals) are deleted after so many days."""
    reserve_mb: int = Field(default=1024, ge=1)
    """With less free on the disk, an alarm is raised and the oldest raw days are thinned before their time."""
