"""Everybody who may sign in, as it is kept: immutable values, and the file they are kept in.

The file is read by its owner only, and replaced whole or not at all. It holds no password, no session and no token,
only what is needed to know one again.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from bems.durable import sync_folder
from dashboards.access import Right, Role

VERSION: Final = 1
OWNER_ONLY: Final = 0o600


class BookError(Exception):
    """The file cannot be read, or is none of ours."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. Times are wall time [s since 1970 UTC]."""

    name: str
    role: Role
    made_s: float
    password: str | None = field(default=None, repr=False)
    """What is kept of it; None until it has been chosen."""
    code: str | None = field(default=None, repr=False)
    """What is kept of the code with which one may be chosen."""
    code_until_s: float = 0.0
    closed: bool = False
    signed_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """An open session, by what is kept of its secret."""

    person: str
    """Key of the person."""
    begun_s: float
    acted_s: float
    """When somebody last did something in it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A program's token, by its id."""

    name: str
    rights: tuple[Right, ...]
    made_by: str
    made_s: float
    expires_s: float
    kept: str = field(repr=False)
    """What is kept of its secret."""


@dataclass(frozen=True, slots=True)
class Book:
    """All of it. Keys of people are their names in lower case."""

    people: Mapping[str, Person] = field(default_factory=lambda: MappingProxyType({}))
    sessions: Mapping[str, Session] = field(default_factory=lambda: MappingProxyType({}))
    tokens: Mapping[str, Token] = field(default_factory=lambda: MappingProxyType({}))

    def with_person(self, person: Person) -> Self:
        """With somebody new or changed."""
        return replace(self, people={**self.people, key_of(person.name): person})

    def without_person(self, key: str) -> Self:
        """Without somebody, and without their sessions."""
        people = {k: p for k, p in self.people.items() if k != key}
        return replace(self.without_sessions(key), people=people)

    def with_session(self, kept: str, session: Session) -> Self:
        """With a session that begins, or was acted in."""
        return replace(self, sessions={**self.sessions, kept: session})

    def without_sessions(self, person: str | None = None, kept: str | None = None, but: str | None = None) -> Self:
        """Without all sessions of a person (but one), or without one."""
        sessions = {k: s for k, s in self.sessions.items() if k == but or (s.person != person and k != kept)}
        return replace(self, sessions=sessions)

    def admins(self) -> frozenset[str]:
        """Keys of those who can administer people now."""
        return frozenset(
            k for k, p in self.people.items() if p.role is Role.ADMIN and not p.closed and p.password is not None
        )


def key_of(name: str) -> str:
    """By which somebody is found, however they write their name."""
    return " ".join(name.split()).casefold()


def load(path: Path) -> Book:
    """The book in the file; an empty one where there is none. BookError when it cannot be read."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        return _from_json(raw)
    except FileNotFoundError:
        return Book()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BookError(f"people cannot be read from {path}: {error}") from error


def save(path: Path, book: Book) -> None:
    """Replace the file. OSError when it cannot be done; then the one before it is whole."""
    text = json.dumps({"version": VERSION, **asdict_of(book)}, ensure_ascii=False, indent=1)
    beside = path.with_suffix(".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, OWNER_ONLY)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), OWNER_ONLY)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def asdict_of(book: Book) -> dict[str, Any]:
    """As JSON holds it."""
    return {
        "people": [asdict(person) for person in book.people.values()],
        "sessions": {kept: asdict(session) for kept, session in book.sessions.items()},
        "tokens": {id_: asdict(token) for id_, token in book.tokens.items()},
    }


def _from_json(raw: Any) -> Book:
    if raw["version"] != VERSION:
        raise ValueError(f"version {raw['version']} is not {VERSION}")
    people = [Person(**{**person, "role": Role(person["role"])}) for person in raw["people"]]
    tokens = {
        id_: Token(**{**token, "rights": tuple(Right(right) for right in token["rights"])})
        for id_, token in raw["tokens"].items()
    }
    sessions = {kept: Session(**session) for kept, session in raw["sessions"].items()}
    return Book({key_of(person.name): person for person in people}, sessions, tokens)
