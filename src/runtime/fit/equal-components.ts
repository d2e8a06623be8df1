import type { ModelDescription, Sizes, Tensors } from "../description.js";
import { extentText, extentValue } from "../extents.js";

const SAME = 1e-6;

/** Two values of a category whose parameters agree everywhere, relative to how the parameter varies. */
export function equalComponents(
  description: ModelDescription,
  sizes: Sizes,
  parameters: Tensors,
): { readonly size: string; readonly first: number; readonly second: number } | undefined {
  for (const latent of description.variables) {
    if (latent.role !== "latent" || latent.categories === undefined) continue;
    const size = extentText(latent.categories);
    const count = extentValue(latent.categories, sizes) ?? 0;
    const tables = description.parameters.filter(
      ({ tableRank, shape }) => tableRank > 0 && extentText(shape[0]) === size,
    );
    if (tables.length === 0) continue;
    for (let second = 1; second < count; second++) {
      for (let first = 0; first < second; first++) {
        if (tables.every(({ name }) => equalSlices(parameters[name], count, first, second))) {
          return { size, first, second };
        }
      }
    }
  }
  return undefined;
}

function equalSlices(values: Float64Array, count: number, first: number, second: number): boolean {
  const width = values.length / count;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let i = 0; i < width; i++) {
    if (Math.abs(values[first * width + i] - values[second * width + i]) > SAME * largest) return false;
  }
  return true;
}
