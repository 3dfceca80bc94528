/**
 * Keeps a session from ending while it is used: its end is in the footer with a button that postpones it, and the script
 * warns two minutes before (WCAG 2.2.1).
 */
import { Form } from "./form.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { RelativeTime } from "./relative-time.tsx";
import { texts } from "./texts.ts";

export function SessionEnd({ c, endsAt }: { readonly c: PortalRequest; readonly endsAt: number }) {
  const { session } = texts;
  return (
    <>
      {session.ends} <RelativeTime at={new Date(endsAt).toISOString()} now={c.env.now()} />
      <Form c={c} action={paths.stay} class="stay">
        <button type="submit" class="plain">
          {session.stay}
        </button>
      </Form>
    </>
  );
}

/** Shown by the script. */
export function SessionWarning({ c, endsAt }: { readonly c: PortalRequest; readonly endsAt: number }) {
  const { session } = texts;
  return (
    <div id="session-warning" data-ends-at={endsAt}>
      <div class="note warn" role="alert" hidden>
        <p>{session.warning}</p>
        <Form c={c} action={paths.stay} class="stay">
          <button type="submit" class="main">
            {session.stay}
          </button>
        </Form>
      </div>
      <p class="note bad" role="alert" hidden>
        {session.ended}
      </p>
    </div>
  );
}
