// Colours and emphasis for people.
//
// Guarantees none when the stream is not a terminal or NO_COLOR is set, unless FORCE_COLOR asks for them: `styleText`
// of Node follows both. Colour only repeats what the text says.

import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "yellow" | "green";

export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}
