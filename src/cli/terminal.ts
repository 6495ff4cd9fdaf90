/** Plain text for people: colours only where a terminal shows them, and columns that line up. */
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Coloured when stdout is a terminal and NO_COLOR is not set. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export function print(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** Rows of cells as lines whose columns start at the same place. */
export function columns(rows: readonly (readonly string[])[], indent = "  "): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)));
    return `${indent}${cells.join("  ")}`;
  });
}
