"""The verb `whatif`."""

import argparse
from pathlib import Path

ABOUT = """\
What a change would come to in a year: the building's twin runs twice through the same weather, prices and people, as
it is and with the change. Several changes may be combined; --one-by-one also shows each alone. docs/what-if.md"""
EXAMPLES = """\
examples:
  bems whatif site.biri.toml --pv 150
  bems whatif site.biri.toml --pv 150 --setpoint -1 --one-by-one --html whatif.html
  bems whatif site.biri.toml --tariff other.toml --start 2026-01-01 --days 31
  bems whatif site.biri.toml --battery 100/50 --year 2026 --draws 8 --json whatif.json"""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make the verb known to the command line."""
    verb = verbs.add_parser(
        "whatif",
        help="what another size, set point, tariff or envelope would come to in a year",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("site", type=Path, help="site file")
    change = verb.add_argument_group("changes (at least one)")
    change.add_argument("--pv", type=float, metavar="KWP", help="all solar cells together at so many kWp")
    change.add_argument("--battery", metavar="KWH/KW", help="a battery of this size, such as 100/50")
    change.add_argument(
        "--heat-pump", action="append", default=[], metavar="ID=KW",
        help="a heat pump of another size: kW of heat at its first certified point at full load (repeat for more)",
    )  # fmt: skip
    change.add_argument("--collectors", type=float, metavar="M2", help="aperture of the solar collectors")
    change.add_argument("--setpoint", type=float, metavar="K", help="every set point moved, such as -1")
    change.add_argument("--setback", type=float, metavar="DEGC", help="outside their hours, where nobody sleeps")
    change.add_argument("--insulation", type=float, metavar="FACTOR", help="times the heat loss, such as 0.8")
    change.add_argument("--recovery", type=float, metavar="SHARE", help="heat recovery of the air, such as 0.85")
    change.add_argument("--residents", type=int, metavar="N", help="so many people in the same rooms")
    change.add_argument("--tariff", metavar="FILE", help="TOML with [tariff], or a name of the site's tariff_choices")
    verb.add_argument("--one-by-one", action="store_true", help="each change alone, too")
    verb.add_argument("--year", type=int, default=None, help="a whole local year (2026)")
    verb.add_argument("--start", default=None, metavar="DATE", help="first local day, with --days instead of --year")
    verb.add_argument("--days", type=int, default=None, help="so many days from --start")
    verb.add_argument("--weather", type=Path, default=None, metavar="CSV", help="made up when left out")
    verb.add_argument("--prices", type=Path, default=None, metavar="CSV", help="made up when left out")
    verb.add_argument("--seed", type=int, default=1, help="of what is made up (%(default)s)")
    verb.add_argument("--draws", type=int, default=0, metavar="N", help="other models as likely, for intervals (0)")
    verb.add_argument(
        "--controller", default="rules", metavar="rules|optimiser",
        help="who decides; the optimiser takes about a minute a day (%(default)s)",
    )  # fmt: skip
    verb.add_argument("--data", type=Path, default=Path("data"), help="folder with the fitted model (%(default)s)")
    verb.add_argument("--json", type=Path, default=None, dest="json_file", metavar="FILE", help="write the figures")
    verb.add_argument("--html", type=Path, default=None, dest="html_file", metavar="FILE", help="write a page")
    verb.set_defaults(run=_whatif)


def _whatif(arguments: argparse.Namespace) -> int:
    from bems.whatif.command import Wish, whatif

    options = {name: value for name, value in vars(arguments).items() if name not in {"run", "site"}}
    options["heat_pump"] = tuple(options["heat_pump"])
    return whatif(arguments.site, Wish(**options))
