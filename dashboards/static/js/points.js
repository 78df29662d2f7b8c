// The table of every point: search, deviations only, values kept up to date in place.
import { byId, make, setText } from "./dom.js";
import { QUALITY } from "./live.js";
import { ageOf, store } from "./store.js";
import { pick, shown, source, span, t, unitOf } from "./words.js";

const PAGE = 60; // rows shown at first; more on request, since hundreds of rows cost a phone too much

let matches = [];
let limit = PAGE;

/** Wire the search field; the rows come with the first values. */
export function startTable() {
  const again = () => {
    limit = PAGE;
    rebuild();
  };
  byId("search").addEventListener("input", again);
  byId("only-bad").addEventListener("change", again);
  byId("search").form.addEventListener("submit", (event) => event.preventDefault());
}

function textOf(meta) {
  const device = store.devices.get(meta.source);
  return `${meta.id} ${meta.tag} ${meta.label.nb} ${meta.label.en} ${device.label.nb} ${device.label.en}`.toLowerCase();
}

/** Rows for what is searched. */
export function rebuild() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const onlyBad = byId("only-bad").checked;
  matches = [...store.meta.values()].filter((meta) => {
    if (onlyBad && store.points.get(meta.id)?.quality === "good") return false;
    const text = (meta.text ??= textOf(meta));
    return words.every((word) => text.includes(word));
  });
  byId("point-rows").replaceChildren(...matches.slice(0, limit).map(row));
  byId("more-points")?.remove();
  if (matches.length > limit) {
    const left = Math.min(PAGE * 2, matches.length - limit);
    const button = make("button", { type: "button", id: "more-points" }, t("points.show_more", { number: left }));
    button.addEventListener("click", () => {
      const first = limit;
      limit += left;
      rebuild();
      byId("point-rows").children[first]?.querySelector("a")?.focus();
    });
    byId("point-table").after(button);
  }
  const counts = { shown: Math.min(limit, matches.length), total: store.meta.size };
  setText(byId("point-count"), t("points.count", counts));
}

function row(meta) {
  const device = store.devices.get(meta.source);
  const name = `${pick(device.label)}: ${pick(meta.label)}`;
  const link = make("a", { href: `#p-${meta.id}`, "data-point": meta.id }, name);
  const cells = ["num value", "unit", "quality", "num age", "who"].map((css) => make("td", { class: css }));
  const element = make("tr", { "data-id": meta.id }, make("th", { scope: "row" }, link),
    make("td", { class: "id" }, meta.id), make("td", { class: "tag" }, meta.tag), ...cells);
  setText(cells[1], unitOf(meta));
  update(element);
  return element;
}

function update(element) {
  const { id } = element.dataset;
  const meta = store.meta.get(id);
  const point = store.points.get(id);
  if (!point) return;
  const old = point.quality !== "good";
  const command = store.held.get(id);
  const age = ageOf(id);
  element.classList.toggle("old", old);
  setText(element.querySelector(".value"), shown(point.value ?? point.last, meta));
  setText(element.querySelector(".quality"), t(QUALITY[point.quality]));
  setText(element.querySelector(".age"), age === null ? "–" : span(age));
  setText(element.querySelector(".who"), command ? `${source(command.source)} ${command.priority}` : "");
}

/** Values and ages of the rows there are. */
export function refreshTable() {
  if (!byId("point-rows").firstElementChild) rebuild();
  for (const element of byId("point-rows").children) update(element);
}
