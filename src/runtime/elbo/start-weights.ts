import type { Sizes } from "../description.js";
import { boundShape, product } from "../extents.js";
import { orthogonalMatrix } from "../../numerics/orthogonal-matrix.js";
import { RandomStream } from "../../numerics/random.js";
import type { StartDescription } from "./elbo-description.js";

type DrawnStart = Exclude<StartDescription, { kind: "constant" | "moments" }>;

/**
 * Weights of a layer with m inputs and n outputs at their start.
 *
 *     he       N(0, 2/m)          he_uniform     uniform within sqrt(6/m)
 *     glorot   uniform within sqrt(6/(m + n))    glorot_normal  N(0, 2/(m + n))
 *     lecun    N(0, 1/m)          lecun_uniform  uniform within sqrt(3/m)
 *     fan_in   uniform within sqrt(1/m)
 *     orthogonal  gain times a matrix with orthonormal rows or columns
 *
 * @source He et al. 2015, eq. 10; Glorot and Bengio 2010, eq. 16; LeCun et al. 1998, Efficient BackProp, eq. 16; Saxe,
 *   McClelland and Ganguli 2014. `fan_in` is the older rule of thumb of Glorot and Bengio's eq. 1, what PyTorch's layers
 *   begin at
 */
export function startWeights(
  start: DrawnStart,
  length: number,
  sizes: Sizes,
  key: { readonly seed: number; readonly name: string },
): Float64Array {
  if (start.kind === "orthogonal") return orthogonalPart(start, sizes, key.seed);
  const stream = new RandomStream({ seed: key.seed, site: `start.${key.name}` });
  const inputs = start.fanIn.reduce((sum, shape) => sum + product(boundShape(shape, sizes)), 0);
  const outputs = product(boundShape(start.fanOut, sizes));
  const normal = (variance: number): Float64Array => {
    const deviation = Math.sqrt(variance);
    return Float64Array.from({ length }, () => deviation * stream.normal());
  };
  const uniform = (squaredLimit: number): Float64Array => {
    const limit = Math.sqrt(squaredLimit);
    return Float64Array.from({ length }, () => limit * (2 * stream.uniform() - 1));
  };
  switch (start.kind) {
    case "he":
      return normal(2 / inputs);
    case "he_uniform":
      return uniform(6 / inputs);
    case "glorot":
      return uniform(6 / (inputs + outputs));
    case "glorot_normal":
      return normal(2 / (inputs + outputs));
    case "lecun":
      return normal(1 / inputs);
    case "lecun_uniform":
      return uniform(3 / inputs);
    case "fan_in":
      return uniform(1 / inputs);
  }
}

/** The rows of one input; blocks lie side by side in each row. */
function orthogonalPart(
  { layer, part, rows, columns, blocks, gain }: Extract<DrawnStart, { kind: "orthogonal" }>,
  sizes: Sizes,
  seed: number,
): Float64Array {
  const heights = rows.map((shape) => product(boundShape(shape, sizes)));
  const height = heights.reduce((a, b) => a + b, 0);
  const first = heights.slice(0, part).reduce((a, b) => a + b, 0);
  const width = product(boundShape(columns, sizes));
  const into = new Float64Array(heights[part] * blocks * width);
  for (let block = 0; block < blocks; block++) {
    const stream = new RandomStream({ seed, site: `start.${layer}.orthogonal`, item: block });
    const matrix = orthogonalMatrix(height, width, stream);
    for (let row = 0; row < heights[part]; row++)
      for (let column = 0; column < width; column++)
        into[(row * blocks + block) * width + column] = gain * matrix[(first + row) * width + column];
  }
  return into;
}
