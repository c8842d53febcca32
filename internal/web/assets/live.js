// watchChanges listens to the server's stream of what changed and hands it out as events of one EventTarget: "actions" with the
// set of ids, "links", and "anew" when something may have been missed. Changes that come together are handed out together.
const together = 150; // milliseconds

export function watchChanges() {
  const changes = new EventTarget();
  let ids = new Set();
  let timer = 0;
  const say = (name, detail) => changes.dispatchEvent(new CustomEvent(name, { detail }));
  const flush = () => {
    const detail = ids;
    ids = new Set();
    timer = 0;
    say("actions", detail);
  };

  // A page that nobody looks at has no stream: browsers allow few connections to one server, and they are shared by all its tabs.
  let opened = false;
  let source = null;
  const open = () => {
    source = new EventSource("/live");
    source.addEventListener("open", () => {
      if (opened) say("anew"); // it was away: nothing is replayed
      opened = true;
      document.documentElement.dataset.live = "open"; // what waits for the stream can see it
    });
    source.addEventListener("actions", (event) => {
      for (const id of event.data.split(",")) ids.add(id);
      timer ||= setTimeout(flush, together);
    });
    source.addEventListener("links", () => say("links"));
    source.addEventListener("anew", () => say("anew"));
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") close();
    else if (source === null) open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", () => {
    if (source === null && document.visibilityState === "visible") open();
  });
  return changes;
}
