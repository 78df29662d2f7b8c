// The page of now: price, alarms and events, connections, what is held, every point; the plant as drawing or table.
import { byId, setText } from "./dom.js";
import { onChange } from "./frame.js";
import { keepEvents, showAlarms, showEvents, showHealth, showHeld } from "./lists.js";
import { refreshTable, startTable } from "./points.js";
import { store } from "./store.js";
import { number, t } from "./words.js";

let begun = false;

function show(changed, message) {
  if (!begun) begin();
  if (message.alarms) {
    showAlarms();
    showEvents();
  }
  if (message.held) showHeld();
  if (message.price) showPrice();
  showHealth();
  refreshTable();
}

/** What needs the descriptions, which are there with the first message. */
function begin() {
  begun = true;
  startTable();
  keepEvents();
}

function showPrice() {
  const figure = byId("price");
  const [value, synthetic] = store.price;
  setText(figure.querySelector(".n"), value === null || value === undefined ? "–" : number(value, 2));
  const source = synthetic ? "figure.example" : "figure.spot";
  setText(figure.querySelector(".note"), store.price.length ? t(source) : t("figure.no_price"));
}

function startPlantTable() {
  const button = document.querySelector(".as-table");
  button.addEventListener("click", () => {
    const asTable = byId("plant-table").hidden;
    byId("plant-table").hidden = !asTable;
    byId("plant-drawing").hidden = asTable;
    button.setAttribute("aria-expanded", String(asTable));
    setText(button, t(asTable ? "drawing.as_drawing" : "drawing.as_table"));
  });
}

startPlantTable();
onChange(show);
