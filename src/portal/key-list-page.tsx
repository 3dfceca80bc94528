/** The list of keys with its filter, page by page. An account without keys gets the first steps instead. */
import { KEY_STATES } from "../keys/api-key.ts";
import { containsKey } from "../keys/key-text.ts";
import type { PortalKeys } from "../ledger/portal-keys.ts";
import { isRefusal } from "../refusals.ts";
import { listKeys, loadKey } from "./account-keys.ts";
import { Form, KeySearch, Options } from "./form.tsx";
import { isFiltered, type KeyFilter, listFilter, listQuery, readFilter, readPage } from "./key-filter.ts";
import { ShortHint } from "./key-summary.tsx";
import { BULK_FORM, KeyTable, ROW_FORM } from "./key-table.tsx";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { ITEMS_MAX } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { ReceiptNote, readReceipt } from "./receipts.tsx";
import { texts } from "./texts.ts";

const KEYS_PER_PAGE = 20;

interface PageOfKeys extends PortalKeys {
  readonly filter: KeyFilter;
  /** How many keys the text names that the state or the mode of the filter hides. */
  readonly hidden: number;
  readonly now: number;
}

export async function keyListPage(c: PortalRequest) {
  const query = c.req.query();
  const filter = readFilter(query);
  const [listed, matching] = await Promise.all([
    listKeys(c, listFilter(filter), KEYS_PER_PAGE, readPage(query)),
    countMatching(c, filter),
  ]);
  if (isRefusal(listed)) return refuse(c, listed);
  if (isRefusal(matching)) return refuse(c, matching);
  const hidden = Math.max(0, matching.total - listed.total);
  const receipt = await readListReceipt(c);
  if (receipt !== null && isRefusal(receipt)) return refuse(c, receipt);
  const { list } = texts;
  return showPage(
    c,
    { title: texts.title, nav: "keys" },
    <>
      <Heading title={texts.title} lead={list.intro}>
        <a class="button main" href={paths.newKey}>
          {list.create}
        </a>
      </Heading>
      {listed.isAccountSuspended && <p class="note warn">{list.accountSuspended}</p>}
      {receipt}
      {listed.hasAny ? <Keys c={c} of={{ ...listed, filter, hidden, now: c.env.now() }} /> : <FirstSteps />}
    </>,
  );
}

/** How many keys the text alone names, in every state and mode; 0: the filter hides none of them. */
async function countMatching(c: PortalRequest, { q: text, mode, state }: KeyFilter) {
  const hidesNone = text === "" || (mode === "" && state === "all");
  return hidesNone ? { total: 0 } : await listKeys(c, { text, includeRevoked: true }, 1);
}

/** The receipt of a change that was made in the list. */
async function readListReceipt(c: PortalRequest) {
  const id = c.req.query("changed");
  const receipt = id === undefined ? null : await readReceipt(c, id);
  if (receipt === null) return null;
  const key = await loadKey(c, id);
  if (isRefusal(key)) return key;
  return (
    <ReceiptNote of={receipt}>
      <a href={paths.key(key.id)}>{key.name}</a> <ShortHint of={key} />:{" "}
    </ReceiptNote>
  );
}

function Keys({ c, of: page }: { readonly c: PortalRequest; readonly of: PageOfKeys }) {
  const { filter, keys, start, total } = page;
  const { list } = texts;
  const back = listQuery(filter, start / KEYS_PER_PAGE + 1);
  return (
    <>
      <Filter filter={filter} isKey={containsKey(c.req.query("q") ?? "")} />
      <HiddenMatches of={page} />
      {total > 0 && <KeyTable of={page} list={back} now={page.now} />}
      {total === 0 && page.hidden === 0 && (
        <p class="sheet">{isFiltered(filter) ? list.none : list.allRevoked}</p>
      )}
      <div class="below">
        <form id={BULK_FORM} action={paths.revokeSelected}>
          {total > 0 && (
            <button type="submit" class="danger" data-one={list.revokeOne} data-many={list.revokeMany}>
              {list.revokeSelected}
            </button>
          )}
        </form>
        <p>{list.range(start, keys.length, total)}</p>
        <Pages of={page} />
        <a href={`${paths.exportKeys}?${new URLSearchParams({ ...filter })}`}>
          {texts.export.csv} {total > ITEMS_MAX && texts.export.limit(ITEMS_MAX)}
        </a>
      </div>
      <Form c={c} action={paths.keys} id={ROW_FORM}>
        <input type="hidden" name="list" value={back} />
      </Form>
    </>
  );
}

/** Without it, a search for a revoked key would seem to find nothing: the state hides revoked keys unless it is chosen. */
function HiddenMatches({ of: { filter, hidden } }: { readonly of: PageOfKeys }) {
  const { list } = texts;
  if (hidden === 0) return "";
  const isDefault = filter.mode === "" && filter.state === "";
  const all: KeyFilter = { q: filter.q, mode: "", state: "all" };
  return (
    <p class="note" role="status">
      {isDefault ? list.revokedMatch(hidden) : list.othersMatch(hidden)}{" "}
      <a href={`${paths.keys}?${listQuery(all, 1)}`}>{hidden === 1 ? list.showOne : list.showMany}</a>
    </p>
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

function Filter({ filter, isKey }: { readonly filter: KeyFilter; readonly isKey: boolean }) {
  const { list, state, mode } = texts;
  const states = [["", list.notRevoked], ...KEY_STATES.map((one) => [one, state[one]]), ["all", list.all]];
  const modes = [
    ["", list.anyMode],
    ["live", mode.live],
    ["test", mode.test],
  ];
  return (
    <search aria-label={list.filter}>
      {isKey && (
        <p class="note warn">
          {list.isKey} <a href={paths.test}>{texts.nav.test}</a>
        </p>
      )}
      <form class="filter" action={paths.keys}>
        <KeySearch name="q" label={list.search} value={filter.q} />
        <Options name="mode" label={texts.create.mode} options={modes} selected={filter.mode} />
        <Options name="state" label={list.state} options={states} selected={filter.state} />
        <button type="submit">{list.apply}</button>
        {isFiltered(filter) && <a href={paths.keys}>{list.clear}</a>}
      </form>
    </search>
  );
}

function Pages({ of: { filter, start, keys, total } }: { readonly of: PageOfKeys }) {
  const { list } = texts;
  const number = start / KEYS_PER_PAGE + 1;
  const link = (page: number) => `${paths.keys}?${listQuery(filter, page)}`;
  return (
    <>
      {number > 1 && <a href={link(number - 1)}>{list.newer}</a>}
      {start + keys.length < total && <a href={link(number + 1)}>{list.older}</a>}
    </>
  );
}
