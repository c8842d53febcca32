// keepFresh has the parts of a page that show links fetched anew when a link changed, while one runs, and every minute, since
// what they say grows old. A part is an element with an id and data-fresh; parts may stand in one another. One in which somebody
// works, with the focus in it or a menu open, is left alone until that is over.
const together = 300; // milliseconds
const whileRunning = 2_000;
const growsOld = 60_000;

export function keepFresh(changes) {
  if (!document.querySelector("[data-fresh]")) return;
  let timer = 0;
  let due = 0;
  let asking = false;

  const soon = (wait) => {
    const at = Date.now() + wait;
    if (timer !== 0 && due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(refresh, wait);
  };
  const refresh = async () => {
    timer = 0;
    if (asking || document.visibilityState !== "visible") return; // it is asked again when it is looked at
    asking = true;
    try {
      const address = new URL(location.href);
      address.searchParams.delete("done"); // what was done once is not said again
      address.searchParams.delete("count");
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of outermost(document)) renew(part, page);
      }
    } catch {
      // The server is away: the next change, or minute, asks again.
    } finally {
      asking = false;
      soon(document.querySelector("[data-fresh] [data-running]") ? whileRunning : growsOld);
    }
  };
  changes.addEventListener("links", () => soon(together));
  changes.addEventListener("anew", () => soon(together));
  document.addEventListener("visibilitychange", () => soon(together));
  document.addEventListener("focusout", () => soon(together));
  soon(document.querySelector("[data-fresh] [data-running]") ? whileRunning : growsOld);
}

const outermost = (within) => [...within.querySelectorAll("[data-fresh]")].filter((part) => {
  const around = part.parentElement.closest("[data-fresh]");
  return around === null || around === within;
});

const inUse = (part) => (part.contains(document.activeElement) && part !== document.activeElement) || part.querySelector("details.menu[open]") !== null;

function renew(part, page) {
  const fresh = page.getElementById(part.id);
  if (fresh === null || part.innerHTML === fresh.innerHTML) return;
  if (!inUse(part)) part.replaceChildren(...fresh.childNodes);
  else for (const inner of outermost(part)) renew(inner, page);
}
