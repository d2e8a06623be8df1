import type { ModelDescription, ParameterDescription, Sizes, Tensors } from "../description.js";
import { extentText, extentValue } from "../extents.js";

const SAME = 1e-6;

/** Two values of a category whose parameters agree everywhere, relative to how the parameter varies. */
export function equalComponents(
  description: ModelDescription,
  sizes: Sizes,
  parameters: Tensors,
  dataVariance: Tensors,
): { readonly size: string; readonly first: number; readonly second: number } | undefined {
  // Locations far from 0 may differ by little, and that be as much as the data varies.
  const deviation = Math.sqrt(Math.min(...Object.values(dataVariance).map((variance) => Math.min(...variance))));
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
        const agree = ({ name, domain }: ParameterDescription): boolean =>
          equalSlices(
            parameters[name],
            count,
            first,
            second,
            domain === "real" || domain === "ordered" ? deviation : Infinity,
          );
        if (tables.every(agree)) {
          return { size, first, second };
        }
      }
    }
  }
  return undefined;
}

function equalSlices(values: Float64Array, count: number, first: number, second: number, largest: number): boolean {
  const width = values.length / count;
  for (let i = 0; i < width; i++) {
    const [a, b] = [values[first * width + i], values[second * width + i]];
    const scale = Math.min(Math.max(Math.abs(a), Math.abs(b)), largest);
    if (Math.abs(a - b) > SAME * scale) return false;
  }
  return true;
}
