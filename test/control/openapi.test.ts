// The committed OpenAPI document is the one that the operations and schemas generate.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";
import { openApiDocument } from "../../src/cli/openapi-document.ts";

test("src/control/openapi.json is the output of `npm run openapi`", async () => {
  const committed = await readFile(join(PROJECT_DIRECTORY, "src", "control", "openapi.json"), "utf8");
  expect(committed).toBe(`${JSON.stringify(openApiDocument(), null, 2)}\n`);
});
