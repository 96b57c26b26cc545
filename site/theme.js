// Runs before the first paint: the theme that the reader chose, and that there is script at all.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("scripted");
  try {
    var theme = localStorage.getItem("scopefence-theme");
    if (theme === "light" || theme === "dark") root.setAttribute("data-theme", theme);
  } catch (_) {
    // Without storage the choice lasts for the page.
  }
})();
