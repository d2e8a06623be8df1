import type { Model } from "../../src/ir/model.js";

/** Values of what no program declares, such that a model is the program as written: means 0, deviations 1. */
export function asWritten(model: Model, sizes: Readonly<Record<string, number>>): Record<string, Float64Array> {
  return Object.fromEntries(
    model.parameters.flatMap(({ name, domain, asWritten: known }) => {
      if (known === undefined || (domain.kind !== "real" && domain.kind !== "positive")) return [];
      const extents = domain.shape.map((each) => (each.kind === "literal" ? each.value : sizes[each.name]!));
      return [[name, new Float64Array(extents.reduce((a, b) => a * b, 1)).fill(known.value)]];
    }),
  );
}
