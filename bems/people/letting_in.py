"""Let people into a running system: its reception, whose audit goes into the record, and the first code."""

from pathlib import Path
from typing import Final

from bems.audit import audited
from bems.clock import RealClock
from bems.errors import StartError
from bems.people.book import BookError
from bems.people.reception import Reception
from bems.process import say
from bems.system import System
from dashboards.audit_words import ACCESS

FILE: Final = "people.json"


def let_in(system: System, folder: Path, url: str, *, new_admin: bool) -> Reception:
    """The reception of a site whose people are kept in `folder`; StartError when they cannot be read.

    Where nobody administers people yet, or `new_admin` asks for one more because a password is lost, a code is told in
    the terminal and nowhere else.
    """
    clock = RealClock()

    def audit(who: str, what: str, before: object = None, after: object = None) -> None:
        system.note(audited(system.clock.now(), who, what, ACCESS, before, after))

    try:
        reception = Reception(folder / FILE, system.site.access, lambda: clock.now().timestamp(), audit)
    except BookError as error:
        raise StartError(str(error)) from error
    if new_admin or not reception.has_admin:
        say(f"To become administrator, open {url}/nb/welcome and use the code {reception.first_code()} (once).")
    return reception
