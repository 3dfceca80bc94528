/** A key's badges and facts, shared by several pages. Never the key's secret. */
import type { ApiKey } from "../keys/api-key.ts";
import { ageDays, EXPIRES_SOON_MS, isDueForRotation, scheduledEnd } from "../keys/key-state.ts";
import { relativeTime } from "./format-time.ts";
import { permissionText } from "./permissions.tsx";
import { paths } from "./portal-context.ts";
import { Day, RelativeTime } from "./relative-time.tsx";
import { texts } from "./texts.ts";

interface KeyProps {
  readonly of: ApiKey;
  /** Unix milliseconds. */
  readonly now: number;
  /** Whether it was found in public. */
  readonly isExposed?: boolean;
  /** Whether the badge of a retiring key says when it is revoked; a list has a column for that. */
  readonly hasEnd?: boolean;
}

export function ModeBadge({ of: key }: Pick<KeyProps, "of">) {
  return <span class={`badge mode ${key.mode}`}>{texts.mode[key.mode]}</span>;
}

/** The state, and the reasons to act: a sighting in public, an expiry that is near, the age for a rotation. */
export function StateBadges({ of: key, now, isExposed = false, hasEnd = false }: KeyProps) {
  const state = key.state;
  const end = hasEnd && state === "retiring" ? scheduledEnd(key) : null;
  const expiresInMs = key.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(key.expires_at) - now;
  return (
    <>
      <span class={`badge ${state}`}>
        {texts.state[state]}
        {end?.kind === "revokes" && `: ${texts.revokedIn(relativeTime(end.at, now))}`}
      </span>
      {isExposed && isUsable(key) && (
        <a class="badge exposed" href={isAccepted(key) ? paths.rotate(key.id) : paths.key(key.id)}>
          {texts.exposed}
        </a>
      )}
      {state === "active" && key.expires_at !== null && expiresInMs <= EXPIRES_SOON_MS && (
        <span class="badge due">{texts.expiresIn(relativeTime(key.expires_at, now))}</span>
      )}
      {isDueForRotation(key, now) && (
        <a class="badge due" href={paths.rotate(key.id)}>
          {texts.rotateAge(ageDays(key, now))}
        </a>
      )}
    </>
  );
}

export function Badges({ of: key, now, isExposed = false }: KeyProps) {
  return (
    <p class="badges">
      <ModeBadge of={key} />
      <StateBadges of={key} now={now} isExposed={isExposed} hasEnd />
    </p>
  );
}

/** Whether requests with it are accepted, so that it can be rotated and suspended. */
export function isAccepted({ state }: ApiKey): boolean {
  return state === "active" || state === "retiring";
}

/** Whether requests with it are accepted, or will be when it is resumed. */
export function isUsable(key: ApiKey): boolean {
  return isAccepted(key) || key.state === "suspended";
}

export function LastUsed({ of: key, now }: KeyProps) {
  return key.last_used_at === null ? texts.never : <RelativeTime at={key.last_used_at} now={now} />;
}

/** “Last used 3 minutes ago.” */
export function LastUse({ of: { last_used_at: last }, now }: KeyProps) {
  if (last === null) return texts.secret.notUsed;
  return (
    <strong>
      {texts.facts.lastUsed} <RelativeTime at={last} now={now} />.
    </strong>
  );
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
      <ListFact label={facts.networks} items={key.allowed_ips} />
      <ListFact label={facts.labels} items={labelTexts(key.labels)} />
      {key.limits && <ListFact label={facts.limits} items={limitTexts(key.limits)} />}
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
        <dt>{facts[end.kind]}</dt>
        <dd>{end.at === null ? never : <Day at={end.at} />}</dd>
      </div>
    </dl>
  );
}

/** “team: billing”. */
export function labelTexts(labels: ApiKey["labels"]): string[] {
  return Object.entries(labels).map((label) => label.join(": "));
}

/** “Requests per minute: 30”, “Publishes per hour: 5”. */
export function limitTexts(limits: NonNullable<ApiKey["limits"]>): string[] {
  const { limits: names } = texts.create;
  return (["requests_per_minute", "publish_per_hour"] as const).map(
    (field) => `${names[field]}: ${limits[field].toLocaleString("en-GB")}`,
  );
}

/** Empty for an empty list. */
function ListFact({ label, items }: { readonly label: string; readonly items: readonly string[] }) {
  if (items.length === 0) return "";
  return (
    <div class="wide">
      <dt>{label}</dt>
      <dd>{items.join(", ")}</dd>
    </div>
  );
}

/** “…x7Kq”; empty for an imported key, whose text is not known. */
export function ShortHint({ of: { hint } }: { readonly of: { readonly hint: string } }) {
  return hint.endsWith("…") ? "" : <code>…{hint.slice(-4)}</code>;
}

/** `at`: null: never. */
export function endFact(key: ApiKey): {
  readonly kind: "revoked" | "revokes" | "expires";
  readonly at: string | null;
} {
  if (key.revoked_at !== null) return { kind: "revoked", at: key.revoked_at };
  return scheduledEnd(key) ?? { kind: "expires", at: null };
}
