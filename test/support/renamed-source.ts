/**
 * A source as a rename of every name and another layout would leave it.
 *
 * Not renamed: what the language or the platform calls the same, such as `get`, and names with an underscore, which
 * cross the wire or are columns.
 */
import { execFileSync } from "node:child_process";
import { syntaxTree } from "./source-edit.ts";

/** Kinds of nodes that spell a name. */
const NAMES = [
  "identifier",
  "property_identifier",
  "private_property_identifier",
  "shorthand_property_identifier",
  "shorthand_property_identifier_pattern",
  "type_identifier",
];
const A_NAME = { any: NAMES.map((kind) => ({ kind })) };

/** In which nodes, and in which field of them, a name is declared. */
const DECLARATIONS: readonly (readonly [kind: string, field?: string])[] = [
  ["variable_declarator", "name"],
  ["required_parameter", "pattern"],
  ["optional_parameter", "pattern"],
  ["arrow_function", "parameter"],
  ["function_declaration", "name"],
  ["class_declaration", "name"],
  ["interface_declaration", "name"],
  ["type_alias_declaration", "name"],
  ["method_definition", "name"],
  ["method_signature", "name"],
  ["public_field_definition", "name"],
  ["property_signature", "name"],
  ["for_in_statement", "left"],
  ["catch_clause", "parameter"],
  ["pair_pattern", "value"],
  ["assignment_pattern", "left"],
  ["array_pattern"],
  ["rest_pattern"],
];
const PLATFORM = platformNames();

/** The names of variables, functions, types and members that a source declares. */
export function declaredNames(file: string, text: string): string[] {
  const inside = DECLARATIONS.map(([kind, field]) => ({ inside: { kind, ...(field && { field }) } }));
  const declared = { any: [{ kind: "shorthand_property_identifier_pattern" }, ...inside] };
  return syntaxTree(file, text)
    .findAll({ rule: { all: [A_NAME, declared] } })
    .map((node) => node.text())
    .filter((name) => !PLATFORM.has(name) && !/^[a-z]+(_[a-z]+)+$/.test(name));
}

export function renamedSource(file: string, text: string, names: ReadonlySet<string>): string {
  const root = syntaxTree(file, text);
  const edits = root.findAll({ rule: A_NAME }).flatMap((node) => {
    const name = node.text();
    return names.has(name) ? node.replace(name.replace(/^#?/, "$&renamed")) : [];
  });
  return root.commitEdits(edits);
}

/** The program on one line, without comments and trailing commas. */
export function reformattedSource(file: string, text: string): string {
  const root = syntaxTree(file, text);
  const comments = root.findAll({ rule: { kind: "comment" } });
  const program = root.commitEdits(comments.map((comment) => comment.replace("")));
  return program
    .replace(/\s+/g, " ")
    .replace(/, ?(?=[)\]}])/g, "")
    .trim();
}

/**
 * Everything that a global has, or is called, in a process of its own: servers that other tests load replace globals, such
 * as `Request`.
 */
function platformNames(): Set<string> {
  const script = `JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(globalThis)).flatMap(([name, { value }]) =>
    [value, value?.prototype].filter(Boolean).reduce((all, owner) => all.concat(Object.getOwnPropertyNames(owner)), [name])))`;
  return new Set(JSON.parse(execFileSync(process.execPath, ["--print", script], { encoding: "utf8" })));
}
