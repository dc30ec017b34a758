// The top: the side's button, the model that answers, light or dark.

hearth.part("bar", (root) => {
  "use strict";
  const { say, make, icon, iconButton, onceFor } = hearth;

  const name = make("span", { class: "hearth-model-name" });
  const badge = make("span", { class: "hearth-badge" }, say("page_guide_badge"));
  const detail = make("span", { class: "hearth-model-detail" });
  const button = make("button", { type: "button", class: "hearth-model", "aria-haspopup": "menu", "aria-expanded": "false" },
    name, badge, detail, icon("down"));
  const menu = make("div", { class: "hearth-menu", role: "menu", "aria-label": say("page_model"), hidden: true });

  const open = (isOpen) => {
    menu.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) (menu.querySelector('[aria-checked="true"]') ?? menu.firstElementChild)?.focus();
  };
  const choose = (model) => {
    hearth.storage.remember("hearth-model", model.name);
    hearth.set("model", model.name);
    open(false);
    button.focus();
  };
  button.addEventListener("click", () => open(menu.hidden));
  document.addEventListener("click", (event) => { if (!menu.hidden && !menu.contains(event.target) && !button.contains(event.target)) open(false); });
  menu.addEventListener("keydown", (event) => {
    const items = [...menu.querySelectorAll("button:not(:disabled)")];
    const at = items.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); items[(at + step + items.length) % items.length]?.focus(); }
    if (event.key === "Escape") { event.stopPropagation(); open(false); button.focus(); }
  });

  const item = (model) =>
    make("button", { type: "button", role: "menuitemradio", "aria-checked": String(model.name === hearth.state.model), disabled: Boolean(model.problem), onclick: () => choose(model) },
      make("span", { class: "hearth-item-name" }, model.title, model.is_guide ? make("span", { class: "hearth-badge" }, say("page_guide_badge")) : null),
      make("span", { class: "hearth-item-detail" }, model.detail),
      icon("check"));

  const theme = iconButton("moon", "", () => { window.hearthTheme.toggle(); drawTheme(); }, { class: "hearth-icon hearth-theme" });
  const drawTheme = () => {
    const isDark = window.hearthTheme.isDark();
    const label = say(isDark ? "page_theme_light" : "page_theme_dark");
    theme.replaceChildren(icon(isDark ? "sun" : "moon"));
    theme.setAttribute("aria-label", label);
    theme.title = label;
  };
  drawTheme();

  root.append(
    iconButton("menu", say("page_open_side"), () => hearth.showSide(true), { class: "hearth-icon hearth-side-button" }),
    make("div", { class: "hearth-picker" }, button, menu), theme);

  const draw = () => {
    const model = hearth.model;
    name.textContent = model?.title ?? say("page_no_models");
    badge.hidden = !model?.is_guide;
    detail.textContent = model?.detail ?? "";
    button.setAttribute("aria-label", `${say("page_model")}: ${name.textContent} ${model?.is_guide ? `(${say("page_guide_badge")}) – ` : ""}${detail.textContent}`);
    button.title = detail.textContent;
    drawMenu(hearth.models, hearth.state.model);
  };
  const drawMenu = onceFor((models) => menu.replaceChildren(...models.map(item)));

  // An old chat goes on with the model that it had; a new one takes the one that was chosen last.
  let shownChat = null;
  hearth.on((changed) => {
    if (changed === "model") draw();
    if (changed !== "bar" && changed !== "notes") return;
    draw();
    if (hearth.isLoading) return;
    if (!hearth.model || shownChat !== hearth.talk.id) {
      const usable = (wanted) => hearth.models.find((model) => model.name === wanted && !model.problem)?.name;
      shownChat = hearth.talk.id;
      hearth.set("model", usable(hearth.talk.model) ?? usable(hearth.storage.remembered("hearth-model")) ?? hearth.state.bar?.default ?? "");
    }
  });
});
