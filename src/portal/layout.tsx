/** The frame of every page: head, navigation, account and sign-out. Escapes all text. */
import { html, raw } from "hono/html";
import type { Child } from "hono/jsx";
import { Form } from "./form.tsx";
import { type PortalRequest, paths, sessionOf } from "./portal-context.ts";
import { SCRIPT } from "./script.ts";
import { SessionEnd, SessionWarning } from "./session-end.tsx";
import { STYLES } from "./styles.ts";
import { texts } from "./texts.ts";

interface Page {
  readonly title: string;
  /** The current entry of the navigation. */
  readonly nav?: keyof typeof texts.nav;
  /** Whether a form was refused; the title says so too. */
  readonly hasProblems?: boolean;
  readonly status?: number;
  /** What the script of this page does beyond that of every page. */
  readonly script?: string;
}

export function showPage(c: PortalRequest, page: Page, content: Child): Response | Promise<Response> {
  const { title, hasProblems = false, status = 200, script = "" } = page;
  const session = sessionOf(c);
  const nonce = c.var.secureHeadersNonce;
  const document = (
    <html lang="en" data-now={c.env.now()}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>
          {hasProblems ? `${texts.error}: ` : ""}
          {title} · {texts.product} {texts.title}
        </title>
        <style nonce={nonce}>{raw(STYLES)}</style>
        <script nonce={nonce} type="module">
          {raw(`${SCRIPT}\n${script}`)}
        </script>
      </head>
      <body>
        <a class="skip" href="#content">
          {texts.skip}
        </a>
        {header(c, page)}
        {session && <SessionWarning c={c} endsAt={session.endsAt} />}
        <main id="content" tabindex={-1}>
          {content}
        </main>
        {footer(c)}
        <p class="visually-hidden" role="status" id="announcer" />
      </body>
    </html>
  );
  return c.html(html`<!doctype html>${document}`, status as 200);
}

function header(c: PortalRequest, { nav }: Page) {
  const session = sessionOf(c);
  return (
    <header>
      <div class="bar">
        <p class="brand">
          <span aria-hidden="true" class="drop" />
          {texts.product} <span>{texts.title}</span>
        </p>
        {session && (
          <nav aria-label={texts.navigation}>
            {(["keys", "activity", "test"] as const).map((name) => (
              <a href={paths[name]} aria-current={name === nav ? "page" : undefined}>
                {texts.nav[name]}
              </a>
            ))}
          </nav>
        )}
        {session && (
          <div class="account-links">
            {session.returnUrl !== null && <a href={session.returnUrl}>{texts.back}</a>}
            <Form c={c} action={paths.signOut}>
              <button type="submit" class="plain">
                {texts.signOut}
              </button>
            </Form>
          </div>
        )}
      </div>
    </header>
  );
}

function footer(c: PortalRequest) {
  const session = sessionOf(c);
  if (!session) return "";
  return (
    <footer>
      {texts.account} <strong>{session.account}</strong> · <SessionEnd c={c} endsAt={session.endsAt} />
    </footer>
  );
}

/** The title and introduction of a page; `children`: its main actions. */
export function Heading(props: { readonly title: string; readonly lead: string; readonly children?: Child }) {
  const { title, lead, children } = props;
  return (
    <div class="heading">
      <div>
        <h1>{title}</h1>
        <p class="lead">{lead}</p>
      </div>
      {children}
    </div>
  );
}
