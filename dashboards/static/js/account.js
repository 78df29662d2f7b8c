// One's own account: another password.
import { byId, setText } from "./dom.js";
import { agreed, onSubmit } from "./door.js";
import "./frame.js";
import { send } from "./send.js";
import { t } from "./words.js";

const form = byId("password");
onSubmit(form, async (fields) => {
  await send("PUT", "/api/session/password", { old: fields.old, new: agreed(fields) });
  form.reset();
  setText(form.querySelector("[role=alert]"), t("door.changed"));
});
