import { unusedSize } from "../../diagnostics/catalogue/semantics.js";
import { dimensionsOf } from "../../ir/domain.js";
import type { Dimension, Layer } from "../../ir/model.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { usedExpressions, type Lint } from "./lint.js";

export const lintUnusedSizes: Lint = ({ model }) => {
  const values = [
    ...usedExpressions(model),
    ...model.parameters.flatMap((parameter) => [
      ...Object.values(parameter.prior?.arguments ?? {}),
      ...(parameter.fixed === undefined ? [] : [parameter.fixed]),
    ]),
  ];
  const dimensions: readonly Dimension[] = [
    ...model.axes.flatMap((axis) => (axis.size === undefined ? [] : [axis.size])),
    ...model.parameters.flatMap((parameter) => [...parameter.table, ...dimensionsOf(parameter.domain)]),
    ...model.variables.flatMap((variable) => dimensionsOf(variable.domain)),
    ...model.networks.flatMap((network) => [...network.inputs, ...network.outputs].flatMap(dimensionsOf)),
    ...values.flatMap((value) => [...walkExpression(value)].flatMap((each) => dimensionsOf(each.type))),
  ];
  const layers = [...model.networks.flatMap((network) => network.layers), ...(model.guide?.automatic ?? [])];
  const used = new Set([
    ...dimensions.flatMap((dimension) => (dimension.kind === "symbol" ? [dimension.name] : [])),
    ...layers.flatMap(namesIn),
  ]);
  return model.sizes.filter((size) => !used.has(size.name)).map(({ name, span }) => unusedSize(span, { name }));
};

function namesIn(layer: Layer): readonly string[] {
  return layer.arguments.flatMap(({ value }) => {
    if (typeof value === "string") return [value];
    return typeof value === "number" ? [] : namesIn(value);
  });
}
