"""People sign in, are invited, change roles and leave; whoever guesses waits; what is kept tells no secret."""

import asyncio
import json
import stat
from dataclasses import replace

import pytest

from bems.people import hashing
from bems.people.backoff import Backoff
from bems.people.book import Book, BookError, Person, key_of, load, save
from bems.people.hashing import as_typed, hash_password, is_password, is_weak, new_code
from bems.people.reception import Reception
from dashboards.access import MONITOR, Right, Role, Viewer
from dashboards.ports.people import NotDoneError
from models.access import Access

GOOD = "riktig hest batteri"
OTHER = "en annen setning her"
HERE = "127.0.0.1"
STRONG = hashing.SCRYPT
ROOT = Viewer("root", Role.ADMIN)


class Clock:
    """Wall time that a test sets."""

    def __init__(self):
        self.s = 1_700_000_000.0

    def __call__(self):
        return self.s


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Passwords cost little here."""
    monkeypatch.setattr(hashing, "SCRYPT", {"n": 16, "r": 8, "p": 1})


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def noted():
    return []


@pytest.fixture
def make(tmp_path, clock, noted):
    """A reception over the same file, as after a restart."""

    def reception(rules=Access()):  # noqa: B008  (immutable)
        note = lambda who, what, before=None, after=None: noted.append((who, what, before, after))  # noqa: E731
        return Reception(tmp_path / "people.json", rules, clock, note)

    return reception


async def admin(reception, name="Kari Nordmann"):
    return await reception.welcome(name, reception.first_code(), GOOD, HERE)


async def refused(asked):
    with pytest.raises(NotDoneError) as caught:
        await asked
    return caught.value.why


def test_a_password_is_known_again_and_another_is_not():
    kept = hash_password(GOOD)
    assert GOOD not in kept
    assert is_password(GOOD, kept)
    assert not is_password(GOOD + " ", kept)
    assert hash_password(GOOD) != kept


def test_what_was_kept_with_other_parameters_is_still_known(monkeypatch):
    kept = hash_password(GOOD)
    monkeypatch.setattr(hashing, "SCRYPT", {"n": 32, "r": 8, "p": 1})
    assert is_password(GOOD, kept)


def test_the_parameters_in_use_are_strong():
    assert STRONG == {"n": 2**15, "r": 8, "p": 3}


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaa", "abababababab", "kari nordmann" * 2, "x" * 300])
def test_weak_passwords_are_refused(password):
    assert is_weak(password, "Kari Nordmann")


def test_a_code_survives_how_people_type_it():
    code = new_code()
    assert as_typed(f" {code.lower().replace('-', ' ')} ") == as_typed(code)
    assert len(as_typed(code)) == 12


async def test_the_first_administrator_comes_with_the_code_of_the_terminal_and_only_once(make, noted):
    reception = make()
    assert not reception.is_first_run()
    code = reception.first_code()
    assert reception.is_first_run()
    assert await refused(reception.welcome("Kari", "AAAA-BBBB-CCCC", GOOD, HERE)) == "code"
    begun = await reception.welcome("Kari", code.lower(), GOOD, HERE)
    assert begun.viewer.role is Role.ADMIN
    assert not reception.is_first_run()
    assert await refused(reception.welcome("Ola", code, GOOD, HERE)) == "code"
    assert [what for _, what, _, _ in noted] == ["admin_by_terminal", "signed_in"]


async def test_a_lost_password_is_replaced_by_one_more_administrator_from_the_terminal(make):
    await admin(make())
    reception = make()
    begun = await reception.welcome("Kari Nordmann", reception.first_code(), OTHER, HERE)
    assert begun.viewer.name == "Kari Nordmann"
    assert await refused(reception.sign_in("Kari Nordmann", GOOD, HERE)) == "wrong"


async def test_a_session_lets_in_until_it_is_ended(make):
    reception = make()
    begun = await admin(reception)
    viewer = reception.by_session(begun.secret, acts=True)
    assert (viewer.name, viewer.role, viewer.csrf) == ("Kari Nordmann", Role.ADMIN, begun.viewer.csrf)
    assert reception.by_session(begun.secret + "x", acts=True) is None
    await reception.sign_out(viewer)
    assert reception.by_session(begun.secret, acts=True) is None
    assert not reception.is_let_in(viewer)


async def test_a_session_survives_a_restart(make):
    begun = await admin(make())
    assert make().by_session(begun.secret, acts=False).name == "Kari Nordmann"


async def test_a_session_ends_when_nobody_acts_and_after_its_longest_time(make, clock):
    reception = make(Access(idle_min=30, longest_h=2))
    idle, busy = await admin(reception), await reception.sign_in("kari  nordmann", GOOD, HERE)
    for _ in range(3):
        clock.s += 25 * 60
        assert reception.by_session(busy.secret, acts=True)
        reception.by_session(idle.secret, acts=False)
    assert reception.by_session(idle.secret, acts=True) is None
    assert not reception.is_let_in(idle.viewer)
    clock.s += 46 * 60
    assert reception.by_session(busy.secret, acts=True) is None


async def test_who_is_invited_chooses_a_password_with_the_code_within_a_week(make, clock):
    reception = make()
    code = await reception.add(ROOT, " Ola   Hansen ", Role.CARE)
    assert [(p.name, p.state) for p in reception.people()] == [("Ola Hansen", "invited")]
    assert await refused(reception.sign_in("Ola Hansen", "", HERE)) == "wrong"
    assert await refused(reception.welcome("Ola Hansen", code, "short", HERE)) == "weak"
    begun = await reception.welcome("ola hansen", code, GOOD, HERE)
    assert begun.viewer.role is Role.CARE
    assert await refused(reception.welcome("ola hansen", code, OTHER, HERE)) == "code"
    late = await reception.add(ROOT, "Late", Role.VIEWER)
    clock.s += 8 * 86400
    assert await refused(reception.welcome("Late", late, GOOD, HERE)) == "code"


async def test_two_with_the_same_code_get_in_once(make):
    reception = make()
    code = await reception.add(ROOT, "Ola", Role.CARE)
    both = [reception.welcome("Ola", code, GOOD, HERE), reception.welcome("Ola", code, OTHER, HERE)]
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["NotDoneError", "SignedIn"]


async def test_a_new_code_ends_sessions_and_the_old_password_goes_with_the_new_one(make):
    reception = make()
    await admin(reception)
    ola = await reception.welcome("Ola", await reception.add(ROOT, "Ola", Role.OPERATOR), GOOD, HERE)
    code = await reception.new_code(ROOT, "ola")
    assert not reception.is_let_in(ola.viewer)
    await reception.welcome("Ola", code, OTHER, HERE)
    assert await refused(reception.sign_in("Ola", GOOD, HERE)) == "wrong"


async def test_another_role_or_a_closed_door_ends_what_was_open(make):
    reception = make()
    await admin(reception)
    await reception.welcome("Ola", await reception.add(ROOT, "Ola", Role.OPERATOR), GOOD, HERE)
    ola = await reception.sign_in("Ola", GOOD, HERE)
    await reception.change(ROOT, "Ola", Role.VIEWER, None)
    assert reception.by_session(ola.secret, acts=True) is None
    ola = await reception.sign_in("Ola", GOOD, HERE)
    assert not ola.viewer.may(Right.OPERATE)
    await reception.change(ROOT, "Ola", None, True)
    assert reception.by_session(ola.secret, acts=True) is None
    assert await refused(reception.sign_in("Ola", GOOD, HERE)) == "wrong"
    await reception.change(ROOT, "Ola", None, False)
    assert await reception.sign_in("Ola", GOOD, HERE)


async def test_there_is_always_an_administrator(make):
    reception = make()
    kari = (await admin(reception)).viewer
    await reception.add(kari, "Ola", Role.ADMIN)  # invited, so not one yet
    assert await refused(reception.change(kari, "Kari Nordmann", Role.ENGINEER, None)) == "last_admin"
    assert await refused(reception.change(kari, "Kari Nordmann", None, True)) == "last_admin"
    assert await refused(reception.remove(kari, "Kari Nordmann")) == "last_admin"
    assert reception.is_let_in(kari)


async def test_names_are_taken_once_and_are_names(make):
    reception = make()
    await reception.add(ROOT, "Ola", Role.CARE)
    assert await refused(reception.add(ROOT, "OLA ", Role.CARE)) == "taken"
    for name in ("", "x", "<b>bold</b>", "a" * 41, "a\nb;"):
        assert await refused(reception.add(ROOT, name, Role.CARE)) == "name"
    assert await refused(reception.remove(ROOT, "Nobody")) == "unknown"


async def test_another_password_ends_all_other_sessions(make):
    reception = make()
    first, second = await admin(reception), await reception.sign_in("Kari Nordmann", GOOD, HERE)
    assert await refused(reception.change_password(second.viewer, OTHER, OTHER, HERE)) == "wrong"
    assert await refused(reception.change_password(second.viewer, GOOD, "short", HERE)) == "weak"
    await reception.change_password(second.viewer, GOOD, OTHER, HERE)
    assert reception.by_session(first.secret, acts=True) is None
    assert reception.by_session(second.secret, acts=True)
    assert await refused(reception.change_password(MONITOR, OTHER, GOOD, HERE)) == "unknown"


async def test_who_guesses_a_password_waits_longer_and_longer_also_with_the_right_one(make, clock):
    reception = make()
    await admin(reception)
    for _ in range(5):
        assert await refused(reception.sign_in("Kari Nordmann", "a wrong one", HERE)) == "wrong"
    assert await refused(reception.sign_in("Kari Nordmann", GOOD, "10.0.0.9")) == "wait"
    clock.s += 2
    assert await refused(reception.sign_in("Kari Nordmann", "a wrong one", HERE)) == "wrong"
    clock.s += 1.5
    assert await refused(reception.sign_in("Kari Nordmann", GOOD, HERE)) == "wait"
    clock.s += 1
    assert await reception.sign_in("Kari Nordmann", GOOD, HERE)
    assert await reception.sign_in("Kari Nordmann", GOOD, HERE)


async def test_many_guesses_at_once_gain_nothing(make):
    reception = make()
    await admin(reception)
    guesses = [reception.sign_in("Kari Nordmann", f"guess number {n}", f"10.0.0.{n}") for n in range(40)]
    whys = [one.why for one in await asyncio.gather(*guesses, return_exceptions=True)]
    assert whys.count("wrong") == 5
    assert whys.count("wait") == 35


async def test_who_guesses_names_waits_too_but_signing_in_costs_an_address_nothing(make):
    reception = make()
    await admin(reception)
    for _ in range(30):
        await reception.sign_in("Kari Nordmann", GOOD, HERE)
    for n in range(20):
        assert await refused(reception.sign_in(f"nobody {n}", GOOD, "10.0.0.9")) == "wrong"
    assert await refused(reception.sign_in("somebody", GOOD, "10.0.0.9")) == "wait"


def test_waits_double_are_capped_and_forgotten():
    backoff = Backoff(free=2, longest_s=60, forget_s=3600)
    for n in range(12):
        backoff.begin("x", float(n))
    assert backoff.wait_s("x", 11.0) == 60
    assert backoff.wait_s("y", 11.0) == 0
    assert backoff.wait_s("x", 11.0 + 3601) == 0
    backoff.begin("x", 11.0 + 3601)
    assert backoff.wait_s("x", 11.0 + 3601) == 0


async def test_a_token_lets_a_program_in_for_its_rights_until_it_expires(make, clock, tmp_path):
    reception = make()
    token, secret = await reception.add_token(ROOT, "Adviser", [Right.SEE], 30)
    assert secret not in (tmp_path / "people.json").read_text()
    viewer = reception.by_token(secret)
    assert viewer.name == "Adviser (API)"
    assert viewer.all_rights == {Right.SEE}
    assert viewer.csrf is None
    assert reception.by_token(secret[:-1]) is None
    assert reception.tokens()[0].used_at is not None
    assert make().by_token(secret)
    clock.s += 31 * 86400
    assert reception.by_token(secret) is None
    assert not reception.is_let_in(viewer)
    assert reception.tokens() == []
    assert token.expires_at > token.made_at


async def test_a_token_that_was_removed_lets_nobody_in(make):
    reception = make()
    token, secret = await reception.add_token(ROOT, "Adviser", [Right.SEE], 30)
    viewer = reception.by_token(secret)
    await reception.remove_token(ROOT, token.id)
    assert reception.by_token(secret) is None
    assert not reception.is_let_in(viewer)
    assert await refused(reception.remove_token(ROOT, token.id)) == "unknown"


async def test_no_token_administers_people_or_outlives_two_years(make):
    reception = make()
    assert await refused(reception.add_token(ROOT, "Too much", [Right.ADMINISTER], 30)) == "rights"
    assert await refused(reception.add_token(ROOT, "Nothing", [], 30)) == "rights"
    assert await refused(reception.add_token(Viewer("v", Role.VIEWER), "More", [Right.OPERATE], 30)) == "rights"
    assert await refused(reception.add_token(ROOT, "For ever", [Right.SEE], 731)) == "days"


async def test_the_file_is_for_its_owner_and_has_no_secret(make, tmp_path):
    reception = make()
    code = await reception.add(ROOT, "Ola", Role.CARE)
    begun = await admin(reception)
    file = tmp_path / "people.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    for secret in (GOOD, code, as_typed(code), begun.secret, begun.viewer.csrf):
        assert secret not in text
    assert [f.name for f in tmp_path.iterdir()] == ["people.json"]


async def test_what_cannot_be_kept_is_refused_but_signing_in_goes_on(make, tmp_path, monkeypatch):
    reception = make()
    await admin(reception)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bems.people.book.save", full)
    assert await refused(reception.add(ROOT, "Ola", Role.CARE)) == "not_kept"
    assert [p.name for p in reception.people()] == ["Kari Nordmann"]
    begun = await reception.sign_in("Kari Nordmann", GOOD, HERE)
    assert reception.by_session(begun.secret, acts=True)


def test_a_file_that_is_none_of_ours_stops_the_start(tmp_path):
    path = tmp_path / "people.json"
    assert load(path) == Book()
    for text in ("{", "[]", '{"version": 2}', json.dumps({"version": 1, "people": [{}], "sessions": {}, "tokens": {}})):
        path.write_text(text)
        with pytest.raises(BookError):
            load(path)


def test_what_is_kept_comes_back(tmp_path):
    person = Person("Kari", Role.ADMIN, 1.0, password="x")
    book = Book().with_person(person)
    save(tmp_path / "people.json", book)
    assert load(tmp_path / "people.json").people == {key_of("KARI"): person}
    assert replace(book).admins() == {"kari"}


async def test_every_change_is_noted_without_a_secret(make, noted):
    reception = make()
    kari = (await admin(reception)).viewer
    code = await reception.add(kari, "Ola", Role.CARE)
    await reception.change(kari, "Ola", Role.OPERATOR, None)
    await reception.change(kari, "Ola", Role.OPERATOR, None)
    await reception.remove(kari, "Ola")
    _, secret = await reception.add_token(kari, "Adviser", [Right.SEE], 30)
    assert await refused(reception.sign_in("Kari Nordmann", "not this one", "10.0.0.9")) == "wrong"
    assert [(who, what) for who, what, _, _ in noted[2:]] == [
        ("Kari Nordmann", "person_added"), ("Kari Nordmann", "role_changed"), ("Kari Nordmann", "person_removed"),
        ("Kari Nordmann", "token_added"), ("Kari Nordmann", "sign_in_failed"),
    ]  # fmt: skip
    assert ("Ola (care)", "Ola (operator)") in [(before, after) for _, _, before, after in noted]
    said = str(noted)
    assert code not in said
    assert secret not in said
    assert "not this one" not in said
