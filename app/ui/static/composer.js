// The box for messages. What is written in it is kept until the server has taken it, also over a reload.

hearth.part("verdict", () => {});

hearth.part("composer", (root, trigger) => {
  "use strict";
  const { say, make, iconButton, storage } = hearth;
  const draftKey = () => `hearth-draft-${hearth.talk.id}`;
  let sending = "";
  let chat = null;
  let wasTaken = false;
  let warnedAt = 0;

  const field = make("textarea", { rows: "1", "aria-label": say("page_message_label"), enterkeyhint: "send", autocomplete: "off" });
  const sendButton = iconButton("up", say("page_send"), () => send(field.value), { class: "hearth-icon hearth-send" });
  const stopButton = make("button", { type: "button", class: "hearth-icon hearth-stop", "aria-label": say("page_stop"), title: say("page_stop"),
    onclick: () => { stopButton.disabled = true; trigger("stop", { chat: hearth.talk.id }); } }, make("i"));
  const notice = make("div", { class: "hearth-notice", role: "alert", hidden: true });
  root.append(notice, make("div", { class: "hearth-box" }, field, sendButton, stopButton), make("p", { class: "hearth-small-print" }, say("page_small_print")));

  const warn = (text) => {
    warnedAt = Date.now();
    notice.hidden = !text;
    notice.replaceChildren(...(text ? [make("span", {}, text), iconButton("close", say("page_dismiss"), () => warn(""))] : []));
  };
  const fit = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, window.innerHeight * 0.35)}px`;
  };
  const draw = () => {
    const isAnswering = Boolean(hearth.composer.is_answering) && !sending;
    sendButton.hidden = isAnswering;
    stopButton.hidden = !isAnswering;
    if (!isAnswering) stopButton.disabled = false;
    sendButton.disabled = Boolean(sending) || !field.value.trim();
    field.readOnly = Boolean(sending);
    root.classList.toggle("hearth-sending", Boolean(sending));
    field.placeholder = say(hearth.model?.is_guide ? "page_message_hint_guide" : "page_message_hint");
    hearth.isSending = Boolean(sending);
  };
  const write = (text) => { field.value = text; storage.set(draftKey(), text); fit(); draw(); };

  const taken = (where) => {
    write("");
    wasTaken = true;
    if (hearth.state.composer?.asked !== where) hearth.state.composer = { asked: where, is_answering: true, status: "" };
    hearth.aim(where);
    wasTaken = false;
  };

  const send = (text) => {
    if (sending || hearth.composer.is_answering || !text.trim()) return;
    warn("");
    write(text);
    sending = String(Date.now());
    draw();
    trigger("send", { text, key: sending, chat: hearth.talk.id, model: hearth.state.model ?? "", turn: hearth.turn() });
  };
  hearth.sendMessage = send;
  hearth.focusComposer = () => field.focus();

  field.addEventListener("input", () => { storage.set(draftKey(), field.value); warn(""); fit(); draw(); });
  field.addEventListener("keydown", (event) => {
    // While an input method composes a word, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send(field.value);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !stopButton.hidden && !stopButton.disabled && !document.querySelector("dialog[open], .hearth-menu:not([hidden])")) stopButton.click();
  });
  document.addEventListener("hearth-lost", () => warn(say("page_lost")));

  hearth.on((name) => {
    if (name === "verdict") {
      const { key, chat: where, refusal } = hearth.state.verdict;
      if (refusal) warn(refusal);
      if (key === sending) {
        sending = "";
        if (!refusal) taken(where);
        hearth.isSending = false;
        const next = hearth.afterSending;
        hearth.afterSending = null;
        next?.();
      }
    }
    if (name === "notes" && chat !== hearth.talk.id) {
      // A new chat has just got its id; or another chat is shown, which has a draft of its own.
      const isFirst = chat === null;
      chat = hearth.talk.id;
      // What was typed since the message was taken, or before the page was ready, belongs to the chat that is shown.
      if (wasTaken || (isFirst && field.value)) storage.set(draftKey(), field.value);
      else if (!sending) { field.value = storage.get(draftKey()); fit(); }
      if (!isFirst && Date.now() - warnedAt > 1000) warn("");
      if (!window.matchMedia("(max-width: 800px)").matches) field.focus();
    }
    draw();
  });
  draw();
});
