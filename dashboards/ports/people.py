"""What the pages need to know and to do about people, sessions and tokens. `bems/people` satisfies it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from dashboards.access import Right, Role, Viewer

Refused = Literal[
    "wrong", "wait", "weak", "name", "taken", "unknown", "last_admin", "code", "not_kept", "days", "rights"
]
"""Why something was not done; `access.<this>` is its text."""


class NotDoneError(Exception):
    """Something that was asked for and not done."""

    def __init__(self, why: Refused, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.wait_s = wait_s
        """Wall time until asking again is of use."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody who may sign in. Times are wall time, UTC."""

    name: str
    role: Role
    state: Literal["active", "invited", "closed"]
    """`invited`: has a code and no password yet; `closed`: may not sign in."""
    made_at: datetime
    signed_in_at: datetime | None
    """Last time; None before the first."""
    sessions: int
    """How many are open."""


@dataclass(frozen=True, slots=True)
class TokenView:
    """A program's token, without its secret. Times are wall time, UTC."""

    id: str
    name: str
    rights: Collection[Right]
    made_by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    """Last time since the program started; None before the first."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has just begun."""

    viewer: Viewer
    secret: str = field(repr=False)
    """What the browser brings from now on; it is kept nowhere but there."""
    longest_s: float
    """It ends at the latest after this wall time."""


class People(Protocol):
    """Everybody who may sign in. Whatever blocks is a coroutine; NotDoneError says what was not done and why."""

    def is_first_run(self) -> bool:
        """Whether the code from the terminal makes an administrator."""
        ...

    def by_session(self, secret: str, acts: bool) -> Viewer | None:
        """Whose session it is, where it is still open. `acts`: somebody did something, which puts off its end."""
        ...

    def by_token(self, secret: str) -> Viewer | None:
        """The program whose token it is, where it is still good."""
        ...

    def is_let_in(self, viewer: Viewer) -> bool:
        """Whether the viewer's session or token is still good, with the same rights."""
        ...

    async def sign_in(self, name: str, password: str, address: str) -> SignedIn:
        """Begin a session."""
        ...

    async def sign_out(self, viewer: Viewer) -> None:
        """End the viewer's session."""
        ...

    async def welcome(self, name: str, code: str, password: str, address: str) -> SignedIn:
        """Choose a password with a code: the one from the terminal at the first run, or an invitation."""
        ...

    async def change_password(self, viewer: Viewer, old: str, new: str, address: str) -> None:
        """Another password; all other sessions of the person end."""
        ...

    def people(self) -> Sequence[PersonView]:
        """Everybody, by name."""
        ...

    async def add(self, by: Viewer, name: str, role: Role) -> str:
        """Invite somebody; gives the code with which they choose a password."""
        ...

    async def change(self, by: Viewer, name: str, role: Role | None, closed: bool | None) -> None:
        """Another role, or close or open somebody's access; None leaves it."""
        ...

    async def new_code(self, by: Viewer, name: str) -> str:
        """A new code for somebody who forgot the password; the old one is void, and open sessions end."""
        ...

    async def remove(self, by: Viewer, name: str) -> None:
        """Forget somebody."""
        ...

    def tokens(self) -> Sequence[TokenView]:
        """Tokens that have not expired, by name."""
        ...

    async def add_token(self, by: Viewer, name: str, rights: Collection[Right], days: int) -> tuple[TokenView, str]:
        """A token for a program, and its secret, which is shown this once."""
        ...

    async def remove_token(self, by: Viewer, token: str) -> None:
        """Make a token void, by its id."""
        ...
