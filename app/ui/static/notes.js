// What stands around Gradio's bubbles: below each answer its numbers and what can be done with it, above them a way to
// the earlier messages, and the welcome of an empty chat. Also puts back the characters that stood in for others.

hearth.part("notes", (root, trigger) => {
  "use strict";
  const { say, make, icon, iconButton, onceFor } = hearth;
  const talk = () => document.getElementById("talk");

  const copy = async (text, button) => {
    const done = () => {
      button.replaceChildren(icon("check"));
      button.setAttribute("aria-label", say("page_copied"));
      setTimeout(() => { button.replaceChildren(icon("copy")); button.setAttribute("aria-label", say("page_copy")); }, 1600);
    };
    if (navigator.clipboard) { await navigator.clipboard.writeText(text); done(); return; }
    // Without https there is no clipboard interface; a selected field still can be copied.
    const field = make("textarea", { class: "hearth-offscreen", "aria-hidden": "true" });
    field.value = text;
    document.body.append(field);
    field.select();
    if (document.execCommand("copy")) done();
    field.remove();
  };

  const versions = (note) => {
    if (!note.versions.length) return null;
    const at = note.versions.indexOf(note.id);
    const go = (step) => () => trigger("version", { chat: hearth.talk.id, message: note.versions[at + step], turn: hearth.turn() });
    const isBusy = hearth.composer.is_answering;
    return make("span", { class: "hearth-versions" },
      iconButton("before", say("page_version_before"), go(-1), { disabled: at === 0 || isBusy }),
      `${at + 1}/${note.versions.length}`,
      iconButton("after", say("page_version_after"), go(1), { disabled: at === note.versions.length - 1 || isBusy }));
  };

  const note = (note, isLast) => {
    const isAnswer = note.role === "assistant";
    const again = () => trigger("again", { chat: hearth.talk.id, message: note.id, model: hearth.state.model ?? "", turn: hearth.turn() });
    const copyButton = iconButton("copy", say("page_copy"), () => copy(note.text, copyButton));
    const line = make("div", { class: "hearth-note-line" },
      note.text ? copyButton : null,
      isAnswer && isLast && !note.problem ? iconButton("again", say("page_again"), again) : null,
      versions(note),
      note.numbers ? make("span", { class: "hearth-numbers" }, note.numbers) : null);
    const problem = note.problem
      ? make("div", { class: "hearth-problem", role: "alert" }, make("p", {}, note.problem),
        isLast ? make("button", { type: "button", class: "hearth-plain", onclick: again }, icon("again"), say("page_again")) : null)
      : null;
    return make("div", { class: isAnswer ? "hearth-note" : "hearth-note hearth-note-user", "data-note": note.id }, problem, line);
  };

  const status = () => {
    const { status: text, fraction } = hearth.composer;
    const bar = make("span", { class: "hearth-progress", role: "progressbar", "aria-label": text, "aria-valuenow": Math.round(fraction * 100), hidden: fraction < 0 }, make("i"));
    bar.firstElementChild.style.width = `${Math.max(0, fraction) * 100}%`;
    return make("div", { class: "hearth-status", role: "status" }, make("i", { class: "hearth-pulse" }), make("span", {}, text), bar);
  };

  const drawEarlier = (wrap) => {
    const { id, num_hidden: count, notes } = hearth.talk;
    const key = `${id} ${count} ${notes.length}`;
    const old = wrap.querySelector(":scope > .hearth-earlier");
    if (old?.dataset.key === key) return;
    old?.remove();
    if (!count) return;
    wrap.prepend(make("button", { type: "button", class: "hearth-plain hearth-earlier", "data-key": key, onclick: () => trigger("open", { chat: id, limit: notes.length + 50, turn: hearth.turn() }) },
      say("page_show_earlier", { count })));
  };

  const cut = ({ label, summary }) =>
    make("div", { class: "hearth-cut", role: "note" },
      make("p", {}, label),
      summary ? make("details", {}, make("summary", {}, say("page_cut_summary")), make("p", {}, summary)) : null);

  // What the model does not read any more is paler, and behind the last of it stands why.
  const drawCut = (wrap, rows) => {
    const { id, cut: state } = hearth.talk;
    rows.forEach((row, index) => row.classList.toggle("hearth-unread", Boolean(state) && index >= state.first && index <= state.last));
    const key = state ? JSON.stringify([id, state]) : "";
    const old = wrap.querySelector(".hearth-cut");
    const place = state && (state.last >= 0 ? rows[state.last] : wrap);
    if (old && old.dataset.key === key && old.parentElement === place) return;
    old?.remove();
    if (!place) return;
    const fresh = cut(state);
    fresh.dataset.key = key;
    if (place === wrap) wrap.prepend(fresh); else place.append(fresh);
  };

  // Gradio draws one row per message, in order. Notes are only put where they changed: this runs with every update.
  const draw = () => {
    const wrap = talk()?.querySelector(".message-wrap");
    if (!wrap || hearth.isLoading) return;
    const rows = [...wrap.querySelectorAll(".message-row")];
    const { notes } = hearth.talk;
    const isAnswering = Boolean(hearth.composer.is_answering);
    rows.forEach((row, index) => {
      // Gradio repeats the whole text there, as Markdown; the text itself is read out anyway.
      row.querySelector("[data-testid]")?.removeAttribute("aria-label");
      const data = notes[index];
      const isLast = index === rows.length - 1;
      const isRunning = isLast && isAnswering && row.classList.contains("bot-row");
      const key = data && !isRunning ? JSON.stringify([data, isLast, isAnswering, rows.length === notes.length]) : `running ${hearth.composer.status}`;
      const old = row.querySelector(":scope > .hearth-note, :scope > .hearth-status");
      row.classList.toggle("hearth-waiting", isRunning ? Boolean(hearth.composer.status) : data?.text === "");
      if (old?.dataset.key === key) return;
      const fresh = isRunning ? (hearth.composer.status ? status() : null) : data && !(isLast && isAnswering && data.role === "assistant") ? note(data, isLast && !isAnswering) : null;
      if (fresh) fresh.dataset.key = key;
      if (old && fresh) old.replaceWith(fresh); else if (old) old.remove(); else if (fresh) row.append(fresh);
    });
    drawCut(wrap, rows);
    drawEarlier(wrap);
  };

  // Gradio draws an answer anew with every piece of it: thoughts that were opened stay open.
  const keepOpen = () => {
    for (const details of talk().querySelectorAll(".hearth-reasoning")) {
      const row = details.closest(".message-row");
      if (details.dataset.known) continue;
      details.dataset.known = "yes";
      details.open = row.dataset.thoughts === "open";
      details.addEventListener("toggle", () => { if (details.isConnected) row.dataset.thoughts = details.open ? "open" : ""; });
    }
  };

  // See app/ui/message_text.py: these stand for < $ \ ! and : in what models write.
  const standIns = /[\ue021\ue024\ue03a\ue03c\ue05c]/g;
  const putBack = () => {
    const walker = document.createTreeWalker(talk(), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.nodeValue;
      const real = text.replace(standIns, (character) => String.fromCharCode(character.charCodeAt(0) - 0xe000));
      if (real !== text) walker.currentNode.nodeValue = real;
    }
  };

  const watch = () => {
    if (!talk()) { requestAnimationFrame(watch); return; }
    talk().querySelector("[role=log]")?.setAttribute("aria-label", say("page_conversation"));
    const observer = new MutationObserver(() => {
      observer.disconnect();
      putBack();
      keepOpen();
      draw();
      observer.observe(talk(), { childList: true, subtree: true, characterData: true });
    });
    observer.observe(talk(), { childList: true, subtree: true, characterData: true });
    draw();
  };
  watch();
  // Gradio follows the text while the end is in sight. What was just said or opened is worth going there for.
  let shown = "";
  let length = 0;
  const toEnd = () => {
    if (hearth.isLoading) return;
    const { id, notes } = hearth.talk;
    if (id === shown && notes.length <= length) return;
    const isEarlier = id === shown && notes.length > length + 2;
    [shown, length] = [id, notes.length];
    if (isEarlier) return;
    for (const pause of [0, 60, 250]) {
      setTimeout(() => { const log = talk().querySelector("[role=log]"); log?.scrollTo(0, log.scrollHeight); }, pause);
    }
  };
  hearth.on((name) => {
    if (name === "notes" || name === "composer") draw();
    if (name === "notes") toEnd();
  });

  const welcome = onceFor((kind, name) => {
    const examples = [1, 2, 3, 4].map((number) => say(`page_example_${kind}_${number}`));
    root.replaceChildren(make("div", { class: "hearth-welcome" },
      make("span", { class: "hearth-flame", "aria-hidden": "true" }),
      make("h1", {}, say("page_welcome", { name })),
      make("p", {}, say(`page_welcome_${kind}`)),
      make("div", { class: "hearth-examples" },
        ...examples.map((text) => make("button", { type: "button", onclick: () => hearth.sendMessage(text) }, text)))));
  });
  hearth.on((name) => {
    if (name === "side" || name === "model") welcome(hearth.model?.is_guide ?? true ? "guide" : "model", hearth.state.side?.person ?? "");
  });
});
