import type {
  Argument,
  Declaration,
  Expression,
  GuideItem,
  ModelDeclaration,
  Program,
  RandomDeclaration,
} from "./ast.js";
import type { Span } from "../diagnostics/span.js";
import { printArgument, printExpression, printLayer, printType } from "./print-expression.js";
import { NO_TRIVIA, type Trivia } from "./trivia.js";

/** Longer lines are broken where they can be: between layers, arguments and elements. */
export const LINE_WIDTH = 110;

type Item = Declaration | GuideItem;

/** The columns in which the lines of neighbouring `given`, `latent` and `observe` stand. */
interface Columns {
  readonly keyword: number;
  readonly typed: number;
}

const NO_COLUMNS: Columns = { keyword: 0, typed: 0 };

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => (line === "" ? "" : `  ${line}`));

const keywordOf = (item: RandomDeclaration): string => (item.role === "latent" ? "latent" : "observe");

const typedName = (item: RandomDeclaration): string => `${item.name.text}: ${printType(item.type)}`;

/** `head` and an expression; broken one element a line where it does not fit and is a call or a list. */
function withExpression(head: string, expression: Expression, tail: string, room: number): readonly string[] {
  const line = `${head}${printExpression(expression)}${tail}`;
  if (line.length <= room) return [line];
  if (expression.kind === "list" && expression.items.length > 0) {
    return [`${head}[`, ...elements(expression.items, room), `]${tail}`];
  }
  if (expression.kind === "call" && expression.arguments.length > 0) {
    const callee = printExpression({ ...expression, arguments: [] }).slice(0, -1);
    return [`${head}${callee}`, ...elements(expression.arguments, room), `)${tail}`];
  }
  return [line];
}

function elements(items: readonly Argument[], room: number): readonly string[] {
  return items.flatMap((item, i) => {
    const name = item.name === undefined ? "" : `${item.name.text}: `;
    const tail = i === items.length - 1 ? "" : ",";
    return indented(withExpression(name, item.value, tail, room - 2));
  });
}

function printRandom(item: RandomDeclaration, columns: Columns, room: number): readonly string[] {
  const keyword = keywordOf(item).padEnd(columns.keyword);
  const head = `${keyword} ${typedName(item).padEnd(columns.typed)} ${item.relation} `;
  if (item.initial === undefined) return withExpression(head, item.value, "", room);
  const initial = ` init ${printExpression(item.initial)}`;
  const line = `${head}${printExpression(item.value)}${initial}`;
  if (line.length <= room) return [line];
  return [
    ...withExpression(head, item.value, "", room),
    ...indented(withExpression("init ", item.initial, "", room - 2)),
  ];
}

/** A declaration that has no block, as lines relative to its own indentation. */
function printSimple(item: Item, columns: Columns, room: number): readonly string[] {
  switch (item.kind) {
    case "size": {
      const sizes = item.sizes.map(
        (size) => `${size.name.text}${size.value === undefined ? "" : ` = ${size.value.text}`}`,
      );
      return [`size ${sizes.join(", ")}`];
    }
    case "parameter": {
      const table = item.table.length === 0 ? "" : `[${item.table.map((size) => size.text).join(", ")}]`;
      const head = `param ${item.name.text}${table}: ${printType(item.type)}`;
      if (item.prior !== undefined) return withExpression(`${head} ~ `, item.prior, "", room);
      return item.value === undefined ? [head] : withExpression(`${head} = `, item.value, "", room);
    }
    case "given":
      return [`${"given".padEnd(columns.keyword)} ${item.name.text}: ${printType(item.type)}`];
    case "random":
      return printRandom(item, columns, room);
    case "let": {
      const names = item.names.map((name) => name.text).join(", ");
      return withExpression(`let ${item.names.length === 1 ? names : `(${names})`} = `, item.value, "", room);
    }
    case "network": {
      const outputs = item.outputs.map(printType).join(", ");
      const output = item.outputs.length === 1 ? outputs : `(${outputs})`;
      const head = `net ${item.name.text}(${item.inputs.map(printType).join(", ")}) -> ${output} =`;
      const layers = item.layers.map(printLayer);
      const line = `${head} ${layers.join(" |> ")}`;
      return line.length <= room
        ? [line]
        : [head, ...indented(layers.map((layer, i) => (i === 0 ? layer : `|> ${layer}`)))];
    }
    case "site": {
      const initial = item.initial === undefined ? "" : ` init ${printExpression(item.initial)}`;
      return withExpression(`${item.name.text} ~ `, item.value, initial, room);
    }
    case "critic":
      return [`critic ${item.network.text}(${item.arguments.map(printArgument).join(", ")})`];
    case "learn": {
      const options = item.options.map((option) => `${option.name.text}: ${printExpression(option.value)}`);
      const head = `learn ${item.method.text}`;
      const line = options.length === 0 ? head : `${head} { ${options.join(", ")} }`;
      return line.length <= room ? [line] : [`${head} {`, ...indented(options.map((option) => `${option},`)), "}"];
    }
    case "guide":
      return [item.automatic === undefined ? "guide {}" : `guide ${printLayer(item.automatic)}`];
    case "plate":
    case "chain":
    case "guideChain":
      throw new Error(`printSimple was given a ${item.kind}, which has a block`);
  }
}

/** The head and the items of what has a block. */
function blockOf(
  item: ModelDeclaration | Item,
): { readonly head: string; readonly items: readonly Item[] } | undefined {
  switch (item.kind) {
    case "model":
      return { head: `model ${item.name.text}`, items: item.declarations };
    case "plate": {
      const size = item.size === undefined ? "" : ` in ${item.size.text}`;
      const weight = item.weight === undefined ? "" : ` weight ${item.weight.text}`;
      return { head: `each ${item.name.text}${size}${weight}`, items: item.items };
    }
    case "chain":
      return {
        head: `chain ${item.name.text}${item.size === undefined ? "" : ` in ${item.size.text}`}`,
        items: item.items,
      };
    case "guideChain":
      return { head: `chain ${item.name.text}`, items: item.items };
    case "guide":
      return item.automatic === undefined ? { head: "guide", items: item.items } : undefined;
    case "size":
    case "parameter":
    case "given":
    case "random":
    case "let":
    case "network":
    case "site":
    case "critic":
    case "learn":
      return undefined;
  }
}

const mayHaveDocumentation = (item: ModelDeclaration | Item): boolean =>
  item.kind !== "site" && item.kind !== "guideChain";

function documentationLines(item: ModelDeclaration | Item): readonly string[] {
  if (!("documentation" in item) || item.documentation === undefined) return [];
  return item.documentation.split("\n").map((line) => (line === "" ? "##" : `## ${line}`));
}

/** Of each item, the columns of the run of neighbouring variable lines it belongs to. */
function columnsOf(
  items: readonly (ModelDeclaration | Item)[],
  startsRun: (index: number) => boolean,
): readonly Columns[] {
  const columns: Columns[] = [];
  let run: (ModelDeclaration | Item)[] = [];
  const finishRun = (): void => {
    const randoms = run.filter((item) => item.kind === "random");
    const keyword = Math.max(...run.map((item) => (item.kind === "random" ? keywordOf(item).length : "given".length)));
    const typed = Math.max(0, ...randoms.map((item) => typedName(item).length));
    for (let i = 0; i < run.length; i++) columns.push({ keyword, typed });
    run = [];
  };
  items.forEach((item, i) => {
    const isVariable = item.kind === "random" || item.kind === "given";
    if (run.length > 0 && (!isVariable || startsRun(i))) finishRun();
    if (isVariable) run.push(item);
    else columns.push(NO_COLUMNS);
  });
  if (run.length > 0) finishRun();
  return columns;
}

/** The items of a block with their comments, as lines relative to the block. */
function printItems(
  items: readonly (ModelDeclaration | Item)[],
  within: Span,
  trivia: Trivia,
  room: number,
): readonly string[] {
  const trailing: (string | undefined)[] = [];
  const leading = items.map((item, i) => {
    const from = i === 0 ? within.start : items[i - 1].span.end;
    // What stands behind the item before is taken first; the rest leads this one.
    if (i > 0) trailing.push(trivia.behind(from, item.span.start));
    const shape = { isLine: blockOf(item) === undefined, documentable: mayHaveDocumentation(item) };
    return trivia.before(item.span, from, shape);
  });
  const lastEnd = items.length === 0 ? within.start : items[items.length - 1].span.end;
  if (items.length > 0) trailing.push(trivia.behind(lastEnd, within.end));
  const rest = trivia.rest(lastEnd, within.end);
  const documentation = items.map(documentationLines);
  const interrupted = (i: number): boolean =>
    leading[i].lines.length > 0 || leading[i].blankBefore || documentation[i].length > 0;
  const columns = columnsOf(items, interrupted);
  const lines: string[] = [];
  items.forEach((item, i) => {
    if (i > 0 && (leading[i].blankBefore || item.kind === "model")) lines.push("");
    lines.push(...leading[i].lines, ...documentation[i], ...printItem(item, columns[i], trivia, room));
    if (trailing[i] !== undefined) lines[lines.length - 1] += `  ${trailing[i]}`;
  });
  if (rest.blankBefore && lines.length > 0) lines.push("");
  return [...lines, ...rest.lines];
}

function printItem(item: ModelDeclaration | Item, columns: Columns, trivia: Trivia, room: number): readonly string[] {
  const block = blockOf(item);
  if (block === undefined) return item.kind === "model" ? [] : printSimple(item, columns, room);
  const firstItem = block.items.length === 0 ? item.span.end : block.items[0].span.start;
  const behindHead = trivia.behindHead(item.span, firstItem);
  const inner = printItems(block.items, item.span, trivia, room - 2);
  if (inner.length === 0 && behindHead === undefined) return [`${block.head} {}`];
  return [`${block.head} {${behindHead === undefined ? "" : `  ${behindHead}`}`, ...indented(inner), "}"];
}

/** Prints a program in the one canonical layout; `trivia` brings the comments and blank lines of a source text. */
export function printProgram(program: Program, trivia: Trivia = NO_TRIVIA): string {
  const lines = printItems(program.models, program.span, trivia, LINE_WIDTH);
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
