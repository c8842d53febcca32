// helpForms adds what a form cannot do by itself: the browser's calendar beside a text field, a word when what is being edited
// changed elsewhere, and the focus on what is wrong.
export function helpForms(changes) {
  for (const button of document.querySelectorAll("[data-pick]")) offerPicker(button);
  document.getElementById("wrong")?.focus({ preventScroll: true });

  const notice = document.getElementById("changed-elsewhere");
  if (!notice || !changes) return;
  const tell = (event) => {
    if (event.type === "anew" || event.detail.has(notice.dataset.id)) check(notice);
  };
  changes.addEventListener("actions", tell);
  changes.addEventListener("anew", tell);
}

// check shows the notice when the version in the form is not that of the action any more: the state of its sync alone is no change.
async function check(notice) {
  const version = document.querySelector('form[data-save] input[name="version"]');
  if (!version) return;
  const answer = await fetch(`/actions/${notice.dataset.id}/row`, { headers: { "HX-Request": "true" } });
  if (answer.status === 404) {
    notice.hidden = false;
    return;
  }
  if (!answer.ok) return;
  const row = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("tr[data-id]");
  notice.hidden = row?.dataset.version === version.value;
}

// offerPicker opens the browser's own calendar for a date that is typed as day/month/year.
function offerPicker(button) {
  const field = document.getElementById(button.dataset.pick);
  const picker = document.createElement("input");
  picker.type = "date";
  picker.tabIndex = -1;
  picker.className = "picker";
  picker.setAttribute("aria-hidden", "true");
  button.before(picker);
  button.hidden = false;
  button.addEventListener("click", () => {
    const [, day, month, year] = field.value.match(/^(\d{1,2})\/(\d{1,2})\/(\d{4})$/) ?? [];
    picker.value = year ? `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}` : "";
    picker.showPicker();
  });
  picker.addEventListener("change", () => {
    if (!picker.value) return;
    field.value = picker.value.split("-").reverse().join("/");
    field.focus();
  });
}
