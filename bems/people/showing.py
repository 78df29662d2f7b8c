"""People and tokens as pages see them, and what a name may be. Pure."""

from datetime import UTC, datetime
from typing import Final

from bems.people.book import Book, Person, Token
from dashboards.access import Viewer
from dashboards.ports.people import NotDoneError, PersonView, TokenView

LONGEST_NAME: Final = 40


def person_view(person: Person, sessions: int) -> PersonView:
    """Somebody, with how many sessions are open."""
    return PersonView(
        person.name,
        person.role,
        "closed" if person.closed else "active" if person.password is not None else "invited",
        _time(person.made_s),
        None if person.signed_in_s is None else _time(person.signed_in_s),
        sessions,
    )


def token_view(id_: str, token: Token, used_s: float | None) -> TokenView:
    """A token without its secret."""
    return TokenView(
        id_, token.name, token.rights, token.made_by, _time(token.made_s), _time(token.expires_s),
        None if used_s is None else _time(used_s),
    )  # fmt: skip


def program(id_: str, token: Token) -> Viewer:
    """Who a token lets in."""
    return Viewer(f"{token.name} (API)", None, frozenset(token.rights), session=id_)


def with_admin(after: Book, before: Book) -> Book:
    """The book after a change that must not take the last administrator; NotDoneError `last_admin`."""
    if before.admins() and not after.admins():
        raise NotDoneError("last_admin")
    return after


def written(name: str) -> str:
    """A name as it is shown; NotDoneError `name` when it is none."""
    plain = " ".join(name.split())
    if not 2 <= len(plain) <= LONGEST_NAME or not all(c.isalnum() or c in " .-_@'" for c in plain):
        raise NotDoneError("name")
    return plain


def _time(s: float) -> datetime:
    return datetime.fromtimestamp(s, UTC)
