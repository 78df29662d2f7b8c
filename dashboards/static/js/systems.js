// Shows one system at a time, by the address; prints that one, or all.
import "./frame.js";
import { byId } from "./dom.js";

const sections = [...document.querySelectorAll(".system")];
const links = [...document.querySelectorAll("[data-system]")];

function show() {
  const asked = sections.find((section) => `#${section.id}` === location.hash) ?? sections[0];
  for (const section of sections) section.hidden = section !== asked;
  for (const link of links) {
    if (link.getAttribute("href") === `#${asked?.id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

addEventListener("hashchange", () => {
  if (!sections.some((section) => `#${section.id}` === location.hash)) return;
  show();
  scrollTo({ top: 0 });
});
addEventListener("afterprint", show);
byId("print-one").addEventListener("click", () => print());
byId("print-all").addEventListener("click", () => {
  for (const section of sections) section.hidden = false;
  print();
});
show();
if (location.hash) scrollTo({ top: 0 });
