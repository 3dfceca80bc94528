/** Pages that show a refusal instead of content: session ended, link used, page not found, fault. */
import { logRefusal } from "../log.ts";
import { helpLink, publicAnswer, type Reason, type Refusal } from "../refusals.ts";
import { showPage } from "./layout.tsx";
import { noticeTexts } from "./notice-texts.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

/** Logs the refusal and shows it as a page, with its status from `refusals.ts`. */
export function refuse(c: PortalRequest, refusal: Refusal): Response | Promise<Response> {
  logRefusal(c.env.requestId, c.req.method, refusal);
  return showNotice(c, refusal);
}

/** On these pages a link to the keys would lead nowhere. */
const WITHOUT_SESSION: ReadonlySet<Reason> = new Set(["session_ended", "link_used", "cookies_blocked"]);

/** Shows the refusal without logging it, for callers that have logged it. */
export function showNotice(c: PortalRequest, refusal: Refusal): Response | Promise<Response> {
  const answer = publicAnswer(refusal);
  const { status } = answer;
  const headers = { ...answer.headers, ...helpLink(answer, c.env.settings.docsUrl) };
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  const { title, text } = noticeOf(refusal.reason);
  const isFault = text === noticeTexts.fault.text;
  const isUnavailable = text === noticeTexts.unavailable.text;
  const returnUrl = refusal.reason === "session_ended" ? refusal.returnUrl : null;
  return showPage(
    c,
    { title, status },
    <Notice title={title} text={text}>
      {refusal.reason === "too_many_new_keys" && (
        <p>{noticeTexts.retryIn(String(refusal.retryAfterSeconds))}</p>
      )}
      {isFault && (
        <p>
          {noticeTexts.requestId} <code>{c.env.requestId}</code>
        </p>
      )}
      {returnUrl !== null && (
        <a class="button main" href={returnUrl}>
          {texts.back}
        </a>
      )}
      {!WITHOUT_SESSION.has(refusal.reason) && (
        <a class="button main" href={paths.keys}>
          {isUnavailable ? noticeTexts.retry : texts.toKeys}
        </a>
      )}
    </Notice>,
  );
}

export function showSignedOut(c: PortalRequest, returnUrl: string | null): Response | Promise<Response> {
  const { title, text } = noticeTexts.signed_out;
  return showPage(
    c,
    { title },
    <Notice title={title} text={text}>
      {returnUrl !== null && (
        <a class="button main" href={returnUrl}>
          {texts.back}
        </a>
      )}
    </Notice>,
  );
}

function Notice({ title, text, children }: { title: string; text: string; children?: unknown }) {
  return (
    <section class="sheet notice">
      <h1>{title}</h1>
      <p>{text}</p>
      {children as string}
    </section>
  );
}

/** A reason without a notice of its own is shown as a fault. */
function noticeOf(reason: Reason): { readonly title: string; readonly text: string } {
  const notice = noticeTexts;
  if (reason === "ledger_unreachable" || reason === "store_unreachable" || reason === "in_progress") {
    return notice.unavailable;
  }
  if (Object.hasOwn(notice.byReason, reason)) return notice.byReason[reason as keyof typeof notice.byReason];
  if (reason === "not_found" || reason === "outside_api" || reason === "method_not_allowed") {
    return notice.not_found;
  }
  return notice.fault;
}
