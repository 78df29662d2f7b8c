// The page of the plan: what the day brings, the time axis, each command's grounds, and the last days held against theirs.
import { byId, make, setText } from "./dom.js";
import { keepAsking } from "./asking.js";
import { startLookBack } from "./look_back.js";
import { dayLines } from "./plan_day.js";
import { showGrounds } from "./plan_why.js";
import { makeTimeline, timelineTable } from "./timeline.js";
import { seconds } from "./plot.js";
import { fetchJson } from "./store.js";
import { when } from "./when.js";
import { number, pick, t } from "./words.js";

const PARTS = {
  energy: "plan.part_energy", peak: "plan.part_peak", starts: "plan.part_starts", terminal: "plan.part_terminal",
  cold: "plan.part_cold", hot: "plan.part_hot", hygiene: "plan.part_hygiene", cars: "plan.part_cars",
  season: "plan.part_season", wear: "plan.part_wear", brine: "plan.part_brine", fuse: "plan.part_fuse",
  "district heat": "plan.part_district_heat", co2: "plan.part_greenhouse_gas",
};
let show = null;
let last = null;
let asTable = false;

function take(data) {
  last = data;
  if (data === null) {
    none();
    return;
  }
  byId("plan-none").hidden = true;
  byId("plan-body").hidden = false;
  byId("plan-back").hidden = false;
  const said = (iso) => when(seconds(iso), seconds(data.now));
  setText(byId("plan-about"), t("plan.about", { made: said(data.made_at), until: said(data.expires_at) }));
  setText(byId("plan-identity"), t("plan.sources", { sources: pick(data.sources) }));
  byId("plan-day").replaceChildren(...dayLines(data).map((text) => make("li", {}, text)));
  byId("plan-missed").replaceChildren(...data.missed.map((text) => make("li", {}, t("plan.missed", { what: pick(text) }))));
  show ??= makeTimeline(byId("timeline"));
  show(data);
  if (asTable) byId("timeline-table").replaceChildren(timelineTable(data));
  showGrounds(data.grounds);
  showParts(data.costs_nok);
}

function showParts(parts) {
  byId("plan-parts").replaceChildren(...parts.map(([name, nok]) => make("tr", {},
    make("th", { scope: "row" }, PARTS[name] ? t(PARTS[name]) : name), make("td", { class: "num" }, number(nok, 0)))));
}

/** Why there is none. */
async function none() {
  let plan;
  try {
    plan = await fetchJson("/api/plan");
  } catch {
    return; // the banner already says that the connection is lost
  }
  byId("plan-none").hidden = false;
  byId("plan-body").hidden = true;
  byId("plan-back").hidden = false;
  setText(byId("plan-none"), `${t("plan.none")} ${pick((plan.no_plan ?? plan.decides).text)}`);
}

function startTable() {
  const button = byId("timeline-as-table");
  button.addEventListener("click", () => {
    asTable = !asTable;
    byId("timeline").hidden = asTable;
    byId("timeline-table").hidden = !asTable;
    if (asTable && last) byId("timeline-table").replaceChildren(timelineTable(last));
    if (!asTable && last) show(last);
    button.setAttribute("aria-expanded", String(asTable));
    setText(button, t(asTable ? "drawing.as_chart" : "drawing.as_table"));
  });
}

startTable();
startLookBack();
keepAsking("/api/plan/timeline", take);
