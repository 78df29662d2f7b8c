"""Tells a broker how the plant is, beside the loop: every value that may leave, alarms, and events in order.

While the broker is away, only the newest word on each topic waits (`Outbox`); events wait in the record itself, where a
cursor follows them that moves when the broker has confirmed. A broker that comes back may have forgotten everything, so
it is told everything again before we are 'online'; when we are gone it says 'offline' for us (last will).
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from bems.alarming import alarms
from bems.clock import wall_s
from bems.history.errors import RecordError
from bems.history.query import History
from bems.history.rows import Event
from bems.publish.mqtt_discovery import Discovery
from bems.publish.mqtt_messages import OFFLINE, ONLINE, Messages
from bems.publish.mqtt_outbox import Outbox
from bems.state import aged
from bems.system import System
from dashboards.ports.view import Health
from drivers.mqtt_client import SILENT, enter, is_lost, leave, password, trusting
from models.outgoing import Outflow, Value, outgoing
from models.signals import Quality, Reading, Sample
from models.targets import MqttOut

log = logging.getLogger(__name__)

NAME: Final = "MQTT"
KEY: Final = "mqtt_out"
"""Of the cursor in the record, and our name among the parts of the system."""
KNOWN_KEY: Final = "mqtt_out known"
"""Of what the broker keeps of ours: topics, and alarms that were ever told."""
AT_ONCE: Final = 10
"""Messages on their way at the same time."""
MOST_EVENTS: Final = 200
LOOK_S: Final = 2.0
"""Wall time between two looks for new events."""
SETTLED_S: Final = 10.0
"""Wall time after which points that nobody has read yet are told as such."""
FAREWELL_S: Final = 1.0
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
AWAY_ALARM_S: Final = 3600.0
"""Wall time the broker may be away before people are told."""
UNAVAILABLE: Final = (3, 136)
"""Answers of a broker (MQTT 3 and 5) that pass by themselves; all others of its refusals need a person."""


class MqttFeed:
    """One site's messages to one broker. `run` lives until it is cancelled; everything else answers from memory."""

    def __init__(self, system: System, config: MqttOut, record_path: Path) -> None:
        site = system.site
        self._system, self._config = system, config
        self._history = History(record_path)
        self._messages = Messages(site, config)
        self._discovery = Discovery(site, config, self._messages)
        self._quantities = outgoing(site)
        self._flow = Outflow(self._quantities)
        self.outbox = Outbox()
        self._readings: dict[str, Reading] = {}
        self._told: dict[str, tuple[float | None, Quality]] = {}
        self._resting: dict[str, Value] = {}
        """Measurements that have to wait for their time, by quantity."""
        self._alarms_seen: dict[str, alarms.Alarm] | None = None
        self._news = asyncio.Event()
        self._flushed_s = wall_s()
        self._ending = self._tripped = self._refused = False
        self._failures = self.sent = 0
        self.connected = False
        self._trouble: str | None = None
        self._begun_s = self._worked_s = wall_s()
        cursor = system.record.load_state(KEY)
        self._cursor = int(cursor) if isinstance(cursor, int) else self._history.newest_event()
        known = system.record.load_state(KNOWN_KEY) or {}
        self._topics = frozenset(known.get("topics", ()))
        self._alarms = set(known.get("alarms", ()))
        self._begin()

    def _begin(self) -> None:
        now = self._system.clock.now()
        self.outbox.say(self._discovery.of_system())
        for quantity in self._quantities:
            self.outbox.say({self._messages.value_topic(quantity): self._messages.unread(quantity, now)})
            self.outbox.say(self._discovery.of_quantity(quantity))
        for name in self._alarms:  # of an earlier run; those that still stand are told soon
            self.outbox.say({self._messages.alarm_topic(name): self._messages.no_alarm(name)})
            self.outbox.say(self._discovery.of_alarm(name))

    async def run(self) -> None:
        """Tell for ever; whatever happens to it, it goes on."""
        if self._is_readable():
            log.warning("%s: the password to %s can be read on the wire; set tls", NAME, self._config.host)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(), name="mqtt out: looks")
            group.create_task(self._deliver(), name="mqtt out: tells")

    # What there is to tell

    async def _watch(self) -> None:
        """Look after every tick; when the ticks end, all ends.

        A cancellation alone would not do: before Python 3.12 asyncio.wait_for, which the library uses, swallows one
        that comes together with an answer.
        """
        try:
            async for _ in self._system.ticks():
                try:
                    self.look()
                except Exception:  # a fault of ours must not stop the building
                    if not self._tripped:
                        log.exception("%s: looking at the plant failed", NAME)
                    self._tripped = True
        finally:
            self._ending = True
            self._news.set()

    def look(self) -> None:
        """Take what is new into the outbox."""
        system, now, wall = self._system, self._system.clock.now(), wall_s()
        picture = aged(system.picture, now, system.max_age)
        samples = [
            Sample(
                point, (reading.at or now) if reading.quality is Quality.GOOD else now, reading.value, reading.quality
            )
            for point, reading in picture.items()
            if self._readings.get(point) != reading
        ]
        self._readings = picture
        for value in self._flow.take(samples):
            self._take(value)
        if system.alarms != self._alarms_seen:
            self._alarms_seen = dict(system.alarms)
            self._take_alarms(self._alarms_seen)
        if wall - self._flushed_s >= self._config.every_s:
            self._flushed_s, resting, self._resting = wall, self._resting, {}
            for value in resting.values():
                self._say(value)
        if len(self.outbox):
            self._news.set()

    def _take(self, value: Value) -> None:
        """A measurement rests until its time comes; a state, or a value that is lost or found again, does not."""
        quantity, said = value.quantity, (value.value, value.quality)
        before = self._told.get(quantity.id)
        if said == before and quantity.how == "value":
            return
        self._told[quantity.id] = said
        if quantity.state or before is None or before[1] is not value.quality:
            self._resting.pop(quantity.id, None)
            self._say(value)
        else:
            self._resting[quantity.id] = value

    def _say(self, value: Value) -> None:
        self.outbox.say({self._messages.value_topic(value.quantity): self._messages.value(value)})

    def _take_alarms(self, seen: Mapping[str, alarms.Alarm]) -> None:
        standing = {name: alarm for name, alarm in seen.items() if self._messages.may_be_told(alarm)}
        for name, alarm in standing.items():
            self.outbox.say(self._discovery.of_alarm(name))
            self.outbox.say({self._messages.alarm_topic(name): self._messages.alarm(alarm)})
        for name in self._alarms - standing.keys():
            self.outbox.say({self._messages.alarm_topic(name): self._messages.no_alarm(name)})
        self._alarms |= standing.keys()
        self.outbox.say({self._messages.alarms: self._messages.standing(standing.values())})

    # Telling it

    async def _deliver(self) -> None:
        await self._settle()
        while not self._ending:
            try:
                await self._session()
            except (aiomqtt.MqttError, OSError) as error:  # OSError: certificates that cannot be read
                self._lost(error)
            except Exception as error:  # noqa: BLE001  # a fault of ours must not stop the building
                self._lost(error, trace=True)
            finally:
                self.connected = False
            if not self._ending:
                longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(self._failures, 8))
                await asyncio.sleep(random.uniform(FIRST_WAIT_S, longest))

    async def _settle(self) -> None:
        """Until the plant has been read once, so that nobody sees everything vanish for a moment when we start."""
        end_s = wall_s() + SETTLED_S
        while wall_s() < end_s and not self._ending:
            if self._readings and not any(r.quality is Quality.UNREAD for r in self._readings.values()):
                return
            await asyncio.sleep(0.2)

    async def _session(self) -> None:
        """One connection, from the greeting to its end."""
        client = self._new_client()
        await enter(client)
        try:
            await self._introduce(client)
            while not self._ending:
                await self._tell(client)
                await self._tell_events(client)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._news.wait()
                self._news.clear()
                if is_lost(client):
                    raise aiomqtt.MqttError("the connection was lost")
        finally:
            with contextlib.suppress(aiomqtt.MqttError):  # after a good-bye in order the broker drops our last will
                await client.publish(self._messages.status, OFFLINE, qos=1, retain=True, timeout=FAREWELL_S)
            await leave(client)

    def _new_client(self) -> aiomqtt.Client:
        config = self._config
        return aiomqtt.Client(
            config.host,
            config.port,
            username=config.username,
            password=password(config.password_env),
            tls_context=trusting(config.tls_ca_file) if config.tls or config.tls_ca_file else None,
            identifier=f"bems-{self._system.site.id}-out",
            timeout=config.timeout_s,
            will=aiomqtt.Will(self._messages.status, OFFLINE, qos=1, retain=True),
            logger=SILENT,
        )

    async def _introduce(self, client: aiomqtt.Client) -> None:
        """Tell everything, and have forgotten what is no longer; then we are online."""
        self.outbox.say_all_again()
        for topic in self._topics - self.outbox.words.keys():
            await client.publish(topic, b"", qos=1, retain=True)
        self._topics &= self.outbox.words.keys()
        await self._tell(client)
        await client.publish(self._messages.status, ONLINE, qos=1, retain=True)
        log.info("%s: %s is told", NAME, self._config.host)
        self.connected, self._trouble, self._failures, self._refused = True, None, 0, False

    async def _tell(self, client: aiomqtt.Client) -> None:
        """Everything that waits."""
        if not self.outbox.words.keys() <= self._topics:  # before the broker keeps them: we must know what to take back
            self._topics |= self.outbox.words.keys()
            await self._save(KNOWN_KEY, {"topics": sorted(self._topics), "alarms": sorted(self._alarms)})
        answers = await asyncio.gather(*(self._tell_one_by_one(client) for _ in range(AT_ONCE)), return_exceptions=True)
        for answer in answers:
            if answer is not None:
                raise answer

    async def _tell_one_by_one(self, client: aiomqtt.Client) -> None:
        """Several of these side by side keep the wire busy; in blocks, each would wait for delayed acknowledgements."""
        while not self._ending and (taken := self.outbox.take()) is not None:
            topic, word = taken
            try:
                await client.publish(topic, word, qos=1, retain=True)
            except BaseException:
                self.outbox.give_back(topic)
                raise
            self.sent += 1
            self._worked_s = wall_s()

    async def _tell_events(self, client: aiomqtt.Client) -> None:
        """What the record has of them after the cursor, one by one."""
        while not self._ending:
            try:
                found = await asyncio.to_thread(self._history.events_after, self._cursor, MOST_EVENTS)
            except RecordError as error:
                log.warning("%s: events have to wait: %s", NAME, error)
                return
            if not found:
                return
            told = self._cursor
            try:
                for number, event in found:
                    word = self._worded(number, event)
                    if word is not None:
                        await client.publish(self._messages.events, word, qos=1)
                        self.sent += 1
                    told = number
            finally:
                self._cursor = told
                await self._save(KEY, told)

    def _worded(self, number: int, event: Event) -> bytes | None:
        try:
            return self._messages.event(number, event)
        except Exception:  # one that cannot be put into words must not hold up all that follow
            log.exception("%s: event %d cannot be told", NAME, number)
            return None

    async def _save(self, key: str, what: Any) -> None:
        try:
            await asyncio.to_thread(self._system.record.save_state, key, what)
        except RecordError as error:  # at worst something is told twice
            log.warning("%s: %s", NAME, error)

    def _lost(self, error: Exception, *, trace: bool = False) -> None:
        if self._trouble is None:
            log.warning("%s: %s is told nothing: %s", NAME, self._config.host, error, exc_info=trace)
        self._trouble = str(error) or repr(error)
        self._refused = _needs_a_person(error)
        self._failures += 1

    def _is_readable(self) -> bool:
        config = self._config
        if config.tls or config.tls_ca_file or config.password_env is None:
            return False
        try:
            return not ip_address(config.host).is_loopback
        except ValueError:
            return config.host != "localhost"

    # What people hear

    def health(self) -> Health:
        """For pages and monitors."""
        figures = {"waiting": float(len(self.outbox)), "sent_total": float(self.sent)}
        age_s = round(wall_s() - self._worked_s, 2) if self.sent else None
        if self._trouble is not None:
            return Health(KEY, "target", "down", age_s, self._trouble, figures)
        state, detail = ("ok", f"{self.sent} messages taken") if self.connected else ("starting", "connecting")
        return Health(KEY, "target", state, age_s, detail, figures)  # type: ignore[arg-type]

    def conditions(self) -> Sequence[alarms.Condition]:
        """What people have to be told."""
        if self._trouble is None:
            return ()
        if self._refused:
            return (alarms.target_refuses(NAME, self._trouble),)
        away_s = wall_s() - self._worked_s
        return (alarms.target_away(NAME, away_s / 3600),) if away_s > AWAY_ALARM_S else ()


def _needs_a_person(error: Exception) -> bool:
    """Whether waiting will not help: a wrong password, a certificate that is not trusted or not there."""
    if isinstance(error, MqttConnectError):
        code = getattr(error.rc, "value", error.rc)
        return code not in UNAVAILABLE
    return isinstance(error, OSError) or "CERTIFICATE_VERIFY_FAILED" in str(error)
