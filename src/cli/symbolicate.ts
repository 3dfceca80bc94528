/**
 * Where in the source a stack trace of the minified Worker comes from. Pure.
 *
 * The platform does the same for what it notices itself, an exception that nobody caught; a `stack` in a line of our
 * own log is text to it.
 */
import type { SourceMap } from "node:module";

/** `text` with every place in `worker.js` named as file, line and column; the rest stays as it is. */
export function symbolicate(text: string, map: SourceMap): string {
  return text.replaceAll(/(?:[^\s(]*\/)?\bworker\.js:(\d+):(\d+)/g, (place, line, column) => {
    const origin = map.findOrigin(Number(line), Number(column));
    if (!("fileName" in origin)) return place;
    const file = origin.fileName.replace(/^.*?(?=src\/|node_modules\/)/, "");
    return `${file}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}
