// Runs before everything else on the page: the chosen colours, without a flash of the others.

(() => {
  "use strict";

  // Gradio asks the system for them; where the person has chosen, it is given their choice.
  const systemMatch = window.matchMedia.bind(window);
  const stored = () => { try { return localStorage.getItem("hearth-theme"); } catch { return null; } };
  const isDark = () => (stored() ?? (systemMatch("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const paint = () => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    document.body?.classList.toggle("dark", isDark());
  };
  window.matchMedia = (query) => {
    const real = systemMatch(query);
    if (!query.includes("prefers-color-scheme") || stored() === null) return real;
    const matches = query.includes("dark") === isDark();
    return new Proxy(real, {
      get: (target, name) => {
        if (name === "matches") return matches;
        const value = target[name];
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  systemMatch("(prefers-color-scheme: dark)").addEventListener("change", paint);
  document.addEventListener("DOMContentLoaded", paint);
  paint();

  window.hearthTheme = {
    isDark,
    toggle() {
      try { localStorage.setItem("hearth-theme", isDark() ? "light" : "dark"); } catch { /* not remembered then */ }
      paint();
    },
  };
})();
