import { interpretPlan } from "../../src/ir/interpret-plan.js";
import type { PlanFunction } from "../../src/ir/plan.js";

type Inputs = Readonly<Record<"parameter" | "data" | "table", Record<string, Float64Array>>>;

/** Central differences of a function's `objective` along one random direction in one parameter at a time. */
export function slopes(
  fn: PlanFunction,
  environment: { readonly sizes: Readonly<Record<string, number>>; readonly rows: number; readonly inputs: Inputs },
  names: readonly string[],
): readonly { readonly name: string; readonly derived: number; readonly difference: number }[] {
  const gradients = interpretPlan(fn, environment);
  const step = 1e-6;
  return names.map((name) => {
    const values = environment.inputs.parameter[name]!;
    const direction = values.map((_, i) => Math.sin(1 + 3 * i));
    const at = (sign: number): number => {
      const moved = values.map((value, i) => value + sign * step * direction[i]!);
      const inputs = { ...environment.inputs, parameter: { ...environment.inputs.parameter, [name]: moved } };
      return interpretPlan(fn, { ...environment, inputs })["objective"]![0]!;
    };
    const derived = gradients[`gradient.${name}`]!.reduce((sum, value, i) => sum + value * direction[i]!, 0);
    return { name, derived, difference: (at(1) - at(-1)) / (2 * step) };
  });
}
