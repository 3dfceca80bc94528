/** Who did what with the account's keys, a page at a time. */
import type { LedgerEvent } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { gatherKeys } from "./gather-keys.ts";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { RelativeTime } from "./shown-key.tsx";
import { toTheMinute } from "./shown-times.ts";
import { texts } from "./texts.ts";

const EVENTS_PER_PAGE = 50;

export async function activityPage(c: PortalRequest) {
  const { operations } = c.env;
  const { account } = c.var.visit;
  const cursor = c.req.query("cursor");
  const query = { limit: EVENTS_PER_PAGE, ...(cursor !== undefined && { cursor }) };
  const [page, gathered] = await Promise.all([
    operations.listEvents(account, query),
    gatherKeys(operations, account),
  ]);
  if (isRefusal(gathered)) return refuse(c, gathered);
  // An account to which nothing has happened is no mistake here.
  const isNew = isRefusal(page) && page.reason === "not_found";
  if (isRefusal(page) && !isNew)
    return refuse(c, page.reason === "invalid_input" ? { reason: "not_found" } : page);
  const { events, next_cursor: next } = isRefusal(page) ? { events: [], next_cursor: null } : page;
  const names = new Map(gathered.keys.map(({ id, name }) => [id, name]));
  const { activity } = texts;
  return showPage(
    c,
    { title: activity.title, at: "activity" },
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
  const details = detailWords(event, names);
  return (
    <li>
      <p>
        <strong>{actors[event.actor] ?? event.actor}</strong> {actions[event.action]}{" "}
        {id === null ? account : <a href={paths.key(id)}>{names.get(id) ?? id}</a>}
      </p>
      {details !== "" && <p class="hint">{details}</p>}
      <RelativeTime at={event.at} now={now} />
    </li>
  );
}

function detailWords({ details }: LedgerEvent, names: ReadonlyMap<string, string>): string {
  const { detail } = texts.activity;
  const said = (name: string) => (typeof details[name] === "string" ? (details[name] as string) : null);
  const [replaces, from, to, end, reason] = ["replaces", "from", "to", "revokes_at", "reason"].map(said);
  return [
    replaces && detail.replaces(names.get(replaces) ?? replaces),
    from && to && detail.renamed(from, to),
    end && detail.ends(toTheMinute(end)),
    details.revokes_at === null && detail.endsNot,
    reason && detail.reason(reason),
  ]
    .filter(Boolean)
    .join(" ");
}
