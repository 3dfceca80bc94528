/**
 * The script of every page, an enhancement only: every page works without it. It copies, opens forms of other pages in a
 * dialog, keeps times and a rotation current, shows that a form is being sent, and warns before the session ends.
 *
 * Kept as text because it is sent to the browser unchanged. It builds no markup from strings.
 */
import { TIME_UNITS } from "./format-time.ts";
import { texts } from "./texts.ts";

const { copied, pressCtrlC, pressCommandC } = texts.secret;
const { stay, notExtended } = texts.session;

/**
 * `clockDifference`: the clock of this computer may be wrong. A page of the back-forward cache may be out of date.
 */
const BASE = `
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const announce = (text) => { document.getElementById("announcer").textContent = text; };

addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

const clockDifference = Number(document.documentElement.dataset.now) - Date.now();
const texts = ${JSON.stringify({ copied, pressCtrlC, pressCommandC, stay, notExtended })};
const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);
`;

/** The script of a new key sets `markCopied`. */
const COPYING = `
let markCopied = () => {};
all("[data-copy]").forEach((button) => {
  const label = button.textContent;
  const field = document.getElementById(button.dataset.copy);
  const show = (text) => { button.textContent = text; announce(text); };
  const confirmCopy = () => {
    markCopied();
    show(texts.copied);
    setTimeout(() => { button.textContent = label; announce(""); }, 3000);
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      confirmCopy();
    } catch {
      field.focus();
      field.select();
      field.addEventListener("copy", confirmCopy, { once: true });
      show(isMac ? texts.pressCommandC : texts.pressCtrlC);
    }
  });
});
`;

/**
 * A form is sent once. Sending it twice is harmless, so a button that is busy for too long becomes usable again; also when
 * the user presses Stop or the request fails (`navigateerror`).
 */
const BUSY_FORMS = `
const BUSY_MAX_MS = 15000;
const busyForms = new Map();
document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  const busy = button?.dataset.busy ?? form.dataset.busy;
  if (event.defaultPrevented || !button || !busy) return;
  if (busyForms.has(form)) return event.preventDefault();
  const label = [...button.childNodes];
  const reset = () => {
    if (!busyForms.delete(form)) return;
    button.replaceChildren(...label);
    button.removeAttribute("aria-disabled");
    announce("");
  };
  busyForms.set(form, reset);
  button.textContent = busy;
  button.setAttribute("aria-disabled", "true");
  announce(busy);
  setTimeout(reset, BUSY_MAX_MS);
});
globalThis.navigation?.addEventListener("navigateerror", () => busyForms.forEach((reset) => reset()));
`;

/** The mark of the entry must not be taken for a fresh one later. */
const ENTRY = `
all("form[data-needs-cookies]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    form.querySelector("[role=alert]").hidden = navigator.cookieEnabled;
    if (!navigator.cookieEnabled) event.preventDefault();
  });
});
if (new URLSearchParams(location.search).has("entered")) history.replaceState(null, "", location.pathname);
`;

/**
 * Two minutes before the session ends, a warning with a button that postpones it: in an open dialog, if there is one.
 */
const SESSION_END = `
const WARNED_BEFORE_MS = 120000;
const ending = document.getElementById("session-warning");
let endsAt = Number(ending?.dataset.endsAt);
const showSessionEnd = () => {
  const leftMs = endsAt - Date.now() - clockDifference;
  ending.children[0].hidden = leftMs > WARNED_BEFORE_MS || leftMs <= 0;
  ending.children[1].hidden = leftMs > 0;
  const dialog = leftMs <= WARNED_BEFORE_MS && document.querySelector("dialog[open]");
  if (dialog && !dialog.contains(ending)) dialog.prepend(ending);
  if (!dialog && ending.parentElement !== document.body) document.querySelector("main").before(ending);
};
if (ending) {
  setInterval(showSessionEnd, 1000);
  all("form.stay").forEach((form) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    const request = { method: "POST", headers: { Accept: "application/json" }, body };
    const response = await fetch(form.action, request).catch(() => null);
    const label = response?.ok ? texts.stay : texts.notExtended;
    all("form.stay button").forEach((button) => { button.textContent = label; });
    if (!response?.ok && response?.status !== 403) return announce(label);
    endsAt = response.ok ? (await response.json()).ends_at : Date.now() + clockDifference;
    const footer = document.querySelector("footer time");
    footer.dateTime = new Date(endsAt).toISOString();
    updateTimes();
    showSessionEnd();
    announce(footer.parentElement.textContent);
  }));
}
`;

/**
 * Forms of other pages, without the head of the page: its style has another nonce, which the policy of this page blocks.
 */
const DIALOGS = `
const fetchPage = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error();
  const text = await response.text();
  return new DOMParser().parseFromString(text.slice(text.indexOf("<main")), "text/html");
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const form = (await fetchPage(link.href)).querySelector("main form");
    if (document.querySelector("dialog[open]")) return;
    const dialog = document.createElement("dialog");
    const title = form.querySelector("h1");
    title.id = "dialog-title";
    dialog.setAttribute("aria-labelledby", title.id);
    dialog.append(document.adoptNode(form));
    document.body.append(dialog);
    form.querySelector("[data-close]").addEventListener("click", (click) => {
      click.preventDefault();
      dialog.close();
    });
    dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
    dialog.showModal();
  } catch {
    location.assign(link.href);
  }
});
`;

/** The button for the selected keys says how many there are. */
const SELECTION = `
const bulk = document.querySelector("[data-many]");
const countSelected = () => {
  const count = all("[name=id]:checked").length;
  bulk.textContent = count === 1 ? bulk.dataset.one : bulk.dataset.many.replace("{count}", count);
};
if (bulk) {
  document.addEventListener("change", countSelected);
  addEventListener("pageshow", countSelected);
}
`;

/** The same texts as in `format-time.ts`. */
const TIMES = `
const units = ${JSON.stringify(TIME_UNITS)};
const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "always" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const relativeText = (ms) => {
  if (Math.abs(ms) < units[0][1]) return ms > 0 ? "in a moment" : "just now";
  const [unit, size] = units.find(([, size, max]) => Math.round(Math.abs(ms) / size) < max);
  return relative.format(Math.round(ms / size), unit);
};
const updateTimes = () => all("time").forEach((time) => {
  const at = Date.parse(time.dateTime);
  time.title = exact.format(new Date(at));
  if ("relative" in time.dataset) time.textContent = relativeText(at - Date.now() - clockDifference);
});
updateTimes();
setInterval(updateTimes, 30000);
addEventListener("focus", updateTimes);
`;

/** Keeps the state of a rotation current, and leaves the page when the rotation has ended. */
const REFRESH = `
all("[data-script-only]").forEach((element) => { element.hidden = false; });
const refreshed = all("[data-refresh]");
const refresh = async () => {
  const { refresh: url } = refreshed[0].dataset;
  const page = !document.hidden && await fetchPage(url).catch(() => null);
  if (!page) return;
  for (const section of refreshed) {
    const updated = page.getElementById(section.id);
    if (!updated) return location.assign(url);
    if (!section.contains(document.activeElement)) section.replaceChildren(...updated.childNodes);
  }
  updateTimes();
};
if (refreshed.length > 0) setInterval(refresh, 5000);
`;

export const SCRIPT = compactScript(
  [BASE, COPYING, BUSY_FORMS, ENTRY, SESSION_END, DIALOGS, SELECTION, TIMES, REFRESH].join("") +
    `document.querySelector("[data-focus]")?.focus();`,
);

/** Without indentation. */
export function compactScript(text: string): string {
  return text.trim().replaceAll(/\n\s+/g, "\n");
}
