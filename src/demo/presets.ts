/**
 * The demo origin's /v1/presets: saved choices of platforms.
 *
 * Guarantees: a system preset is never changed or deleted (403, as documented), and an account has
 * at most one default preset.
 */
import { Hono } from "hono";
import * as v from "valibot";
import type { AccountData, Preset } from "./account-data.ts";
import { newestFirst, newId, PLATFORMS } from "./account-data.ts";
import type { OriginEnv } from "./origin-identity.ts";
import { found, Refusal, refuseMethod } from "./origin-refusals.ts";
import { objectProblem, platformsSchema, readBody } from "./read-body.ts";

const newPresetSchema = v.object(
  {
    name: v.pipe(
      v.string("must be a string"),
      v.minLength(1, "must not be empty"),
      v.maxLength(100, "must be at most 100 characters long"),
    ),
    platforms: platformsSchema,
    primary_platform: v.optional(v.nullable(v.picklist(PLATFORMS, "must be a platform"))),
    cross_link_enabled: v.optional(v.boolean("must be true or false")),
    cross_link_template: v.optional(v.pipe(v.string("must be a string"), v.maxLength(500))),
    is_default: v.optional(v.boolean("must be true or false")),
  },
  objectProblem,
);
const changedPresetSchema = v.partial(newPresetSchema);

export function presetRoutes(now: () => Date): Hono<OriginEnv> {
  return new Hono<OriginEnv>()
    .get("/", (c) => c.json({ presets: newestFirst(c.var.data.presets) }))
    .post("/", async (c) => {
      const preset = createPreset(await readBody(c, newPresetSchema), now());
      savePreset(preset, c.var.data);
      return c.json(preset, 201);
    })
    .all("/", refuseMethod)
    .get("/:id", (c) => c.json(found(c.var.data.presets, c.req.param("id"), "Preset")))
    .put("/:id", async (c) => {
      const before = found(c.var.data.presets, c.req.param("id"), "Preset");
      refuseSystemPreset(before);
      const change = await readBody(c, changedPresetSchema);
      const preset = changedPreset(before, change, now());
      savePreset(preset, c.var.data);
      return c.json(preset);
    })
    .delete("/:id", (c) => {
      const preset = found(c.var.data.presets, c.req.param("id"), "Preset");
      refuseSystemPreset(preset);
      c.var.data.presets.delete(preset.id);
      return c.body(null, 204);
    })
    .all("/:id", refuseMethod);
}

function createPreset(wanted: v.InferOutput<typeof newPresetSchema>, now: Date): Preset {
  return {
    id: newId("preset"),
    name: wanted.name,
    platforms: wanted.platforms,
    primary_platform: wanted.primary_platform ?? null,
    cross_link_enabled: wanted.cross_link_enabled ?? false,
    cross_link_template: wanted.cross_link_template ?? "New post on {platform}: {link}",
    is_default: wanted.is_default ?? false,
    is_system: false,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
  };
}

function changedPreset(before: Preset, change: v.InferOutput<typeof changedPresetSchema>, now: Date): Preset {
  return {
    ...before,
    name: change.name ?? before.name,
    platforms: change.platforms ?? before.platforms,
    // Null is a choice of its own here: no primary platform.
    primary_platform:
      change.primary_platform === undefined ? before.primary_platform : change.primary_platform,
    cross_link_enabled: change.cross_link_enabled ?? before.cross_link_enabled,
    cross_link_template: change.cross_link_template ?? before.cross_link_template,
    is_default: change.is_default ?? before.is_default,
    updated_at: now.toISOString(),
  };
}

function savePreset(preset: Preset, data: AccountData): void {
  if (preset.primary_platform !== null && !preset.platforms.includes(preset.primary_platform)) {
    const problem = "must be one of the preset's platforms";
    throw new Refusal("bad_request", `primary_platform: ${problem}`, { primary_platform: [problem] });
  }
  if (preset.is_default) for (const other of data.presets.values()) other.is_default = false;
  data.presets.set(preset.id, preset);
}

function refuseSystemPreset(preset: Preset): void {
  if (preset.is_system) throw new Refusal("forbidden", "System presets cannot be modified or deleted");
}
