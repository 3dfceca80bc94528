/** The account's event log, newest first, page by page. */
import { listEvents } from "../control/operations/accounts.ts";
import type { LedgerEvent } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { loadAccountKeys } from "./account-keys.ts";
import { formatMinute } from "./format-time.ts";
import { RelativeTime } from "./key-summary.tsx";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

const EVENTS_PER_PAGE = 50;

export async function activityPage(c: PortalRequest) {
  const cursor = c.req.query("cursor");
  const query = { limit: EVENTS_PER_PAGE, ...(cursor !== undefined && { cursor }) };
  const [page, loaded] = await Promise.all([perform(c, listEvents, { query }), loadAccountKeys(c)]);
  if (isRefusal(loaded)) return refuse(c, loaded);
  // `not_found`: the account has no events. Here that is an empty list.
  const isNew = isRefusal(page) && page.reason === "not_found";
  if (isRefusal(page) && !isNew)
    return refuse(c, page.reason === "invalid_input" ? { reason: "not_found" } : page);
  const { events, next_cursor: next } = isRefusal(page) ? { events: [], next_cursor: null } : page;
  const names = new Map(loaded.keys.map(({ id, name }) => [id, name]));
  const { activity } = texts;
  return showPage(
    c,
    { title: activity.title, nav: "activity" },
    <>
      <Heading title={activity.title} lead={activity.intro} />
      {events.length === 0 ? (
        <p class="sheet">{activity.none}</p>
      ) : (
        <ol class="sheet events">
          {events.map((event) => (
            <EventItem of={event} names={names} now={c.env.now()} />
          ))}
        </ol>
      )}
      <p class="pages">
        {cursor !== undefined && <a href={paths.activity}>{activity.newest}</a>}
        {next !== null && (
          <a href={`${paths.activity}?cursor=${encodeURIComponent(next)}`}>{activity.older}</a>
        )}
      </p>
    </>,
  );
}

function EventItem(props: { of: LedgerEvent; names: ReadonlyMap<string, string>; now: number }) {
  const { of: event, names, now } = props;
  const { actors, actions, account } = texts.activity;
  const { key_id: id } = event;
  const details = detailText(event, names);
  const claimed = event.claimed_actor === null ? "" : ` (${event.claimed_actor})`;
  return (
    <li>
      <p>
        <strong>{actors.get(event.actor) ?? event.actor}</strong>
        {claimed} {actions[event.action]}{" "}
        {id === null ? account : <a href={paths.key(id)}>{names.get(id) ?? id}</a>}
      </p>
      {details !== "" && <p class="hint">{details}</p>}
      <RelativeTime at={event.at} now={now} />
    </li>
  );
}

const FIELDS = ["replaces", "from", "to", "revokes_at", "reason", "url"] as const;

function detailText({ details }: LedgerEvent, names: ReadonlyMap<string, string>): string {
  const { detail } = texts.activity;
  const textOf = (name: string) => (typeof details[name] === "string" ? (details[name] as string) : null);
  const [replaces, from, to, end, reason, url] = FIELDS.map(textOf);
  return [
    replaces && detail.replaces(names.get(replaces) ?? replaces),
    from && to && detail.renamed(from, to),
    end && detail.revokes(formatMinute(end)),
    details.revokes_at === null && detail.noRevocation,
    url && detail.foundAt(url),
    reason && detail.reason(reason),
  ]
    .filter(Boolean)
    .join(" ");
}
