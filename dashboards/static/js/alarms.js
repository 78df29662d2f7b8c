// The page of alarms: lists by cause that are kept, not rebuilt, and what operators do to an alarm.
import { keepAsking } from "./asking.js";
import { byId, keyed, make, mark, setText } from "./dom.js";
import { onChange } from "./frame.js";
import { send } from "./send.js";
import { fetchJson } from "./store.js";
import { clock, dayAndClock, may, number, pick, t } from "./words.js";

const CLASSES = { A: "alarms.class_a", B: "alarms.class_b", C: "alarms.class_c" };
const ASIDE = ["shelved", "out_of_service"];
const GONE = ["returned", "latched"];
const SERVICE = ["take_out", "put_back"];
const FIGURES = [
  "per_day", "busiest_ten_minutes", "floods", "standing", "standing_over_a_day", "shelved", "suppressed", "out_of_service",
];
const seconds = (iso) => Date.parse(iso) / 1000;
const opened = new Set(); // alarms whose sheet is shown
let asked = null; // {alarm, verb} of the dialog
let asking = false;

async function refresh() {
  if (asking) return;
  asking = true;
  try {
    show(await fetchJson("/api/alarms/list"));
  } catch {
    // the banner already says that the connection is lost
  } finally {
    asking = false;
  }
}

function show(answer) {
  const causes = new Map();
  for (const alarm of answer.alarms) {
    if (!causes.has(alarm.cause_id)) causes.set(alarm.cause_id, []);
    causes.get(alarm.cause_id).push(alarm);
  }
  const groups = [...causes.values()];
  const shownIn = (group) => (ASIDE.includes(group[0].state) ? "aside" : GONE.includes(group[0].state) ? "returned" : "now");
  const inside = answer.alarms.filter((alarm) => ASIDE.includes(alarm.state) && alarm.id !== alarm.cause_id);
  list("alarm-rows", groups.filter((group) => shownIn(group) === "now"), "alarm_page.none");
  list("alarm-returned", groups.filter((group) => shownIn(group) === "returned"), "alarm_page.none_returned");
  const aside = [...groups.filter((group) => shownIn(group) === "aside"), ...inside.map((alarm) => [alarm])];
  list("alarm-set-aside", aside, "alarm_page.none_aside");
  const { flood, duty } = answer;
  const told = duty.recipients ? t("alarm_page.on_duty", { names: duty.on_duty.join(", ") }) : t("alarm_page.nobody_told");
  const first = flood ? t("alarm_page.flood", { number: flood.in_ten_minutes, time: clock(seconds(flood.since)) }) : "";
  setText(byId("alarm-about"), `${first} ${told}`.trim());
  byId("alarm-about").dataset.flood = Boolean(flood);
}

/** One row a cause; what belongs to it stands inside. */
function list(id, groups, none) {
  const rows = groups.length ? groups : [null];
  keyed(byId(id), rows, (group) => (group ? `${group[0].id}` : "none"), (group) => {
    if (!group) return make("li", { class: "none" }, t(none));
    return make("li", { class: "alarm-row" }, head(group[0]), make("div", { class: "sheet", hidden: true }), make("ul", { class: "others" }));
  }, (row, group) => {
    if (!group) return;
    const [alarm, ...others] = group;
    update(row, alarm);
    const more = row.querySelector(":scope > .others");
    keyed(more, others, (other) => other.id, (other) => {
      return make("li", {}, make("span", { class: "text" }), make("span", { class: "state" }), make("span", { class: "acts" }));
    }, (line, other) => {
      setText(line.querySelector(".text"), pick(other.text));
      setText(line.querySelector(".state"), stateOf(other));
      acts(line.querySelector(".acts"), other);
    });
  });
}

function head(alarm) {
  const button = make("button", { type: "button", class: "open", "aria-expanded": "false" },
    mark(alarm.severity, t(CLASSES[alarm.severity])), make("span", { class: "text" }), make("span", { class: "state" }));
  button.addEventListener("click", () => {
    const id = button.closest(".alarm-row").dataset.key;
    if (!opened.delete(id)) opened.add(id);
    refresh();
  });
  return make("div", { class: "alarm-head" }, button, make("span", { class: "when" }), make("span", { class: "acts" }));
}

function update(row, alarm) {
  row.dataset.class = alarm.severity;
  row.dataset.state = alarm.state;
  const top = row.querySelector(".alarm-head");
  setText(top.querySelector(".text"), pick(alarm.text));
  setText(top.querySelector(".state"), stateOf(alarm));
  const times = alarm.times > 1 ? ` ${t("alarm_page.times", { times: alarm.times })}` : "";
  setText(top.querySelector(".when"), `${t("alarms.since", { time: dayAndClock(seconds(alarm.raised_at)) })}${times}`);
  acts(top.querySelector(".acts"), alarm);
  const open = opened.has(alarm.id);
  top.querySelector(".open").setAttribute("aria-expanded", String(open));
  const sheet = row.querySelector(":scope > .sheet");
  sheet.hidden = !open;
  if (open && !sheet.childElementCount) sheet.append(...details(alarm));
}

function details(alarm) {
  const steps = alarm.sheet.steps.map((step) => make("li", {}, pick(step)));
  return [
    make("h3", {}, `${t("alarm.steps")} (${t("alarm.respond")}: ${length(alarm.sheet.respond_min)})`), make("ol", {}, ...steps),
    make("h3", {}, t("alarm.cause")), make("p", {}, pick(alarm.sheet.cause)),
    make("h3", {}, t("alarm.consequence")), make("p", {}, pick(alarm.sheet.consequence)),
    make("p", { class: "hint" }, [alarm.id, alarm.tag].filter(Boolean).join("  ")),
  ];
}

function stateOf(alarm) {
  const word = t(`alarm_state.${alarm.state}`);
  const by = { acknowledged: alarm.acknowledged, shelved: alarm.shelved, out_of_service: alarm.out_of_service }[alarm.state];
  const until = alarm.shelved_until ? ` ${t("alarm_page.until", { time: dayAndClock(seconds(alarm.shelved_until)) })}` : "";
  const who = by ? ` ${t("alarm_page.by", { who: by.who })}${by.reason ? `: ${by.reason}` : ""}` : "";
  return `${word}${until}${who}`;
}

const length = (minutes) => (minutes < 120 ? t("time.minutes", { number: number(minutes, 0) })
  : minutes < 2880 ? t("time.hours", { number: number(minutes / 60, 0) }) : t("time.days", { number: number(minutes / 1440, 0) }));

function acts(box, alarm) {
  const wanted = alarm.can.filter((verb) => may(SERVICE.includes(verb) ? "configure" : "acknowledge"));
  keyed(box, wanted, (verb) => verb, (verb) => {
    const button = make("button", { type: "button", "data-verb": verb }, t(`alarm_act.${verb}`));
    button.addEventListener("click", () => begin(button.alarm, verb));
    return button;
  }, (button) => { button.alarm = alarm; });
}

function begin(alarm, verb) {
  if (verb === "unshelve" || verb === "put_back" || verb === "reset") {
    act(alarm, verb, "", null).catch((error) => setText(byId("alarm-about"), error.message));
    return;
  }
  asked = { alarm, verb };
  setText(byId("alarm-dialog-title"), t(`alarm_act.${verb}`));
  setText(byId("alarm-dialog-text"), pick(alarm.text));
  setText(byId("alarm-ok"), t(`alarm_act.${verb}`));
  setText(byId("alarm-fault"), "");
  byId("alarm-reason").value = "";
  byId("alarm-reason").required = verb !== "acknowledge";
  const box = byId("alarm-minutes");
  box.hidden = verb !== "shelve";
  const choices = alarm.shelve_choices_min.map((minutes, index) => make("label", {},
    make("input", { type: "radio", name: "minutes", value: minutes, checked: index === 0 }), length(minutes)));
  box.replaceChildren(box.querySelector("legend"), ...choices);
  byId("alarm-dialog").showModal();
  byId("alarm-reason").focus();
}

async function act(alarm, verb, reason, minutes) {
  const path = `/api/alarms/${encodeURIComponent(alarm.id)}`;
  if (SERVICE.includes(verb)) await send("POST", `${path}/service`, { out_of_service: verb === "take_out", reason });
  else await send("POST", `${path}/act`, { do: verb, reason, minutes });
  await refresh();
}

byId("alarm-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const chosen = byId("alarm-minutes").querySelector("input:checked");
  const minutes = asked.verb === "shelve" && chosen ? Number(chosen.value) : null;
  byId("alarm-ok").disabled = true;
  try {
    await act(asked.alarm, asked.verb, byId("alarm-reason").value.trim(), minutes);
    byId("alarm-dialog").close();
  } catch (error) {
    setText(byId("alarm-fault"), error.message);
  } finally {
    byId("alarm-ok").disabled = false;
  }
});
byId("alarm-cancel").addEventListener("click", () => byId("alarm-dialog").close());

function showFigures(figures) {
  keyed(byId("alarm-health"), FIGURES, (name) => name, (name) => {
    return make("div", {}, make("dt", {}, t(`alarm_page.figure_${name}`)), make("dd", {}));
  }, (row, name) => setText(row.querySelector("dd"), number(figures[name], name === "per_day" ? 1 : 0)));
  const often = figures.often.length ? figures.often : [null];
  keyed(byId("alarm-often"), often, (bad) => bad?.id ?? "none", (bad) => make("li", {}, bad ? "" : t("alarm_page.none_often")), (row, bad) => {
    if (!bad) return;
    const times = t("alarm_page.times", { times: bad.times });
    setText(row, `${pick(bad.text)} ${times}${bad.chattering ? ` – ${t("alarm_page.chattering")}` : ""}`);
  });
}

onChange((changed, message) => {
  if (message.alarms) refresh();
});
show(JSON.parse(byId("alarm-first").textContent));
keepAsking("/api/alarms/list", show);
keepAsking("/api/alarms/figures", showFigures);
