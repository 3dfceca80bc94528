/** A key's badges, times and facts, shared by several pages. Never the key's secret. */
import type { ApiKey } from "../keys/api-key.ts";
import { ageDays, isDueForRotation, scheduledEnd } from "../keys/key-state.ts";
import { formatDay, formatMinute, relativeTime } from "./format-time.ts";
import { permissionText } from "./permissions.tsx";
import { paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

interface KeyProps {
  readonly of: ApiKey;
  /** Unix milliseconds. */
  readonly now: number;
}

/** “3 minutes ago”, kept current by the script; the exact time is the tooltip. */
export function RelativeTime({ at, now }: { readonly at: string; readonly now: number }) {
  return (
    <time datetime={at} title={formatMinute(at)} data-relative>
      {relativeTime(at, now)}
    </time>
  );
}

function Day({ at }: { readonly at: string }) {
  return (
    <time datetime={at} title={formatMinute(at)}>
      {formatDay(at)}
    </time>
  );
}

export function Badges({ of: key, now }: KeyProps) {
  const { state } = key;
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

/** Whether it can have a successor, or has one. */
export function isRotatable({ state }: ApiKey): boolean {
  return state === "active" || state === "retiring";
}

export function LastUsed({ of: key, now }: KeyProps) {
  return key.last_used_at === null ? texts.facts.notUsed : <RelativeTime at={key.last_used_at} now={now} />;
}

export function KeyFacts({ of: key, now }: KeyProps) {
  const { facts, never } = texts;
  const end = endFact(key);
  return (
    <dl class="facts">
      <div class="wide">
        <dt>{facts.permissions}</dt>
        <dd>{permissionText(key.permissions)}</dd>
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

function endFact(key: ApiKey): { readonly label: string; readonly at: string | null } {
  const { facts } = texts;
  if (key.revoked_at !== null) return { label: facts.revoked, at: key.revoked_at };
  const end = scheduledEnd(key);
  return end?.kind === "revokes"
    ? { label: facts.revokes, at: end.at }
    : { label: facts.expires, at: end?.at ?? null };
}
