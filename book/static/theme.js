// The theme is set before the page is drawn, under the names that the other pages of the book use.
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const MODES = ["auto", "light", "dark"];
  const kept = () => {
    try {
      return localStorage.getItem("mode");
    } catch {
      return null; // no storage: the choice lasts as long as the page
    }
  };
  const show = (mode) => {
    root.dataset.mode = mode;
    root.dataset.theme = mode === "auto" ? (dark.matches ? "dark" : "light") : mode;
  };
  const keep = () => {
    try {
      localStorage.setItem("mode", root.dataset.mode);
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // as above
    }
  };
  const SAY = { auto: "as the system says", light: "light", dark: "dark" };
  const name = (button) => button.setAttribute("aria-label", `Color theme: ${SAY[root.dataset.mode]}`);

  root.classList.remove("no-js");
  show(MODES.includes(kept()) ? kept() : "auto");
  dark.addEventListener("change", () => show(root.dataset.mode));
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    name(button);
    button.addEventListener("click", () => {
      show(MODES[(MODES.indexOf(root.dataset.mode) + 1) % 3]);
      keep();
      name(button);
    });
  });
}
