/**
 * The Mann–Whitney rank test, with ties: whether one set of measurements tends to be larger than another. Pure.
 *
 * It compares ranks, so a few outliers of a busy machine do not decide the result.
 */
export interface RankTest {
  /** Probability that a value of `a` is larger than one of `b`, ties counted half: 0.5 for equal sets. */
  readonly larger: number;
  /** Two-sided, by the normal approximation, which needs some dozens of values. */
  readonly p: number;
}

export function rankTest(a: readonly number[], b: readonly number[]): RankTest {
  const values = [...a.map((value) => ({ value, ofA: true })), ...b.map((value) => ({ value, ofA: false }))];
  values.sort((one, other) => one.value - other.value);
  let ranksOfA = 0;
  let ties = 0;
  for (let start = 0; start < values.length; ) {
    let end = start;
    while (end < values.length && values[end]?.value === values[start]?.value) end++;
    const tied = end - start;
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) if (values[i]?.ofA) ranksOfA += rank;
    ties += tied ** 3 - tied;
    start = end;
  }
  const [n, m] = [a.length, b.length];
  const u = ranksOfA - (n * (n + 1)) / 2;
  const variance = ((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
  const z = variance === 0 ? 0 : (u - (n * m) / 2) / Math.sqrt(variance);
  return { larger: u / (n * m), p: twoSided(z) };
}

/** The smallest constant that, added to every value of `a`, makes the test detect it at that level. */
export function visibleShift(a: readonly number[], b: readonly number[], level: number): number {
  const detected = (shift: number) => {
    const { p, larger } = rankTest(
      a.map((value) => value + shift),
      b,
    );
    return p < level && larger > 0.5;
  };
  let [low, high] = [0, 1];
  while (!detected(high)) high *= 2;
  for (let step = 0; step < 20; step++) {
    const middle = (low + high) / 2;
    if (detected(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Two-sided tail probability of the normal distribution (Abramowitz and Stegun 7.1.26). */
function twoSided(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return poly * Math.exp(-x * x);
}
