// The document that the Worker carries is the one that its operations and schemas give.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";
import { openApiDocument } from "../../src/cli/openapi-document.ts";

test("src/control/openapi.json is what `npm run openapi` makes of the operations and their schemas", async () => {
  const committed = await readFile(join(PROJECT_DIRECTORY, "src", "control", "openapi.json"), "utf8");
  expect(committed).toBe(`${JSON.stringify(openApiDocument(), null, 2)}\n`);
});
