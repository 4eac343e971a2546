// A classic script in the head: the chosen colours are there before the first paint.
(() => {
  const theme = localStorage.getItem("sheepop.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
