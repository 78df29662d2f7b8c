"""A mosquitto that asks who is there: passwords and, when wanted, certificates of our own making."""

import asyncio
import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess

from hil_sim.broker import find_mosquitto

USER, PASSWORD = "bems", "a word for the tests"
START_S = 5.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find(program):
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


class Mosquitto:
    """On a port of its own, with one user; `tls` gives it a certificate for 127.0.0.1, signed by `ca_file`."""

    def __init__(self, folder, *, tls=False):
        self.folder, self.tls = folder, tls
        self.port = free_port()
        self.ca_file = folder / "ca.pem"
        self._process = None

    async def start(self):
        lines = [
            f"listener {self.port} 127.0.0.1", "allow_anonymous false", f"password_file {password_file(self.folder)}",
            "persistence false", "log_type none", f"user {getpass.getuser()}",
            "max_queued_messages 0",  # 1000 otherwise, and who asks for everything at once loses the rest
        ]  # fmt: skip
        if self.tls:
            if not self.ca_file.exists():
                certify(self.folder)
            lines += [f"certfile {self.folder / 'server.pem'}", f"keyfile {self.folder / 'server.key'}"]
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        self._process = await asyncio.create_subprocess_exec(find_mosquitto(), "-c", str(config))
        async with asyncio.timeout(START_S):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.02)

    def signal(self, number):
        os.kill(self._process.pid, number)

    async def stop(self):
        """Without a good-bye; what it retained is gone."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            await self._process.wait()
            self._process = None

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *_):
        await self.stop()


def password_file(folder):
    """With our one user."""
    users = folder / "users"
    users.touch()
    subprocess.run([find("mosquitto_passwd"), "-b", users, USER, PASSWORD], check=True, capture_output=True)
    return users


def certify(folder):
    """An authority of our own, and a certificate for 127.0.0.1."""

    def openssl(*words):
        subprocess.run([find("openssl"), *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("req", "-x509", *key, "-subj", "/CN=test authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *key, "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
    openssl(
        "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
        "-extfile", "san", "-out", "server.pem",
    )  # fmt: skip
