/** The list of keys with its filter, page by page. An account without keys gets the first steps instead. */
import { type ApiKey, KEY_STATES, type KeyState } from "../keys/api-key.ts";
import type { Mode } from "../policy.ts";
import { isRefusal } from "../refusals.ts";
import { ACCOUNT_KEYS_MAX, loadAccountKeys } from "./account-keys.ts";
import { Badges, isRotatable, KeyFacts } from "./key-summary.tsx";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

const KEYS_PER_PAGE = 20;

interface KeyFilter {
  readonly name: string;
  readonly mode: Mode | "";
  /** Empty: every key that is not revoked. */
  readonly state: KeyState | "all" | "";
}

function readFilter(query: Readonly<Record<string, string>>): KeyFilter {
  const { name = "", mode = "", state = "" } = query;
  return {
    name: name.trim(),
    mode: mode === "live" || mode === "test" ? mode : "",
    state: KEY_STATES.find((one) => one === state) ?? (state === "all" ? "all" : ""),
  };
}

function matches(key: ApiKey, { name, mode, state }: KeyFilter): boolean {
  const actual = key.state;
  const hasState = state === "all" || (state === "" ? actual !== "revoked" : actual === state);
  return (
    hasState &&
    (mode === "" || key.mode === mode) &&
    key.name.toLocaleLowerCase().includes(name.toLocaleLowerCase())
  );
}

export async function keyListPage(c: PortalRequest) {
  const loaded = await loadAccountKeys(c);
  if (isRefusal(loaded)) return refuse(c, loaded);
  const now = c.env.now();
  const filter = readFilter(c.req.query());
  const matching = loaded.keys.filter((key) => matches(key, filter));
  const last = Math.max(1, Math.ceil(matching.length / KEYS_PER_PAGE));
  const number = Math.min(Math.max(1, Number(c.req.query("page")) || 1), last);
  const shown = matching.slice((number - 1) * KEYS_PER_PAGE, number * KEYS_PER_PAGE);
  return showPage(
    c,
    { title: texts.nav.keys, nav: "keys" },
    <>
      <Heading title={texts.title} lead={texts.list.intro}>
        <a class="button main" href={paths.newKey}>
          {texts.list.create}
        </a>
      </Heading>
      {loaded.keys.length === 0 ? (
        <FirstSteps />
      ) : (
        <>
          <Filter filter={filter} matching={matching.length} />
          {loaded.isTruncated && <p class="note">{texts.list.newest(ACCOUNT_KEYS_MAX)}</p>}
          {shown.length === 0 && <p class="sheet">{texts.list.none}</p>}
          <ul class="keys">
            {shown.map((key) => (
              <KeyItem of={key} now={now} />
            ))}
          </ul>
          <Pages filter={filter} number={number} last={last} />
        </>
      )}
    </>,
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

function Filter({ filter, matching }: { readonly filter: KeyFilter; readonly matching: number }) {
  const { list, state, mode } = texts;
  const states = [["", list.notRevoked], ...KEY_STATES.map((one) => [one, state[one]]), ["all", list.all]];
  const modes = [
    ["", list.anyMode],
    ["live", mode.live],
    ["test", mode.test],
  ];
  const isFiltered = filter.name !== "" || filter.mode !== "" || filter.state !== "";
  return (
    <search aria-label={list.filter}>
      <form class="filter" action={paths.keys}>
        <label>
          {texts.create.name}
          <input type="search" name="name" value={filter.name} />
        </label>
        <Options name="mode" label={texts.create.mode} options={modes} selected={filter.mode} />
        <Options name="state" label={list.state} options={states} selected={filter.state} />
        <button type="submit">{list.apply}</button>
        <p>
          {list.count(matching)}
          {isFiltered && (
            <>
              {" · "}
              <a href={paths.keys}>{list.clear}</a>
            </>
          )}
        </p>
      </form>
    </search>
  );
}

function Options(props: {
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly string[])[];
  readonly selected: string;
}) {
  return (
    <label>
      {props.label}
      <select name={props.name}>
        {props.options.map(([value = "", label = ""]) => (
          <option value={value} selected={value === props.selected}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function KeyItem({ of: key, now }: { readonly of: ApiKey; readonly now: number }) {
  const { list } = texts;
  const { state } = key;
  const [rotate, rotateLabel] =
    state === "retiring" ? [list.continue, list.continueRotation] : [list.rotate, list.rotate];
  return (
    <li class="sheet">
      <div class="identity">
        <h2>
          <a href={paths.key(key.id)}>{key.name}</a>
        </h2>
        <code>{key.hint}</code>
        <Badges of={key} now={now} />
      </div>
      <KeyFacts of={key} now={now} />
      {state !== "revoked" && (
        <p class="actions">
          {isRotatable(key) && (
            <a class="button" href={paths.rotate(key.id)} aria-label={list.ofKey(rotateLabel, key.name)}>
              {rotate}
            </a>
          )}
          <a
            class="button danger"
            href={paths.revoke(key.id)}
            aria-label={list.ofKey(list.revoke, key.name)}
            data-dialog
          >
            {list.revoke}
          </a>
        </p>
      )}
    </li>
  );
}

function Pages({ filter, number, last }: { filter: KeyFilter; number: number; last: number }) {
  if (last === 1) return "";
  const link = (page: number) => `${paths.keys}?${new URLSearchParams({ ...filter, page: String(page) })}`;
  return (
    <p class="pages">
      {number > 1 && <a href={link(number - 1)}>{texts.list.newer}</a>}
      {number < last && <a href={link(number + 1)}>{texts.activity.older}</a>}
    </p>
  );
}
