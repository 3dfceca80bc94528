/** Memory and open files of a process, read from Linux's /proc; null on other systems. */
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Resident set size in MB. */
export function residentMb(pid: number): number | null {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return null;
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, "utf8"))?.[1]) / 1024;
}

/** Open files, including sockets. */
export function openFiles(pid: number): number | null {
  const path = `/proc/${pid}/fd`;
  return existsSync(path) ? readdirSync(path).length : null;
}

/** Growth per sample, by least squares. */
export function slope(values: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [x, y] = [mean(values.map((_, i) => i)), mean(values)];
  const [over, under] = values.reduce(
    ([a, b], value, i) => [a + (i - x) * (value - y), b + (i - x) ** 2] as const,
    [0, 0] as readonly [number, number],
  );
  return under === 0 ? 0 : over / under;
}
