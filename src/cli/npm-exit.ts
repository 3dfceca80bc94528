/**
 * Notices that npm has ended under a command it was running.
 *
 * `kill <npm>` reaches the shell that npm runs a script in; that shell dies of it, and the command
 * it was running hears nothing. Without this, its servers would run on and hold their ports.
 * Does nothing for a command started without npm, which may well outlive what started it.
 */
const CHECK_MS = 500;

export function onNpmExit(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    // An orphan is given another parent at once.
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, CHECK_MS);
  timer.unref();
}
