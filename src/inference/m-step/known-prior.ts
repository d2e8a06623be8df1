import type { DistributionName } from "../../ir/distribution-name.js";
import type { Expression, Model } from "../../ir/model.js";
import type { PriorValues } from "../../ir/program.js";

/** The numbers an expression stands for, where it is a literal; a fixed parameter counts as one. */
export function literalValues(model: Model, expression: Expression): readonly number[] | undefined {
  switch (expression.kind) {
    case "constant":
      return [expression.value];
    case "list": {
      const parts = expression.items.map((item) => literalValues(model, item));
      return parts.every((part) => part !== undefined) ? parts.flatMap((part) => part ?? []) : undefined;
    }
    case "parameter": {
      const parameter = model.parameters.find((candidate) => candidate.name === expression.name);
      return parameter?.fixed !== undefined && expression.indices.length === 0
        ? literalValues(model, parameter.fixed)
        : undefined;
    }
    case "apply": {
      if (expression.function === "negate") {
        const [operand] = expression.arguments;
        return operand === undefined ? undefined : literalValues(model, operand)?.map((value) => -value);
      }
      return undefined;
    }
    case "variable":
    case "sequence":
    case "position":
    case "element":
    case "network":
      return undefined;
  }
}

/**
 * A parameter's prior as numbers, if a closed update can use it.
 *
 * @returns undefined: no prior; "unknown": there is one, but not of these families or not of known values
 */
export function knownPrior(
  model: Model,
  name: string,
  families: readonly DistributionName[],
): PriorValues | "unknown" | undefined {
  const prior = model.parameters.find((parameter) => parameter.name === name)?.prior;
  if (prior === undefined) return undefined;
  if (!families.includes(prior.distribution)) return "unknown";
  const values: Record<string, readonly number[]> = {};
  for (const [slot, argument] of Object.entries(prior.arguments)) {
    const numbers = literalValues(model, argument);
    if (numbers === undefined) return "unknown";
    values[slot] = numbers;
  }
  return { distribution: prior.distribution, arguments: values };
}
