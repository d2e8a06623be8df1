import type { SourceText } from "../diagnostics/span.js";
import { parse } from "../parser/parse.js";
import { usageFailure } from "./failure.js";

/**
 * The source with a weight declared on the data plate of a model that has none, for `--weights`: `each n {` becomes
 * `each n weight weight_of_row {`. Nothing else of the text changes.
 */
export function declareWeight(source: SourceText, model: string): SourceText {
  const declaration = parse(source).program.models.find(({ name }) => name.text === model);
  const plate = declaration?.declarations.find((item) => item.kind === "plate");
  if (plate === undefined) throw usageFailure(`--weights: ${model} has no plate of rows (\`each n { … }\`) to weigh.`);
  if (plate.weight !== undefined) return source;
  const at = (plate.size ?? plate.name).span.end;
  const name = unusedName(source);
  return { name: source.name, text: `${source.text.slice(0, at)} weight ${name}${source.text.slice(at)}` };
}

function unusedName({ text }: SourceText): string {
  const taken = new Set(text.match(/\w+/g));
  let name = "weight_of_row";
  for (let i = 2; taken.has(name); i++) name = `weight_of_row_${i}`;
  return name;
}
