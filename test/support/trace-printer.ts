/**
 * A Worker that the gateways' traces stream to: it prints each span that the program opened itself, once the span is
 * closed. The platform's own spans (a fetch, a call to KV or to a ledger) are left out.
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
  /** The span around it, if there is one. */
  readonly within?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export function printedSpans(logs: readonly string[]): PrintedSpan[] {
  return logs
    .filter((line) => line.startsWith("span {"))
    .map((line) => JSON.parse(line.slice("span ".length)));
}
