/**
 * The page's one script, for comfort alone: everything works without it. It copies, asks in a dialog, keeps times
 * true, says what it waits for, and takes a key's text off the page when the page is left.
 *
 * Kept as text because it runs in a browser and is sent as it is; it makes no markup of strings.
 */
export const SCRIPT = `
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const say = (text) => { document.getElementById("voice").textContent = text; };
const wipe = () => all("[data-secret]").forEach((one) => one.remove());

addEventListener("pagehide", wipe);
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

all("[data-copy]").forEach((button) => {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.value);
      button.textContent = button.dataset.copied;
      say(button.dataset.copied);
      setTimeout(() => { button.textContent = label; say(""); }, 3000);
    } catch {
      text.select();
    }
  });
});

const busy = (within) => all("form[data-busy]", within).forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    const button = form.querySelector("button:not([type=button])");
    button.textContent = form.dataset.busy;
    button.setAttribute("aria-disabled", "true");
    say(form.dataset.busy);
  });
});
busy(document);

const pageOf = async (address) => {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error();
  // Without its head, whose style may not be applied here.
  const text = await answer.text();
  return new DOMParser().parseFromString(text.slice(text.indexOf("<main")), "text/html");
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const form = (await pageOf(link.href)).querySelector("main form");
    const dialog = document.createElement("dialog");
    const title = form.querySelector("h1");
    title.id = "dialog-title";
    dialog.setAttribute("aria-labelledby", title.id);
    dialog.append(document.adoptNode(form));
    document.body.append(dialog);
    busy(dialog);
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
const tell = () => all("time").forEach((time) => {
  const ms = Date.parse(time.dateTime) - Date.now();
  time.title = exact.format(new Date(time.dateTime));
  if (!("relative" in time.dataset)) return;
  const unit = units.find(([, size]) => Math.abs(ms) >= size);
  time.textContent = unit ? relative.format(Math.round(ms / unit[1]), unit[0]) : ms > 0 ? "in a moment" : "just now";
});
tell();
setInterval(tell, 30000);

all("[data-refresh]").forEach((part) => {
  all("[data-scripted]").forEach((one) => { one.hidden = false; });
  const look = async () => {
    if (document.hidden) return;
    const fresh = await pageOf(location.href).catch(() => null);
    const found = fresh?.getElementById(part.id);
    if (found) { part.replaceChildren(...found.childNodes); tell(); }
  };
  setInterval(look, 5000);
});

document.querySelector("[data-focus]")?.focus();
`
  .trim()
  .replaceAll(/\n +/g, "\n");
