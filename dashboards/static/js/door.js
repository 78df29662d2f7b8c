// Sign-in, and choosing a password with a code.
import { byId, setText } from "./dom.js";
import { Refused, send } from "./send.js";
import { language, t } from "./words.js";

/** Have a form call `act(fields)`; what goes wrong stands above its button, and the button waits meanwhile. */
export function onSubmit(form, act) {
  const button = form.querySelector("button[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fault = form.querySelector("[role=alert]");
    setText(fault, "");
    button.disabled = true;
    try {
      await act(Object.fromEntries(new FormData(form)));
    } catch (error) {
      setText(fault, error instanceof Refused ? error.message : t("door.no_answer"));
    } finally {
      button.disabled = false;
    }
  });
}

/** The new password when both fields agree, else a fault. */
export function agreed({ new: password, again }) {
  if (password !== again) throw new Refused(0, t("door.differ"));
  return password;
}

/** Where somebody was going: a path of this server and nothing else. */
function destination() {
  const wanted = new URL(new URLSearchParams(location.search).get("next") ?? `/${language}`, location.origin);
  return wanted.origin === location.origin ? wanted.pathname + wanted.hash : `/${language}`;
}

const signIn = byId("sign-in");
const welcome = byId("welcome");
if (signIn) {
  onSubmit(signIn, async ({ name, password }) => {
    await send("POST", "/api/session", { name, password });
    location.replace(destination());
  });
}
if (welcome) {
  onSubmit(welcome, async (fields) => {
    await send("POST", "/api/welcome", { name: fields.name, code: fields.code, password: agreed(fields) });
    location.replace(`/${language}`);
  });
}
(signIn ?? welcome)?.querySelector("input").focus();
