// closeToasts lets what was said after an act go away: by its button, or after a while without the pointer or the focus in it. The
// address forgets it at once, so that a reload does not say it again.
const stays = 8000; // milliseconds

export function closeToasts() {
  const address = new URL(location.href);
  if (address.searchParams.has("said")) {
    address.searchParams.delete("said");
    address.searchParams.delete("of");
    history.replaceState(history.state, "", address);
  }
  for (const toast of document.querySelectorAll(".toasts .toast")) {
    const close = toast.querySelector('[data-close="toast"]');
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
    const later = () =>
      setTimeout(() => (toast.matches(":hover") || toast.contains(document.activeElement) ? later() : toast.remove()), stays);
    later();
  }
}
