/** Who made a key, which keys it replaces and is replaced by, its requests and its id. */
import type { ApiKey, LedgerEvent } from "../keys/api-key.ts";
import type { Predecessor } from "../ledger/key-listing.ts";
import { ActorName } from "./event-list.tsx";
import { ShortHint } from "./key-summary.tsx";
import { paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

export function OriginFacts(props: {
  of: ApiKey;
  origin: LedgerEvent | null;
  predecessor: Predecessor | undefined;
}) {
  const { of: key, origin, predecessor } = props;
  const { facts } = texts;
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
      {predecessor && (
        <div>
          <dt>{facts.replaces}</dt>
          <dd>
            <a href={paths.key(predecessor.id)}>{facts.oldKey}</a> <ShortHint of={predecessor} />
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
