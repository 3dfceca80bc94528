/** Times of a page: how long ago or ahead, or the day; the exact time on hover and for screen readers. */
import { formatDay, formatMinute, formatSecond, relativeTime } from "./format-time.ts";

/** “3 minutes ago”, kept current by the script. `isSpoken`: screen readers read the exact time too. */
export function RelativeTime(props: {
  readonly at: string;
  readonly now: number;
  readonly isSpoken?: boolean;
}) {
  const { at, now, isSpoken = false } = props;
  const exact = formatSecond(at);
  return (
    <>
      <time datetime={at} title={exact} data-relative>
        {relativeTime(at, now)}
      </time>
      {isSpoken && <span class="visually-hidden"> ({exact})</span>}
    </>
  );
}

export function Day({ at }: { readonly at: string }) {
  return (
    <time datetime={at} title={formatMinute(at)}>
      {formatDay(at)}
    </time>
  );
}
