// npm run openapi: writes src/control/openapi.json after a change to the control plane's operations or schemas.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PROJECT_DIRECTORY } from "./local-wrangler.ts";
import { openApiDocument } from "./openapi-document.ts";

const OPENAPI_JSON = join(PROJECT_DIRECTORY, "src", "control", "openapi.json");

await writeFile(OPENAPI_JSON, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
