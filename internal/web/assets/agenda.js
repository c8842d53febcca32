// What pages do beyond forms and links. Each part does nothing on a page that lacks what it works on.
import "htmx.org";
import { watchChanges } from "./live.js";
import { followList } from "./list.js";
import { keepFresh } from "./fresh.js";
import { listenToKeys } from "./keys.js";
import { helpForms } from "./form.js";
import { closeToasts } from "./toast.js";
import { waitForDevice } from "./device.js";

const changes = document.querySelector(".appbar") ? watchChanges() : null;
if (changes) {
  followList(changes);
  keepFresh(changes);
}
helpForms(changes);
listenToKeys();
closeToasts();
waitForDevice();
