import { defineDiagnostic } from "../../diagnostic.js";

export const wrongDimensionCount = defineDiagnostic<{
  readonly type: string;
  readonly usage: string;
  readonly found: number;
}>({
  code: "GEN2101",
  severity: "error",
  title: "wrong number of sizes in a type",
  message: (p) =>
    `\`${p.type}\` is written \`${p.usage}\`, but ${p.found === 0 ? "no size is" : p.found === 1 ? "one size is" : `${p.found} sizes are`} given here`,
  label: (p) => `expected \`${p.usage}\``,
  hint: (p) => `write \`${p.usage}\`, with sizes declared by \`size\` or whole numbers`,
});

export const typeNotAllowedHere = defineDiagnostic<{
  readonly type: string;
  readonly place: string;
  readonly reason: string;
  readonly wayOut: string;
}>({
  code: "GEN2102",
  severity: "error",
  title: "type not allowed here",
  message: (p) => `${p.place} cannot be \`${p.type}\`: ${p.reason}`,
  label: () => "not allowed here",
  hint: (p) => p.wayOut,
});

export const optionalNotObserved = defineDiagnostic<{ readonly place: string }>({
  code: "GEN2103",
  severity: "error",
  title: "`?` on something that is not observed",
  message: (p) => `only entries of an observed variable may be missing, and this is ${p.place}`,
  label: () => "`?` says that entries may be missing",
  hint: () => "drop the `?`",
});

export const wrongIndex = defineDiagnostic<{
  readonly owner: string;
  readonly size: string;
  readonly reason: string;
  readonly suggestion?: string;
}>({
  code: "GEN2104",
  severity: "error",
  title: "index of the wrong kind",
  message: (p) => `\`${p.owner}\` is indexed by \`${p.size}\`, but ${p.reason}`,
  label: (p) => `expected a component, one of ${p.size}`,
  hint: (p) =>
    p.suggestion === undefined
      ? `index it with a variable of type \`Category[${p.size}]\`, or with a plate \`each j in ${p.size}\``
      : `did you mean \`${p.suggestion}\`?`,
});

export const wrongIndexCount = defineDiagnostic<{
  readonly owner: string;
  readonly declared: string;
  readonly least: number;
  readonly most: number;
  readonly found: number;
}>({
  code: "GEN2105",
  severity: "error",
  title: "wrong number of indices",
  message: (p) =>
    `\`${p.owner}\` is ${p.declared}, so it takes ${p.least === p.most ? p.least : `${p.least} to ${p.most}`} ${p.most === 1 ? "index" : "indices"}, not ${p.found}`,
  label: (p) => (p.found < p.least ? "an index is missing" : "too many indices"),
  hint: (p) => `give one index for each size in the declaration of \`${p.owner}\``,
});

export const missingIndex = defineDiagnostic<{
  readonly name: string;
  readonly table: string;
  readonly suggestion?: string;
}>({
  code: "GEN2106",
  severity: "error",
  title: "table used without an index",
  message: (p) => `\`${p.name}\` is a table with one value for each \`${p.table}\`, and no index picks one`,
  label: () => "which one?",
  hint: (p) =>
    p.suggestion === undefined
      ? `pick one with a variable of type \`Category[${p.table}]\`: \`${p.name}[z]\``
      : `did you mean \`${p.suggestion}\`?`,
});

export const notIndexable = defineDiagnostic<{ readonly written: string; readonly type: string }>({
  code: "GEN2107",
  severity: "error",
  title: "index into a single value",
  message: (p) => `${p.written} is \`${p.type}\`, a single value with no entries to pick`,
  label: () => "cannot be indexed",
  hint: () => "drop the brackets, or declare it with a size, such as `Vector[D]`, or as a table, `param p[K]: …`",
});

export const elementwiseMismatch = defineDiagnostic<{
  readonly operation: string;
  readonly left: string;
  readonly right: string;
}>({
  code: "GEN2108",
  severity: "error",
  title: "shapes that do not fit",
  message: (p) =>
    `${p.operation} needs two values of one shape, or a single number and anything, but these are \`${p.left}\` and \`${p.right}\``,
  label: (p) => `this is \`${p.right}\``,
  hint: () => "declare both with the same sizes, or bring one to the other's shape with a matrix: `A * x`",
});

export const matrixProductMismatch = defineDiagnostic<{
  readonly left: string;
  readonly right: string;
  readonly columns: string;
  readonly rows: string;
  readonly transposed: boolean;
}>({
  code: "GEN2109",
  severity: "error",
  title: "matrix product whose sizes do not fit",
  message: (p) =>
    `the product of \`${p.left}\` and \`${p.right}\` needs ${p.columns} = ${p.rows}: columns on the left, entries on the right`,
  label: (p) => `this is \`${p.right}\``,
  hint: (p) =>
    p.transposed
      ? "the other way round it fits: write `transpose(…)` around the matrix, or declare it with its sizes swapped"
      : `declare the matrix with ${p.rows} columns`,
});

export const vectorProduct = defineDiagnostic<{
  readonly left: string;
  readonly right: string;
  readonly kind: "vectors" | "vectorMatrix";
}>({
  code: "GEN2110",
  severity: "error",
  title: "product of a vector with something that has a shape",
  message: (p) => `\`*\` between \`${p.left}\` and \`${p.right}\` could mean several things`,
  label: () => "which product is meant?",
  hint: (p) =>
    p.kind === "vectors"
      ? "write `dot(a, b)` for the inner product, or `mul(a, b)` for the product entry by entry"
      : "the matrix stands on the left: write `transpose(A) * x`",
});

export const wrongArgumentCount = defineDiagnostic<{
  readonly callee: string;
  readonly usage: string;
  readonly found: number;
}>({
  code: "GEN2111",
  severity: "error",
  title: "wrong number of arguments",
  message: (p) =>
    `\`${p.callee}\` is written \`${p.usage}\`, but ${p.found === 0 ? "nothing is" : p.found === 1 ? "one argument is" : `${p.found} arguments are`} given`,
  label: (p) => `expected \`${p.usage}\``,
  hint: (p) => `write \`${p.usage}\``,
});

export const wrongArgumentShape = defineDiagnostic<{
  readonly callee: string;
  readonly expected: string;
  readonly found: string;
  readonly wayOut: string;
}>({
  code: "GEN2112",
  severity: "error",
  title: "argument of the wrong shape",
  message: (p) => `\`${p.callee}\` needs ${p.expected}, and this is \`${p.found}\``,
  label: (p) => `expected ${p.expected}`,
  hint: (p) => p.wayOut,
});

export const notANumber = defineDiagnostic<{
  readonly written: string;
  readonly type: string;
  readonly wayOut: string;
}>({
  code: "GEN2113",
  severity: "error",
  title: "arithmetic on something that is not a number",
  message: (p) => `${p.written} is \`${p.type}\`, which is not a number to calculate with`,
  label: (p) => `this is \`${p.type}\``,
  hint: (p) => p.wayOut,
});

export const unnamedLength = defineDiagnostic<{ readonly lengths: string }>({
  code: "GEN2114",
  severity: "error",
  title: "length without a name",
  message: (p) => `the joined vector has length ${p.lengths}, which no \`size\` names`,
  label: () => "length unknown to the types",
  hint: () =>
    "join only lengths that are numbers; give a network its inputs as separate arguments, or write `A * x + B * u`",
});

export const functionDomain = defineDiagnostic<{
  readonly callee: string;
  readonly needs: string;
  readonly found: string;
  readonly wayOut: string;
}>({
  code: "GEN2115",
  severity: "error",
  title: "argument outside a function's domain",
  message: (p) => `\`${p.callee}\` needs ${p.needs}, and this is ${p.found}`,
  label: (p) => p.found,
  hint: (p) => p.wayOut,
});

export const divisionByZero = defineDiagnostic<Record<never, never>>({
  code: "GEN2116",
  severity: "error",
  title: "division by zero",
  message: () => "this divides by zero",
  label: () => "always zero",
  hint: () => "write another divisor",
});

export const conditionExpected = defineDiagnostic<Record<never, never>>({
  code: "GEN2118",
  severity: "error",
  title: "comparison expected",
  message: () => "the first argument of `where` is a comparison, such as `x > 0`",
  label: () => "not a comparison",
  hint: () => "compare it with something: `… > 0`",
});

export const unevenList = defineDiagnostic<{ readonly first: string; readonly other: string }>({
  code: "GEN2119",
  severity: "error",
  title: "list of unlike items",
  message: (p) => `the items of a list have one shape, but the first is \`${p.first}\` and this is \`${p.other}\``,
  label: (p) => `this is \`${p.other}\``,
  hint: () => "a list of numbers is a vector; a list of lists of one length is a matrix",
});

export const emptyList = defineDiagnostic<Record<never, never>>({
  code: "GEN2120",
  severity: "error",
  title: "empty list",
  message: () => "a list needs at least one item",
  label: () => "empty",
  hint: () => "write its items, such as `[0, 1]`",
});

export const indexOutOfRange = defineDiagnostic<{
  readonly index: number;
  readonly length: number;
  /** The size whose default the length is. */
  readonly size?: string;
}>({
  code: "GEN2121",
  severity: "error",
  title: "index out of range",
  message: (p) =>
    `there is no entry ${p.index}: entries are counted from 0 to ${p.length - 1}${p.size === undefined ? "" : ` (\`${p.size} = ${p.length}\`)`}`,
  label: (p) => `0 to ${p.length - 1}`,
  hint: (p) =>
    `write ${p.length === 1 ? "0" : `a whole number from 0 to ${p.length - 1}`}${p.size === undefined ? "" : `, or a larger default for \`${p.size}\``}`,
});
