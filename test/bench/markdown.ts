/** Generated Markdown: tables, and sections of a document between two marks. Pure. */

/** A table; all columns but the first are right-aligned figures. */
export function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = `|${heads.map((_, index) => (index === 0 ? "---" : "---:")).join("|")}|`;
  return [line(heads), rule, ...rows.map(line)].join("\n");
}

/** Replaces the text between the document's two marks by `section`. */
export function withSection(document: string, begin: string, end: string, section: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to === -1) throw new Error(`the document has no place between ${begin} and ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${section.trim()}\n\n${document.slice(to)}`;
}
