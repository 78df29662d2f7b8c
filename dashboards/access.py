"""Who may do what: roles and their rights. Each route names the right it needs, by `dashboards.needs`."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Right(StrEnum):
    """What somebody may do."""

    MONITOR = "monitor"
    """See whether the system works (/healthy, /metrics), and nothing of the building."""
    SEE = "see"
    """See everything that tells nothing about one resident."""
    SEE_PERSONAL = "see_personal"
    """See residents' rooms and what tells about one resident: presence, CO2."""
    SET_ROOMS = "set_rooms"
    """Change the set points of rooms and zones, and nothing else of the plant."""
    NOTE_WATER = "note_water"
    """Enter readings at taps, flushing and cleaning in the legionella file."""
    ACKNOWLEDGE = "acknowledge"
    """Acknowledge and shelve alarms."""
    OPERATE = "operate"
    """Take over points and give them back, set modes, say what the optimiser may do."""
    CONFIGURE = "configure"
    """Change settings, calendars and modes."""
    ADMINISTER = "administer"
    """People, their roles, and tokens of programs."""


class Role(StrEnum):
    """What somebody is to the building; each may do what the one before may, and more."""

    VIEWER = "viewer"
    CARE = "care"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ADMIN = "admin"


_VIEWER: Final = frozenset({Right.MONITOR, Right.SEE})
_CARE: Final = _VIEWER | {Right.SEE_PERSONAL, Right.SET_ROOMS, Right.NOTE_WATER}
_OPERATOR: Final = _CARE | {Right.ACKNOWLEDGE, Right.OPERATE}
_ENGINEER: Final = _OPERATOR | {Right.CONFIGURE}
RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    Role.VIEWER: _VIEWER,
    Role.CARE: _CARE,
    Role.OPERATOR: _OPERATOR,
    Role.ENGINEER: _ENGINEER,
    Role.ADMIN: _ENGINEER | {Right.ADMINISTER},
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody, or some program, who was let in."""

    name: str
    """As the audit writes it."""
    role: Role | None = Role.VIEWER
    """None for programs, which have rights of their own."""
    rights: frozenset[Right] | None = None
    """None: those of the role."""
    session: str | None = None
    """Id of the session that lets them in; None for guests and programs."""
    csrf: str | None = field(default=None, repr=False, compare=False)
    """What their pages bring with every change, so that a page from elsewhere cannot; None for programs."""

    def may(self, right: Right) -> bool:
        """Whether this viewer has the right."""
        return right in self.all_rights

    @property
    def all_rights(self) -> frozenset[Right]:
        """Everything this viewer may do."""
        if self.rights is not None:
            return self.rights
        return RIGHTS[self.role] if self.role is not None else frozenset()

    @property
    def sees_personal(self) -> bool:
        """Whether what tells about one resident is for their eyes."""
        return self.may(Right.SEE_PERSONAL)


def guest(role: Role) -> Viewer:
    """Who the demo lets in without a sign-in, to try out what a role may do."""
    return Viewer("demo", role)


ANONYMOUS: Final = Viewer("demo", Role.VIEWER, _VIEWER | {Right.SEE_PERSONAL})
"""Who the demo lets in where no role is asked for. Its residents are made up like its plant, so they are shown."""
MONITOR: Final = Viewer("monitoring", None, frozenset({Right.MONITOR}))
"""A program with the monitoring token of the environment."""
