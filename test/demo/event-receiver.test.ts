/** The demo's receiver prints a line for each event that is signed with its secret, and refuses any other. */
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EventReceiver, serveEventReceiver } from "../../src/demo/event-receiver.ts";

let receiver: EventReceiver;
let lines: string[];
beforeEach(async () => {
  lines = [];
  receiver = await serveEventReceiver((line) => lines.push(line));
});
afterEach(() => receiver.close());

const EVENT = {
  type: "key.revoked",
  timestamp: "2026-11-28T12:00:00.000Z",
  data: { key_id: "key_1", key_name: "CI", actor: "control_token" },
};

async function send(secret: string): Promise<number> {
  const body = JSON.stringify(EVENT);
  const at = new Date();
  const response = await fetch(receiver.url, {
    method: "POST",
    body,
    headers: {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign("evt_1", at, body),
    },
  });
  return response.status;
}

test("a signed event is a line", async () => {
  expect(await send(receiver.secret)).toBe(204);
  expect(lines).toEqual(["event    key.revoked     key_1 “CI”, by control_token"]);
});

test("an event with another signature is refused and not printed", async () => {
  expect(await send(`whsec_${Buffer.alloc(32).toString("base64")}`)).toBe(400);
  expect((await fetch(receiver.url)).status).toBe(400);
  expect(lines).toEqual([]);
});
