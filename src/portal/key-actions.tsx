/** What one would want to do with a key in its state, and nothing else. */
import type { ApiKey } from "../keys/api-key.ts";
import { isRotatable } from "./key-summary.tsx";
import { paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

export function KeyActions({ of: key }: { readonly of: ApiKey }) {
  const { state } = key;
  const { list, key: keyTexts } = texts;
  const canRotate = isRotatable(key);
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
