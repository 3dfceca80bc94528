/** What workerd holds, as Linux says: memory and open files. Elsewhere nothing is known, and nothing is claimed. */
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Resident size in MB; null where it is not known. */
export function residentMb(pid: number): number | null {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return null;
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, "utf8"))?.[1]) / 1024;
}

/** Open files, sockets among them; null where it is not known. */
export function openFiles(pid: number): number | null {
  const path = `/proc/${pid}/fd`;
  return existsSync(path) ? readdirSync(path).length : null;
}

/** How much the values grow per sample, by least squares. */
export function slope(values: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [x, y] = [mean(values.map((_, i) => i)), mean(values)];
  const [over, under] = values.reduce(
    ([a, b], value, i) => [a + (i - x) * (value - y), b + (i - x) ** 2] as const,
    [0, 0] as readonly [number, number],
  );
  return under === 0 ? 0 : over / under;
}
