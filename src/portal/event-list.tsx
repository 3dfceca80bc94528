/** Events of an account or a key as sentences: who did what with which key, and when. */
import type { ApiKey, LedgerEvent } from "../keys/api-key.ts";
import type { Permission } from "../policy.ts";
import { ACTORS, activityTexts, EVENT_ACTIONS } from "./event-texts.ts";
import { formatMinute } from "./format-time.ts";
import { labelTexts, limitTexts, ShortHint } from "./key-summary.tsx";
import { permissionText } from "./permissions.tsx";
import { paths } from "./portal-context.ts";
import { RelativeTime } from "./relative-time.tsx";
import { texts } from "./texts.ts";

export function EventList(props: { readonly events: readonly LedgerEvent[]; readonly now: number }) {
  return (
    <ol class="sheet events">
      {props.events.map((event) => (
        <EventItem of={event} now={props.now} />
      ))}
    </ol>
  );
}

function EventItem({ of: event, now }: { readonly of: LedgerEvent; readonly now: number }) {
  const { detail } = activityTexts;
  const details = detailText(event);
  const { replaces } = event.details;
  return (
    <li>
      <p>
        <ActorName of={event} /> {EVENT_ACTIONS[event.action]} <KeyName of={event} />
      </p>
      {(details !== "" || typeof replaces === "string") && (
        <p class="hint">
          {typeof replaces === "string" && (
            <>
              {detail.replaces} <a href={paths.key(replaces)}>{detail.anotherKey}</a>.{" "}
            </>
          )}
          {details}
        </p>
      )}
      <p class="when">
        <RelativeTime at={event.at} now={now} isSpoken />
      </p>
    </li>
  );
}

/** “Ada (control API)”, or “The control API (no name given)”. */
export function ActorName({ of: { actor, claimed_actor: claimed } }: { readonly of: LedgerEvent }) {
  const known = ACTORS.get(actor);
  if (claimed === null)
    return (
      <>
        <strong>{known?.alone ?? actor}</strong>
        {known?.isNameless && ` ${activityTexts.nameless}`}
      </>
    );
  return (
    <>
      <strong>{claimed}</strong> ({known?.beside ?? actor})
    </>
  );
}

function KeyName({ of: { key_id: id, key_name: name, key_hint: hint } }: { readonly of: LedgerEvent }) {
  if (id === null) return activityTexts.account;
  return (
    <>
      <a href={paths.key(id)}>{name ?? id}</a> {hint !== null && <ShortHint of={{ hint }} />}
    </>
  );
}

/** What a field was, or has become; null: not shown. */
function valueText(action: LedgerEvent["action"], value: LedgerEvent["details"][string] | undefined) {
  const { detail } = activityTexts;
  if (action === "renamed" && typeof value === "string") return `“${value}”`;
  if (action === "permissions_changed" && Array.isArray(value)) return permissionText(value as Permission[]);
  if (action === "allowed_ips_changed" && Array.isArray(value)) return value.join(", ") || detail.anywhere;
  if (action !== "limits_changed" || value === undefined) return null;
  return value === null ? detail.ofPlan : limitTexts(value as NonNullable<ApiKey["limits"]>).join(", ");
}

function detailText({ action, details }: LedgerEvent): string {
  const { detail } = activityTexts;
  const [from, to] = [valueText(action, details.from), valueText(action, details.to)];
  const textOf = (name: string) => (typeof details[name] === "string" ? (details[name] as string) : null);
  const [end, expiry, reason, url] = ["revokes_at", "expires_at", "reason", "url"].map(textOf);
  return [
    from !== null && to !== null && detail.changed(from, to),
    action === "labels_changed" && detail.labels(labelTexts(details.labels as ApiKey["labels"]).join(", ")),
    action === "expiry_changed" && detail.expires(expiry ? formatMinute(expiry) : texts.never),
    end && detail.revokes(formatMinute(end)),
    details.revokes_at === null && detail.noRevocation,
    url && detail.foundAt(url),
    reason && detail.reason(reason),
  ]
    .filter(Boolean)
    .join(" ");
}
