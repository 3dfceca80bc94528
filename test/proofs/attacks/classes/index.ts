/** All attacks, by class. */
import type { Attack } from "../attack.ts";
import { CACHE_DECEPTION } from "./cache-deception.ts";
import { CLIENT_ADDRESSES } from "./client-addresses.ts";
import { CONTROL_CHARACTERS } from "./control-characters.ts";
import { CONTROL_RIGHTS } from "./control-rights.ts";
import { CORS } from "./cors.ts";
import { CREDENTIALS } from "./credentials.ts";
import { EXPECT_AND_TRAILERS } from "./expect-and-trailers.ts";
import { FORGED_ALERTS } from "./forged-alerts.ts";
import { HOP_BY_HOP } from "./hop-by-hop.ts";
import { HOST_CONFUSION } from "./host-confusion.ts";
import { IDENTIFIER_TRAVERSAL } from "./identifier-traversal.ts";
import { INJECTED_TEXT } from "./injected-text.ts";
import { KEY_PAGE_ATTACKS } from "./key-page.ts";
import { LOCATOR_CONFUSION } from "./locator-confusion.ts";
import { METHOD_CONFUSION } from "./method-confusion.ts";
import { MISPLACED_CREDENTIALS } from "./misplaced-credentials.ts";
import { OVERSIZED } from "./oversized.ts";
import { PATH_NORMALISATION } from "./path-normalisation.ts";
import { RATE_LIMIT_EVASION } from "./rate-limit-evasion.ts";
import { REQUEST_SMUGGLING } from "./request-smuggling.ts";
import { REQUEST_TARGET } from "./request-target.ts";
import { SPOOFED_IDENTITY } from "./spoofed-identity.ts";
import { TEST_KEY_ESCAPES } from "./test-key-escapes.ts";
import { UPGRADE } from "./upgrade.ts";
import { WEBHOOKS } from "./webhooks.ts";

export const CLASSES: Readonly<Record<string, readonly Attack[]>> = {
  "path normalisation": PATH_NORMALISATION,
  "identifier traversal": IDENTIFIER_TRAVERSAL,
  "method confusion and override": METHOD_CONFUSION,
  "malformed and duplicate credentials": CREDENTIALS,
  "credentials in the wrong place": MISPLACED_CREDENTIALS,
  "spoofed identity": SPOOFED_IDENTITY,
  "hop-by-hop abuse": HOP_BY_HOP,
  "request targets that name a host": REQUEST_TARGET,
  "Host confusion": HOST_CONFUSION,
  "request smuggling": REQUEST_SMUGGLING,
  "cache deception": CACHE_DECEPTION,
  CORS,
  upgrade: UPGRADE,
  "Expect and trailers": EXPECT_AND_TRAILERS,
  "oversized everything": OVERSIZED,
  "control and non-ASCII bytes": CONTROL_CHARACTERS,
  "test-key escapes": TEST_KEY_ESCAPES,
  "locator confusion": LOCATOR_CONFUSION,
  "client addresses": CLIENT_ADDRESSES,
  "rights of the control plane": CONTROL_RIGHTS,
  "links, sessions and forms": KEY_PAGE_ATTACKS,
  "injected text and repeated calls": INJECTED_TEXT,
  "forged alerts": FORGED_ALERTS,
  "delivery of events": WEBHOOKS,
  "rate-limit evasion": RATE_LIMIT_EVASION,
};
