/**
 * Refusals as people see them: a page instead of content, or a note above the form that was refused, which keeps what
 * was filled in.
 */
import type { Child } from "hono/jsx";
import { logRefusal } from "../log.ts";
import { helpLink, publicAnswer, type Reason, type Refusal } from "../refusals.ts";
import { showPage } from "./layout.tsx";
import { noticeTexts } from "./notice-texts.ts";
import { type PortalRequest, paths, sessionOf } from "./portal-context.ts";
import { texts } from "./texts.ts";

interface NoticeText {
  readonly title: string;
  readonly text: string;
}

/** Logs the refusal and shows it as a page, with its status from `refusals.ts`. */
export function refuse(c: PortalRequest, refusal: Refusal): Response | Promise<Response> {
  logRefusal(c.env.requestId, c.req.method, refusal);
  return showNotice(c, refusal);
}

/** Shows the refusal without logging it, for callers that have logged it. */
export function showNotice(c: PortalRequest, refusal: Refusal): Response | Promise<Response> {
  const status = setStatusHeaders(c, refusal);
  const notice = noticeOf(refusal.reason);
  const isForm = c.req.method === "POST";
  return showPage(
    c,
    { title: notice.title, status },
    <Notice of={notice}>
      <RetryTime of={refusal} />
      {notice === noticeTexts.unavailable && isForm && <p>{noticeTexts.resubmit}</p>}
      {notice === noticeTexts.fault && (
        <p>
          {noticeTexts.requestId} <code>{c.env.requestId}</code>
        </p>
      )}
      {refusal.reason === "session_ended" ? (
        <BackLink to={refusal.returnUrl} />
      ) : (
        <WayOn c={c} isRetry={notice === noticeTexts.unavailable && !isForm} />
      )}
    </Notice>,
  );
}

/**
 * Logs the refusal of a form whose fields are in order, and sets the headers of its answer: the status and the note for
 * the form, which is focused by the script.
 */
export function refuseForm(c: PortalRequest, refusal: Refusal) {
  logRefusal(c.env.requestId, c.req.method, refusal);
  const status = setStatusHeaders(c, refusal);
  const { title, text } = noticeOf(refusal.reason);
  const note = (
    <div class="note bad" role="alert" tabindex={-1} data-focus>
      <p>
        <strong>{title}</strong>
      </p>
      <p>{refusal.reason === "conflict" ? `${refusal.text}.` : text}</p>
      <RetryTime of={refusal} />
    </div>
  );
  return { status, note };
}

export function showSignedOut(c: PortalRequest, returnUrl: string | null): Response | Promise<Response> {
  return showPage(
    c,
    { title: noticeTexts.signed_out.title },
    <Notice of={noticeTexts.signed_out}>
      <BackLink to={returnUrl} />
    </Notice>,
  );
}

function setStatusHeaders(c: PortalRequest, refusal: Refusal): number {
  const answer = publicAnswer(refusal);
  const headers = { ...answer.headers, ...helpLink(answer, c.env.settings.docsUrl) };
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  return answer.status;
}

function Notice({ of: { title, text }, children }: { readonly of: NoticeText; readonly children?: Child }) {
  return (
    <section class="sheet notice">
      <h1>{title}</h1>
      <p>{text}</p>
      {children}
    </section>
  );
}

function RetryTime({ of: refusal }: { readonly of: Refusal }) {
  if (refusal.reason !== "too_many_new_keys") return "";
  return <p>{noticeTexts.retryIn(refusal.retryAfterSeconds)}</p>;
}

function BackLink({ to: returnUrl }: { readonly to: string | null }) {
  if (returnUrl === null) return "";
  return (
    <a class="button main" href={returnUrl}>
      {texts.back}
    </a>
  );
}

/** The same page again, such as the page of a new key that has not been shown; or the keys, which need a session. */
function WayOn({ c, isRetry }: { readonly c: PortalRequest; readonly isRetry: boolean }) {
  const { pathname, search } = new URL(c.req.url);
  if (isRetry)
    return (
      <a class="button main" href={`${pathname}${search}`}>
        {noticeTexts.retry}
      </a>
    );
  if (sessionOf(c) === undefined) return "";
  return (
    <a class="button main" href={paths.keys}>
      {texts.toKeys}
    </a>
  );
}

/** A reason without a notice of its own is shown as a fault. */
function noticeOf(reason: Reason): NoticeText {
  const { byReason } = noticeTexts;
  if (Object.hasOwn(byReason, reason)) return byReason[reason as keyof typeof byReason];
  switch (reason) {
    case "ledger_unreachable":
    case "store_unreachable":
    case "in_progress":
      return noticeTexts.unavailable;
    case "not_found":
    case "outside_api":
    case "method_not_allowed":
      return noticeTexts.not_found;
    default:
      return noticeTexts.fault;
  }
}
