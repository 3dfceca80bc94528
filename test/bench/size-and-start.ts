/** Measures the deployed bundle: its size, and the CPU time of its start, as profiled by `wrangler check startup`. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { localWranglerPath, OFFLINE_ENVIRONMENT, PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";
import { buildDataPlane } from "../support/build-data-plane.ts";
import { gzipBytesOf } from "../support/bundle-size.ts";
import { median, type SizeAndStart } from "./figures.ts";

const START_COUNT = 7;
const START_LIMIT_MS = 120_000;

/** The V8 profiler's format, as far as it is read. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly url: string };
    readonly children?: readonly number[];
  }[];
  /** By sample: the node that ran, and the microseconds since the previous sample. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export async function measureSizeAndStart(bundle: string): Promise<SizeAndStart> {
  const dataPlane = await buildDataPlane();
  try {
    const starts: number[] = [];
    while (starts.length < START_COUNT) starts.push(evaluationMs(await profileOfStart()));
    return {
      gzipBytes: await gzipBytesOf(bundle),
      dataPlaneGzipBytes: await gzipBytesOf(dataPlane.bundle),
      startCpuMs: Number(median(starts).toPrecision(3)),
    };
  } finally {
    await dataPlane.remove();
  }
}

async function profileOfStart(): Promise<Profile> {
  const directory = await mkdtemp(join(tmpdir(), "octopost-bench-"));
  try {
    const outfile = join(directory, "start.cpuprofile");
    const check = [localWranglerPath(), "check", "startup", "--outfile", outfile];
    const env = { ...process.env, ...OFFLINE_ENVIRONMENT };
    const options = { cwd: PROJECT_DIRECTORY, env, timeout: START_LIMIT_MS };
    await promisify(execFile)(process.execPath, check, options);
    return JSON.parse(await readFile(outfile, "utf8"));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Of the Worker's module and its calls; loading it belongs to the profiler. */
export function evaluationMs({ nodes, samples, timeDeltas }: Profile): number {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ownUs = new Map<number, number>();
  for (const [index, id] of samples.entries()) {
    ownUs.set(id, (ownUs.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  }
  const allUs = (id: number): number =>
    (byId.get(id)?.children ?? []).reduce((sum, child) => sum + allUs(child), ownUs.get(id) ?? 0);
  const roots = nodes[0]?.children ?? [];
  const evaluation = roots.filter((id) => byId.get(id)?.callFrame.url.endsWith("worker.js"));
  if (evaluation.length === 0) throw new Error("the profile has no evaluation of the Worker");
  return evaluation.reduce((sum, id) => sum + allUs(id), 0) / 1000;
}
