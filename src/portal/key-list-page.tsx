/** The list of keys with its filter, page by page. An account without keys gets the first steps instead. */
import { KEY_STATES } from "../keys/api-key.ts";
import { containsKey } from "../keys/key-text.ts";
import type { PortalKeys } from "../ledger/portal-keys.ts";
import { isRefusal } from "../refusals.ts";
import { listKeys, loadKey } from "./account-keys.ts";
import { Form, KeySearch, Options } from "./form.tsx";
import { isFiltered, type KeyFilter, listFilter, listQuery, readFilter } from "./key-filter.ts";
import { ShortHint } from "./key-summary.tsx";
import { BULK_FORM, KeyTable, ROW_FORM } from "./key-table.tsx";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { ReceiptNote, readReceipt } from "./receipts.tsx";
import { texts } from "./texts.ts";

const KEYS_PER_PAGE = 20;

interface PageOfKeys extends PortalKeys {
  readonly filter: KeyFilter;
  readonly now: number;
}

export async function keyListPage(c: PortalRequest) {
  const query = c.req.query();
  const filter = readFilter(query);
  const number = Math.floor(Number(query.page)) || 1;
  const listed = await listKeys(c, listFilter(filter), KEYS_PER_PAGE, number);
  if (isRefusal(listed)) return refuse(c, listed);
  const receipt = await readListReceipt(c);
  if (receipt !== null && isRefusal(receipt)) return refuse(c, receipt);
  const { list } = texts;
  return showPage(
    c,
    { title: texts.title, nav: "keys", isWide: true },
    <>
      <Heading title={texts.title} lead={list.intro}>
        <a class="button main" href={paths.newKey}>
          {list.create}
        </a>
      </Heading>
      {listed.isAccountSuspended && <p class="note warn">{list.accountSuspended}</p>}
      {receipt}
      {listed.hasAny ? <Keys c={c} of={{ ...listed, filter, now: c.env.now() }} /> : <FirstSteps />}
    </>,
  );
}

/** The receipt of a change that was made in the list. */
async function readListReceipt(c: PortalRequest) {
  const id = c.req.query("changed");
  const since = id === undefined ? undefined : await readReceipt(c, id);
  if (since === undefined) return null;
  const key = await loadKey(c, id);
  if (isRefusal(key)) return key;
  return (
    <ReceiptNote since={since}>
      <a href={paths.key(key.id)}>{key.name}</a> <ShortHint of={key} /> {texts.state[key.state]}.{" "}
    </ReceiptNote>
  );
}

function Keys({ c, of: page }: { readonly c: PortalRequest; readonly of: PageOfKeys }) {
  const { filter, keys, start, total } = page;
  const { list } = texts;
  return (
    <>
      <Filter filter={filter} isKey={containsKey(c.req.query("q") ?? "")} />
      {total === 0 ? (
        <p class="sheet">{isFiltered(filter) ? list.none : list.allRevoked}</p>
      ) : (
        <KeyTable of={page} now={page.now} />
      )}
      <div class="below">
        <form id={BULK_FORM} action={paths.revokeSelected}>
          {total > 0 && (
            <button type="submit" class="danger">
              {list.revokeSelected}
            </button>
          )}
        </form>
        <p>{list.range(start, keys.length, total)}</p>
        <Pages of={page} />
        <a href={`${paths.exportKeys}?${new URLSearchParams({ ...filter })}`}>{list.export}</a>
      </div>
      <Form c={c} action={paths.keys} id={ROW_FORM}>
        <input type="hidden" name="list" value={listQuery(filter, start / KEYS_PER_PAGE + 1)} />
      </Form>
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
