import { inputShape } from "./domain.js";
import type { Dimension, Domain, Layer } from "./model.js";

/** What reaches a layer, or leaves it: several inputs only in front of a first layer. */
export interface LayerFlow {
  readonly inputs: readonly Domain[];
  /** An image (rows, columns, channels), whose layers work at each place alike. */
  readonly isImage: boolean;
}

export interface ShapeProblem {
  readonly problem: string;
  readonly wayOut: string;
}

/** How the windows of a convolution lie along one side of an image. */
export interface WindowGrid {
  readonly positions: number;
  readonly before: number;
}

/** What leaves a layer, or why it cannot take what reaches it. Names and arguments of layers are checked before. */
export function flowAfter(layer: Layer, flow: LayerFlow): LayerFlow | ShapeProblem {
  const vector = (dimension: Dimension): LayerFlow => ({ inputs: [real([dimension])], isImage: false });
  switch (layer.name) {
    case "dense":
      return vector(sizeArgument(layer, 0, "units"));
    case "embedding":
      return vector(sizeArgument(layer, 0, "width"));
    case "gru":
      return vector(sizeArgument(layer, 0, "units"));
    case "conv":
    case "deconv": {
      const sides = sidesOf(layer, flow);
      if ("problem" in sides) return sides;
      const { kernel, stride, padding } = convolutionOf(layer);
      const grids = sides.map((side) =>
        layer.name === "conv"
          ? windowsOver(side, kernel, stride, padding).positions
          : stretched(side, kernel, stride, padding),
      );
      if (grids.some((positions) => positions < 1)) return tooSmall(layer, sides, kernel);
      return { inputs: [real([...grids.map(literal), sizeArgument(layer, 0, "filters")])], isImage: true };
    }
    case "pool": {
      const sides = sidesOf(layer, flow);
      if ("problem" in sides) return sides;
      const size = numberArgument(layer, 0, "size") ?? 1;
      const [only] = flow.inputs;
      const channels = inputShape(only)[2];
      if (sides.some((side) => side < size)) return tooSmall(layer, sides, size);
      return { inputs: [real([...sides.map((side) => literal(Math.floor(side / size))), channels])], isImage: true };
    }
    case "flatten":
      return { ...flow, isImage: false };
    case "reshape": {
      const target = [
        sizeArgument(layer, 0, "height"),
        sizeArgument(layer, 1, "width"),
        sizeArgument(layer, 2, "channels"),
      ];
      const [only] = flow.inputs;
      if (flow.inputs.length !== 1 || only.kind === "category")
        return {
          problem: "works on one value, and several inputs reach it",
          wayOut: "put `dense(…)` in front of it, which joins them",
        };
      const [found, wanted] = [entries(inputShape(only)), entries(target)];
      if (found !== undefined && wanted !== undefined && found !== wanted)
        return {
          problem: `makes ${wanted} entries of ${found}`,
          wayOut: `put \`dense(${wanted}, relu)\` in front of it, or use sizes whose product is ${found}`,
        };
      return { inputs: [real(target)], isImage: true };
    }
    case "residual": {
      let inner: LayerFlow = flow;
      for (const { value } of layer.arguments) {
        if (typeof value !== "object") continue;
        const next = flowAfter(value, inner);
        if ("problem" in next) return next;
        inner = next;
      }
      const [start, end] = [flow.inputs, inner.inputs];
      if (start.length !== 1 || start[0].kind === "category" || start[0].kind === "sequence")
        return {
          problem: "adds its input to what its layers make of it, and several inputs or a category reach it",
          wayOut: "put `dense(…)` in front of it",
        };
      const [before, after] = [inputShape(start[0]), inputShape(end[0])];
      if (JSON.stringify(before) !== JSON.stringify(after))
        return {
          problem: `adds [${text(after)}] to its input [${text(before)}]`,
          wayOut: "let its last layer give as many entries as reach it",
        };
      return flow;
    }
    case "layernorm":
    case "batchnorm":
    case "dropout":
      if (flow.inputs.length !== 1 || flow.inputs[0].kind === "category")
        return {
          problem: "works on one value, and several inputs or a category reach it",
          wayOut: "put `dense(…)` in front of it",
        };
      return flow;
    default:
      throw new Error(`layer shapes: there is no layer ${layer.name}`);
  }
}

/** What reaches the first layer: one image, or an image with other values, which are the same at all of its places. */
export function flowOfInputs(inputs: readonly Domain[]): LayerFlow {
  const [first] = inputs;
  return { inputs, isImage: first !== undefined && first.kind !== "sequence" && isImageDomain(first) };
}

export function isImageDomain(domain: Domain): boolean {
  return domain.kind !== "category" && domain.kind !== "covariance" && inputShape(domain).length === 3;
}

/** Why the implied output layer cannot give this: it is linear at each place of an image, else from all entries to all. */
export function outputProblem(flow: LayerFlow, output: Domain): ShapeProblem | undefined {
  const [only] = flow.inputs;
  const target = inputShape(output);
  if (!flow.isImage || target.length !== 3 || only === undefined) return undefined;
  const source = inputShape(only);
  const agree = [0, 1].every((side) => JSON.stringify(source[side]) === JSON.stringify(target[side]));
  return agree
    ? undefined
    : {
        problem: `ends in an image of ${text(source.slice(0, 2))} places, and its output has ${text(target.slice(0, 2))}`,
        wayOut:
          "change strides or sizes so that they agree, or add `|> flatten()` for an output layer over all entries",
      };
}

export interface Convolution {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: "same" | "valid";
}

export function convolutionOf(layer: Layer): Convolution {
  return {
    kernel: numberArgument(layer, 1, "kernel") ?? 1,
    stride: numberArgument(layer, 3, "stride") ?? 1,
    padding: argument(layer, 4, "padding") === "valid" ? "valid" : "same",
  };
}

/**
 * Windows of `kernel` entries every `stride` along a side. Padded ("same") there are ceil(side / stride) of them, with
 * zeros split evenly before and after (the odd one after); "valid" windows lie inside.
 */
export function windowsOver(side: number, kernel: number, stride: number, padding: Convolution["padding"]): WindowGrid {
  if (padding === "valid") return { positions: Math.floor((side - kernel) / stride) + 1, before: 0 };
  const positions = Math.ceil(side / stride);
  return { positions, before: Math.floor(Math.max(0, (positions - 1) * stride + kernel - side) / 2) };
}

/** The side of an image whose windows there are `positions` of: what a transposed convolution makes. */
export function stretched(positions: number, kernel: number, stride: number, padding: Convolution["padding"]): number {
  return padding === "valid" ? (positions - 1) * stride + kernel : positions * stride;
}

/** The value of an argument, by position or by name. */
export function argument(layer: Layer, position: number, name: string): number | string | Layer | undefined {
  const positional = layer.arguments.filter((each) => each.name === undefined);
  return (layer.arguments.find((each) => each.name === name) ?? positional[position])?.value;
}

function numberArgument(layer: Layer, position: number, name: string): number | undefined {
  const value = argument(layer, position, name);
  return typeof value === "number" ? value : undefined;
}

function sizeArgument(layer: Layer, position: number, name: string): Dimension {
  const value = argument(layer, position, name);
  return typeof value === "string" ? { kind: "symbol", name: value } : literal(typeof value === "number" ? value : 1);
}

/** Rows and columns of what reaches a layer. */
function sidesOf(layer: Layer, flow: LayerFlow): readonly number[] | ShapeProblem {
  const images = flow.inputs.filter(isImageDomain).map((input) => inputShape(input).slice(0, 2));
  if (layer.name === "pool" && flow.inputs.length !== 1)
    return { problem: "works on one image, and several inputs reach it", wayOut: "put `conv(…)` in front of it" };
  const sides = images[0].map((side) => (side.kind === "literal" ? side.value : undefined));
  const known = sides.filter((side) => side !== undefined);
  if (known.length < sides.length)
    return {
      problem: `needs to know how many rows and columns an image has, and [${text(images[0])}] reaches it`,
      wayOut: "write whole numbers in the type: `Tensor[28, 28, 1]`",
    };
  if (images.some((image) => JSON.stringify(image) !== JSON.stringify(images[0])))
    return {
      problem: "works on images of one size, and images of several sizes reach it",
      wayOut: "give images of the same rows and columns",
    };
  return known;
}

function tooSmall(layer: Layer, sides: readonly number[], size: number): ShapeProblem {
  return {
    problem: `looks through windows of ${size} by ${size}, and an image of ${sides.join(" by ")} reaches it`,
    wayOut: layer.name === "pool" ? "use a smaller window" : "use a smaller kernel, or leave out `padding: valid`",
  };
}

function real(shape: readonly Dimension[]): Domain {
  return { kind: "real", shape };
}

function literal(value: number): Dimension {
  return { kind: "literal", value };
}

function entries(shape: readonly Dimension[]): number | undefined {
  return shape.reduce<number | undefined>(
    (product, side) => (product === undefined || side.kind !== "literal" ? undefined : product * side.value),
    1,
  );
}

function text(shape: readonly Dimension[]): string {
  return shape.map((side) => (side.kind === "symbol" ? side.name : String(side.value))).join(", ");
}
