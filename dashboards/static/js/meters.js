// Exchanges of meters, in the sheets of devices: noted and taken back. The page is made anew by whoever imports this.
import { setText } from "./dom.js";
import { tell } from "./orders.js";
import { send } from "./send.js";
import { utc } from "./when.js";
import { t } from "./words.js";

let sending = false;

async function change(form, path, body, said) {
  if (sending) return; // a double tap is one entry
  const failed = form.querySelector(".verdict");
  sending = true;
  setText(failed, "");
  try {
    await send("POST", path, body);
    tell(t(said), false);
    document.dispatchEvent(new CustomEvent("meters"));
  } catch (error) {
    setText(failed, t("takeover.failed", { reason: error.message }));
    failed.scrollIntoView({ block: "center" }); // above the bar that a phone has at its foot
  } finally {
    sending = false;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const { exchange, takeBack, at } = form.dataset;
  if (!exchange && !takeBack) return;
  event.preventDefault();
  const said = Object.fromEntries(new FormData(form));
  const path = `/api/points/${encodeURIComponent(takeBack ?? said.point)}/exchanges`;
  if (takeBack) change(form, `${path}/take-back`, { at, reason: said.reason }, "meters.saved_back");
  else {
    const body = { last: Number(said.last), first: Number(said.first), reason: said.reason };
    change(form, path, said.at ? { ...body, at: utc(said.at) } : body, "meters.saved");
  }
});
