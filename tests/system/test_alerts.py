"""People are really told: a mail server and a web server on loopback, and what happens when they are away."""

import asyncio
import email
import email.policy
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bems.alarming.alarms import Condition, device_flag, lost_connection
from bems.alarming.service import Alarming
from bems.alarming.telling import Teller
from bems.clock import wall_s
from bems.history.rows import EventKind
from models.alarming import Alerts, Recipient, Smtp, Step
from models.reasons import Code, because
from models.site import load_site
from tests.system.told import START, until

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")


class MailServer:
    """Takes mail as RFC 5321 says, and keeps it; refuses while `refusing`."""

    def __init__(self):
        self.mails, self.refusing, self.port = [], False, 0

    async def talk(self, reader, writer):
        async def say(line):
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 test")
        while line := (await reader.readline()).decode().strip():
            verb = line.upper()
            if verb.startswith("EHLO"):
                await say("250 test")
            elif verb.startswith("RCPT") and self.refusing:
                await say("550 no such mailbox")
            elif verb == "DATA":
                await say("354 go on")
                data = b""
                while not data.endswith(b"\r\n.\r\n"):
                    data += await reader.readline()
                self.mails.append(email.message_from_bytes(data[:-5], policy=email.policy.default))
                await say("250 taken")
            elif verb == "QUIT":
                await say("221 bye")
                break
            else:
                await say("250 ok")
        writer.close()


@asynccontextmanager
async def mail_server():
    server = MailServer()
    async with await asyncio.start_server(server.talk, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


@asynccontextmanager
async def web_server():
    """(asked, answers): bodies and headers of each POST, and the status of the next answers."""
    service = SimpleNamespace(asked=[], status=200, port=0)

    async def talk(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(headers["content-length"]))
        service.asked.append((json.loads(body), headers))
        writer.write(f"HTTP/1.1 {service.status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        service.port = listening.sockets[0].getsockname()[1]
        yield service


class Plant:
    """What the teller sees of a running system."""

    def __init__(self, alerts):
        self.site = SITE.model_copy(update={"alerts": alerts})
        self.alarming = Alarming(self.site, None)
        self.at, self.events = START, []
        self.clock = SimpleNamespace(now=lambda: self.at)
        self._ticked = asyncio.Event()
        self.ended = False

    def note(self, event):
        self.events.append(event)

    async def ticks(self):
        while not self.ended:
            yield 1
            await asyncio.sleep(0.01)

    def see(self, seconds, *conditions):
        self.at += timedelta(seconds=seconds)
        self.alarming.watch(conditions, self.at, may_end=True)


@asynccontextmanager
async def telling(plant, first_wait_s=0.05):
    teller = Teller(plant, first_wait_s)
    task = asyncio.create_task(teller.run())
    try:
        yield teller
    finally:
        plant.ended = True
        await asyncio.wait_for(task, 20)


def alerts(**more):
    steps = (Step(severity="B", to=("everybody",)), Step(severity="A", to=("everybody",)))
    return Alerts(**{"steps": steps, "gather_s": 1, **more})


def by_mail(server, **more):
    smtp = Smtp(host="127.0.0.1", port=server.port, security="none", sender="bems@example.org", timeout_s=5)
    people = (Recipient(id="kari", name="Kari", email="kari@example.org", **more),)
    return alerts(smtp=smtp, recipients=people)


async def test_a_mail_says_what_to_do_and_follows_the_alarm_to_its_end():
    async with mail_server() as server:
        plant = Plant(by_mail(server))
        async with telling(plant) as teller:
            plant.see(0, lost_connection("mb_heat", 5))
            plant.see(2, lost_connection("mb_heat", 5))
            await until(lambda: server.mails)
            mail = server.mails[0]
            assert (mail["to"], mail["from"], mail["auto-submitted"]) == (
                "kari@example.org", "bems@example.org", "auto-generated",
            )  # fmt: skip
            assert mail["subject"].startswith("[Alarm B]")
            assert "Forbindelsen mb_heat svarer ikke" in mail["subject"]
            text = mail.get_content()
            for part in ("Årsak: Strømbrudd", "Hvis ingen gjør noe:", "  1. Se under Utstyr", "15.01.2026 07:00"):
                assert part in text
            plant.see(1)
            plant.see(10)
            plant.see(300)
            plant.see(10)
            await until(lambda: len(server.mails) == 2)
            assert server.mails[1]["subject"].startswith("[Opphørt]")
            assert teller.health().state == "ok"
        told = [(e.subject, e.data["to"], e.data["how"], e.data["about"]) for e in plant.events]
        assert told == [
            ("connection.mb_heat", "kari", "e-mail", "raised"), ("connection.mb_heat", "kari", "e-mail", "over"),
        ]  # fmt: skip
        assert {event.kind for event in plant.events} == {EventKind.ALARM_TOLD}
        assert plant.alarming.calls.by_alarm == {}


async def test_a_restart_tells_nobody_twice():
    async with mail_server() as server:
        plant = Plant(by_mail(server))
        async with telling(plant):
            plant.see(0, lost_connection("mb_heat", 5))
            plant.see(2, lost_connection("mb_heat", 5))
            await until(lambda: plant.events)
        again = Plant(by_mail(server))
        again.alarming = Alarming(again.site, json.loads(json.dumps(plant.alarming.take_state()["alarms"])))
        async with telling(again):
            again.see(10, lost_connection("mb_heat", 5))
            await asyncio.sleep(0.3)
        assert len(server.mails) == 1


async def test_who_cannot_be_reached_is_tried_again_and_others_hear_of_it():
    async with mail_server() as server:
        server.refusing = True
        plant = Plant(by_mail(server))
        async with telling(plant) as teller:
            plant.see(0, lost_connection("mb_heat", 5))
            plant.see(2, lost_connection("mb_heat", 5))
            await until(lambda: list(teller.conditions()))
            (condition,) = teller.conditions()
            assert condition.id == "recipient.kari"
            assert "550" in condition.text.facts["detail"]
            assert teller.health().state == "down"
            server.refusing = False
            await until(lambda: server.mails)
            await until(lambda: not list(teller.conditions()))
    assert teller.health().state == "ok"


async def test_a_webhook_gets_facts_and_a_slow_mail_server_does_not_hold_it_up(monkeypatch):
    monkeypatch.setenv("HOOK_TOKEN", "secret-word")

    async def never(reader, writer):
        await reader.read()
        writer.close()
        over.set()

    over = asyncio.Event()
    async with web_server() as hook, await asyncio.start_server(never, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        smtp = Smtp(host="127.0.0.1", port=port, security="none", sender="bems@example.org", timeout_s=1)
        people = (
            Recipient(id="kari", name="Kari", email="kari@example.org"),
            Recipient(id="desk", name="Desk", webhook=f"http://127.0.0.1:{hook.port}/x", token_env="HOOK_TOKEN"),
        )
        plant = Plant(alerts(smtp=smtp, recipients=people))
        async with telling(plant):
            begun = wall_s()
            plant.see(0, lost_connection("mb_heat", 5))
            plant.see(2, lost_connection("mb_heat", 5))
            await until(lambda: hook.asked)
            assert wall_s() - begun < 0.9
        await asyncio.wait_for(over.wait(), 5)
    body, headers = hook.asked[0]
    assert headers["authorization"] == "bearer secret-word"
    assert (body["site"], body["flood"]) == ("biri", False)
    (alarm,) = body["alarms"]
    assert (alarm["id"], alarm["severity"], alarm["about"]) == ("connection.mb_heat", "B", "raised")
    assert alarm["text"]["en"].startswith("Connection mb_heat")


async def test_without_an_address_the_event_tells_a_broker_and_no_resident_is_named():
    plant = Plant(alerts(recipients=(Recipient(id="broker", name="Broker"),)))
    async with telling(plant):
        plant.see(0, lost_connection("mb_heat", 5))
        plant.see(2, lost_connection("mb_heat", 5))
        await until(lambda: plant.events)
    assert plant.events[0].data["how"] == "mqtt"


async def test_an_alarm_about_a_resident_says_only_that_there_is_one():
    async with mail_server() as server:
        plant = Plant(by_mail(server))
        secret = Condition(
            "point.a1_air.co2_ppm", "B", because(Code.ALARM_DEVICE_FLAG, name="a1_air", signal="co2_ppm", tag="=1"),
            "a1_air.co2_ppm",
        )  # fmt: skip
        async with telling(plant):
            plant.see(0, secret)
            plant.see(2, secret)
            await until(lambda: server.mails)
        assert "a1" not in server.mails[0].get_content()
        assert "beboer" in server.mails[0]["subject"]


async def test_a_flood_is_one_mail_with_its_causes():
    async with mail_server() as server:
        plant = Plant(by_mail(server, language="en"))
        many = [lost_connection(connection.id, 3) for connection in SITE.connections][:12]
        flags = [device_flag(point) for point in SITE.points.values() if point.spec.alarm]
        async with telling(plant):
            plant.see(0, *many, *flags)
            plant.see(2, *many, *flags)
            await until(lambda: server.mails)
            await asyncio.sleep(0.2)
        (mail,) = server.mails
        text = mail.get_content()
        assert text.startswith("Flood of alarms")
        assert text.count("ALARM, class") <= 12
        assert "alarms more" in text


@pytest.mark.parametrize("field", ["password_env", "token_env"])
async def test_a_missing_secret_is_said_by_its_name(field, monkeypatch):
    monkeypatch.delenv("MISSING_WORD", raising=False)
    async with mail_server() as server:
        smtp = Smtp(host="127.0.0.1", port=server.port, security="none", sender="b@example.org", username="b",
                    password_env="MISSING_WORD")  # fmt: skip
        person = {"email": "k@example.org"} if field == "password_env" else {
            "webhook": "http://127.0.0.1:9/x", "token_env": "MISSING_WORD"}  # fmt: skip
        plant = Plant(alerts(smtp=smtp, recipients=(Recipient(id="kari", name="Kari", **person),)))
        async with telling(plant) as teller:
            plant.see(0, lost_connection("mb_heat", 5))
            plant.see(2, lost_connection("mb_heat", 5))
            await until(lambda: "MISSING_WORD is not set" in teller.health().detail)
