/** A column of a table: its head, and the cell that it has for a row. */
export type Column<Row> = readonly [head: string, cell: (row: Row) => string];

/** A table in Markdown. The first column is text; the others hold numbers, on the right. */
export function markdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(([head]) => head)),
    line(columns.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join('\n');
}

/** A whole number, with commas between the thousands. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
