/** One key: its facts, where it comes from and what replaces it, its use, its history and its actions. */
import { listEvents } from "../control/operations/accounts.ts";
import { changeKey, getKeyUsage } from "../control/operations/keys.ts";
import type { ApiKey, LedgerEvent } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { loadListed } from "./account-keys.ts";
import { EventList } from "./event-list.tsx";
import { Field, Form, ProblemSummary } from "./form.tsx";
import { FormReader } from "./form-values.ts";
import { KeyActions } from "./key-actions.tsx";
import { OriginFacts } from "./key-origin.tsx";
import { Badges, isAccepted, isUsable, KeyFacts } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { ReceiptNote, readReceipt, redirectToReceipt } from "./receipts.tsx";
import { texts } from "./texts.ts";
import { UsageChart } from "./usage-chart.tsx";

const EVENTS_SHOWN = 10;

export async function keyDetailsPage(c: PortalRequest) {
  return await showDetails(c);
}

export async function renameKey(c: PortalRequest) {
  const id = c.req.param("id") ?? "";
  const fields = new FormReader(c.var.form);
  const name = fields.text("name");
  let problem = fields.problems.get("name");
  if (problem === undefined) {
    const changed = await perform(c, changeKey, { id, body: { name } });
    if (!isRefusal(changed)) return await redirectToReceipt(c, id, "renamed", undefined);
    if (changed.reason !== "invalid_input") return refuse(c, changed);
    problem = Object.values(changed.details)[0];
  }
  return await showDetails(c, { name, problem: problem ?? "" });
}

interface RefusedName {
  readonly name: string;
  readonly problem: string;
}

async function showDetails(c: PortalRequest, refused?: RefusedName) {
  const now = c.env.now();
  const listed = await loadListed(c);
  if (isRefusal(listed)) return refuse(c, listed);
  const [key] = listed.keys as [ApiKey];
  const isExposed = listed.exposedIds.length > 0;
  const [usage, history, origin] = await Promise.all([
    perform(c, getKeyUsage, { id: key.id }),
    loadEvents(c, { key_id: key.id, limit: EVENTS_SHOWN }),
    loadOrigin(c, key),
  ]);
  const refusal = [usage, history, origin].find((one): one is Refusal => one !== null && isRefusal(one));
  if (refusal) return refuse(c, refusal);
  const hasProblems = refused !== undefined;
  const receipt = await readReceipt(c, key.id);
  return showPage(
    c,
    { title: key.name, nav: "keys", hasProblems, status: hasProblems ? 422 : 200 },
    <div class="key">
      <section class="sheet form">
        <h1>{key.name}</h1>
        <code>{key.hint}</code>
        <Badges of={key} now={now} isExposed={isExposed} />
        {isExposed && <ExposedNote of={key} />}
        <ReceiptNote of={receipt} />
        <ProblemSummary of={hasProblems ? [["name", `${texts.create.name} ${refused.problem}`]] : []} />
        <KeyFacts of={key} now={now} />
        <OriginFacts of={key} origin={origin as LedgerEvent | null} predecessor={listed.predecessors[0]} />
        <RenameForm c={c} of={key} refused={refused} />
      </section>
      <KeyActions c={c} of={key} isAccountSuspended={listed.isAccountSuspended} />
      <section class="sheet form">
        <h2>{texts.usage.title}</h2>
        {!isRefusal(usage) && <UsageChart of={usage} wasUsedToday={isToday(key.last_used_at, now)} />}
      </section>
      <section class="sheet form history">
        <h2>{texts.key.history}</h2>
        <EventList events={history as readonly LedgerEvent[]} now={now} />
        <a href={`${paths.activity}?key=${key.id}`}>{texts.key.allHistory}</a>
      </section>
    </div>,
  );
}

function ExposedNote({ of: key }: { readonly of: ApiKey }) {
  const { exposedHint, exposedSuspendedHint, whereFound } = texts.key;
  if (!isUsable(key)) return "";
  return (
    <p class="note bad">
      {isAccepted(key) ? (
        exposedHint
      ) : (
        <>
          {exposedSuspendedHint} <a href={paths.newLike(key.id)}>{texts.list.createLike}</a>.
        </>
      )}{" "}
      <a href={`${paths.activity}?key=${key.id}&action=exposed`}>{whereFound}</a>
    </p>
  );
}

function isToday(iso: string | null, now: number): boolean {
  return iso?.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
}

async function loadEvents(c: PortalRequest, query: object): Promise<readonly LedgerEvent[] | Refusal> {
  const page = await perform(c, listEvents, { query });
  return isRefusal(page) ? page : page.events;
}

/** The event that created the key; null: the log has no such event. */
async function loadOrigin(c: PortalRequest, { id: key_id }: ApiKey): Promise<LedgerEvent | Refusal | null> {
  for (const action of ["created", "imported"] as const) {
    const events = await loadEvents(c, { key_id, action, limit: 1 });
    if (isRefusal(events)) return events;
    const [event] = events;
    if (event) return event;
  }
  return null;
}

function RenameForm(props: { c: PortalRequest; of: ApiKey; refused: RefusedName | undefined }) {
  const { c, of: key, refused } = props;
  return (
    <Form c={c} action={paths.rename(key.id)} class="in-line">
      <Field
        id="name"
        label={texts.create.name}
        problem={refused?.problem}
        input={(attributes) => (
          <input
            {...attributes}
            name="name"
            value={refused?.name ?? key.name}
            required
            maxlength={100}
            autocomplete="off"
          />
        )}
      />
      <button type="submit">{texts.key.save}</button>
    </Form>
  );
}
