"""The verb that writes what Grafana provisions itself from."""

import argparse
from pathlib import Path


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make the verb known to the command line."""
    grafana = verbs.add_parser("grafana", help="write Grafana's datasource and dashboards for a site")
    grafana.add_argument("folder", type=Path, help="folder to write to; what Grafana is given is within it")
    grafana.add_argument("--site", type=Path, default=Path("site.biri.toml"), help="site file (%(default)s)")
    grafana.add_argument("--language", choices=["nb", "en"], default="nb", help="of titles (%(default)s)")
    grafana.add_argument("--seen-at", default=None, metavar="PATH", help="where Grafana sees the folder (where it is)")
    grafana.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from bems.clock import RealClock
    from bems.process import complain, say
    from dashboards.grafana.provision import files
    from models.site import load_site

    site = load_site(arguments.site)
    folder: Path = arguments.folder
    today = RealClock().now().astimezone(site.zone_info).date()
    texts = files(site, arguments.language, today, arguments.seen_at or str(folder.resolve()))
    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}")
        return 1
    boards = sum(name.endswith(".json") for name in texts)
    say(f"{folder}: a datasource and {boards} dashboards for {site.name.en}. Start Grafana with")
    say(f"  GF_PATHS_PROVISIONING={arguments.seen_at or folder.resolve()}/provisioning")
    say("  and INFLUX_URL, INFLUX_DB, INFLUX_TOKEN in its environment (docs/grafana.md).")
    return 0
