// brighten marks a row that came or changed; once it was seen for a while, it returns to rest and its tag goes.
const settle = 1600; // milliseconds, as --settle of the style sheet

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting || document.visibilityState !== "visible") continue;
    seen.unobserve(target);
    setTimeout(() => target.classList.add("settling"), settle);
    setTimeout(() => {
      target.classList.remove("changed", "settling");
      tags.get(target)?.remove();
    }, 4 * settle);
  }
});
const tags = new WeakMap();

export function brighten(row, tag) {
  row.classList.add("changed");
  tags.set(row, tag);
  seen.observe(row);
}
