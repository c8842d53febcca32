// waitForDevice looks by itself whether somebody has signed in on another device, and goes on when there is an answer, of any kind.
export function waitForDevice() {
  const form = document.querySelector("form[data-poll]");
  if (!form) return;
  const look = async () => {
    try {
      const answer = await fetch(form.action, { method: "POST", redirect: "manual", headers: { "HX-Request": "true" } });
      if (answer.status !== 202) {
        form.submit(); // the same once more, for the page that says what became of it
        return;
      }
    } catch {
      // The network is away: look again.
    }
    setTimeout(look, form.dataset.poll * 1000);
  };
  setTimeout(look, form.dataset.poll * 1000);
}
