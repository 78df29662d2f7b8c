"""Sign-in, sessions, people and tokens of a running system: bems' side of dashboards.ports.people.People.

Everything is answered from memory; a change is written to the file first and holds from then on. Only sessions go on
without the file, so that a full disk keeps nobody out.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from bems.people import book as books
from bems.people.backoff import Backoff
from bems.people.book import Book, Person, Session, Token, key_of
from bems.people.hashing import (
    as_typed,
    csrf_of,
    fingerprint,
    hash_password,
    is_password,
    is_weak,
    new_code,
    new_secret,
)
from bems.people.showing import person_view, program, token_view, with_admin, written
from dashboards.access import Right, Role, Viewer
from dashboards.ports.people import NotDoneError, PersonView, SignedIn, TokenView
from models.access import Access

log = logging.getLogger(__name__)

CODE_DAYS: Final = 7
DAY_S: Final = 86_400.0
LONGEST_TOKEN_DAYS: Final = 730
MOST_WAITING: Final = 8
"""Passwords that may wait to be checked: each takes a quarter of a second of one core."""
KEEP_ACTED_S: Final = 60.0
"""When somebody last acted is known to this."""
GRANTABLE: Final = frozenset(Right) - {Right.ADMINISTER}
"""What a token may grant: no program makes people."""


class Audit(Protocol):
    """Notes who changed what."""

    def __call__(self, who: str, what: str, before: object = None, after: object = None) -> None:
        """`what` is a name of the texts' part [audit]."""
        ...


class Reception:
    """People of one site; on one event loop."""

    def __init__(self, path: Path, rules: Access, now_s: Callable[[], float], audit: Audit) -> None:
        """`path` is the file; `now_s` wall time since 1970. BookError when there is a file that cannot be read."""
        self._path = path
        self._rules = rules
        self._now_s = now_s
        self._audit = audit
        self._book = books.load(path)
        self._writing = asyncio.Lock()
        self._checking = asyncio.Semaphore(1)
        self._waiting = 0
        self._accounts = Backoff(free=5, longest_s=60.0)
        self._addresses = Backoff(free=20, longest_s=900.0)
        self._used_s: dict[str, float] = {}
        self._first_code: str | None = None
        self._nobody = hash_password("no person has this one")
        """Checked for names that do not exist, so that the time tells nothing."""

    # Who is it?

    def first_code(self) -> str:
        """A code that makes whoever has it an administrator, once; for the terminal."""
        code = new_code()
        self._first_code = fingerprint(as_typed(code))
        return code

    @property
    def has_admin(self) -> bool:
        """Whether anybody can administer people."""
        return bool(self._book.admins())

    def is_first_run(self) -> bool:
        """Whether the code from the terminal makes an administrator."""
        return self._first_code is not None and not self.has_admin

    def by_session(self, secret: str, acts: bool) -> Viewer | None:
        """Whose session it is, where it is still open."""
        kept = fingerprint(secret)
        viewer = self._viewer_of(kept)
        if viewer is None:
            return None
        session, now_s = self._book.sessions[kept], self._now_s()
        if acts and now_s - session.acted_s > KEEP_ACTED_S:
            self._book = self._book.with_session(kept, replace(session, acted_s=now_s))
        return replace(viewer, csrf=csrf_of(secret))

    def _viewer_of(self, kept: str) -> Viewer | None:
        session = self._book.sessions.get(kept)
        person = self._book.people.get(session.person) if session else None
        if session is None or person is None or person.closed or not self._is_open(session):
            return None
        return Viewer(person.name, person.role, session=kept)

    def _is_open(self, session: Session) -> bool:
        now_s = self._now_s()
        idle_s, age_s = now_s - session.acted_s, now_s - session.begun_s
        return 0 <= age_s < self._rules.longest_h * 3600 and idle_s < self._rules.idle_min * 60

    def by_token(self, secret: str) -> Viewer | None:
        """The program whose token it is, where it is still good."""
        kept = fingerprint(secret)
        for id_, token in self._book.tokens.items():
            if token.kept == kept and self._now_s() < token.expires_s:
                self._used_s[id_] = self._now_s()
                return program(id_, token)
        return None

    def is_let_in(self, viewer: Viewer) -> bool:
        """Whether the viewer's session or token is still good, with the same rights."""
        if viewer.session is None:
            return True
        token = self._book.tokens.get(viewer.session)
        if token is not None:
            return self._now_s() < token.expires_s
        found = self._viewer_of(viewer.session)
        return found is not None and found.all_rights == viewer.all_rights

    # Signing in and out

    async def sign_in(self, name: str, password: str, address: str) -> SignedIn:
        """Begin a session; NotDoneError `wrong` or `wait`."""
        key = key_of(name)
        self._begin_try(key, address)
        person = self._book.people.get(key)
        kept = person.password if person and not person.closed else None
        right = await self._check(password, kept or self._nobody)
        person = self._book.people.get(key)  # it took its time
        if not right or person is None or person.closed or person.password != kept:
            if person is not None:
                self._audit(person.name, "sign_in_failed", after=address)
            raise NotDoneError("wrong")
        return await self._begin_session(person, address)

    async def sign_out(self, viewer: Viewer) -> None:
        """End the viewer's session."""
        if viewer.session in self._book.sessions:
            await self._keep(lambda book: book.without_sessions(kept=viewer.session), must=False)
            self._audit(viewer.name, "signed_out")

    async def welcome(self, name: str, code: str, password: str, address: str) -> SignedIn:
        """Choose a password with a code; NotDoneError `code`, `weak`, `name` or `wait`."""
        key, typed = key_of(name), fingerprint(as_typed(code))
        self._begin_try(key, address)
        person = self._book.people.get(key)
        by_terminal = typed == self._first_code
        if by_terminal:
            person = replace(person or Person(written(name), Role.ADMIN, self._now_s()), role=Role.ADMIN, closed=False)
        elif person is None or person.closed or person.code != typed or self._now_s() > person.code_until_s:
            raise NotDoneError("code")
        if is_weak(password, name):
            self._forgive_try(key, address)
            raise NotDoneError("weak")
        kept = await self._hash(password)
        chosen = replace(person, password=kept, code=None, code_until_s=0.0)

        def with_password(book: Book) -> Book:
            now = book.people.get(key)
            if typed != self._first_code and (now is None or now.code != typed):
                raise NotDoneError("code")  # somebody was quicker with the same code
            return book.with_person(chosen).without_sessions(key)

        await self._keep(with_password)
        if by_terminal:
            self._first_code = None
        self._audit(person.name, "admin_by_terminal" if by_terminal else "password_chosen")
        return await self._begin_session(chosen, address)

    async def change_password(self, viewer: Viewer, old: str, new: str, address: str) -> None:
        """Another password; all other sessions of the person end. NotDoneError `wrong`, `weak` or `wait`."""
        key = key_of(viewer.name)
        self._begin_try(key, address)
        person = self._book.people.get(key)
        if person is None or person.password is None or viewer.session is None:
            raise NotDoneError("unknown")
        if not await self._check(old, person.password):
            raise NotDoneError("wrong")
        self._forgive_try(key, address)
        if is_weak(new, person.name):
            raise NotDoneError("weak")
        kept = await self._hash(new)

        def changed(book: Book) -> Book:
            now = book.people.get(key)
            if now is None or now.password != person.password:
                raise NotDoneError("unknown")
            return book.with_person(replace(now, password=kept)).without_sessions(key, but=viewer.session)

        await self._keep(changed)
        self._audit(viewer.name, "password_changed")

    async def _begin_session(self, person: Person, address: str) -> SignedIn:
        secret, now_s = new_secret(), self._now_s()
        kept = fingerprint(secret)
        key = key_of(person.name)
        self._forgive_try(key, address)

        def begun(book: Book) -> Book:
            for old, session in book.sessions.items():
                if not self._is_open(session):
                    book = book.without_sessions(kept=old)
            now = book.people.get(key)
            if now is not None:
                book = book.with_person(replace(now, signed_in_s=now_s))
            return book.with_session(kept, Session(key, now_s, now_s))

        await self._keep(begun, must=False)
        self._audit(person.name, "signed_in", after=address)
        viewer = Viewer(person.name, person.role, session=kept, csrf=csrf_of(secret))
        return SignedIn(viewer, secret, self._rules.longest_h * 3600.0)

    # Looking after people

    def people(self) -> Sequence[PersonView]:
        """Everybody, by name."""
        counts: dict[str, int] = {}
        for session in self._book.sessions.values():
            if self._is_open(session):
                counts[session.person] = counts.get(session.person, 0) + 1
        return [person_view(p, counts.get(key, 0)) for key, p in sorted(self._book.people.items())]

    async def add(self, by: Viewer, name: str, role: Role) -> str:
        """Invite somebody; gives the code. NotDoneError `name` or `taken`."""
        code, now_s = new_code(), self._now_s()
        person = Person(
            written(name), role, now_s, code=fingerprint(as_typed(code)), code_until_s=now_s + CODE_DAYS * DAY_S
        )

        def added(book: Book) -> Book:
            if key_of(name) in book.people:
                raise NotDoneError("taken")
            return book.with_person(person)

        await self._keep(added)
        self._audit(by.name, "person_added", after=f"{person.name} ({role})")
        return code

    async def change(self, by: Viewer, name: str, role: Role | None, closed: bool | None) -> None:
        """Another role, or close or open somebody's access. NotDoneError `unknown` or `last_admin`."""
        before = self._known(name)
        after = replace(before, role=role or before.role, closed=before.closed if closed is None else closed)
        if after == before:
            return

        def changed(book: Book) -> Book:
            return with_admin(book.with_person(after).without_sessions(key_of(name)), book)

        await self._keep(changed)
        if role is not None and role is not before.role:
            self._audit(by.name, "role_changed", f"{before.name} ({before.role})", f"{before.name} ({role})")
        if closed is not None and closed is not before.closed:
            self._audit(by.name, "person_closed" if closed else "person_opened", after=before.name)

    async def new_code(self, by: Viewer, name: str) -> str:
        """A new code for somebody who forgot the password. NotDoneError `unknown`."""
        code, person = new_code(), self._known(name)
        until_s = self._now_s() + CODE_DAYS * DAY_S
        coded = replace(person, code=fingerprint(as_typed(code)), code_until_s=until_s)
        await self._keep(lambda book: book.with_person(coded).without_sessions(key_of(name), but=by.session))
        self._audit(by.name, "code_given", after=person.name)
        return code

    async def remove(self, by: Viewer, name: str) -> None:
        """Forget somebody. NotDoneError `unknown` or `last_admin`."""
        person = self._known(name)
        await self._keep(lambda book: with_admin(book.without_person(key_of(name)), book))
        self._audit(by.name, "person_removed", before=f"{person.name} ({person.role})")

    def _known(self, name: str) -> Person:
        person = self._book.people.get(key_of(name))
        if person is None:
            raise NotDoneError("unknown")
        return person

    # Tokens of programs

    def tokens(self) -> Sequence[TokenView]:
        """Tokens that have not expired, by name."""
        good = [(id_, token) for id_, token in self._book.tokens.items() if self._now_s() < token.expires_s]
        return [
            token_view(id_, token, self._used_s.get(id_)) for id_, token in sorted(good, key=lambda pair: pair[1].name)
        ]

    async def add_token(self, by: Viewer, name: str, rights: Collection[Right], days: int) -> tuple[TokenView, str]:
        """A token for a program, and its secret. NotDoneError `name`, `days` or `rights`."""
        shown_name = written(name)
        if not 1 <= days <= LONGEST_TOKEN_DAYS:
            raise NotDoneError("days")
        if not rights or not set(rights) <= GRANTABLE & by.all_rights:
            raise NotDoneError("rights")
        secret, now_s = new_secret(), self._now_s()
        kept = fingerprint(secret)
        token = Token(shown_name, tuple(sorted(set(rights))), by.name, now_s, now_s + days * DAY_S, kept)

        def added(book: Book) -> Book:
            good = {id_: known for id_, known in book.tokens.items() if now_s < known.expires_s}
            return replace(book, tokens={**good, kept[:12]: token})

        await self._keep(added)
        self._audit(by.name, "token_added", after=f"{token.name} ({', '.join(token.rights)}, {days} d)")
        return token_view(kept[:12], token, None), secret

    async def remove_token(self, by: Viewer, token: str) -> None:
        """Make a token void. NotDoneError `unknown`."""
        known = self._book.tokens.get(token)
        if known is None:
            raise NotDoneError("unknown")
        rest = {id_: other for id_, other in self._book.tokens.items() if id_ != token}
        await self._keep(lambda book: replace(book, tokens=rest))
        self._audit(by.name, "token_removed", before=known.name)

    # What all of it rests on

    def _begin_try(self, account: str, address: str) -> None:
        """Count a try; NotDoneError `wait` where there have been too many."""
        now_s = self._now_s()
        wait_s = max(self._accounts.wait_s(account, now_s), self._addresses.wait_s(address, now_s))
        if wait_s > 0 or self._waiting >= MOST_WAITING:
            raise NotDoneError("wait", max(wait_s, 1.0))
        self._accounts.begin(account, now_s)
        self._addresses.begin(address, now_s)

    def _forgive_try(self, account: str, address: str) -> None:
        """A try was right: the account starts afresh, and this one try does not count for the address."""
        self._accounts.forgive(account)
        self._addresses.undo(address)

    async def _check(self, password: str, kept: str) -> bool:
        async with self._one_at_a_time():
            return await asyncio.to_thread(is_password, password, kept)

    async def _hash(self, password: str) -> str:
        async with self._one_at_a_time():
            return await asyncio.to_thread(hash_password, password)

    @asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        """One password at a time: control needs the other cores."""
        self._waiting += 1
        try:
            async with self._checking:
                yield
        finally:
            self._waiting -= 1

    async def _keep(self, change: Callable[[Book], Book], must: bool = True) -> None:
        """Change the book and its file; NotDoneError `not_kept` when it must be kept and cannot be."""
        async with self._writing:
            changed = change(self._book)
            acted = changed.sessions
            try:
                await asyncio.to_thread(books.save, self._path, changed)
            except OSError as error:
                log.error("people: %s cannot be written: %s", self._path, error)
                if must:
                    raise NotDoneError("not_kept") from error
            # sessions acted in while the file was written stay as they are now
            later = {k: s for k, s in self._book.sessions.items() if k in acted}
            self._book = replace(changed, sessions={**acted, **later})
