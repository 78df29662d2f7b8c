"""Verbs about the record: export, backup, restore, verify."""

import argparse
from pathlib import Path


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make the verbs known to the command line."""
    _export(verbs)
    backup = verbs.add_parser("backup", help="copy the record, also while it is being written")
    backup.add_argument("target", type=Path, help="a folder (again and again the same one), or a file ending in .tar")
    backup.add_argument("--data", type=Path, default=Path("data"), help="folder of the record (%(default)s)")
    backup.set_defaults(run=_backup)

    restore = verbs.add_parser("restore", help="put a backup into a folder that has no record")
    restore.add_argument("backup", type=Path, help="folder or .tar file of a backup")
    restore.add_argument("--data", type=Path, default=Path("data"), help="where to (%(default)s)")
    restore.set_defaults(run=_restore)

    verify = verbs.add_parser("verify", help="is the record, or a backup, whole?")
    verify.add_argument("backup", nargs="?", type=Path, default=None, help="folder or .tar file of a backup")
    verify.add_argument("--data", type=Path, default=Path("data"), help="folder of the record (%(default)s)")
    verify.set_defaults(run=_verify)


def _export(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    export = verbs.add_parser("export", help="write what was recorded to a file, for advisers and programs")
    export.add_argument("site", nargs="?", type=Path, default=Path("site.biri.toml"), help="site file (%(default)s)")
    export.add_argument("--data", type=Path, default=Path("data"), help="folder of the record (%(default)s)")
    export.add_argument(
        "--points", nargs="+", default=["*"], metavar="GLOB", help="point ids; * and ? stand for others (all)"
    )
    export.add_argument("--from", dest="start", required=True, metavar="TIME", help="2026-01-31[T14:30], local time")
    export.add_argument("--to", dest="end", default=None, metavar="TIME", help="not included (now)")
    export.add_argument("--every", default=None, metavar="SPAN", help="a row every 15m, 1h, 1d (every sample)")
    export.add_argument("--format", dest="kind", choices=["csv", "json", "parquet", "xlsx"], default="csv")
    export.add_argument("--language", choices=["nb", "en"], default="nb", help="of headings (%(default)s)")
    export.add_argument("--out", default="-", metavar="FILE", help="a file, or - for the standard output (%(default)s)")
    export.set_defaults(run=_run_export)


def _run_export(arguments: argparse.Namespace) -> int:
    from bems.clock import RealClock
    from bems.export.run import Wish, export
    from models.site import load_site

    wish = Wish(
        arguments.points,
        arguments.start,
        arguments.end,
        arguments.every,
        arguments.kind,
        arguments.language,
        arguments.out,
    )
    return export(load_site(arguments.site), arguments.data / "record.sqlite", wish, RealClock().now())


def _backup(arguments: argparse.Namespace) -> int:
    from bems.safekeeping import run_backup

    return run_backup(arguments.data, arguments.target)


def _restore(arguments: argparse.Namespace) -> int:
    from bems.safekeeping import run_restore

    return run_restore(arguments.backup, arguments.data)


def _verify(arguments: argparse.Namespace) -> int:
    from bems.safekeeping import run_verify

    return run_verify(arguments.backup, arguments.data)
