"""One connection to an MQTT broker, opened and given up so that the library below leaves nothing behind."""

import asyncio
import contextlib
import logging
import os
import ssl
from typing import Any, Final

import aiomqtt

SILENT: Final = logging.getLogger("drivers.mqtt.library")
SILENT.setLevel(logging.CRITICAL)
"""The library reports each failed exchange; whoever uses it logs the change from up to down once."""


def password(variable: str | None) -> str | None:
    """The password that the environment holds under this name."""
    return None if variable is None else os.environ.get(variable)


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """TLS that trusts the certificates in this file, or this machine's; OSError when they cannot be read."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise OSError(f"{ca_file}: {error}") from error


def is_lost(client: aiomqtt.Client) -> bool:
    """Whether the connection has ended; who only waits hears of it nowhere else."""
    return client._disconnected.done()  # noqa: SLF001


async def enter(client: aiomqtt.Client) -> None:
    """Connect, or leave nothing behind.

    The library dials in a thread, which would go on after a cancel and hand the event loop a socket that is closed by
    then. So an attempt is never cut off: a cancelled one is ended when it is over, two of its time-outs later at most.
    """
    client._client.connect_timeout = client.timeout  # noqa: SLF001  # 5 s otherwise, whatever our time-out
    entering = asyncio.create_task(client.__aenter__())
    try:
        await asyncio.shield(entering)
    except BaseException:  # a broker that never greets would keep the socket open
        await asyncio.wait([entering])
        if not entering.cancelled():
            entering.exception()  # taken, so that the event loop does not report it
        abandon(client)
        raise
    _mend(client)


async def leave(client: aiomqtt.Client) -> None:
    """Say good-bye, if anybody is still there to hear it."""
    with contextlib.suppress(aiomqtt.MqttError):
        await client.__aexit__(None, None, None)


def abandon(client: aiomqtt.Client) -> None:
    """End what is left of a connection; one that is given up before the broker greets would trip the library later."""
    library = client._client  # noqa: SLF001  # no way in from outside
    library.on_connect = library.on_disconnect = None
    library.on_socket_register_write = None  # it writes its farewell at once then, while the socket is still open
    library.disconnect()


def _mend(client: aiomqtt.Client) -> None:
    """Mend what the library leaves to chance once it is connected; nothing of it can be reached from outside.

    The reason of a lost connection is taken whenever it comes: the event loop reports those that nobody takes. And the
    event loop watches the socket at once when there is something to write: the library asks for that one turn later,
    when the socket may be closed already.
    """
    loop = asyncio.get_running_loop()
    lost: asyncio.Future[None] = client._disconnected  # noqa: SLF001
    lost.add_done_callback(lambda gone: None if gone.cancelled() else gone.exception())

    def write(library: Any) -> None:
        try:
            library.loop_write()
        except Exception as error:  # noqa: BLE001  # whatever it is, the connection is broken
            if not lost.done():
                lost.set_exception(error)

    client._client.on_socket_register_write = (  # noqa: SLF001
        lambda library, _userdata, wire: loop.add_writer(wire.fileno(), write, library)
    )
