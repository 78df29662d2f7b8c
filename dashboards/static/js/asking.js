// Asks the API again and again while the page is seen and not frozen; what is shown stays when there is no answer.
import { byId } from "./dom.js";

const EVERY_MS = 15000;

/** Call `take(data)` with each answer of `path`, `refused(response)` with each that is an error. */
export function keepAsking(path, take, refused = () => {}) {
  const ask = async () => {
    if (document.hidden || byId("freeze").getAttribute("aria-pressed") === "true") return;
    let response;
    try {
      response = await fetch(path, { headers: { Accept: "application/json" } });
    } catch {
      return; // the banner already says that the connection is lost
    }
    if (response.ok) take(await response.json());
    else refused(response);
  };
  ask();
  setInterval(ask, EVERY_MS);
  document.addEventListener("visibilitychange", ask);
}
