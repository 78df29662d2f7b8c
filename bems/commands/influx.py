"""Verbs about the feed to InfluxDB: make its buckets, look how far it is, send something again."""

import argparse
from pathlib import Path


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make the verbs known to the command line."""
    influx = verbs.add_parser("influx", help="the feed to InfluxDB: set it up, see how far it is, send again")
    what = influx.add_subparsers(title="verbs", required=True, metavar="VERB")

    setup = what.add_parser("setup", help="make the buckets, their retention and the tasks in InfluxDB")
    setup.add_argument("site", nargs="?", type=Path, default=Path("site.biri.toml"), help="site file (%(default)s)")
    setup.set_defaults(run=_setup)

    status = what.add_parser("status", help="how far the feed is, and what was refused")
    status.add_argument("site", nargs="?", type=Path, default=Path("site.biri.toml"), help="site file (%(default)s)")
    status.add_argument("--data", type=Path, default=Path("data"), help="folder of the record (%(default)s)")
    status.set_defaults(run=_status)

    resend = what.add_parser("resend", help="send everything again from a time on; InfluxDB keeps it once")
    resend.add_argument("site", nargs="?", type=Path, default=Path("site.biri.toml"), help="site file (%(default)s)")
    resend.add_argument("--from", dest="start", required=True, metavar="TIME", help="2026-01-31[T14:30], local time")
    resend.add_argument("--data", type=Path, default=Path("data"), help="folder of the record (%(default)s)")
    resend.set_defaults(run=_resend)


def _setup(arguments: argparse.Namespace) -> int:
    from bems.publish.influx_verbs import setup

    return setup(arguments.site)


def _status(arguments: argparse.Namespace) -> int:
    from bems.publish.influx_verbs import status

    return status(arguments.site, arguments.data)


def _resend(arguments: argparse.Namespace) -> int:
    from bems.publish.influx_verbs import resend

    return resend(arguments.site, arguments.data, arguments.start)
