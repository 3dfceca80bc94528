/** Events of an account or a key as sentences: who did what with which key, and when. */
import type { LedgerEvent } from "../keys/api-key.ts";
import { ACTORS, activityTexts, EVENT_ACTIONS } from "./event-texts.ts";
import { formatMinute } from "./format-time.ts";
import { ShortHint } from "./key-summary.tsx";
import { paths } from "./portal-context.ts";
import { RelativeTime } from "./relative-time.tsx";

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

/** “Ada (control API)”, or “The control API” when the caller named nobody. */
export function ActorName({ of: { actor, claimed_actor: claimed } }: { readonly of: LedgerEvent }) {
  const known = ACTORS.get(actor);
  if (claimed === null) return <strong>{known?.alone ?? actor}</strong>;
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

function detailText({ details }: LedgerEvent): string {
  const { detail } = activityTexts;
  const textOf = (name: string) => (typeof details[name] === "string" ? (details[name] as string) : null);
  const [from, to, end, reason, url] = ["from", "to", "revokes_at", "reason", "url"].map(textOf);
  return [
    from && to && detail.renamed(from, to),
    end && detail.revokes(formatMinute(end)),
    details.revokes_at === null && detail.noRevocation,
    url && detail.foundAt(url),
    reason && detail.reason(reason),
  ]
    .filter(Boolean)
    .join(" ");
}
