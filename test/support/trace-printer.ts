/**
 * A Worker that receives the gateways' traces and prints each span that the gateway's code created, once it has ended.
 * The platform's own spans (fetch, KV, ledger calls) are left out.
 */

export const TRACE_PRINTER = {
  name: "trace-printer",
  modules: true as const,
  compatibilityFlags: ["streaming_tail_worker", "experimental"],
  script: `
    const OWN = ["authenticate", "lease", "forward"];
    export default {
      tailStream() {
        const open = new Map();
        return {
          spanOpen({ event, spanContext }) {
            const within = open.get(spanContext.spanId)?.name;
            open.set(event.spanId, { name: event.name, within, attributes: {} });
          },
          attributes({ event, spanContext }) {
            const span = open.get(spanContext.spanId);
            for (const { name, value } of event.info) if (span) span.attributes[name] = value;
          },
          spanClose({ spanContext }) {
            const span = open.get(spanContext.spanId);
            if (OWN.includes(span?.name)) console.log("span " + JSON.stringify(span));
          },
        };
      },
    };
  `,
};

export interface PrintedSpan {
  readonly name: string;
  /** The parent span, if any. */
  readonly within?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export function printedSpans(logs: readonly string[]): PrintedSpan[] {
  return logs
    .filter((line) => line.startsWith("span {"))
    .map((line) => JSON.parse(line.slice("span ".length)));
}
