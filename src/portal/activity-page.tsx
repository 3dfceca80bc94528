/** The account's event log, newest first, page by page, of all keys or one, of all actions or one. */
import type { Child } from "hono/jsx";
import { listEvents } from "../control/operations/accounts.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { KEY_ID_FORMAT } from "../keys/key-record.ts";
import { containsKey } from "../keys/key-text.ts";
import { isRefusal } from "../refusals.ts";
import { listKeys } from "./account-keys.ts";
import { EventList } from "./event-list.tsx";
import { ACTION_NOUNS, ACTIONS, activityTexts } from "./event-texts.ts";
import { KeySearch, Options } from "./form.tsx";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { ITEMS_MAX, perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

const EVENTS_PER_PAGE = 50;
/** To choose from. */
const KEYS_FOUND_MAX = 50;

/** The filter as it was submitted. */
interface ActivityFilter {
  /** Names a key: its name, last four characters or id. */
  readonly key: string;
  readonly action: keyof typeof ACTION_NOUNS | "";
}

export function readActivityFilter(query: Readonly<Record<string, string>>): ActivityFilter {
  const { key = "", action = "" } = query;
  return { key: containsKey(key) ? "" : key.trim(), action: ACTIONS.find((one) => one === action) ?? "" };
}

export async function activityPage(c: PortalRequest) {
  const filter = readActivityFilter(c.req.query());
  const found = await findKeys(c, filter.key);
  if (isRefusal(found)) return refuse(c, found);
  const [key] = found;
  if (filter.key !== "" && (key === undefined || found.length > 1)) return showChoice(c, filter, found);
  const cursor = c.req.query("cursor");
  const page = await perform(c, listEvents, {
    query: { ...eventQuery(filter, key), limit: EVENTS_PER_PAGE, ...(cursor !== undefined && { cursor }) },
  });
  // `not_found`: the account has no events. Here that is an empty list.
  const isNew = isRefusal(page) && page.reason === "not_found";
  if (isRefusal(page) && !isNew)
    return refuse(c, page.reason === "invalid_input" ? { reason: "not_found" } : page);
  const { events, next_cursor: next } = isRefusal(page) ? { events: [], next_cursor: null } : page;
  const isFiltered = filter.key !== "" || filter.action !== "";
  const query = { key: key?.id ?? "", action: filter.action };
  const link = (path: string, more: Record<string, string> = {}) =>
    `${path}?${new URLSearchParams({ ...query, ...more })}`;
  return showActivity(
    c,
    filter,
    <>
      {key && (
        <p class="of-key">
          {activityTexts.of} <a href={paths.key(key.id)}>{key.name}</a> <code>{key.hint}</code> ·{" "}
          <a href={paths.activity}>{activityTexts.all}</a>
        </p>
      )}
      {events.length === 0 ? (
        <p class="sheet">{isFiltered ? activityTexts.noMatch : activityTexts.none}</p>
      ) : (
        <EventList events={events} now={c.env.now()} />
      )}
      <p class="pages">
        {cursor !== undefined && <a href={link(paths.activity)}>{activityTexts.newest}</a>}
        {next !== null && <a href={link(paths.activity, { cursor: next })}>{activityTexts.older}</a>}
        <span class="export">
          <a href={link(paths.activityCsv)}>{texts.export.csv}</a>{" "}
          <a href={link(paths.activityJson)}>{texts.export.json}</a> {texts.export.limit(ITEMS_MAX)}
        </span>
      </p>
    </>,
  );
}

/** The same for the event log. */
export function eventQuery({ action }: ActivityFilter, key: ApiKey | undefined) {
  return { ...(key && { key_id: key.id }), ...(action !== "" && { action }) };
}

/**
 * The newest keys that a text names, revoked ones too; none for an empty text. An id names one key, though the names of
 * others may contain it.
 */
export async function findKeys(c: PortalRequest, text: string) {
  if (text === "") return [];
  const filter = KEY_ID_FORMAT.test(text) ? { id: text } : { text };
  const listed = await listKeys(c, { ...filter, includeRevoked: true }, KEYS_FOUND_MAX);
  return isRefusal(listed) ? listed : listed.keys;
}

function showActivity(c: PortalRequest, filter: ActivityFilter, content: Child) {
  return showPage(
    c,
    { title: activityTexts.title, nav: "activity" },
    <>
      <Heading title={activityTexts.title} lead={activityTexts.intro} />
      <Filter filter={filter} />
      {content}
    </>,
  );
}

function Filter({ filter }: { readonly filter: ActivityFilter }) {
  const actions = [["", activityTexts.anyAction], ...ACTIONS.map((one) => [one, ACTION_NOUNS[one]])];
  return (
    <search aria-label={activityTexts.filter}>
      <form class="filter" action={paths.activity}>
        <KeySearch name="key" label={activityTexts.key} value={filter.key} />
        <Options name="action" label={activityTexts.action} options={actions} selected={filter.action} />
        <button type="submit">{texts.list.apply}</button>
      </form>
    </search>
  );
}

/** Several keys have this text, or none. */
function showChoice(c: PortalRequest, filter: ActivityFilter, keys: readonly ApiKey[]) {
  const link = (id: string) => `${paths.activity}?${new URLSearchParams({ ...filter, key: id })}`;
  return showActivity(
    c,
    filter,
    <section class="sheet form">
      <p>{keys.length === 0 ? activityTexts.noKey : activityTexts.whichKey}</p>
      {keys.length > 0 && (
        <ul class="selected">
          {keys.map((key) => (
            <li>
              <a href={link(key.id)}>{key.name}</a> <code>{key.hint}</code>
            </li>
          ))}
        </ul>
      )}
    </section>,
  );
}
