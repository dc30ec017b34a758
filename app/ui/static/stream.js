// The way of Gradio's requests: its event stream, what to do when it breaks, and when the sign-in is over.

(() => {
  "use strict";
  const send = window.fetch.bind(window);
  const base = new URL("./", document.baseURI);
  const isAt = (url, path) => url.origin === base.origin && url.pathname === `${base.pathname}gradio_api/${path}`;
  let isLeaving = false;
  window.addEventListener("pagehide", () => { isLeaving = true; });
  window.addEventListener("pageshow", () => { isLeaving = false; });

  // When the connection breaks, the page is loaded anew, finds its chat by its address and goes on.
  const reconnect = async () => {
    if (isLeaving) return;
    isLeaving = true;
    document.dispatchEvent(new Event("hearth-lost"));
    for (let pause = 500; ; pause = Math.min(pause * 1.6, 8000)) {
      await new Promise((resume) => setTimeout(resume, pause));
      const answer = await send(new URL("readyz", base), { cache: "no-store" }).catch(() => null);
      if (answer?.ok) break;
    }
    location.reload();
  };

  // Events that were sent and are not over. Gradio lets go of its stream when the server says that there are none; one
  // that was sent just then would never be heard of again. So the stream goes on then, without Gradio's noticing.
  const waiting = new Set();
  const over = new Set();
  const joinNow = async (request, options) => {
    const ticket = {};
    waiting.add(ticket);
    try {
      const answer = await send(request, options);
      if (answer.ok) {
        const { event_id: id } = await answer.clone().json();
        if (!over.delete(id)) waiting.add(id);
      }
      return answer;
    } finally {
      waiting.delete(ticket);
    }
  };

  // One after another: Gradio would draw two events in the order in which it learns their names, not in their own.
  let line = Promise.resolve();
  const join = (request, options) => {
    const mine = line.then(() => joinNow(request, options));
    const pause = () => new Promise((resume) => setTimeout(resume, 0));
    line = mine.then(pause, pause);
    return mine;
  };

  const hasEnded = (message) => {
    if (!/^data: *\{"msg": *"(process_completed|close_stream|unexpected_error|server_stopped)"/.test(message)) return false;
    const { msg, event_id: id } = JSON.parse(message.slice(5));
    // The server is going down, or has forgotten this page over a restart.
    if (msg === "unexpected_error" || msg === "server_stopped") { reconnect(); return false; }
    if (msg === "close_stream") return waiting.size === 0 ? "close" : "again";
    if (!waiting.delete(id)) over.add(id);
    return false;
  };

  // The stream is a GET, which some tunnels hold back until it ends: it is sent as a POST, and Hearth's gate turns it
  // back.
  const open = (request) => send(new Request(request.clone(), { method: "POST" }));

  const stream = async (request) => {
    const first = await open(request);
    if (!first.ok) return first;
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    let reader = first.body.getReader();
    let text = "";
    const read = async (controller) => {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end < 0) {
          const { done, value } = await reader.read();
          if (done) { controller.close(); return; }
          text += decoder.decode(value, { stream: true });
          continue;
        }
        const message = text.slice(0, end + 2);
        text = text.slice(end + 2);
        if (hasEnded(message) !== "again") { controller.enqueue(encoder.encode(message)); return; }
        reader = (await open(request)).body.getReader();
        text = "";
      }
    };
    const body = new ReadableStream({
      async pull(controller) {
        try {
          await read(controller);
        } catch (error) {
          // Gradio ends its streams itself when the page is left: no reason to complain.
          if (isLeaving || error?.name === "AbortError") { controller.close(); return; }
          reconnect();
          controller.error(error);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    });
    return new Response(body, { status: first.status, headers: first.headers });
  };

  window.fetch = async (input, options) => {
    const url = new URL(input instanceof Request ? input.url : input, base);
    const isOfQueue = isAt(url, "queue/data") || isAt(url, "queue/join");
    let answer;
    try {
      if (isAt(url, "queue/data")) answer = await stream(new Request(input, options));
      else answer = await (isAt(url, "queue/join") ? join : send)(input, options);
    } catch (error) {
      if (isOfQueue && error?.name !== "AbortError") reconnect();
      throw error;
    }
    if (answer.status === 401 && url.origin === base.origin && !isLeaving) {
      isLeaving = true;
      location.assign(new URL("sign-in", base));
    }
    return answer;
  };
})();
