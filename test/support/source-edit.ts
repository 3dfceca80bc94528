/**
 * One edit of a source file, over its syntax tree, that breaks a rule on purpose.
 *
 * `find` is a pattern of ast-grep: `$NAME` stands for any node, `$$$NAME` for any number of them. A pattern that spells
 * out no name of the project survives renaming and reformatting. Guarantees that an edit which matches no place or several
 * is an error, and one whose result is no TypeScript: it would break nothing, or something else.
 */
import { extname } from "node:path";
import { Lang, type NapiConfig, parse, type SgNode } from "@ast-grep/napi";

export interface SourceEdit {
  /** The file's path below the project's directory. */
  readonly in: string;
  /** Matches exactly one place in the file. */
  readonly find: string;
  /** The kind of a node in `find`, where the place itself is not a statement or expression: `find` is then its context. */
  readonly kind?: string;
  /** Matches a node around the place, to tell it from others. */
  readonly inside?: string;
  /** Match elsewhere in the file: they bind names that `replace` needs, or the others. */
  readonly given?: string | readonly string[];
  /** With the nodes that the patterns have bound. Empty: removes the place. */
  readonly replace: string;
  /** Further edits without which it breaks nothing. */
  readonly also?: readonly SourceEdit[];
}

const PLACEHOLDER = /\$\$\$([A-Z_]+)|\$([A-Z_]+)/g;

export function editedText(text: string, edit: SourceEdit): string {
  const root = syntaxTree(edit.in, text);
  const found = root.findAll(matcherOf(edit));
  const [place] = found;
  if (place === undefined || found.length > 1) {
    throw new Error(`${found.length} places in ${edit.in} match, not one:\n${edit.find}`);
  }
  const edited = root.commitEdits([place.replace(filled(place, edit))]);
  if (syntaxTree(edit.in, edited).find({ rule: { kind: "ERROR" } })) {
    throw new Error(`the replacement is no TypeScript in ${edit.in}:\n${edit.replace}`);
  }
  return edited;
}

/** The files that the edit changes, and their new texts. */
export function editedFiles(edit: SourceEdit, read: (file: string) => string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const one of [edit, ...(edit.also ?? [])])
    texts.set(one.in, editedText(texts.get(one.in) ?? read(one.in), one));
  return texts;
}

export function syntaxTree(file: string, text: string): SgNode {
  return parse(extname(file) === ".tsx" ? Lang.Tsx : Lang.TypeScript, text).root();
}

function matcherOf({ find, kind, inside, given }: SourceEdit): NapiConfig {
  const pattern = kind === undefined ? find : { context: find, selector: kind };
  const all: NapiConfig["rule"][] = [{ pattern }];
  if (inside !== undefined) all.push({ inside: { pattern: inside, stopBy: "end" } });
  for (const elsewhere of [given ?? []].flat()) {
    all.push({ inside: { kind: "program", stopBy: "end", has: { pattern: elsewhere, stopBy: "end" } } });
  }
  return { rule: { all } };
}

function filled(place: SgNode, { replace, find }: SourceEdit): string {
  return replace.replace(PLACEHOLDER, (name, many?: string, one?: string) => {
    const nodes = many === undefined ? [place.getMatch(one as string)] : place.getMultipleMatches(many);
    if (nodes.includes(null)) throw new Error(`${name} is not bound by:\n${find}`);
    return nodes.map((node) => node?.text()).join(many === undefined ? "" : "\n");
  });
}
