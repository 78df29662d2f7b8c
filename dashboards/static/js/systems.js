// Shows one system at a time, by the address; prints that one, or all.
import "./frame.js";
import { byId } from "./dom.js";

const sections = [...document.querySelectorAll(".system")];
const links = [...document.querySelectorAll("[data-system]")];
const asked = () => sections.find((section) => `#${section.dataset.name}` === location.hash);

function show() {
  const shown = asked() ?? sections[0];
  for (const section of sections) section.hidden = section !== shown;
  for (const link of links) {
    if (link.getAttribute("href") === `#${shown?.dataset.name}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

addEventListener("hashchange", () => asked() && show());
addEventListener("afterprint", show);
byId("print-one").addEventListener("click", () => print());
byId("print-all").addEventListener("click", () => {
  for (const section of sections) section.hidden = false;
  print();
});
show();
