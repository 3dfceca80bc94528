/** The list of keys with its filter, page by page. An account without keys gets the first steps instead. */
import { type ApiKey, KEY_STATES } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { ACCOUNT_KEYS_MAX, loadAccountKeys } from "./account-keys.ts";
import { Options } from "./form.tsx";
import { isFiltered, type KeyFilter, matches, readFilter } from "./key-filter.ts";
import { BULK_FORM, KeyTable } from "./key-table.tsx";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

const KEYS_PER_PAGE = 20;

interface PageOfKeys {
  readonly filter: KeyFilter;
  readonly shown: readonly ApiKey[];
  /** Of the first shown key, from 0. */
  readonly start: number;
  /** All keys that match. */
  readonly total: number;
  readonly isTruncated: boolean;
}

export async function keyListPage(c: PortalRequest) {
  const loaded = await loadAccountKeys(c);
  if (isRefusal(loaded)) return refuse(c, loaded);
  const now = c.env.now();
  const filter = readFilter(c.req.query());
  const matching = loaded.keys.filter((key) => matches(key, filter));
  const last = Math.max(1, Math.ceil(matching.length / KEYS_PER_PAGE));
  const number = Math.min(Math.max(1, Number(c.req.query("page")) || 1), last);
  const start = (Math.floor(number) - 1) * KEYS_PER_PAGE;
  const page: PageOfKeys = {
    filter,
    shown: matching.slice(start, start + KEYS_PER_PAGE),
    start,
    total: matching.length,
    isTruncated: loaded.isTruncated,
  };
  return showPage(
    c,
    { title: texts.nav.keys, nav: "keys", isWide: true },
    <>
      <Heading title={texts.title} lead={texts.list.intro}>
        <a class="button main" href={paths.newKey}>
          {texts.list.create}
        </a>
      </Heading>
      {loaded.keys.length === 0 ? (
        <FirstSteps />
      ) : (
        <Keys of={page} predecessors={predecessorsIn(loaded.keys)} now={now} />
      )}
    </>,
  );
}

/** By the id of the successor. */
function predecessorsIn(keys: readonly ApiKey[]): ReadonlyMap<string, ApiKey> {
  return new Map(keys.flatMap((key) => (key.replaced_by === null ? [] : [[key.replaced_by, key] as const])));
}

function Keys(props: { of: PageOfKeys; predecessors: ReadonlyMap<string, ApiKey>; now: number }) {
  const { of: page, predecessors, now } = props;
  const { list } = texts;
  return (
    <>
      <Filter filter={page.filter} />
      {page.isTruncated && <p class="note">{list.newest(ACCOUNT_KEYS_MAX)}</p>}
      {page.shown.length === 0 ? (
        <p class="sheet">{list.none}</p>
      ) : (
        <KeyTable keys={page.shown} predecessors={predecessors} now={now} />
      )}
      <div class="below">
        <form id={BULK_FORM} action={paths.revokeSelected}>
          {page.shown.length > 0 && (
            <button type="submit" class="danger">
              {list.revokeSelected}
            </button>
          )}
        </form>
        <p>{list.range(page.start, page.shown.length, page.total)}</p>
        <Pages of={page} />
        <a href={`${paths.exportKeys}?${new URLSearchParams({ ...page.filter })}`}>{list.export}</a>
      </div>
    </>
  );
}

function FirstSteps() {
  const { title, steps } = texts.empty;
  return (
    <section class="sheet empty">
      <h2>{title}</h2>
      <ol>
        {steps.map((step) => (
          <li>{step}</li>
        ))}
      </ol>
    </section>
  );
}

function Filter({ filter }: { readonly filter: KeyFilter }) {
  const { list, state, mode } = texts;
  const states = [["", list.notRevoked], ...KEY_STATES.map((one) => [one, state[one]]), ["all", list.all]];
  const modes = [
    ["", list.anyMode],
    ["live", mode.live],
    ["test", mode.test],
  ];
  return (
    <search aria-label={list.filter}>
      <form class="filter" action={paths.keys}>
        <label class="broad">
          {list.search}
          <input type="search" name="q" value={filter.q} maxlength={100} />
        </label>
        <Options name="mode" label={texts.create.mode} options={modes} selected={filter.mode} />
        <Options name="state" label={list.state} options={states} selected={filter.state} />
        <button type="submit">{list.apply}</button>
        {isFiltered(filter) && <a href={paths.keys}>{list.clear}</a>}
      </form>
    </search>
  );
}

function Pages({ of: { filter, start, shown, total } }: { readonly of: PageOfKeys }) {
  const { list } = texts;
  const number = start / KEYS_PER_PAGE + 1;
  const link = (page: number) => `${paths.keys}?${new URLSearchParams({ ...filter, page: String(page) })}`;
  return (
    <>
      {number > 1 && <a href={link(number - 1)}>{list.newer}</a>}
      {start + shown.length < total && <a href={link(number + 1)}>{list.older}</a>}
    </>
  );
}
