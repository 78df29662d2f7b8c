// The page of the devices: search, what deviates, and what the server knows of wear and holders from time to time.
import { byId, setText } from "./dom.js";
import { onChange } from "./frame.js";
import "./meters.js";
import { renew } from "./orders.js";
import { siteNow } from "./store.js";
import { t } from "./words.js";

const AGAIN_MS = 60000;
const SETTLE_MS = 1500; // a tick, until control has followed an order
const rows = () => [...byId("device-rows").children];

function filter() {
  const words = byId("device-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const only = byId("device-only").checked;
  let count = 0;
  for (const row of rows()) {
    const odd = row.dataset.state !== "ok" || row.hasAttribute("data-taken-over") || row.querySelector(".verdict");
    const hit = words.every((word) => row.dataset.text.includes(word)) && (!only || odd);
    row.hidden = !hit;
    count += hit;
  }
  setText(byId("device-count"), t("devices.count", { shown: count, total: rows().length }));
}

/** Whether somebody has begun to fill in a form, which would be lost. */
const isWriting = () =>
  [...byId("device-rows").querySelectorAll("input")].some((input) => input.value !== input.defaultValue);

async function again() {
  if (document.hidden || document.querySelector("dialog[open]") || isWriting()) return;
  await renew(["taken", "device-rows"]);
  filter();
}

byId("device-search").addEventListener("input", filter);
byId("device-only").addEventListener("change", filter);
byId("device-search").form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("meters", async () => {
  await renew(["device-rows"]);
  filter();
});
document.addEventListener("orders", () => setTimeout(again, SETTLE_MS));
setInterval(again, AGAIN_MS);
let heldBefore = "";
onChange((changed, message) => {
  if (!message.held) return;
  const people = Object.entries(message.held).filter(([, command]) => command === null || command.source === "operator");
  const key = people.map(([id]) => id).join();
  if (people.length && key !== heldBefore && siteNow()) setTimeout(again, SETTLE_MS);
  heldBefore = key;
});
