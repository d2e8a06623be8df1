import type { Pass } from "./pass.js";
import { rebuild } from "./rebuild.js";

/**
 * Reads an input under the axis names that its reader uses, instead of renaming what was read. Only after
 * differentiation: before it, one input node must stand for the input.
 */
export const nameInputs: Pass = {
  name: "name inputs",
  ensures: "no rename reads an input",
  run(fn) {
    return rebuild(fn, (operation, _node, _id, builder) => {
      if (operation.kind !== "rename") return undefined;
      const input = builder.node(operation.operand).operation;
      if (input.kind !== "input") return undefined;
      const axes = input.axes.map((axis) => (axis === operation.from ? operation.to : axis));
      return builder.input(input.source, input.name, axes, input.lag);
    });
  },
};
