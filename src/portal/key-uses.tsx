/** Whether the two keys of a rotation are in use: when each was last used, and which jobs may still need the old one. */
import type { ApiKey } from "../keys/api-key.ts";
import { formatDuration } from "./format-time.ts";
import { LastUsed } from "./key-summary.tsx";
import { paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

const HOUR_MS = 3_600_000;
/** A key that was used so recently is in use. */
const IN_USE_MS = 300_000;
/** How long a key must be unused until a job of each kind no longer needs it. */
const JOBS = [
  [26 * HOUR_MS, texts.rotate.jobs.daily],
  [8 * 24 * HOUR_MS, texts.rotate.jobs.weekly],
  [32 * 24 * HOUR_MS, texts.rotate.jobs.monthly],
] as const;

interface UseBadge {
  readonly tone: "good" | "warn" | "neutral";
  readonly text: string;
}

export function KeyUses(props: {
  readonly old: ApiKey;
  readonly successor: ApiKey | null;
  readonly now: number;
}) {
  const { old, successor, now } = props;
  const { facts } = texts;
  return (
    <div class="uses">
      {successor && (
        <KeyUse label={facts.newKey} badge={newKeyBadge(successor, now)} of={successor} now={now} />
      )}
      <KeyUse
        label={facts.oldKey}
        badge={oldKeyBadge(old, now)}
        hint={jobHint(old, now)}
        of={old}
        now={now}
      />
    </div>
  );
}

function KeyUse(props: { label: string; badge: UseBadge; hint?: string; of: ApiKey; now: number }) {
  const { label, badge, hint = "", of: key, now } = props;
  return (
    <div>
      <p>
        <strong>{label}</strong> <span class={`badge ${badge.tone}`}>{badge.text}</span>
      </p>
      <a href={paths.key(key.id)}>
        <code>{key.hint}</code>
      </a>
      <span>
        {texts.facts.lastUsed}: <LastUsed of={key} now={now} />
      </span>
      {hint !== "" && <span class="hint">{hint}</span>}
    </div>
  );
}

function newKeyBadge({ last_used_at: last }: ApiKey, now: number): UseBadge {
  if (last === null) return { tone: "neutral", text: texts.rotate.neverUsed };
  return isInUse(last, now)
    ? { tone: "good", text: texts.rotate.inUse }
    : { tone: "good", text: texts.rotate.hasBeenUsed };
}

function oldKeyBadge({ last_used_at: last }: ApiKey, now: number): UseBadge {
  if (last === null) return { tone: "neutral", text: texts.rotate.neverUsed };
  if (isInUse(last, now)) return { tone: "warn", text: texts.rotate.inUse };
  return { tone: "neutral", text: texts.rotate.unusedFor(formatDuration(now - Date.parse(last))) };
}

function isInUse(last: string, now: number): boolean {
  return now - Date.parse(last) < IN_USE_MS;
}

/** Which jobs the time of last use says nothing about. */
function jobHint({ last_used_at: last }: ApiKey, now: number): string {
  if (last === null || isInUse(last, now)) return "";
  return JOBS.find(([unusedMs]) => now - Date.parse(last) < unusedMs)?.[1] ?? "";
}
