/**
 * The script of the page that shows a new key, in addition to that of every page: until the key is copied, copying is
 * the main action, and leaving asks first. When the page is left, the script removes the key.
 */
import { compactScript } from "./script.ts";

export const SECRET_SCRIPT = compactScript(`
addEventListener("pagehide", () => all("[data-secret]").forEach((element) => element.remove()));

const afterCopy = document.querySelector("[data-after-copy]");
let isUncopied = true;
const secretButton = document.querySelector("[data-copy=key]");
markCopied = () => {
  isUncopied = false;
  secretButton.classList.remove("main");
  afterCopy.classList.add("main");
};
secretButton.classList.add("main");
afterCopy.classList.remove("main");
afterCopy.addEventListener("click", markCopied);
all("[data-secret]").forEach((field) => field.addEventListener("copy", markCopied));
addEventListener("beforeunload", (event) => { if (isUncopied) event.preventDefault(); });
const dialog = document.getElementById("leave");
let leave = () => {};
const ask = (event, proceed) => {
  if (!isUncopied) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  leave = proceed;
  dialog.showModal();
};
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const opensHere = link && link !== afterCopy && !link.hash && !(event.ctrlKey || event.metaKey || event.shiftKey);
  if (opensHere) ask(event, () => location.assign(link.href));
}, true);
const staysHere = (form) => form.classList.contains("stay");
document.addEventListener("submit", (event) => {
  if (!staysHere(event.target)) ask(event, () => event.target.submit());
}, true);
dialog.querySelector("[data-stay]").addEventListener("click", () => { dialog.close(); secretButton.focus(); });
dialog.querySelector("[data-leave]").addEventListener("click", () => { isUncopied = false; leave(); });
`);
