// Changes: the one way in which pages write. Every change carries the page's token, which a page from elsewhere has not.
import { csrf, language } from "./words.js";

const SIGNED_OUT = 401;
const NOTHING = 204;

/** What the server refused, in the page's language where it speaks both ("norsk / English"). */
export class Refused extends Error {
  constructor(status, detail) {
    const halves = typeof detail === "string" ? detail.split(" / ") : [];
    super(halves.length === 2 ? halves[language === "nb" ? 0 : 1] : String(detail?.[0]?.msg ?? detail ?? status));
    this.status = status;
    this.detail = detail;
  }
}

/** Send a change; gives the answer's JSON (null when it has none), throws Refused or a network error. */
export async function send(method, path, body) {
  const headers = { Accept: "application/json", "X-CSRF-Token": csrf ?? "" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const isJson = response.status !== NOTHING && response.headers.get("content-type")?.startsWith("application/json");
  const answer = isJson ? await response.json() : null;
  if (response.ok) return answer;
  if (response.status === SIGNED_OUT && csrf) {
    const next = encodeURIComponent(location.pathname + location.hash);
    location.assign(`/${language}/sign-in?next=${next}`);
  }
  throw new Refused(response.status, answer?.detail);
}
