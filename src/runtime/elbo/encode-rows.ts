import type { Sizes, Tensors, VariableDescription } from "../description.js";
import type { Dataset } from "../data/dataset.js";
import { boundShape, extentText, extentValue, product } from "../extents.js";
import { HostTurns } from "../host-turn.js";
import type { ElboMethods } from "./elbo-description.js";
import { type EvaluationOptions, queryBlocks } from "./evaluate-bound.js";

/** What a query says of a variable, row by row: its values, or probabilities of the values of a discrete one. */
export function answerForm(
  variable: VariableDescription,
  sizes: Sizes,
): { readonly axes: readonly string[]; readonly shape: readonly number[] } {
  const values =
    variable.domain === "category" || (variable.domain === "binary" && variable.role === "latent")
      ? [variable.domain === "binary" ? 2 : (extentValue(variable.categories ?? 1, sizes) ?? 1)]
      : [];
  return {
    shape: [...boundShape(variable.plates, sizes), ...boundShape(variable.event, sizes), ...values],
    axes: [...variable.plateNames, ...variable.event.map(extentText), ...values.map(String)],
  };
}

/** The variable that an output of the query tells of: `z`, or `variance.z`. */
export function variableOfAnswer(
  output: string,
  variables: readonly VariableDescription[],
): VariableDescription | undefined {
  const name = output.startsWith("variance.") ? output.slice("variance.".length) : output;
  return variables.find((variable) => variable.name === name);
}

/** Means of the latents under the guide (probabilities of discrete ones), [rows, …] by name. */
export async function encodeRows(
  methods: ElboMethods,
  data: Dataset,
  parameters: Tensors,
  options: EvaluationOptions,
): Promise<Tensors> {
  const { answers, variables } = methods.description;
  const turns = new HostTurns();
  const into: Record<string, Float64Array> = {};
  for (const output of answers.encode) {
    const variable = variableOfAnswer(output, variables);
    if (variable !== undefined)
      into[output] = new Float64Array(data.rows * product(answerForm(variable, data.sizes).shape));
  }
  for (const { firstRow, rows, ...block } of queryBlocks(methods, data, "encode", options)) {
    const parts: Record<string, Float64Array> = {};
    for (const [name, all] of Object.entries(into)) {
      const width = all.length / data.rows;
      parts[name] = all.subarray(firstRow * width, (firstRow + rows) * width);
    }
    await methods.encodeOf(data.sizes, parameters, { firstRow, rows, ...block }, parts);
    await turns.give();
  }
  return into;
}
