// What is on the screen: the view on a phone, the theme, and the plant's table instead of its drawing.
import { byId, setText } from "./dom.js";
import { t } from "./words.js";

const VIEWS = ["overview", "plant", "rooms", "alarms", "more"];
const FIRST_OF = { overview: "overview", plant: "h-plant", rooms: "h-rooms", alarms: "h-alarms", more: "h-held" };

/** Wire navigation, theme and the plant's table; `onTheme` runs when colours have changed. */
export function startViews(onTheme) {
  for (const link of document.querySelectorAll("[data-goto], #counts")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const view = link.dataset.goto ?? "alarms";
      history.replaceState(null, "", `#${view}`);
      show(view);
      byId(FIRST_OF[view]).scrollIntoView({ block: view === "overview" ? "end" : "start" });
      if (view === "overview") scrollTo({ top: 0 });
    });
  }
  addEventListener("hashchange", () => show(location.hash.slice(1)));
  show(location.hash.slice(1));
  byId("language").addEventListener("click", (event) => {
    event.currentTarget.hash = location.hash;
  });
  byId("theme").addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("bems-theme", next);
    onTheme();
  });
  const button = document.querySelector(".as-table");
  button.addEventListener("click", () => {
    const asTable = byId("plant-table").hidden;
    byId("plant-table").hidden = !asTable;
    byId("plant-drawing").hidden = asTable;
    button.setAttribute("aria-expanded", String(asTable));
    setText(button, t(asTable ? "drawing.as_drawing" : "drawing.as_table"));
  });
}

function show(view) {
  if (!VIEWS.includes(view)) return;
  document.body.dataset.view = view;
  for (const link of document.querySelectorAll("[data-goto]")) {
    if (link.dataset.goto === view) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
