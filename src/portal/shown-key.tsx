/** A key as the pages show it: badges, times, facts. Never its text. */
import type { ApiKey } from "../keys/api-key.ts";
import { ageDays, isDueForRotation, keyState, scheduledEnd } from "../keys/key-state.ts";
import type { Permission } from "../policy.ts";
import { paths } from "./portal-context.ts";
import { calendarDay, relativeTime, toTheMinute } from "./shown-times.ts";
import { texts } from "./texts.ts";

interface KeyAt {
  readonly of: ApiKey;
  /** Unix milliseconds. */
  readonly now: number;
}

/** “3 minutes ago”; the exact time on demand, and the script keeps it true. */
export function RelativeTime({ at, now }: { readonly at: string; readonly now: number }) {
  return (
    <time datetime={at} title={toTheMinute(at)} data-relative>
      {relativeTime(at, now)}
    </time>
  );
}

export function Day({ at }: { readonly at: string }) {
  return (
    <time datetime={at} title={toTheMinute(at)}>
      {calendarDay(at)}
    </time>
  );
}

export function Badges({ of: key, now }: KeyAt) {
  const state = keyState(key, now);
  return (
    <p class="badges">
      <span class={`badge ${key.mode}`}>{texts.mode[key.mode]}</span>
      <span class={`badge ${state}`}>
        {state === "retiring" && key.revokes_at !== null
          ? texts.retiringIn(relativeTime(key.revokes_at, now))
          : texts.state[state]}
      </span>
      {isDueForRotation(key, now) && (
        <a class="badge due" href={paths.rotate(key.id)}>
          {texts.rotateAge(ageDays(key, now))}
        </a>
      )}
    </p>
  );
}

export function LastUsed({ of: key, now }: KeyAt) {
  return key.last_used_at === null ? texts.facts.notUsed : <RelativeTime at={key.last_used_at} now={now} />;
}

/** The facts a list has room for. */
export function ShortFacts({ of: key, now }: KeyAt) {
  const { facts, never } = texts;
  const end = endOf(key);
  return (
    <dl class="facts">
      <div class="wide">
        <dt>{facts.permissions}</dt>
        <dd>{permissionWords(key.permissions)}</dd>
      </div>
      <div>
        <dt>{facts.created}</dt>
        <dd>
          <Day at={key.created_at} />
        </dd>
      </div>
      <div>
        <dt>{facts.lastUsed}</dt>
        <dd>
          <LastUsed of={key} now={now} />
        </dd>
      </div>
      <div>
        <dt>{end.label}</dt>
        <dd>{end.at === null ? never : <Day at={end.at} />}</dd>
      </div>
    </dl>
  );
}

/** What ends the key first, or has ended it. */
function endOf(key: ApiKey): { readonly label: string; readonly at: string | null } {
  const { facts } = texts;
  if (key.revoked_at !== null) return { label: facts.revoked, at: key.revoked_at };
  const end = scheduledEnd(key);
  return end?.kind === "revokes"
    ? { label: facts.ends, at: end.at }
    : { label: facts.expires, at: end?.at ?? null };
}

/** “Posts: read and write, Accounts: read”, or “Full access”. */
export function permissionWords(permissions: ApiKey["permissions"]): string {
  if (permissions.length === 0) return texts.fullAccess;
  return Object.entries(texts.resources)
    .map(([resource, name]) => {
      const can = (what: "read" | "write") => permissions.includes(`${resource}:${what}` as Permission);
      if (can("read") && can("write")) return `${name}: ${texts.readAndWrite}`;
      return can("read") ? `${name}: ${texts.read}` : can("write") ? `${name}: ${texts.write}` : "";
    })
    .filter((words) => words !== "")
    .join(", ");
}
