"""The part of the plan's page where people say what the optimiser may do."""

from collections.abc import Collection, Sequence
from typing import get_args

from dashboards.access import Right, Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.desk_parts import field, moment
from dashboards.ports.desk import LONGEST_TEXT, PromotionView
from dashboards.ports.view import SiteView
from dashboards.words import Language, pick, texts
from models.promotion import OptimiserName, Promotable, RulesName


def promotion_part(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    """Shadow or on, which assets follow the plans, which zones do not; to be changed by those who operate."""
    words, now = texts(language), view.desk.promotion()
    locked = not viewer.may(Right.OPERATE)
    note = words["promotion.of_file"]
    if now.order is not None:
        since = moment(now.order.since, view.site, language)
        says = words["promotion.file_says"].format(what=_file_says(now, view, language))
        note = f"{words['promotion.by'].format(who=now.order.who, since=since, why=now.order.why)} {says}"
    zones = [(zone.id, pick(zone.name, language)) for zone in view.site.zones]
    assets = [(asset, words[f"asset.{asset}"]) for asset in now.assets]
    form = el(
        "form",
        {"id": "promotion-form"},
        _choice("optimiser", get_args(OptimiserName), now.optimiser, language, locked=locked),
        _ticks("promoted", words["promotion.assets"], assets, now.promoted, locked=locked),
        el(
            "details",
            {"data-keep": "zones", "open": bool(now.zones_by_rules)},
            el("summary", None, words["promotion.zones"]),
            el("p", {"class": "hint"}, words["promotion.zones_hint"]),
            _ticks("zones", words["promotion.zones"], zones, now.zones_by_rules, locked=locked),
        ),
        _choice("rules", get_args(RulesName), now.rules, language, locked=locked),
        *_change(now, language, locked=locked),
    )
    return el(
        "section",
        {"class": "part promotion", "id": "promotion", "aria-labelledby": "h-promotion"},
        el("h2", {"id": "h-promotion"}, words["promotion.title"]),
        el("p", {"class": "hint"}, words["promotion.about"]),
        el("p", {"id": "promotion-note"}, note),
        form,
    )


def _choice(name: str, values: Sequence[str], now: str, language: Language, *, locked: bool) -> Markup:
    words = texts(language)
    choices = (
        el(
            "label",
            {"class": "choice"},
            el(
                "input",
                {"type": "radio", "name": name, "value": of, "checked": of == now, "disabled": locked},
            ),
            el("strong", None, words[f"promotion.{of}"]),
            el("span", None, words[f"promotion.{of}_about"]),
        )
        for of in values
    )
    legend = el("legend", None, words[f"promotion.{name}"])
    return el("fieldset", {"class": "choices"}, legend, *choices)


def _ticks(
    name: str, legend: str, choices: Sequence[tuple[str, str]], ticked: Collection[str], *, locked: bool
) -> Markup:
    boxes = (
        el(
            "label",
            {"class": "tick-box"},
            el("input", {"type": "checkbox", "name": name, "value": of, "checked": of in ticked, "disabled": locked}),
            el("span", None, said),
        )
        for of, said in choices
    )
    return el("fieldset", {"class": "ticks"}, el("legend", None, legend), *boxes)


def _change(now: PromotionView, language: Language, *, locked: bool) -> tuple[Markup, ...]:
    words = texts(language)
    if locked:
        return (el("p", {"class": "hint"}, words["settings.read_only"]),)
    of_why: dict[str, Attribute] = {"minlength": 3, "maxlength": LONGEST_TEXT, "required": True, "autocomplete": "off"}
    why = el("input", {"type": "text", "id": "promotion-why", "aria-describedby": "promotion-why-hint", **of_why})
    back: dict[str, Attribute] = {
        "type": "button",
        "class": "plain",
        "id": "promotion-back",
        "hidden": now.order is None,
    }
    fields = el(
        "div",
        {"class": "fields"},
        field("promotion-why", words["promotion.why"], why, words["promotion.why_hint"]),
        el("button", {"type": "submit"}, words["promotion.save"]),
        el("button", back, words["promotion.back"]),
    )
    return (fields,)


def _file_says(now: PromotionView, view: SiteView, language: Language) -> str:
    words = texts(language)
    names = {zone.id: pick(zone.name, language) for zone in view.site.zones}
    parts = [words[f"promotion.{now.file_optimiser}"]]
    if now.file_optimiser == "on":
        parts.append(_listed(now.file_promoted, language))
    parts.append(words[f"promotion.{now.file_rules}"])
    if now.file_zones_by_rules:
        kept = ", ".join(names[zone] for zone in now.file_zones_by_rules)
        parts.append(f"{words['promotion.zones']}: {kept}")
    return "; ".join(parts)


def _listed(assets: Sequence[Promotable], language: Language) -> str:
    words = texts(language)
    return ", ".join(words[f"asset.{asset}"] for asset in assets) or words["promotion.nothing"]
