/** One key: its facts, its name to edit, and links to rotate or revoke it. */
import { changeKey } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { Field, Form, ProblemSummary } from "./form.tsx";
import { FormReader } from "./form-values.ts";
import { Badges, isRotatable, KeyFacts } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

/** By the `saved` parameter of the redirect after a form. */
const SAVED_TEXTS: ReadonlyMap<string, string> = new Map([
  ["name", texts.key.renamed],
  ["revocation", texts.key.notScheduled],
]);

export async function keyDetailsPage(c: PortalRequest) {
  const key = await loadKey(c);
  return isRefusal(key) ? refuse(c, key) : showDetails(c, key);
}

export async function renameKey(c: PortalRequest) {
  const id = c.req.param("id") ?? "";
  const fields = new FormReader(c.var.form);
  const name = fields.text("name");
  let problem = fields.problems.get("name");
  if (problem === undefined) {
    const changed = await perform(c, changeKey, { id, body: { name } });
    if (!isRefusal(changed)) return c.redirect(`${paths.key(id)}?saved=name`, 303);
    if (changed.reason !== "invalid_input") return refuse(c, changed);
    problem = Object.values(changed.details)[0];
  }
  const key = await loadKey(c);
  return isRefusal(key) ? refuse(c, key) : showDetails(c, key, { name, problem: problem ?? "" });
}

interface RefusedName {
  readonly name: string;
  readonly problem: string;
}

function showDetails(c: PortalRequest, key: ApiKey, refused?: RefusedName) {
  const now = c.env.now();
  const hasProblems = refused !== undefined;
  const savedText = SAVED_TEXTS.get(c.req.query("saved") ?? "");
  return showPage(
    c,
    { title: key.name, nav: "keys", hasProblems, status: hasProblems ? 422 : 200 },
    <>
      <section class="sheet form">
        <h1>{key.name}</h1>
        <code>{key.hint}</code>
        <Badges of={key} now={now} />
        {savedText && (
          <p class="note good" role="status">
            {savedText}
          </p>
        )}
        <ProblemSummary of={hasProblems ? [["name", `${texts.create.name} ${refused.problem}`]] : []} />
        <KeyFacts of={key} now={now} />
        <MoreFacts of={key} />
        <RenameForm c={c} of={key} refused={refused} />
      </section>
      <KeyActions of={key} />
    </>,
  );
}

function MoreFacts({ of: key }: { of: ApiKey }) {
  const { facts } = texts;
  return (
    <dl class="facts">
      {key.use_count > 0 && (
        <div>
          <dt>{facts.uses}</dt>
          <dd>{facts.approximately(key.use_count)}</dd>
        </div>
      )}
      {key.replaced_by !== null && (
        <div>
          <dt>{facts.replacedBy}</dt>
          <dd>
            <a href={paths.key(key.replaced_by)}>{facts.newKey}</a>
          </dd>
        </div>
      )}
      <div class="wide">
        <dt>{facts.id}</dt>
        <dd>
          <code>{key.id}</code>
        </dd>
      </div>
    </dl>
  );
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

function KeyActions({ of: key }: { of: ApiKey }) {
  const { state } = key;
  const { list } = texts;
  if (state === "revoked") {
    return (
      <section class="sheet form">
        <a class="button" href={paths.revoke(key.id)}>
          {texts.key.receipt}
        </a>
      </section>
    );
  }
  return (
    <section class="sheet form two">
      {isRotatable(key) && (
        <div>
          <h2>{list.rotate}</h2>
          <p>{texts.key.rotateHint}</p>
          <a class="button" href={paths.rotate(key.id)}>
            {state === "retiring" ? list.continueRotation : list.rotate}
          </a>
        </div>
      )}
      <div>
        <h2>{texts.key.revoke}</h2>
        <p>{texts.key.revokeHint}</p>
        <a class="button danger" href={paths.revoke(key.id)} data-dialog>
          {list.revoke}
        </a>
      </div>
    </section>
  );
}
