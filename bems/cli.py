"""`bems`: one verb, one thin function. Everything heavy is imported by the verb that needs it."""

import argparse
import os
import sys
from math import nan
from pathlib import Path

from bems import __version__
from bems.commands import grafana, influx, record, report, whatif
from bems.process import complain, say
from models.faults import Fault, SiteError
from models.profile import ModbusProfile
from models.site import Site, load_site, site_schema

FAULTY_INPUT = 2
ROLES = ("viewer", "care", "operator", "engineer", "admin")


def main(argv: list[str] | None = None) -> int:
    """Entry point. Exit codes: 0 done, 1 it failed, 2 the input is faulty, 130 interrupted."""
    arguments = _parsed(argv)
    try:
        result: int = arguments.run(arguments)
    except SiteError as error:
        complain(str(error))
        faults = len(error.faults)
        complain(f"\n{faults} fault{'' if faults == 1 else 's'} in {error.file}; nothing was started.")
        return FAULTY_INPUT
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `bems read ... | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return result


def _parsed(argv: list[str] | None) -> argparse.Namespace:
    """The command line; device names may stand on either side of an option, which argparse alone does not grant."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and (not hasattr(arguments, "devices") or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.devices += rest
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bems", description="Energy management for buildings with heat pumps.")
    parser.add_argument("--version", action="version", version=f"bems {__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")

    _running_verbs(verbs)

    check = verbs.add_parser("check", help="prove a site file, offline")
    check.add_argument("site", type=Path, help="site file")
    check.set_defaults(run=_check)

    read = verbs.add_parser("read", help="read devices once and print what they say")
    read.add_argument("site", type=Path, help="site file")
    read.add_argument("devices", nargs="*", metavar="DEVICE", help="device ids (all when left out)")
    read.add_argument("--port-offset", type=int, default=0, help="added to every field port (%(default)s)")
    read.set_defaults(run=_read)

    sim = verbs.add_parser("sim", help="the simulated building alone, as servers on its protocols")
    sim.add_argument("site", type=Path, help="site file")
    sim.add_argument("--speed", type=_speed, default=60.0, help="site seconds per second (%(default)s)")
    sim.add_argument("--start", default="2026-03-06T06:00", help="site time at the start, UTC (%(default)s)")
    sim.add_argument("--seed", type=int, default=1, help="of draws, occupancy, sensors (%(default)s)")
    sim.add_argument("--port-offset", type=int, default=0, help="added to every field port (%(default)s)")
    sim.add_argument("--control-port", type=int, default=0, help="to take devices away by (any free one)")
    sim.add_argument("--epoch", type=float, default=None, help=argparse.SUPPRESS)
    sim.set_defaults(run=_sim)

    scan = verbs.add_parser("scan", help="look round on a BACnet/IP network and print what is found")
    scan.add_argument("protocol", choices=["bacnet"])
    scan.add_argument("addresses", nargs="*", metavar="ADDRESS", help="devices to ask (left out: all, by broadcast)")
    scan.add_argument("--own", default="127.0.0.1/24", help="our address with its mask (%(default)s)")
    scan.add_argument("--own-port", type=int, default=47808, help="our UDP port (%(default)s)")
    scan.set_defaults(run=_scan)

    _backtest_verb(verbs)

    _record_verbs(verbs)
    record.add(verbs)
    report.add(verbs)
    whatif.add(verbs)
    influx.add(verbs)
    grafana.add(verbs)

    schema = verbs.add_parser("schema", help="print the JSON Schema of site files, for editors")
    schema.set_defaults(run=_schema)
    return parser


def _running_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = verbs.add_parser("demo", help="simulated building, controlled, recorded and shown on a page")
    demo.add_argument("site", nargs="?", type=Path, default=Path("site.biri.toml"), help="site file (%(default)s)")
    demo.add_argument("--port", type=_port, default=os.environ.get("PORT", "8080"), help="of the page (%(default)s)")
    demo.add_argument("--speed", type=_speed, default=60.0, help="site seconds per second (%(default)s)")
    demo.add_argument("--start", default="2026-03-06T06:00", help="site time at the start, UTC (%(default)s)")
    demo.add_argument("--role", choices=ROLES, help="of guests from this machine; without it they see everything")
    demo.set_defaults(run=_demo)

    run = verbs.add_parser("run", help="run a site: read, control, record, show")
    run.add_argument("site", type=Path, help="site file")
    run.add_argument("--data", type=Path, default=Path("data"), help="folder of the record (%(default)s)")
    run.add_argument("--port", type=_port, default=8080, help="of the page, loopback only (%(default)s)")
    run.add_argument("--new-admin", action="store_true", help="tell a code for one more administrator (password lost)")
    run.set_defaults(run=_run)


def _record_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    model = verbs.add_parser("model", help="versions of the fitted model: list, show one, go back to one")
    model.add_argument("words", nargs="*", metavar="list | show N | revert N", help="what to do (list)")
    model.add_argument("--data", type=Path, default=Path("data"), help="folder of the record (%(default)s)")
    model.set_defaults(run=_model)

    night = verbs.add_parser("night", help="the night's programme and the last one's account")
    night.add_argument("--data", type=Path, default=Path("data"), help="folder of the record (%(default)s)")
    night.add_argument("--language", choices=["nb", "en"], default="nb", help="of the sentences (%(default)s)")
    night.set_defaults(run=_night)


def _backtest_verb(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    test = verbs.add_parser("backtest", help="compare controllers on a simulated plant, as fast as it goes")
    test.add_argument("site", type=Path, help="site file")
    test.add_argument("--controllers", default="naive,rules", help="names, the first is the reference (%(default)s)")
    test.add_argument("--start", default="2026-01-15", help="first local day (%(default)s)")
    test.add_argument("--days", type=int, default=14, help="scored days (%(default)s)")
    test.add_argument("--warmup-days", type=int, default=0, help="days before, not scored (%(default)s)")
    test.add_argument("--weather", type=Path, default=None, help="CSV file (synthetic when left out)")
    test.add_argument("--prices", type=Path, default=None, help="CSV file (synthetic when left out)")
    test.add_argument("--plant", default=None, metavar="MODULE:FACTORY", help="another plant than the built-in one")
    test.add_argument("--seed", type=int, default=1, help="of weather, prices, people and sensors (%(default)s)")
    test.add_argument("--peak-so-far-kw", type=float, default=0.0, help="of the first month (%(default)s)")
    test.add_argument("--json", type=Path, default=None, dest="json_file", metavar="FILE", help="write the figures")
    test.add_argument("--html", type=Path, default=None, dest="html_file", metavar="FILE", help="write a page")
    test.set_defaults(run=_backtest)


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not 0.1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number within 0.1 .. 600")
    return value


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"'{text}' is not a port within 0 .. 65535")
    return int(text)


def _demo(arguments: argparse.Namespace) -> int:
    from bems.demo import demo
    from dashboards.access import Role

    role = None if arguments.role is None else Role(arguments.role)
    return demo(arguments.site, arguments.port, arguments.speed, arguments.start, role)


def _run(arguments: argparse.Namespace) -> int:
    from bems.run import run_site

    return run_site(arguments.site, arguments.data, arguments.port, new_admin=arguments.new_admin)


def _check(arguments: argparse.Namespace) -> int:
    from drivers.codec import golden_faults

    site = load_site(arguments.site)
    proofs = ((name, p) for name, p in site.profiles.items() if isinstance(p, ModbusProfile))
    faults = [Fault(f"profile {name}", text, "golden words that decode to what they give")
              for name, profile in proofs for text in golden_faults(profile)]  # fmt: skip
    if faults:
        raise SiteError(str(arguments.site), faults)
    say(f"{arguments.site}: sound. {summary(site)}")
    return 0


def summary(site: Site) -> str:
    """The size of a site in one line."""
    rooms = sum(len(zone.rooms) for zone in site.zones)
    writable = sum(point.writable for point in site.points.values())
    return (
        f"{site.name.en}: {len(site.zones)} zones, {rooms} residents' rooms, {len(site.devices)} devices on "
        f"{len(site.connections)} connections, {len(site.points)} points ({writable} writable)."
    )


def _read(arguments: argparse.Namespace) -> int:
    from bems.read import read_once

    return read_once(load_site(arguments.site), arguments.devices, arguments.port_offset)


def _scan(arguments: argparse.Namespace) -> int:
    from bems.scan import scan_bacnet

    return scan_bacnet(arguments.own, arguments.own_port, arguments.addresses)


def _sim(arguments: argparse.Namespace) -> int:
    from bems.sim import simulate

    return simulate(arguments)


def _backtest(arguments: argparse.Namespace) -> int:
    from bems.backtest.command import backtest

    options = {name: value for name, value in vars(arguments).items() if name not in {"run", "site"}}
    return backtest(arguments.site, **options)


def _model(arguments: argparse.Namespace) -> int:
    from bems.clock import RealClock
    from bems.learning.store import command

    return command(arguments.data, arguments.words, RealClock().now())


def _night(arguments: argparse.Namespace) -> int:
    from bems.night.printed import print_night

    return print_night(arguments.data, arguments.language)


def _schema(_: argparse.Namespace) -> int:
    import json

    say(json.dumps(site_schema(), indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
