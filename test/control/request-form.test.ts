// The form of a request to the control plane: malformed JSON is 400, another content type 415, a body larger than 1 MiB
// 413, a malformed header 422. Nothing is changed by any of them.

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account, callWithBytes, expectRefused } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";

let cluster: GatewayCluster;
let account: Account;
let keyId: string;
let before: Awaited<ReturnType<Account["shown"]>>;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
  account = new Account(cluster);
  keyId = (await account.create()).id;
});
beforeEach(async () => {
  before = await account.shown();
});

async function nothingChanged(): Promise<void> {
  expect(await account.shown()).toEqual(before);
}

describe("a body that cannot be parsed", () => {
  const WITH_BODY = [
    ["POST", "/accounts/{account}/keys"],
    ["POST", "/accounts/{account}/keys/import"],
    ["PATCH", "/accounts/{account}/keys/{id}"],
    ["POST", "/accounts/{account}/keys/{id}/revoke"],
    ["POST", "/accounts/{account}/keys/{id}/rotate"],
    ["POST", "/accounts/{account}/revoke-all"],
    ["PUT", "/accounts/{account}"],
    ["POST", "/revoke"],
  ] as const;

  test.each(WITH_BODY)("%s %s: malformed JSON is 400", async (method, path) => {
    for (const body of [
      "{",
      "{'a':1}",
      '{"reason":"x"}{}',
      "reason=x",
      '{"reason":"\u0001"}',
      "\u00ff\u00fe",
    ]) {
      expectRefused(await send(method, path, body, "application/json"), 400, "bad_request");
    }
    await nothingChanged();
  });

  test.each(WITH_BODY)("%s %s: another content type is 415", async (method, path) => {
    const types = ["text/plain", "text/json", "application/jsonp", "application/json-patch+json", "", null];
    for (const type of types) {
      expectRefused(await send(method, path, "{}", type), 415, "unsupported_media_type");
    }
    await nothingChanged();
  });

  test.each(WITH_BODY)(
    "%s %s: more than 1 MiB is 413, with or without a declared length",
    async (method, path) => {
      const body = `{"reason":"${"x".repeat(1_048_576)}"}`;
      async function* pieces() {
        for (let start = 0; start < body.length; start += 65_536) yield body.slice(start, start + 65_536);
      }
      // Its length suffices: a reset of a connection with much unread data can lose the answer.
      const begun = body.slice(0, 1000);
      expectRefused(
        await send(method, path, begun, "application/json", body.length),
        413,
        "payload_too_large",
      );
      expectRefused(await send(method, path, pieces(), "application/json"), 413, "payload_too_large");
      await nothingChanged();
    },
  );

  test("accepts application/json in any case and with parameters", async () => {
    for (const type of [
      "Application/JSON",
      "application/json; charset=utf-8",
      "application/json ;charset=utf-8",
    ]) {
      expectRefused(await send("POST", "/accounts/{account}/keys", "{}", type), 422, "validation_error");
    }
  });

  function send(
    method: string,
    path: string,
    body: string | AsyncIterable<string>,
    contentType: string | null,
    contentLength?: number,
  ) {
    return callWithBytes(cluster, method, path.replace("{account}", account.name).replace("{id}", keyId), {
      body,
      contentType,
      contentLength,
    });
  }
});

describe("headers", () => {
  test.each([
    ["Octopost-Actor", "x".repeat(101)],
    ["Octopost-Actor", "j\u00fcrgen"],
    ["Octopost-Actor", "tab\there"],
    ["Octopost-Actor", ""],
    ["Idempotency-Key", "x".repeat(256)],
    ["Idempotency-Key", "\u00ff"],
    ["Idempotency-Key", ""],
  ])("%s: %j is 422, and nothing is done", async (name, value) => {
    const key = { name: "x", mode: "live" };
    const answer = await account.call("POST", "/keys", key, { headers: [[name, value]] });
    expectRefused(answer, 422, "validation_error");
    expect(Object.keys(answer.json.details)).toHaveLength(1);
    await nothingChanged();
  });
});
