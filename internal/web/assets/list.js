// followList keeps the open list of actions up to date: it opens the screen anew every minute while it is visible, shows how the
// pull goes on, and brings in rows that change, arrive and go. Nothing moves under the pointer or the focus, and nothing takes the
// focus.
import htmx from "htmx.org";
import { brighten } from "./fade.js";

const openEvery = 60_000; // milliseconds

export function followList(changes) {
  if (!document.getElementById("pull")) return;
  const list = () => document.getElementById("results");

  let opened = Date.now();
  const openAgain = () => {
    if (document.visibilityState !== "visible" || Date.now() - opened < openEvery) return;
    opened = Date.now();
    htmx.ajax("POST", list().dataset.open, { target: "#pull", swap: "outerHTML" });
  };
  setInterval(openAgain, 1000);
  document.addEventListener("visibilitychange", openAgain);
  setInterval(countAges, 1000);

  changes.addEventListener("links", refreshPull);
  changes.addEventListener("actions", (event) => bringIn(list(), event.detail));
  changes.addEventListener("anew", () => {
    refreshPull();
    bringIn(list(), null);
  });
  document.body.addEventListener("htmx:afterSettle", announcePull);
  announcePull();

  document.querySelector("#arrived button").addEventListener("click", () => showArrived(list()));
  addEventListener("focusout", () => queueMicrotask(bringStale));
}

function refreshPull() {
  if (document.getElementById("pull").dataset.state !== "running") {
    htmx.ajax("GET", "/actions/pull", { target: "#pull", swap: "outerHTML" });
  }
}

// The start and the result of a pull are announced, not its steps.
let announced = "";
function announcePull() {
  const pull = document.getElementById("pull");
  if (!pull || pull.dataset.state === announced) return;
  const first = announced === "";
  announced = pull.dataset.state;
  if (first && announced !== "running") return;
  const said = document.getElementById("pull-said");
  said.textContent = announced === "running" ? said.dataset.started : pull.querySelector("b").textContent;
}

// Ages count on in the words the server chose, as long as they are seconds; then the server is asked for new words.
function countAges() {
  const age = document.querySelector("#pull [data-age]");
  if (!age) return;
  age.dataset.age = Number(age.dataset.age) + 1;
  if (Number(age.dataset.age) < 60) {
    age.textContent = age.textContent.replace(/\d+/, age.dataset.age);
  } else if (Number(age.dataset.age) % 60 === 0) {
    refreshPull();
  }
}

const waiting = new Set(); // ids of rows that arrived and wait to be asked for
const stale = new Map(); // rows that changed while they had the focus, by id

// bringIn compares the list with what the server shows now. ids are those that changed, null when nobody knows.
let running = Promise.resolve();
function bringIn(list, ids) {
  if (!list || document.querySelector(".tabs a[aria-current]") === null) return;
  running = running.then(() => compare(list.id, ids)).catch(() => {}); // the next change, or the next minute, tries again
}

async function fresh(list) {
  const cursor = new URLSearchParams(location.search).get("cursor");
  const address = new URL(list.dataset.rows, location.href);
  if (cursor) address.searchParams.set("cursor", cursor);
  const answer = await fetch(address, { headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
  const elsewhere = answer.headers.get("HX-Redirect"); // the session ended
  if (elsewhere) location.assign(elsewhere);
  if (!answer.ok || elsewhere || answer.redirected) throw new Error(`rows: ${answer.status}`);
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  return part.getElementById("results");
}

async function compare(id, ids) {
  const list = document.getElementById(id);
  const now = await fresh(list);
  const concerns = (row) => ids === null || ids.has(row.dataset.id);
  const rows = (part) => new Map([...part.querySelectorAll("tr[data-id]")].map((row) => [row.dataset.id, row]));
  const before = rows(list);
  const after = rows(now);

  if (before.size === 0 && after.size > 0 && list.querySelector("table") === null) {
    list.querySelector(".table-box").replaceWith(now.querySelector(".table-box"));
    for (const row of list.querySelectorAll("tr[data-id]")) tag(row, list.dataset.new);
  }
  for (const [rowId, row] of after) {
    const old = before.get(rowId);
    if (!old) {
      if (before.size > 0 && concerns(row)) waiting.add(rowId);
    } else if (old.dataset.mark !== row.dataset.mark) {
      replace(old, row, list);
    }
  }
  for (const [rowId, row] of before) {
    if (!after.has(rowId) && concerns(row) && !row.classList.contains("gone")) await leave(row, list);
  }
  replaceFoot(list, now);
  if (waiting.size > 0 && idle()) insertWaiting(list, now);
  offer();
}

// idle: neither pointer nor focus is in the list.
function idle() {
  const list = document.getElementById("results");
  return !list.matches(":hover") && !list.contains(document.activeElement);
}

function replace(old, row, list) {
  if (old.contains(document.activeElement)) {
    stale.set(row.dataset.id, row);
    return;
  }
  const moved = old.dataset.day !== row.dataset.day;
  if (moved && idle()) {
    remove(old);
    waiting.add(row.dataset.id);
    return;
  }
  row = document.importNode(row, true);
  if (moved) row.querySelector(".c-when").textContent = row.dataset.fullWhen; // it stands under the heading of another day
  old.replaceWith(row);
  tag(row, list.dataset.changed);
}

// A row that changed while it had the focus changes as soon as the focus is elsewhere.
function bringStale() {
  for (const [id, row] of stale) {
    const old = document.getElementById(`a-${id}`);
    if (old?.contains(document.activeElement)) continue;
    stale.delete(id);
    if (old) replace(old, row, document.getElementById("results"));
  }
}

// leave marks a row that is not in the list any more: struck through, with what brings it back.
async function leave(row, list) {
  const answer = await fetch(`/actions/${row.dataset.id}/row`, { headers: { "HX-Request": "true" } });
  if (answer.status === 404) {
    row.classList.add("gone");
    tag(row, list.dataset.gone, "tag");
    return;
  }
  if (!answer.ok) return;
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = part.querySelector("tr[data-id]");
  if (now && !row.contains(document.activeElement)) {
    if (now.dataset.mark === row.dataset.mark) return; // it was only pushed to another page
    now.querySelector(".c-when").textContent = row.dataset.fullWhen === now.dataset.fullWhen ? row.querySelector(".c-when").textContent : now.dataset.fullWhen;
    const put = document.importNode(now, true);
    row.replaceWith(put);
    if (!put.classList.contains("gone")) tag(put, list.dataset.changed);
  }
}

function remove(row) {
  const group = row.parentElement;
  row.remove();
  if (!group.querySelector("tr[data-id]")) group.remove();
}

// insertWaiting puts the rows that wait where the server has them.
function insertWaiting(list, now) {
  for (const id of waiting) {
    const row = now.querySelector(`#a-${CSS.escape(id)}`);
    if (row && !document.getElementById(row.id)) insert(list, row);
  }
  waiting.clear();
}

function insert(list, row) {
  const put = document.importNode(row, true);
  const group = list.querySelector(`tbody[data-day="${row.dataset.day}"]`);
  if (group) {
    let next = row.nextElementSibling;
    while (next && !document.getElementById(next.id)) next = next.nextElementSibling;
    group.insertBefore(put, next && group.contains(document.getElementById(next.id)) ? document.getElementById(next.id) : null);
  } else {
    const made = document.importNode(row.parentElement, false);
    made.append(document.importNode(row.parentElement.querySelector(".day-row"), true), put);
    let next = row.parentElement.nextElementSibling;
    while (next && !list.querySelector(`tbody[data-day="${next.dataset.day}"]`)) next = next.nextElementSibling;
    list.querySelector("table").insertBefore(made, next ? list.querySelector(`tbody[data-day="${next.dataset.day}"]`) : null);
  }
  tag(put, list.dataset.new);
}

async function showArrived(list) {
  const now = await fresh(list);
  const first = [...waiting][0];
  insertWaiting(list, now);
  offer();
  document.querySelector(`#a-${CSS.escape(first ?? "")} a`)?.focus({ preventScroll: true });
}

// offer says how many rows wait.
function offer() {
  const bar = document.getElementById("arrived");
  bar.hidden = waiting.size === 0;
  if (waiting.size > 0) {
    bar.querySelector("button").textContent = waiting.size === 1 ? bar.dataset.single : bar.dataset.many.replace("#", waiting.size);
  }
}

function replaceFoot(list, now) {
  const foot = list.querySelector(".table-foot");
  if (!foot.contains(document.activeElement)) foot.replaceWith(document.importNode(now.querySelector(".table-foot"), true));
}

// tag marks a row that came or changed until it was seen for a while.
function tag(row, text, kind = "tag fresh") {
  row.querySelector(".subject > .tag")?.remove();
  const mark = document.createElement("span");
  mark.className = kind;
  mark.textContent = text;
  row.querySelector(".subject").append(mark);
  if (kind === "tag fresh") brighten(row, mark);
}
