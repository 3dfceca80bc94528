/** How attacks on the delivery of events are written. */
import type { Attack, DeliveryOutcome } from "../attack.ts";
import type { ReceiverAnswer } from "../event-receiver.ts";

/** One event, which the receiver has acknowledged. */
export const DELIVERED: DeliveryOutcome = { messages: ["account.updated"], failures: [], unsent: 0 };

/** The message was sent once, and will be sent again. */
export function failed(failure: number | "timeout" | "unreachable"): DeliveryOutcome {
  return { ...DELIVERED, failures: [failure], unsent: 1 };
}

/** A call that makes one event. */
export function call(name: string, incident: string, headers: NonNullable<Attack["headers"]> = []): Attack {
  return {
    name,
    incident,
    receiver: [],
    key: null,
    method: "PUT",
    target: "/control/v1/accounts/{account}",
    headers: [["Authorization", "Bearer {token}"], ["Content-Type", "application/json"], ...headers],
    body: '{"tier":"pro"}',
    outcome: { statuses: [200], deliveries: DELIVERED },
  };
}

/** The receiver answers so, message after message. */
export function answered(
  name: string,
  incident: string,
  receiver: readonly ReceiverAnswer[],
  deliveries = DELIVERED,
): Attack {
  return { ...call(name, incident), receiver, outcome: { statuses: [200], deliveries } };
}

/** A complete answer; `before` and `after`: bytes around it. */
export function respond(
  status: string,
  fields = "",
  { body = "", before = "", after = "" } = {},
): ReceiverAnswer {
  const length = /^(?:1|204)/.test(status) ? "" : `Content-Length: ${body.length}\r\n`;
  return { bytes: `${before}HTTP/1.1 ${status}\r\n${fields}${length}\r\n${body}${after}` };
}
