/**
 * Symbolicates stack traces of the minified Worker. Pure.
 *
 * The platform does it for uncaught exceptions; a `stack` in our own log lines is plain text to it.
 */
import type { SourceMap } from "node:module";

/** Replaces every position in `worker.js` with its source file, line and column; other text is unchanged. */
export function symbolicate(text: string, map: SourceMap): string {
  return text.replaceAll(/(?:[^\s(]*\/)?\bworker\.js:(\d+):(\d+)/g, (position, line, column) => {
    const origin = map.findOrigin(Number(line), Number(column));
    if (!("fileName" in origin)) return position;
    const file = origin.fileName.replace(/^.*?(?=src\/|node_modules\/)/, "");
    return `${file}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}
