// People and tokens: lists from the API, and what is done to them.
import { byId, make, setText } from "./dom.js";
import { onSubmit } from "./door.js";
import "./frame.js";
import { Refused, send } from "./send.js";
import { fetchJson } from "./store.js";
import { dayAndClock, language, t, timeZone, viewer } from "./words.js";

const STATES = { active: "people.active", invited: "people.invited", closed: "people.closed" };
const ROLES = {
  viewer: "role.viewer", care: "role.care", operator: "role.operator", engineer: "role.engineer", admin: "role.admin",
};
const RIGHTS = {
  monitor: "right.monitor", see: "right.see", see_personal: "right.see_personal", set_rooms: "right.set_rooms",
  note_water: "right.note_water",
  acknowledge: "right.acknowledge", operate: "right.operate", configure: "right.configure",
};
const dateFormat = new Intl.DateTimeFormat(language === "nb" ? "nb-NO" : "en-GB", { timeZone, dateStyle: "medium" });
const when = (iso) => (iso ? dayAndClock(Date.parse(iso) / 1000) : t("people.never"));
const person = (name) => `/api/people/${encodeURIComponent(name)}`;

/** Show a secret until it is put away; it cannot be had again. */
function showOnce(about, secret, hint) {
  setText(byId("once-about"), about);
  setText(byId("once-secret"), secret);
  setText(byId("once-hint"), hint);
  byId("once").hidden = false;
  byId("once").scrollIntoView({ block: "center" });
  byId("once-done").focus();
}

function showCode(name, code) {
  const address = `${location.origin}/${language}/welcome`;
  showOnce(t("people.code_for", { name }), code, t("people.code_where", { address }));
}

/** A button that does something and shows what the server refused. */
function action(text, act, question) {
  const button = make("button", { type: "button" }, text);
  button.addEventListener("click", async () => {
    if (question && !window.confirm(question)) return;
    button.disabled = true;
    try {
      await act();
      await showAll();
    } catch (error) {
      setText(byId("add-person").querySelector("[role=alert]"), error instanceof Refused ? error.message : t("door.no_answer"));
      button.disabled = false;
    }
  });
  return button;
}

function roleOf({ name, role }) {
  const select = make("select", { "aria-label": `${t("people.role")}, ${name}` });
  for (const [value, key] of Object.entries(ROLES)) {
    select.append(make("option", { value, selected: value === role }, t(key)));
  }
  select.disabled = name === viewer.name; // nobody locks themselves out by a slip
  select.addEventListener("change", async () => {
    try {
      await send("PATCH", person(name), { role: select.value });
    } catch (error) {
      setText(byId("add-person").querySelector("[role=alert]"), error instanceof Refused ? error.message : t("door.no_answer"));
    }
    await showAll();
  });
  return select;
}

function personRow(one) {
  const { name, state } = one;
  const self = name === viewer.name;
  const open = state === "closed"
    ? action(t("people.open"), () => send("PATCH", person(name), { closed: false }))
    : action(t("people.close"), () => send("PATCH", person(name), { closed: true }));
  const code = action(t("people.code"), async () => showCode(name, (await send("POST", `${person(name)}/code`)).code),
    t("people.sure_code", { name }));
  const remove = action(t("people.remove"), () => send("DELETE", person(name)), t("people.sure_remove", { name }));
  return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, roleOf(one)), make("td", {}, t(STATES[state])),
    make("td", {}, when(one.signed_in_at)), make("td", { class: "actions" }, ...(self ? [] : [open, code, remove])));
}

function tokenRow(token) {
  const remove = action(t("people.remove"), () => send("DELETE", `/api/tokens/${token.id}`),
    t("people.sure_remove", { name: token.name }));
  return make("tr", {}, make("th", { scope: "row" }, token.name),
    make("td", {}, token.rights.map((right) => t(RIGHTS[right])).join("; ")), make("td", {}, dateFormat.format(new Date(token.expires_at))),
    make("td", {}, when(token.used_at)), make("td", { class: "actions" }, remove));
}

async function showAll() {
  const [people, tokens] = await Promise.all([fetchJson("/api/people"), fetchJson("/api/tokens")]);
  byId("people-rows").replaceChildren(...people.map(personRow));
  const none = make("tr", {}, make("td", { colspan: 5 }, t("people.none")));
  byId("token-rows").replaceChildren(...(tokens.length ? tokens.map(tokenRow) : [none]));
}

onSubmit(byId("add-person"), async ({ person: name, role }) => {
  const { code } = await send("POST", "/api/people", { name, role });
  byId("add-person").reset();
  await showAll();
  showCode(name, code);
});
onSubmit(byId("add-token"), async ({ token: name, days }) => {
  const rights = [...byId("add-token").querySelectorAll("[name=rights]:checked")].map((box) => box.value);
  const { secret } = await send("POST", "/api/tokens", { name, rights, days: Number(days) });
  byId("add-token").reset();
  await showAll();
  showOnce(t("people.secret_for", { name }), secret, t("people.tokens_hint"));
});
byId("once-done").addEventListener("click", () => {
  setText(byId("once-secret"), "");
  byId("once").hidden = true;
});
showAll();
