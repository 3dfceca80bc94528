// A file with secrets that a page tells its reader to create cannot be committed by accident.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT, pageText } from "./pages.ts";

const PAGES = ["deploy", "integration", "managing-keys", "operations"];
/** Lists of keys and events, and a stack trace. */
const WITHOUT_SECRETS = ["before.json", "events.json", "stack.txt"];

test(".gitignore has every file with secrets that the pages create or read", () => {
  const text = PAGES.map((page) => pageText(`docs/${page}.md`)).join("\n");
  const named = text.matchAll(/(?:[<>] |--secrets-file |\bcmp )([\w-]+\.(?:env|json|txt))/g);
  const files = new Set([...named].map(([, file = ""]) => file));
  const ignored = readFileSync(join(PROJECT, ".gitignore"), "utf8").split("\n");
  expect(files.size).toBeGreaterThan(WITHOUT_SECRETS.length + 5);
  const missing = [...files].filter((file) => !ignored.includes(`/${file}`));
  expect(missing.sort()).toEqual(WITHOUT_SECRETS);
});
