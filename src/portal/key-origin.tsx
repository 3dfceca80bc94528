/** Who made a key, which keys it replaces and is replaced by, its requests and its id. */
import type { ApiKey, LedgerEvent } from "../keys/api-key.ts";
import { ActorName } from "./event-list.tsx";
import { paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

export function OriginFacts({ of: key, origin }: { of: ApiKey; origin: LedgerEvent | null }) {
  const { facts } = texts;
  const replaces = origin?.details.replaces;
  return (
    <dl class="facts">
      {origin && (
        <div>
          <dt>{facts.createdBy}</dt>
          <dd>
            <ActorName of={origin} />
          </dd>
        </div>
      )}
      {key.use_count > 0 && (
        <div>
          <dt>{facts.uses}</dt>
          <dd>{facts.approximately(key.use_count)}</dd>
        </div>
      )}
      {typeof replaces === "string" && (
        <div>
          <dt>{facts.replaces}</dt>
          <dd>
            <a href={paths.key(replaces)}>{facts.oldKey}</a>
          </dd>
        </div>
      )}
      {key.replaced_by !== null && (
        <div>
          <dt>{facts.replacedBy}</dt>
          <dd>
            <a href={paths.key(key.replaced_by)}>{facts.newKey}</a>
          </dd>
        </div>
      )}
      <div class="wide">
        <dt>
          <label for="key-id">{facts.id}</label>
        </dt>
        <dd class="in-line">
          <input id="key-id" readonly value={key.id} />
          <button type="button" data-copy="key-id" hidden>
            {facts.copyId}
          </button>
        </dd>
      </div>
    </dl>
  );
}
