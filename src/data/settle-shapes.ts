import type { DataDiagnostic } from "../diagnostics/data-diagnostic.js";
import { sizeContradiction, sizeUnknown, wrongColumnCount } from "../diagnostics/catalogue/data.js";
import type { BindableVariable, BindRequest } from "./bindable.js";
import { columnCountText } from "./choose-columns.js";
import { solveSizes } from "./solve-sizes.js";
import { tablePlace, type Column } from "./table.js";

/** Sizes as they become settled. */
export type MutableSizes = Map<string, { readonly value: number; readonly by: string }>;

/** Shapes of all variables; what one settles helps the others, whatever their order. */
export function settleShapes(
  { table, defaults }: BindRequest,
  chosen: ReadonlyMap<BindableVariable, readonly Column[]>,
  sizes: MutableSizes,
): { readonly shapes: ReadonlyMap<BindableVariable, readonly number[]>; readonly problems: readonly DataDiagnostic[] } {
  const shapes = new Map<BindableVariable, readonly number[]>();
  const problems: DataDiagnostic[] = [];
  let waiting = [...chosen];
  for (let progress = true; progress;) {
    progress = false;
    const still: typeof waiting = [];
    for (const [variable, columns] of waiting) {
      const extents = [...variable.plates, ...variable.event];
      const solution = solveSizes(extents, columns.length, sizes);
      if (solution.kind === "open") {
        still.push([variable, columns]);
        continue;
      }
      progress = true;
      if (solution.kind === "fits") {
        shapes.set(variable, solution.shape);
        for (const [name, value] of Object.entries(solution.found)) {
          sizes.set(name, { value, by: `the columns of \`${variable.name}\`` });
        }
        continue;
      }
      const place = { ...tablePlace(table), ...(columns.length === 1 ? { column: columns[0].name } : {}) };
      const [only] = extents;
      const size = extents.length === 1 && typeof only === "string" ? sizes.get(only) : undefined;
      if (size !== undefined && typeof only === "string") {
        const { value: declared, by: declaredBy } = size;
        problems.push(
          sizeContradiction(place, {
            size: only,
            declared,
            declaredBy,
            variable: variable.name,
            found: columns.length,
          }),
        );
      } else {
        const total = solution.kind === "contradicts" && extents.length > 0 ? ` = ${solution.expected}` : "";
        const expected = `${columnCountText(extents)}${total}`;
        const names = columns.map((column) => column.name);
        problems.push(wrongColumnCount(place, { variable: variable.name, expected, columns: names }));
      }
    }
    waiting = still;
    if (!progress) progress = settleByDefault(waiting, sizes, defaults);
  }
  for (const [variable, columns] of waiting) {
    const solution = solveSizes([...variable.plates, ...variable.event], columns.length, sizes);
    const unknown = solution.kind === "open" ? solution.unknown : [];
    problems.push(sizeUnknown(tablePlace(table), { variable: variable.name, sizes: unknown, columns: columns.length }));
  }
  return { shapes, problems };
}

/** What the columns leave open, the program's defaults settle; whether there was one. */
function settleByDefault(
  waiting: readonly (readonly [BindableVariable, readonly Column[]])[],
  sizes: MutableSizes,
  defaults: BindRequest["defaults"],
): boolean {
  for (const [variable, columns] of waiting) {
    const solution = solveSizes([...variable.plates, ...variable.event], columns.length, sizes);
    const name = solution.kind === "open" ? solution.unknown.find((size) => Object.hasOwn(defaults, size)) : undefined;
    if (name === undefined) continue;
    sizes.set(name, { value: defaults[name], by: `\`size ${name} = ${defaults[name]}\`` });
    return true;
  }
  return false;
}
