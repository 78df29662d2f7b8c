"""The verb `report`."""

import argparse
from pathlib import Path


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make the verb known to the command line."""
    report = verbs.add_parser("report", help="what a month, quarter, year or period came to, to be signed")
    report.add_argument("kind", choices=["month", "quarter", "year", "period"])
    report.add_argument("span", nargs="+", metavar="WHEN", help="2026-03, 2026-Q1, 2026, or two days (both included)")
    report.add_argument("--site", type=Path, default=Path("site.biri.toml"), help="site file (%(default)s)")
    report.add_argument("--data", type=Path, default=Path("data"), help="folder of the record (%(default)s)")
    report.add_argument("--format", dest="form", choices=["pdf", "xlsx", "csv", "json", "html"], default="pdf")
    report.add_argument("--language", choices=["nb", "en"], default="nb", help="of everything in it (%(default)s)")
    report.add_argument("--out", default=None, metavar="FILE", help="a file, or - for the standard output (own name)")
    report.add_argument(
        "--baseline", default=None, metavar="FROM..TO", help="savings since these days (both included; else the site's)"
    )
    report.add_argument(
        "--twin", action="store_true", help="first run days through the fitted twin that were not (about 10 s each)"
    )
    report.add_argument(
        "--rooms", action="store_true", help="name residents' rooms: for the health inspector, not to be passed on"
    )
    report.set_defaults(run=_report)


def _report(arguments: argparse.Namespace) -> int:
    from bems.clock import RealClock
    from bems.reports.make import report
    from dashboards.reports.model import PeriodKind
    from models.site import load_site

    site, kind = load_site(arguments.site), PeriodKind(arguments.kind)
    record = arguments.data / "record.sqlite"
    return report(
        site,
        record,
        kind,
        arguments.span,
        arguments.form,
        arguments.language,
        arguments.out,
        RealClock().now(),
        baseline=arguments.baseline,
        twin=arguments.twin,
        rooms=arguments.rooms,
    )
