// Failed lookups are throttled by client network.

import { expect, test } from "vitest";
import { LOOKUP_PERIOD_SECONDS, LookupThrottle, networkOf } from "../../src/keys/lookup-throttle.ts";

test.each([
  ["198.51.100.7", "198.51.100.7/32"],
  ["::ffff:198.51.100.7", "198.51.100.7/32"],
  ["::ffff:c633:6407", "198.51.100.7/32"],
  ["unknown", "unknown"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002:ffff::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8::/64"],
  ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
  ["::1", "::/64"],
  ["::", "::/64"],
])("%s belongs to %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test("a network above the limit is blocked with all its addresses for the limit's period", async () => {
  let now = 1_000_000;
  const counted: string[] = [];
  const limiter = {
    limit: async ({ key }: { key: string }) => ({ success: counted.push(key) < 3 }),
  };
  const throttle = new LookupThrottle(limiter, () => now);
  const over: boolean[] = [];
  for (const end of [":1", ":2", "a:b:c:d"]) over.push(await throttle.recordFailure(`2001:db8:1:2:${end}`));
  expect(over).toEqual([false, false, true]);
  expect(new Set(counted)).toEqual(new Set(["2001:db8:1:2::/64"]));

  expect(throttle.isBlocked("2001:db8:1:2::99")).toBe(true);
  expect(throttle.isBlocked("2001:db8:1:3::99")).toBe(false);
  now += LOOKUP_PERIOD_SECONDS * 1000;
  expect(throttle.isBlocked("2001:db8:1:2::99")).toBe(false);
});
