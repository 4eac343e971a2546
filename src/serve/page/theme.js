// A classic script in the head: the chosen colours are there before the first paint.
(() => {
  let theme = "";
  try {
    theme = localStorage.getItem("sheepop.theme");
  } catch {
    return;  // a browser that keeps nothing for pages
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
