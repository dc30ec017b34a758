// What the parts of the page share: the words, what the server last said, and small ways to build elements.
// Text from people and models only ever goes in as text.

const hearth = (() => {
  "use strict";
  const state = {};
  const listeners = [];
  const parts = {};

  const say = (code, values = {}) =>
    (hearthWords.words[code] ?? code).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };

  const paths = {
    menu: "M4 7h16M4 12h16M4 17h10",
    plus: "M12 5v14M5 12h14",
    pen: "M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19z",
    bin: "M5 7h14M10 11v6M14 11v6M6.5 7l.8 12h9.4l.8-12M9.5 7V4.5h5V7",
    sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
    moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
    up: "M12 19V5M6 11l6-6 6 6",
    down: "M6 9l6 6 6-6",
    copy: "M9 9h10v10H9zM5 15V5h10",
    check: "M5 12.5l4.5 4.5L19 7.5",
    again: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 3.5v4h-4",
    before: "M14.5 6l-6 6 6 6",
    after: "M9.5 6l6 6-6 6",
    leave: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
    close: "M6 6l12 12M18 6L6 18",
  };
  const icon = (name) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", paths[name]);
    svg.append(path);
    return svg;
  };
  const iconButton = (name, label, onclick, attributes = {}) =>
    make("button", { type: "button", class: "hearth-icon", "aria-label": label, title: label, onclick, ...attributes }, icon(name));

  // Builds anew only what has changed: a click on something that is replaced meanwhile would be lost.
  const onceFor = (build) => {
    let last;
    return (...values) => {
      const key = JSON.stringify(values);
      if (key !== last) { last = key; build(...values); }
    };
  };

  const tell = (name) => { for (const listener of listeners) listener(name); };
  const set = (name, value) => {
    if (name === "side" && value.read_at < state.side?.read_at) return;
    state[name] = value;
    // Asked for and not there: a new chat stands in its place.
    if (name === "notes" && value.asked === target && value.id !== target) { target = value.id; value.asked = value.id; }
    tell(name);
  };

  // The chat that the person wants to see. What comes for another one is not looked at: it was asked for before.
  let target = new URL(location.href).searchParams.get("c") ?? "";
  const nothing = () => ({ asked: target, id: target, title: "", model: "", num_hidden: 0, notes: [] });
  const aim = (id) => {
    if (id === target) return;
    target = id;
    if (!id) state.notes = nothing();
    for (const name of ["notes", "composer"]) tell(name);
  };

  return {
    say, make, icon, iconButton, onceFor, state, set, aim,
    // A number for all that changes what is shown: events may overtake each other on their way.
    turn: (() => { let count = 0; return () => ++count; })(),
    get isLoading() { return state.notes?.asked !== target; },
    get talk() { return hearth.isLoading ? nothing() : state.notes; },
    get composer() { return state.composer?.asked === target ? state.composer : { is_answering: false, status: "" }; },
    get models() { return state.bar?.models ?? []; },
    get model() { return hearth.models.find((model) => model.name === state.model) ?? null; },
    on: (listener) => { listeners.push(listener); },
    part: (name, build) => { parts[name] = build; },
    // Called by Gradio for each part: the element, a way to send events, and the JSON that the server sets.
    start(name, element, trigger, props, watch) {
      const root = element.querySelector(`.hearth-${name}`);
      parts[name](root, trigger);
      const take = () => { if (props.value) set(name, JSON.parse(props.value)); };
      watch("value", take);
      take();
    },
    storage: {
      get(key) { try { return sessionStorage.getItem(key) ?? ""; } catch { return ""; } },
      set(key, value) { try { sessionStorage.setItem(key, value); } catch { /* private mode: lost with the page */ } },
      remembered(key) { try { return localStorage.getItem(key) ?? ""; } catch { return ""; } },
      remember(key, value) { try { localStorage.setItem(key, value); } catch { /* not remembered then */ } },
    },
  };
})();
window.hearth = hearth;

// A reload, a bookmark or another tab finds the chat by the address.
hearth.on((name) => {
  if (name !== "notes" || (hearth.isLoading && !document.body.classList.contains("hearth-ready"))) return;
  const url = new URL(location.href);
  if (hearth.talk.id) url.searchParams.set("c", hearth.talk.id); else url.searchParams.delete("c");
  if (url.href !== location.href) history.replaceState(history.state, "", url);
  document.title = hearth.talk.title ? `${hearth.talk.title} · Hearth` : "Hearth";
  document.body.classList.toggle("hearth-empty", hearth.talk.notes.length === 0 && !hearth.isLoading);
  document.body.classList.add("hearth-ready");
});
