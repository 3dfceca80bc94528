/**
 * Detects that npm has exited while its script still runs.
 *
 * `kill <npm>` reaches only the shell in which npm runs a script; the script itself gets no signal. Without this check,
 * its servers would keep running and keep their ports. Does nothing for a script that was started without npm.
 */
const CHECK_MS = 500;

export function onNpmExit(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    // The parent of an orphaned process changes.
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, CHECK_MS);
  timer.unref();
}
