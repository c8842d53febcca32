// listenToKeys gives the keyboard its short ways. A page says with data-key what a key leads to; single letters count only while
// nobody types.
export function listenToKeys() {
  for (const hint of document.querySelectorAll("[data-key-hint]")) hint.hidden = false;
  const print = document.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest?.("form[data-save]");
      if (form) form.requestSubmit();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (act(event.key)) event.preventDefault();
  });
}

function typing(element) {
  return element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName);
}

function act(key) {
  if (key === "?") {
    location.assign("/keys");
    return true;
  }
  if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  const target = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key && one.checkVisibility());
  if (!target) return false;
  if (target.tagName === "INPUT") {
    target.focus();
    target.select();
  } else {
    target.click();
  }
  return true;
}

// step moves the focus to the next or the previous action of the list.
function step(by) {
  const links = [...document.querySelectorAll("#results .subject > a")];
  if (links.length === 0) return false;
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)].focus();
  return true;
}
