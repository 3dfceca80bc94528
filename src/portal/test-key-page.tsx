/**
 * Identifies a key by its text, and revokes a key of another account that was found. The text arrives in the body of a
 * form and appears in no answer, no URL, no log and no store.
 */
import type { Child } from "hono/jsx";
import { identifyKey, revokeByPossession } from "../control/operations/possession.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { Field, Form, ProblemSummary } from "./form.tsx";
import { FormReader } from "./form-values.ts";
import { Badges, KeyFacts, ModeBadge } from "./key-summary.tsx";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { permissionText } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

export function testKeyPage(c: PortalRequest) {
  return showTool(c, null);
}

export async function testKey(c: PortalRequest) {
  const secret = readSecret(c);
  if (secret === null) return showTool(c, null, texts.required);
  const key = await perform(c, identifyKey, { body: { secret } });
  return isRefusal(key) ? showRefusedTest(c, key) : showTool(c, <IdentifiedKey c={c} of={key} />);
}

/** Revokes a key by its text, whichever account it belongs to. */
export async function revokeTestedKey(c: PortalRequest) {
  const secret = readSecret(c);
  if (secret === null) return showTool(c, null, texts.required);
  const outcome = await perform(c, revokeByPossession, { body: { secret } });
  if (isRefusal(outcome)) return showRefusedTest(c, outcome, texts.test.nothingRevoked);
  return showTool(c, <p>{texts.test.revoked}</p>);
}

/** null: the field is missing, blank or was sent twice. */
function readSecret(c: PortalRequest): string | null {
  const fields = new FormReader(c.var.form);
  const secret = fields.text("secret").trim();
  return fields.problems.size > 0 || secret === "" ? null : secret;
}

/** What is known about a text that was not identified. Never that a key does not work: stores can lag behind. */
function showRefusedTest(c: PortalRequest, refusal: Refusal, outcome = "") {
  const text = testRefusalText(refusal);
  if (text === null) return refuse(c, refusal);
  return showTool(c, <p>{`${outcome} ${text}`.trim()}</p>);
}

function testRefusalText({ reason }: Refusal): string | null {
  const { test } = texts;
  switch (reason) {
    case "malformed_key":
    case "bad_checksum":
    case "invalid_input":
    case "not_a_key":
      return test.notAKey;
    case "unknown_key":
    case "not_in_ledger":
    case "not_found":
    case "nothing_revoked":
      return test.notFound;
    case "corrupt_record":
    case "damaged_key_record":
      return test.unreadable;
    case "too_many_lookups":
      return test.tooMany;
    default:
      return null;
  }
}

function showTool(c: PortalRequest, result: Child, problem?: string) {
  const { test } = texts;
  const hasProblems = problem !== undefined;
  return showPage(
    c,
    { title: test.title, nav: "test", hasProblems, status: hasProblems ? 422 : 200 },
    <div class="column">
      <Heading title={test.title} lead={test.intro} />
      <ProblemSummary of={hasProblems ? [["secret", `${test.label} ${problem}`]] : []} />
      {result !== null && (
        <section class="sheet form" role="status" data-focus tabindex={-1}>
          {result}
        </section>
      )}
      <Form c={c} action={paths.test} class="sheet form">
        <SecretField id="secret" problem={problem} />
        <button type="submit" class="main">
          {test.submit}
        </button>
      </Form>
    </div>,
  );
}

function SecretField({ id, problem }: { id: string; problem?: string | undefined }) {
  return (
    <Field
      id={id}
      label={texts.test.label}
      hint={texts.test.hint}
      problem={problem}
      input={(attributes) => (
        <input
          {...attributes}
          name="secret"
          required
          maxlength={1000}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
      )}
    />
  );
}

function IdentifiedKey({ c, of: key }: { c: PortalRequest; of: ApiKey }) {
  const { test } = texts;
  const isOwn = key.account === c.var.session.account;
  const isRevoked = key.state === "revoked";
  if (isOwn) {
    return (
      <>
        <p class="hint">{test.own}</p>
        <h2>
          <a href={paths.key(key.id)}>{key.name}</a>
        </h2>
        <code>{key.hint}</code>
        <Badges of={key} now={c.env.now()} />
        <KeyFacts of={key} now={c.env.now()} />
        {!isRevoked && (
          <a class="button danger" href={paths.revoke(key.id)} data-dialog>
            {test.revoke}
          </a>
        )}
      </>
    );
  }
  return (
    <>
      <h2>{test.other}</h2>
      <p class="badges">
        <ModeBadge of={key} />
        <span class={`badge ${key.state}`}>{texts.state[key.state]}</span>
      </p>
      <p>{permissionText(key.permissions)}</p>
      {!isRevoked && (
        <Form c={c} action={paths.testRevoke}>
          <p>{test.otherHint}</p>
          <SecretField id="again" />
          <button type="submit" class="danger">
            {test.revokeOther}
          </button>
        </Form>
      )}
    </>
  );
}
