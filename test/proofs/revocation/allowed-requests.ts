/**
 * Requests with a key that its restriction leaves allowed: under load on every gateway, and waiting, uploading and
 * streaming from before the call until after the answer.
 */
import { setTimeout as pause } from "node:timers/promises";
import { allEnded, holds, streams, uploads } from "./in-flight-requests.ts";
import { type CampaignContext, KeyClient, type OpenRequest } from "./key-client.ts";
import type { RequestShape } from "./restrictions.ts";

/** After the answer, for more bytes to arrive. */
const STREAMS_FOR_MS = 300;

export class AllowedRequests {
  readonly #client: KeyClient;
  readonly #graceMs: number;
  readonly #finished = new AbortController();
  #held: readonly OpenRequest[] = [];
  #uploads: readonly OpenRequest[] = [];
  #streams: readonly OpenRequest[] = [];

  static async start(
    { context, client }: { readonly context: CampaignContext; readonly client: KeyClient },
    allows: RequestShape,
  ): Promise<AllowedRequests> {
    const allowed = new AllowedRequests(new KeyClient(context, client.key, allows), context.graceMs);
    await allowed.#start();
    return allowed;
  }

  private constructor(client: KeyClient, graceMs: number) {
    this.#client = client;
    this.#graceMs = graceMs;
  }

  async #start(): Promise<void> {
    const client = this.#client;
    client.startLoad();
    this.#held = await holds(client);
    this.#uploads = await uploads(client, this.#finished.signal);
    this.#streams = await streams(client, true);
  }

  /** Ends all of them properly, after the answer to the restriction. */
  async finish(): Promise<void> {
    this.#finished.abort();
    for (const openRequest of this.#held) openRequest.origin.release();
    await Promise.all([this.#client.useUntilAccepted(this.#graceMs), pause(STREAMS_FOR_MS)]);
    for (const openRequest of this.#streams) openRequest.close();
    await allEnded([...this.#held, ...this.#uploads, ...this.#streams], this.#graceMs);
    await this.#client.close();
  }
}
