/** The frame of every page: head, navigation, account, the way out. Escapes whatever it is given. */
import { html, raw } from "hono/html";
import type { Child } from "hono/jsx";
import { Form } from "./form.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { SCRIPT } from "./script.ts";
import { RelativeTime } from "./shown-key.tsx";
import { STYLES } from "./styles.ts";
import { texts } from "./texts.ts";

interface Page {
  readonly title: string;
  /** The navigation's current entry. */
  readonly at?: keyof typeof texts.nav;
  /** Whether a form on the page was refused: said first, in the title too. */
  readonly hasProblems?: boolean;
  readonly status?: number;
}

/** The page as an answer. */
export function showPage(c: PortalRequest, page: Page, content: Child): Response | Promise<Response> {
  const { title, hasProblems = false, status = 200 } = page;
  const { nonce } = c.var;
  const document = (
    <html lang="en">
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
          {raw(SCRIPT)}
        </script>
      </head>
      <body>
        <a class="skip" href="#content">
          {texts.skip}
        </a>
        {header(c, page)}
        <main id="content" tabindex={-1}>
          {content}
        </main>
        {footer(c)}
        <p class="quiet-voice" role="status" id="voice" />
      </body>
    </html>
  );
  return c.html(html`<!doctype html>${document}`, status as 200);
}

function header(c: PortalRequest, { at }: Page) {
  const visit = c.var.visit as PortalRequest["var"]["visit"] | undefined;
  return (
    <header>
      <div class="bar">
        <p class="brand">
          <span aria-hidden="true" class="drop" />
          {texts.product} <span>{texts.title}</span>
        </p>
        {visit && (
          <nav aria-label={texts.navigation}>
            {(["keys", "activity", "test"] as const).map((name) => (
              <a href={paths[name]} aria-current={name === at ? "page" : undefined}>
                {texts.nav[name]}
              </a>
            ))}
          </nav>
        )}
        {visit && (
          <div class="way-out">
            {visit.returnUrl !== null && <a href={visit.returnUrl}>{texts.back}</a>}
            <Form c={c} action={paths.leave}>
              <button type="submit" class="plain">
                {texts.leave}
              </button>
            </Form>
          </div>
        )}
      </div>
    </header>
  );
}

function footer(c: PortalRequest) {
  const visit = c.var.visit as PortalRequest["var"]["visit"] | undefined;
  if (!visit) return "";
  const ends = new Date(visit.endsAt).toISOString();
  return (
    <footer>
      {texts.account} <strong>{visit.account}</strong> · {texts.ends}{" "}
      <RelativeTime at={ends} now={c.env.now()} />
    </footer>
  );
}

/** What a page begins with; `children`: what can be done there. */
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
