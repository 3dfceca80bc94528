/** One key: everything there is to know about it, its name to change, and the ways on. */
import type { ApiKey } from "../keys/api-key.ts";
import { keyState } from "../keys/key-state.ts";
import { isRefusal } from "../refusals.ts";
import { Field, Form, Problems } from "./form.tsx";
import { problemsIn } from "./form-input.ts";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { Badges, ShortFacts } from "./shown-key.tsx";
import { texts } from "./texts.ts";

export async function keyDetailsPage(c: PortalRequest) {
  const key = await c.env.operations.getKey(c.var.visit.account, c.req.param("id") ?? "");
  return isRefusal(key) ? refuse(c, key) : showDetails(c, key);
}

export async function renameKey(c: PortalRequest) {
  const { form, visit } = c.var;
  const { operations } = c.env;
  const id = c.req.param("id") ?? "";
  const name = form.get("name") ?? "";
  const changed = await operations.changeKey(visit.account, id, { name }, { actor: visit.actor });
  if (!isRefusal(changed)) return c.redirect(`${paths.key(id)}?saved=name`, 303);
  const problem = problemsIn(changed)?.name;
  if (problem === undefined) return refuse(c, changed);
  const key = await operations.getKey(visit.account, id);
  return isRefusal(key) ? refuse(c, key) : showDetails(c, key, { name, problem });
}

function showDetails(c: PortalRequest, key: ApiKey, refused?: { name: string; problem: string }) {
  const { facts } = texts;
  const now = c.env.now();
  const saved = { name: texts.key.renamed, end: texts.key.scheduled }[c.req.query("saved") ?? ""];
  return showPage(
    c,
    {
      title: key.name,
      at: "keys",
      hasProblems: refused !== undefined,
      status: refused === undefined ? 200 : 422,
    },
    <>
      <section class="sheet form">
        <h1>{key.name}</h1>
        <code>{key.hint}</code>
        <Badges of={key} now={now} />
        {saved && (
          <p class="note good" role="status">
            {saved}
          </p>
        )}
        <Problems of={refused === undefined ? [] : [["name", `${texts.create.name} ${refused.problem}`]]} />
        <ShortFacts of={key} now={now} />
        <dl class="facts">
          {key.use_count > 0 && (
            <div>
              <dt>{facts.uses}</dt>
              <dd>{facts.about(key.use_count)}</dd>
            </div>
          )}
          <div class="wide">
            <dt>{facts.id}</dt>
            <dd>
              <code>{key.id}</code>
            </dd>
          </div>
        </dl>
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
      </section>
      <WaysOn of={key} now={now} />
    </>,
  );
}

function WaysOn({ of: key, now }: { of: ApiKey; now: number }) {
  const state = keyState(key, now);
  const { list } = texts;
  if (state === "revoked") {
    return (
      <section class="sheet form">
        <a class="button" href={paths.revoke(key.id)}>
          {texts.revoke.since}…
        </a>
      </section>
    );
  }
  return (
    <section class="sheet form two">
      {state !== "expired" && (
        <div>
          <h2>{list.rotate}</h2>
          <p>{texts.key.rotateHint}</p>
          <a class="button" href={paths.rotate(key.id)}>
            {state === "retiring" ? list.continueRotation : list.rotate}
          </a>
        </div>
      )}
      <div>
        <h2>{texts.key.danger}</h2>
        <p>{texts.key.dangerHint}</p>
        <a class="button danger" href={paths.revoke(key.id)} data-dialog>
          {list.revoke}
        </a>
      </div>
    </section>
  );
}
