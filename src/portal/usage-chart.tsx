/** A key's requests a day as a small chart: bars without a library, and the same as a sentence. */
import type { KeyUsageDays } from "../keys/api-key.ts";
import { formatDay } from "./format-time.ts";
import { texts } from "./texts.ts";

const WIDTH = 600;
const HEIGHT = 72;
const GAP = 3;
/** A day with a request is always seen. */
const BAR_MIN = 2;

/** `wasUsedToday`: isolates report a request with the next one, so the first one may not be counted yet. */
export function UsageChart(props: { readonly of: KeyUsageDays; readonly wasUsedToday: boolean }) {
  const { days } = props.of;
  const { usage } = texts;
  const total = days.reduce((sum, { requests }) => sum + requests, 0);
  const busiest = days.reduce((most, day) => (day.requests > most.requests ? day : most));
  const none = props.wasUsedToday ? usage.notCounted : usage.none;
  const summary = total === 0 ? none : usage.summary(total, formatDay(busiest.date), busiest.requests);
  const step = WIDTH / days.length;
  return (
    <figure class="usage">
      <figcaption>{summary}</figcaption>
      <p class="hint">{usage.counted}</p>
      {total > 0 && (
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={summary} preserveAspectRatio="none">
          {days.map(({ date, requests }, i) => {
            const height = requests === 0 ? 0 : Math.max(BAR_MIN, (requests / busiest.requests) * HEIGHT);
            return (
              <rect
                x={(i * step).toFixed(1)}
                y={(HEIGHT - height).toFixed(1)}
                width={(step - GAP).toFixed(1)}
                height={height.toFixed(1)}
              >
                <title>{usage.day(formatDay(date), requests)}</title>
              </rect>
            );
          })}
        </svg>
      )}
      {total > 0 && (
        <p class="axis" aria-hidden="true">
          <span>{formatDay(days[0]?.date ?? "")}</span>
          <span>{usage.today}</span>
        </p>
      )}
      {total > 0 && (
        <details>
          <summary>{usage.byDay}</summary>
          <ul class="selected">
            {days
              .filter(({ requests }) => requests > 0)
              .toReversed()
              .map(({ date, requests }) => (
                <li>{usage.day(formatDay(date), requests)}</li>
              ))}
          </ul>
        </details>
      )}
    </figure>
  );
}
