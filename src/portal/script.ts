/**
 * The page's script, an enhancement only: every page works without it. It copies, opens the revocation form in a
 * dialog, keeps relative times current, shows that a form is being sent, and removes secrets when the page is left.
 *
 * Kept as text because it is sent to the browser unchanged. It builds no markup from strings.
 */
export const SCRIPT = `
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const announce = (text) => { document.getElementById("announcer").textContent = text; };
const removeSecrets = () => all("[data-secret]").forEach((element) => element.remove());

addEventListener("pagehide", removeSecrets);
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

all("[data-copy]").forEach((button) => {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.copied;
      announce(button.dataset.copied);
      setTimeout(() => { button.textContent = label; announce(""); }, 3000);
    } catch {
      field.select();
    }
  });
});

const showBusyOnSubmit = (root) => all("form[data-busy]", root).forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    const button = form.querySelector("button:not([type=button])");
    button.textContent = form.dataset.busy;
    button.setAttribute("aria-disabled", "true");
    announce(form.dataset.busy);
  });
});
showBusyOnSubmit(document);

const fetchPage = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error();
  // Without the head: its style has another nonce, which the policy of this page blocks.
  const text = await response.text();
  return new DOMParser().parseFromString(text.slice(text.indexOf("<main")), "text/html");
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const form = (await fetchPage(link.href)).querySelector("main form");
    const dialog = document.createElement("dialog");
    const title = form.querySelector("h1");
    title.id = "dialog-title";
    dialog.setAttribute("aria-labelledby", title.id);
    dialog.append(document.adoptNode(form));
    document.body.append(dialog);
    showBusyOnSubmit(dialog);
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

const units = [["year", 31536e6], ["month", 2592e6], ["day", 864e5], ["hour", 36e5], ["minute", 6e4]];
const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const updateTimes = () => all("time").forEach((time) => {
  const ms = Date.parse(time.dateTime) - Date.now();
  time.title = exact.format(new Date(time.dateTime));
  if (!("relative" in time.dataset)) return;
  const unit = units.find(([, size]) => Math.abs(ms) >= size);
  time.textContent = unit ? relative.format(Math.round(ms / unit[1]), unit[0]) : ms > 0 ? "in a moment" : "just now";
});
updateTimes();
setInterval(updateTimes, 30000);

all("[data-refresh]").forEach((section) => {
  all("[data-script-only]").forEach((element) => { element.hidden = false; });
  const refresh = async () => {
    if (document.hidden) return;
    const page = await fetchPage(location.href).catch(() => null);
    const updated = page?.getElementById(section.id);
    if (updated) { section.replaceChildren(...updated.childNodes); updateTimes(); }
  };
  setInterval(refresh, 5000);
});

document.querySelector("[data-focus]")?.focus();
`
  .trim()
  .replaceAll(/\n +/g, "\n");
