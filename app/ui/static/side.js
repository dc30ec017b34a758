// The left side: brand, new chat, the list of chats by day, whose they are.

hearth.part("side", (root, trigger) => {
  "use strict";
  const { say, make, icon, iconButton, onceFor } = hearth;
  const isNarrow = () => window.matchMedia("(max-width: 800px)").matches;

  const show = (isOpen) => {
    document.body.classList.toggle("hearth-side-open", isOpen);
    document.body.classList.toggle("hearth-side-closed", !isOpen);
    if (!isNarrow()) hearth.storage.remember("hearth-side", isOpen ? "open" : "closed");
  };
  hearth.showSide = show;
  show(!isNarrow() && hearth.storage.remembered("hearth-side") !== "closed");

  window.matchMedia("(max-width: 800px)").addEventListener("change", (event) => show(!event.matches));

  const open = (id) => {
    // What was just said may still be refused, or get a chat of its own: that is waited for.
    if (hearth.isSending) { hearth.afterSending = () => open(id); return; }
    if (isNarrow()) show(false);
    if (id === hearth.talk.id && id) return;
    hearth.aim(id);
    trigger("open", { chat: id, turn: hearth.turn() });
  };

  const dialog = (title, body, verb, isDanger, onaccept) => {
    const close = () => { box.close(); box.remove(); };
    const accept = make("button", { type: "submit", class: isDanger ? "hearth-danger" : "hearth-primary" }, verb);
    const cancel = make("button", { type: "button", class: "hearth-plain", onclick: close }, say("page_cancel"));
    const form = make("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); onaccept(); close(); } },
      make("h2", {}, title), body, make("div", { class: "hearth-dialog-buttons" }, cancel, accept));
    const box = make("dialog", { class: "hearth-dialog", "aria-label": title, oncancel: () => box.remove() }, form);
    box.addEventListener("click", (event) => { if (event.target === box) close(); });
    document.body.append(box);
    box.showModal();
    (form.querySelector("input") ?? accept).focus();
    form.querySelector("input")?.select();
  };

  const rename = (chat) => {
    const field = make("input", { type: "text", maxlength: "200", "aria-label": say("page_rename_label") });
    field.value = chat.title;
    dialog(say("page_rename"), field, say("page_save"), false, () => {
      if (field.value.trim()) trigger("rename", { chat: chat.id, title: field.value });
    });
  };

  const remove = (chat) => {
    const text = make("p", {}, make("strong", {}, chat.title || say("page_untitled")), make("br"), say("page_delete_explained"));
    dialog(say("page_delete_question"), text, say("page_delete"), true, () => {
      trigger("remove", { chat: chat.id });
      if (chat.id === hearth.talk.id) open("");
    });
  };

  const row = (chat) => {
    const title = chat.title || say("page_untitled");
    const isShown = chat.id === hearth.talk.id;
    return make("li", { class: isShown ? "hearth-row hearth-shown" : "hearth-row" },
      make("button", { type: "button", class: "hearth-row-title", title, "aria-current": isShown ? "page" : null, onclick: () => open(chat.id) },
        make("span", {}, title),
        chat.is_answering ? make("i", { class: "hearth-pulse", role: "img", "aria-label": say("page_answering") }) : null),
      iconButton("pen", `${say("page_rename")}: ${title}`, () => rename(chat)),
      iconButton("bin", `${say("page_delete")}: ${title}`, () => remove(chat)));
  };

  const dayOf = (changed) => {
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    const yesterday = new Date(midnight);
    yesterday.setDate(yesterday.getDate() - 1);
    const time = changed * 1000;
    return time >= midnight.getTime() ? "page_today" : time >= yesterday.getTime() ? "page_yesterday" : "page_earlier";
  };

  const list = make("nav", { class: "hearth-list", "aria-label": say("page_chats") });
  const person = make("span", { class: "hearth-person" });
  const brand = make("span", { class: "hearth-brand" }, make("span", { class: "hearth-flame", "aria-hidden": "true" }), say("page_brand"));
  root.append(
    make("div", { class: "hearth-side-top" }, brand, iconButton("menu", say("page_close_side"), () => show(false))),
    make("button", { type: "button", class: "hearth-new", onclick: () => { open(""); if (!isNarrow()) hearth.focusComposer(); } }, icon("plus"), say("page_new_chat")),
    list,
    make("form", { class: "hearth-foot", method: "post", action: "sign-out" },
      make("span", { class: "hearth-face", "aria-hidden": "true" }), person,
      make("button", { type: "submit", class: "hearth-icon", "aria-label": say("page_sign_out"), title: say("page_sign_out") }, icon("leave"))),
  );
  document.body.append(make("div", { class: "hearth-scrim", onclick: () => show(false) }));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && isNarrow()) show(false); });

  const draw = onceFor((chats, _shown, _day) => {
    const groups = [];
    for (const code of ["page_today", "page_yesterday", "page_earlier"]) {
      const rows = chats.filter((chat) => dayOf(chat.changed) === code).map(row);
      if (rows.length) groups.push(make("section", {}, make("h2", {}, say(code)), make("ul", {}, ...rows)));
    }
    const top = list.scrollTop;
    list.replaceChildren(...(groups.length ? groups : [make("p", { class: "hearth-none" }, say("page_no_chats"))]));
    list.scrollTop = top;
  });
  hearth.on((name) => {
    if (name !== "side" && name !== "notes") return;
    const { chats = [], person: who = "" } = hearth.state.side ?? {};
    draw(chats, hearth.talk.id, new Date().toDateString());
    person.textContent = who;
    root.querySelector(".hearth-face").textContent = [...who][0]?.toUpperCase() ?? "";
  });

  // Another tab or device may have changed the list, or the chat on this page.
  let seen = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() - seen > 5000) trigger("refresh", {});
    seen = Date.now();
  });
  hearth.on((name) => {
    if (name !== "side") return;
    const shown = hearth.state.side.chats.find((chat) => chat.id === hearth.talk.id);
    if (shown?.is_answering && !hearth.isLoading && !hearth.composer.is_answering && !hearth.isSending) trigger("open", { chat: shown.id, turn: hearth.turn() });
  });
});
