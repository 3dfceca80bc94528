/**
 * Keeps temporary files in memory, where the machine has a file system for that with enough room: waiting for a disk to
 * store them is a third of workerd's work in tests. A machine without one uses its disk.
 */

import { statfsSync } from "node:fs";

const IN_MEMORY = "/dev/shm";
/** Far more than all clusters of a run need. */
const ROOM_MIN_BYTES = 4 * 1024 ** 3;

/** `create` chooses its directory for temporary files before it returns. */
export function withFilesInMemory<T>(create: () => T): T {
  const { TMPDIR } = process.env;
  if (TMPDIR !== undefined || !hasRoom()) return create();
  process.env.TMPDIR = IN_MEMORY;
  try {
    return create();
  } finally {
    delete process.env.TMPDIR;
  }
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return bavail * bsize >= ROOM_MIN_BYTES;
  } catch {
    return false;
  }
}
