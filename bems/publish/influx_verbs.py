"""What `bems influx` does: set up, status, send again. The feed itself runs in `bems run`."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from bems.history.errors import RecordError
from bems.history.query import History
from bems.process import complain, say
from bems.publish.influx import KEY, RESEND_FILE, target_key
from bems.publish.progress import Progress
from models.site import Site, load_site
from models.targets import Influx

FAILED = 1
FAULTY_INPUT = 2
SHOWN = 10
"""Refused samples that are shown one by one."""


def setup(site_file: Path) -> int:
    """Make in InfluxDB what the feed needs."""
    from bems.publish.influx_setup import set_up
    from bems.publish.influx_target import Refused

    site = load_site(site_file)
    if (config := _config(site, site_file)) is None:
        return FAULTY_INPUT
    token = os.environ.get(config.token_env)
    if token is None:
        complain(f"{config.token_env} is not set: asking without a token")
    try:
        for done in set_up(config, token, site.id):
            say(done)
    except Refused as error:
        complain(f"{config.url} {error}")
        return FAILED
    return 0


def status(site_file: Path, data: Path) -> int:
    """Tell how far the feed is, what stands in its way, and what was refused."""
    site = load_site(site_file)
    if (config := _config(site, site_file)) is None:
        return FAULTY_INPUT
    history = History(data / "record.sqlite")
    try:
        progress = Progress.from_state(history.state(KEY), target_key(config))
        waiting = history.ticks_after(progress.cursor, 1)
    except RecordError as error:
        complain(str(error))
        return FAILED
    say(f"to {config.url}, bucket {config.bucket}: {progress.sent} samples sent")
    if progress.sent_to is not None:
        say(f"newest sample sent: {_local(site, progress.sent_to)}")
    if len(waiting) > 0:
        oldest = datetime.fromtimestamp(int(waiting.at_ms.min()) / 1000, UTC)
        say(f"waiting: everything from {_local(site, oldest.isoformat())} on")
    else:
        say("waiting: nothing")
    if progress.trouble is not None:
        since = "" if progress.trouble_since is None else f" since {_local(site, progress.trouble_since)}"
        say(f"in the way{since}: it {progress.trouble}")
    if progress.too_old:
        say(f"not sent, older than {config.raw_days} days: {progress.too_old}")
    say(f"refused and set aside: {progress.aside}")
    for aside in progress.newest_aside[: -SHOWN - 1 : -1]:
        number = "no value" if aside.value is None else f"{aside.value:g}"
        say(f"  {_local(site, aside.at)}  {aside.point} = {number}: {aside.reason}")
    return 0


def resend(site_file: Path, data: Path, start: str) -> int:
    """Leave an order for the feed: it is obeyed within seconds, or when the system is started next."""
    site = load_site(site_file)
    if _config(site, site_file) is None:
        return FAULTY_INPUT
    try:
        at = datetime.fromisoformat(start)
    except ValueError:
        complain(f"--from '{start}' is no time such as 2026-01-31 or 2026-01-31T14:30")
        return FAULTY_INPUT
    at = at if at.tzinfo is not None else at.replace(tzinfo=site.zone_info)
    if not (data / "record.sqlite").is_file():
        complain(f"there is no record in {data}")
        return FAILED
    order = data / RESEND_FILE
    draft = order.with_suffix(".new")
    draft.write_text(json.dumps({"from": at.astimezone(UTC).isoformat()}), "utf-8")
    draft.replace(order)
    say(f"everything from {_local(site, at.isoformat())} on is sent again, as soon as the system runs")
    return 0


def _config(site: Site, site_file: Path) -> Influx | None:
    if site.influx is None:
        complain(f"{site_file} has no section [influx]: nothing is sent; docs/influx.md says what to write")
    return site.influx


def _local(site: Site, at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(site.zone_info):%Y-%m-%d %H:%M:%S}"
