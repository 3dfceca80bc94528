/**
 * Building blocks of the SVG drawings, readable on light and dark backgrounds: the background is transparent, and greys
 * and colours contrast with both. Pure.
 */

export const INK = "#7d8590";
export const MIDDLE = 'text-anchor="middle"';
export const END = 'text-anchor="end"';
const FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', sans-serif";
const TICKS_MAX = 10;

/** `title`: the accessible name. */
export function drawing(width: number, height: number, title: string, parts: readonly string[]): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<g font-family="${FONT}" font-size="12" fill="${INK}">`,
    ...parts,
    "</g>",
    "</svg>",
  ].join("\n")}\n`;
}

export function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${rounded(x)}" y="${rounded(y)}" ${attributes}>${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes = ""): string {
  return `<path d="M${rounded(x1)} ${rounded(y1)}L${rounded(x2)} ${rounded(y2)}" stroke="${INK}" ${attributes}/>`;
}

export function bar(x: number, y: number, width: number, height: number, attributes = ""): string {
  const [left, top, wide, high] = [x, y, width, height].map(rounded);
  return `<rect x="${left}" y="${top}" width="${wide}" height="${high}"${attributes === "" ? "" : ` ${attributes}`}/>`;
}

/** The smallest round step for which TICKS_MAX steps exceed the value. */
export function tickStep(largest: number): number {
  for (let unit = 10 ** Math.floor(Math.log10(largest) - 1); ; unit *= 10) {
    const step = [1, 2, 2.5, 5].map((factor) => factor * unit).find((each) => each * TICKS_MAX > largest);
    if (step !== undefined) return step;
  }
}

/** Rounds to a tenth of a pixel. */
export function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
