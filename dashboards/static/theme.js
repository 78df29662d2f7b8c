// Loaded before the page is drawn, so that the chosen theme never flashes. Without a choice the system's is used.
const chosenTheme = localStorage.getItem("bems-theme");
if (chosenTheme) document.documentElement.dataset.theme = chosenTheme;
