"""What the legionella file's page may read and write. The page side defines it, `bems/water_file.py` satisfies it."""

from typing import Protocol

from models.water_facts import AnyFact, Entry, WaterFile


class WaterDesk(Protocol):
    """The file of one site. An entry is in the record before anybody is told that it is."""

    def file(self) -> WaterFile:
        """As it stands."""
        ...

    async def enter(self, fact: AnyFact, who: str, corrects: int | None = None) -> Entry:
        """Make an entry, in the place of an older one or by itself; opens a deviation where it shows one.

        Raises dashboards.ports.desk.Refused, with a key of the texts' part [water_file_refused].
        """
        ...
