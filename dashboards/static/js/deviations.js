// Open deviations: each form sends its words and what the button that was pressed says, then the list is made anew.
import "./frame.js";
import { renew, tell } from "./orders.js";
import { send } from "./send.js";
import { t } from "./words.js";

let sending = false;

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
