"""`bems night`: the night's programme and the last account from a record, also of a system that runs."""

from pathlib import Path
from typing import Literal

from bems.history.errors import RecordError
from bems.history.query import History
from bems.night.live import NIGHT_KEY
from bems.process import complain, say
from control.night.account import Account
from control.night.data import Programme
from models.local_time import OSLO
from models.profile import Text

Language = Literal["nb", "en"]
TITLES = {
    "nb": ("Natta", "Forrige natt", "Det som sto i veien", "Ingen natt er planlagt ennå."),
    "en": ("The night", "The night before", "What stood in the way", "No night has been planned yet."),
}


def print_night(data: Path, language: Language) -> int:
    """Print what the record in the folder keeps. Exit code 1: there is no record, or nothing in it."""
    path = data / "record.sqlite"
    try:
        kept = History(path).state(NIGHT_KEY) if path.exists() else None
    except RecordError as error:
        complain(str(error))
        return 1
    night, before, obstacles, none = TITLES[language]
    if kept is None:
        complain(none)
        return 1
    if kept["programme"] is not None:
        programme = Programme.from_json(kept["programme"])
        say(f"{night} {programme.start.astimezone(OSLO):%d.%m. %H:%M}–{programme.end.astimezone(OSLO):%H:%M}")
        for line in [*programme.notes, *(item.text for item in programme.items)]:
            say(f"  {_in(line, language)}")
    if kept["accounts"]:
        account = Account.from_json(kept["accounts"][-1])
        say(f"\n{before} {account.start.astimezone(OSLO):%d.%m. %H:%M}–{account.end.astimezone(OSLO):%H:%M}")
        say(f"  {_in(account.saved, language)}")
        for done in account.done:
            say(f"  {_in(done.item.text, language)}\n    {_in(done.text, language)}")
        if account.obstacles:
            say(f"\n{obstacles}")
        for obstacle in account.obstacles:
            say(f"  {_in(obstacle.text, language)}")
    return 0


def _in(text: Text, language: Language) -> str:
    return text.nb if language == "nb" else text.en
