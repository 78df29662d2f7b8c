// Open deviations: each form sends its words and what the button that was pressed says, then the list is made anew.
import { byId, setText } from "./dom.js";
import "./frame.js";
import { renew } from "./orders.js";
import { send } from "./send.js";
import { t } from "./words.js";

const SHOWN_MS = 8000;
let hiding = null;
let sending = false;

/** Say what came of it, for a while; what failed stays until the next try. */
function tell(text, failed) {
  clearTimeout(hiding);
  setText(byId("message"), text);
  if (!failed) hiding = setTimeout(() => setText(byId("message"), ""), SHOWN_MS);
}

document.addEventListener("submit", async (event) => {
  const path = event.target.dataset.send;
  if (!path) return;
  event.preventDefault();
  if (sending) return; // a double tap is one word
  sending = true;
  const body = Object.fromEntries(new FormData(event.target));
  if (event.submitter?.name) body[event.submitter.name] = event.submitter.value;
  try {
    await send("POST", path, body);
    tell(t("deviations.saved"), false);
    await renew(["deviations"]);
  } catch (error) {
    tell(t("takeover.failed", { reason: error.message }), true);
  } finally {
    sending = false;
  }
});
