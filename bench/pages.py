"""Many open pages: what they cost the server, how soon a change is on them, how soon they paint, what they weigh.

A whole system over the default site (`bench._pages_server`, 650 points) runs in a process of its own. Its share of one
core is taken from the kernel's account of that process, first without a page, then with 50 that listen to the live
stream; the difference is what pages cost. A change is the value that a tick takes in; it has arrived when the last byte
of the message is at the listener, so the tick's own work is part of the latency, and the wait for the tick (up to a
second: the period of the loop) is not.

Then every page is opened in Chromium, where there is one, with nothing cached, at the size of a desk and of a phone:
first contentful paint by the browser's own clock, and all bytes that came over the wire but the live stream's.
"""

import asyncio
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bench._pages_server import MARKER
from dashboards.pages.registry import PAGES

ROOT: Final = Path(__file__).resolve().parents[1]
CHROMIUM: Final = Path("/usr/bin/chromium")
LISTENERS: Final = 50
SETTLE_S: Final = 8.0
"""The first scans, and everything that is made once."""
ALONE_S: Final = 25.0
OPEN_S: Final = 40.0
START_S: Final = 60.0
SIZES: Final = {"desk": (1440, 900), "phone": (390, 844)}
MARKED: Final = re.compile(rb'"%s":\[([\d.]+)' % re.escape(MARKER.encode()))
REQUEST: Final = "GET /api/stream HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n\r\n"


class Listener(asyncio.Protocol):
    """A page's end of the live stream: notes how late each marked change arrives [ms], and counts bytes."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._waiting = b""
        self.late_ms: list[float] = []
        self.message_bytes: list[int] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(REQUEST.format(host=self._host).encode())

    def data_received(self, data: bytes) -> None:
        """Take messages that are whole now."""
        now_ms = 1e3 * time.monotonic()
        *whole, self._waiting = (self._waiting + data).split(b"\n\n")
        for message in whole:
            if (found := MARKED.search(message)) is not None:
                self.late_ms.append(now_ms - float(found[1]))
                self.message_bytes.append(len(message))


def measure() -> dict[str, float]:
    """Goals: pages cost at most 3 % of one core, p99 of a change's way at most 50 ms, a page weighs at most 300 kB."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+b") as log:
        server = subprocess.Popen(  # noqa: S603  (our own words)
            [sys.executable, "-m", "bench._pages_server", folder], cwd=ROOT, stdout=subprocess.PIPE, stderr=log
        )
        try:
            assert server.stdout is not None
            url = server.stdout.readline().decode().strip()
            if not url.startswith("http"):
                log.seek(0)
                raise RuntimeError(f"the server did not start; it said:\n{log.read().decode(errors='replace')}")
            figures = asyncio.run(_streams(url, server.pid))
            return figures | _painted(url)
        finally:
            server.terminate()
            server.wait(START_S)


async def _streams(url: str, pid: int) -> dict[str, float]:
    await asyncio.sleep(SETTLE_S)
    alone_pct = await _core_share_pct(pid, ALONE_S)
    async with _listening(url) as listeners:
        await asyncio.sleep(SETTLE_S)
        for listener in listeners:
            listener.late_ms.clear()
            listener.message_bytes.clear()
        waited_s = _waited_s(pid)
        open_pct = await _core_share_pct(pid, OPEN_S)
        waited_s = _waited_s(pid) - waited_s
    late_ms = sorted(late for listener in listeners for late in listener.late_ms)
    expected = LISTENERS * OPEN_S
    if len(late_ms) < 0.9 * expected:
        raise RuntimeError(f"{len(late_ms)} changes arrived where {expected:.0f} were due")
    return {
        "pages_alone_core_pct": alone_pct,
        "pages_50_core_pct": open_pct,
        "pages_50_cost_core_pct": open_pct - alone_pct,
        "pages_50_change_ms_p50": statistics.median(late_ms),
        "pages_50_change_ms_p99": late_ms[len(late_ms) * 99 // 100],
        "pages_50_waited_core_pct": 100 * waited_s / OPEN_S,
        "pages_50_message_kb": statistics.mean(listeners[0].message_bytes) / 1e3,
    }


@contextlib.asynccontextmanager
async def _listening(url: str) -> AsyncIterator[list[Listener]]:
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Listener(address.netloc), "127.0.0.1", address.port or 80)
        for _ in range(LISTENERS)
    ]
    try:
        yield [listener for _, listener in opened]
    finally:
        for transport, _ in opened:
            transport.close()


async def _core_share_pct(pid: int, seconds: float) -> float:
    before, begun = _cpu_s(pid), time.monotonic()
    await asyncio.sleep(seconds)
    return 100 * (_cpu_s(pid) - before) / (time.monotonic() - begun)


def _cpu_s(pid: int) -> float:
    """Time that a process with all its threads has had on cores [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _waited_s(pid: int) -> float:
    """Time that the process was ready to go on and had no core [s]: on a machine that others use, latency is this."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("utf-8").split()[1]) / 1e9


def _painted(url: str) -> dict[str, float]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("pages: playwright is not installed; first paint and weights are not measured", flush=True)
        return {}
    if not CHROMIUM.exists():
        print("pages: chromium is not installed; first paint and weights are not measured", flush=True)
        return {}
    figures: dict[str, float] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        _open(browser, f"{url}/nb", "desk")  # the first page of a new browser pays for its start
        for name in PAGES.keys() - {"people"}:  # for administrators, whom the demo's guest is not
            for size in SIZES:
                paint_ms, wire_bytes = _open(browser, url + ("/nb" if name == "now" else f"/nb/{name}"), size)
                figures[f"page_{name}_paint_{size}_ms"] = paint_ms
            figures[f"page_{name}_wire_kb"] = wire_bytes / 1e3
        browser.close()
    figures["pages_heaviest_kb"] = max(value for name, value in figures.items() if name.endswith("_wire_kb"))
    figures["pages_slowest_paint_ms"] = max(value for name, value in figures.items() if "_paint_" in name)
    return figures


def _open(browser: Any, address: str, size: str) -> tuple[float, int]:
    """First contentful paint [ms] and bytes over the wire of one page, with nothing cached."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, is_mobile=size == "phone")
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    loaded: list[int] = []
    wire.on("Network.loadingFinished", lambda told: loaded.append(int(told["encodedDataLength"])))
    page.goto(address)
    page.locator("#link[data-state=live]").wait_for()
    page.wait_for_timeout(1500)  # what the page asks for after it is live
    paint_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return float(paint_ms), sum(loaded)


if __name__ == "__main__":
    for figure, value in measure().items():
        print(f"{figure:32} {value:10.2f}")
