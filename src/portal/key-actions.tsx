/** The actions that the state of a key allows, on its page. */
import type { ApiKey } from "../keys/api-key.ts";
import { Form } from "./form.tsx";
import { isAccepted, isUsable } from "./key-summary.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

interface ActionsProps {
  readonly c: PortalRequest;
  readonly of: ApiKey;
  readonly isAccountSuspended: boolean;
}

export function KeyActions({ c, of: key, isAccountSuspended }: ActionsProps) {
  const { state } = key;
  const { list, edit, key: keyTexts } = texts;
  const canRotate = isAccepted(key);
  return (
    <section class="sheet form two">
      {canRotate && (
        <div>
          <h2>{list.rotate}</h2>
          <p>{keyTexts.rotateHint}</p>
          <a class="button" href={paths.rotate(key.id)}>
            {state === "retiring" ? list.continueRotation : list.rotate}
          </a>
        </div>
      )}
      {isUsable(key) && (
        <>
          <div>
            <h2>{edit.link}</h2>
            <p>{edit.linkHint}</p>
            <a class="button" href={paths.edit(key.id)}>
              {edit.link}
            </a>
          </div>
          {isAccountSuspended ? (
            <div>
              <h2>{texts.state.suspended}</h2>
              <p>{list.accountSuspended}</p>
            </div>
          ) : (
            <SuspendOrResume c={c} of={key} />
          )}
        </>
      )}
      {(state === "revoked" || state === "expired") && (
        <div>
          <h2>{list.createLike}</h2>
          <p>{keyTexts.likeHint}</p>
          <a class="button" href={paths.newLike(key.id)}>
            {list.createLike}
          </a>
        </div>
      )}
      {state === "revoked" ? (
        <div>
          <h2>{keyTexts.revoked}</h2>
          <p>{keyTexts.revokedHint}</p>
          <a class="button" href={paths.revoke(key.id)}>
            {keyTexts.receipt}
          </a>
        </div>
      ) : (
        <div>
          <h2>{keyTexts.revoke}</h2>
          <p>{keyTexts.revokeHint}</p>
          <a class="button danger" href={paths.revoke(key.id)} data-dialog>
            {list.revoke}
          </a>
        </div>
      )}
    </section>
  );
}

/** Resumes a suspended key, suspends another one. */
function SuspendOrResume({ c, of: key }: { readonly c: PortalRequest; readonly of: ApiKey }) {
  const { edit } = texts;
  const isSuspended = key.state === "suspended";
  return (
    <div>
      <h2>{isSuspended ? edit.resume : edit.suspend}</h2>
      <p>{isSuspended ? edit.resumeHint : edit.suspendHint}</p>
      {isSuspended ? (
        <Form c={c} action={paths.resume(key.id)} busy={edit.resuming}>
          <button type="submit">{edit.resume}</button>
        </Form>
      ) : (
        <a class="button" href={paths.suspend(key.id)} data-dialog>
          {edit.suspend}
        </a>
      )}
    </div>
  );
}
