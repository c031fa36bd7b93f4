// A table in plain columns. When it is too wide, the last column gives way.
import { fit, type Look, padEnd, padStart, paint, widthOf } from "./terminalText.ts";

export interface Column {
  title: string;
  align?: "left" | "right";
}

/** Lines of a table, each indented by two columns and within `look.width`. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], look: Look): string[] {
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]) => {
    const padded = columns.map((column, index) =>
      (column.align === "right" ? padStart : padEnd)(cells[index] ?? "", widths[index] ?? 0),
    );
    return fit(`  ${padded.join("  ")}`.trimEnd(), look.width);
  };
  const head = line(columns.map((column) => column.title));
  return [paint(look, "dim", head), ...rows.map(line)];
}
