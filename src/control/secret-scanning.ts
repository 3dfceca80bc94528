/**
 * Keys that GitHub's secret scanning has found in public: each is marked as exposed and, depending on `EXPOSED_KEYS`,
 * revoked or suspended. GitHub's partner programme defines the message and the answer, so this is not an operation of
 * the control plane: the credential is GitHub's signature, and the answer is feedback in GitHub's format.
 *
 * Guarantees that nothing happens without a valid signature, that a repeated message changes nothing, and that the
 * answer is 200 only when this is done for every key in the message: otherwise it is 503, and GitHub repeats it.
 */
import pMap from "p-map";
import * as v from "valibot";
import type { Bytes } from "../keys/digests.ts";
import type { FoundKey, KeyFinder } from "../keys/find-key.ts";
import { keysIn } from "../keys/key-text.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { CONTROL_CHARACTERS } from "./control-input.ts";
import { GithubSignature } from "./github-signature.ts";
import type { LedgerClient } from "./ledger-client.ts";

const TOKENS_MAX = 10_000;
/** Ledgers that are called at the same time. */
const CONCURRENCY = 6;

const matchesSchema = v.pipe(
  v.array(
    v.object({
      token: v.string(),
      type: v.string(),
      url: v.optional(v.nullable(v.string()), null),
      source: v.optional(v.nullable(v.string()), null),
    }),
  ),
  v.maxLength(TOKENS_MAX),
);

type Match = v.InferOutput<typeof matchesSchema>[number];

/** GitHub's format. */
interface Feedback {
  readonly token_raw: string;
  readonly token_type: string;
  readonly label: "true_positive" | "false_positive";
}

/** What the request has, unchecked. */
export interface ScanningMessage {
  readonly body: Bytes;
  readonly keyId: string;
  readonly signature: string;
  readonly address: string;
}

export class SecretScanning {
  readonly #finder: KeyFinder;
  readonly #ledgers: LedgerClient;
  readonly #exposedKeys: Settings["exposedKeys"];
  readonly #signature: GithubSignature;

  constructor(settings: Settings, finder: KeyFinder, ledgers: LedgerClient, now: () => number) {
    this.#finder = finder;
    this.#ledgers = ledgers;
    this.#exposedKeys = settings.exposedKeys;
    this.#signature = new GithubSignature(settings.secretScanningKeysUrl, now);
  }

  async report({ body, keyId, signature, address }: ScanningMessage): Promise<Feedback[] | Refusal> {
    const isGenuine = await this.#signature.verify(body, keyId, signature);
    if (isGenuine === null) return { reason: "scanning_keys_unreachable" };
    if (!isGenuine) return { reason: "bad_signature" };
    const matches = v.safeParse(
      v.pipe(v.string(), v.parseJson(), matchesSchema),
      new TextDecoder().decode(body),
    );
    if (!matches.success) return MALFORMED;
    const feedback = await pMap(matches.output, (match) => this.#feedbackFor(match, address), {
      concurrency: CONCURRENCY,
    });
    const isFeedback = (one: Feedback | Refusal): one is Feedback => !isRefusal(one);
    return feedback.find((one) => isRefusal(one)) ?? feedback.filter(isFeedback);
  }

  async #feedbackFor(match: Match, address: string): Promise<Feedback | Refusal> {
    const answer = (label: Feedback["label"]): Feedback => ({
      token_raw: match.token,
      token_type: match.type,
      label,
    });
    const found = await this.#findIn(match.token, address);
    if (found === null) return answer("false_positive");
    if (isRefusal(found)) return found;
    const { hash, locator, record } = found;
    const sighting = {
      url: storable(match.url, match.token),
      source: storable(match.source, match.token),
    };
    const exposed = await this.#ledgers.callByLocator(
      locator,
      (ledger) => ledger.exposeKeyByHash(hash, record?.account ?? null, sighting, this.#exposedKeys),
      { retry: true, waitsFor: ["leases"] },
    );
    if (!isRefusal(exposed)) return answer("true_positive");
    return exposed.reason === "not_found" ? answer("false_positive") : exposed;
  }

  /** The key in a token, which may have other characters around it. null: no key of this gateway. */
  async #findIn(token: string, address: string): Promise<FoundKey | Refusal | null> {
    for (const text of [...keysIn(token), token]) {
      const found = await this.#finder.find(text, address);
      if (!isRefusal(found) || found.reason === "store_unreachable") return found;
    }
    return null;
  }
}

const SIGHTING_MAX_LENGTH = 500;

/**
 * Stored, and shown on the key page: text of a stranger's choice, without the key that may stand in it, which has any
 * form if it was issued before the gateway, and without characters that control a terminal.
 */
function storable(text: string | null, token: string): string | null {
  if (text === null) return null;
  const printable = text.replace(CONTROL_CHARACTERS, "");
  const keys = [token, encodeURIComponent(token.toWellFormed()), ...keysIn(printable)];
  const safe = keys.reduce((rest, key) => rest.replaceAll(key, "…"), printable);
  return safe.slice(0, SIGHTING_MAX_LENGTH).toWellFormed();
}

const MALFORMED: Refusal = {
  reason: "invalid_input",
  details: { body: `must be a list of at most ${TOKENS_MAX} matches with token and type` },
};
