/** Before each file: files of one vitest worker share a runtime, with its KV and its ledgers. */
import { reset } from "cloudflare:test";
import { beforeAll } from "vitest";

beforeAll(() => reset());
