// Loaded before the page is drawn.
// The chosen theme must never flash; without a choice the system's is used.
const chosenTheme = localStorage.getItem("bems-theme");
if (chosenTheme) document.documentElement.dataset.theme = chosenTheme;

// What is pressed before the page's own scripts live is pressed again when they do: on a slow phone nothing is lost,
// and no form is sent the browser's way. Enter in a field presses the form's button, so it comes this way too.
const pressedEarly = new Set();
const keepPress = (event) => {
  const button = event.target.closest?.("button");
  if (!button) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  pressedEarly.add(button);
};
addEventListener("click", keepPress, true);
addEventListener("DOMContentLoaded", () => {
  removeEventListener("click", keepPress, true);
  for (const button of pressedEarly) button.click();
});
