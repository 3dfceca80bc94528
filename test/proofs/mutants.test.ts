// Every mutant breaks one place, and does so after a rename of what the project names itself and in another layout. Runs
// none of them: the proofs do.

import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { declaredNames, reformattedSource, renamedSource } from "../support/renamed-source.ts";
import { editedFiles, editedText, type SourceEdit } from "../support/source-edit.ts";
import { DEFENCES } from "./attacks/defences.ts";
import type { Mutant } from "./mutant.ts";
import { PROMISES } from "./promises.ts";
import { REVOCATION_MUTANTS } from "./revocation/mutants.ts";
import { MUTANTS as SIMULATOR_MUTANTS } from "./simulator/mutants.ts";
import { TESTED_MUTANTS } from "./tested-mutants.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** By who detects them, as the table in test/README.md calls it. */
const DETECTED_BY: Readonly<Record<string, readonly Mutant[]>> = {
  simulator: SIMULATOR_MUTANTS,
  revocation: REVOCATION_MUTANTS,
  attacks: DEFENCES,
  tests: TESTED_MUTANTS,
};
const MUTANTS = Object.values(DETECTED_BY).flat();

const FOLDERS = new Set(MUTANTS.map((mutant) => dirname(mutant.in)));
const SOURCES = [...FOLDERS].flatMap((folder) => globSync(`${folder}/*.{ts,tsx}`, { cwd: ROOT }));
const NAMES = new Set(SOURCES.flatMap((file) => declaredNames(file, read(file))));

const known = new Map<string, string>();

/** The file on disk, as others may name and format it. */
function readRenamed(file: string): string {
  const text = known.get(file) ?? renamed(file, read(file));
  known.set(file, text);
  return text;
}

function renamed(file: string, text: string): string {
  return reformattedSource(file, renamedSource(file, text, NAMES));
}

describe("a mutant matches one place, whatever its names and its layout", () => {
  test.for(MUTANTS)("$name", (mutant) => {
    const afterRename = editedFiles(mutant, readRenamed);
    for (const [file, text] of editedFiles(mutant, read)) {
      expect(text).not.toBe(read(file));
      expect(reformattedSource(file, afterRename.get(file) as string)).toBe(renamed(file, text));
    }
  });
});

test("every promise has a mutant, and test/README.md says who detects it", () => {
  const rows = Object.entries(PROMISES).map(([promise, text]) => {
    const counts = Object.entries(DETECTED_BY).map(([who, mutants]) => {
      const count = mutants.filter((mutant) => mutant.promise === promise).length;
      return count === 0 ? [] : `${who} ${count}`;
    });
    return `| ${promise} | ${text} | ${counts.flat().join(", ")} |`;
  });
  expect(rows.filter((row) => row.endsWith("|  |"))).toEqual([]);
  const page = read("test/README.md");
  expect(page.match(/^\| promise \|.*\n\|.*\n((?:\|.*\n)+)/m)?.[1]).toBe(`${rows.join("\n")}\n`);
});

describe("a mutant is an error", () => {
  const SOURCE = "class Door { #open = false; enter() { if (!this.#open) return; this.#open = true; } }";
  const edit: SourceEdit = { in: "door.ts", find: "if (!this.$OPEN) return;", replace: "" };

  test("if its code is gone", () => {
    expect(editedText(SOURCE, edit)).not.toContain("return");
    expect(() => editedText(editedText(SOURCE, edit), edit)).toThrow(
      "0 places in door.ts match, not one:\nif (!this.$OPEN) return;",
    );
  });

  test("if it matches several places", () => {
    expect(() => editedText(SOURCE + SOURCE, edit)).toThrow("2 places in door.ts match");
  });

  test("if its replacement needs a name that no pattern binds", () => {
    expect(() => editedText(SOURCE, { ...edit, replace: "this.$LOCK();" })).toThrow("$LOCK is not bound");
  });

  test("if its replacement is no TypeScript", () => {
    expect(() => editedText(SOURCE, { ...edit, replace: "} }" })).toThrow("no TypeScript");
  });

  test("if it spells out a name that is renamed", () => {
    const spelled = { ...edit, find: "if (!this.#open) return;" };
    const names = new Set(declaredNames("door.ts", SOURCE));
    expect([...names]).toEqual(["Door", "#open", "enter"]);
    expect(editedText(SOURCE, spelled)).not.toContain("return");
    expect(() => editedText(renamedSource("door.ts", SOURCE, names), spelled)).toThrow("0 places");
  });
});
