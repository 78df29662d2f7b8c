// Small helpers for building and changing the page; text goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** An element with attributes and children (strings become text). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** An SVG element with attributes. */
export function svg(tag, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Set a text only when it differs, so that nothing is laid out again for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The mark of an alarm class: shape and letter. */
export function mark(letter, label) {
  const icon = svg("svg", { class: "mark-icon", viewBox: "0 0 20 20", role: "img", "aria-label": label });
  icon.append(svg("use", { href: `#mark-${letter}` }));
  return icon;
}

/** Rows by key: existing ones are kept in place, so that focus and pointer are never pulled away. */
export function keyed(parent, items, keyOf, create, update) {
  const present = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const item of items) {
    const key = keyOf(item);
    let row = present.get(key);
    if (!row) {
      row = create(item);
      row.dataset.key = key;
    }
    present.delete(key);
    const place = before ? before.nextElementSibling : parent.firstElementChild;
    if (place !== row) parent.insertBefore(row, place);
    update?.(row, item);
    before = row;
  }
  for (const gone of present.values()) gone.remove();
}
