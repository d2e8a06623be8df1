/** What one argument of a layer may be. */
export type LayerParameterKind =
  /** A whole number of 1 or more, or the name of a size. */
  | "size"
  /** A whole number of 1 or more. */
  | "whole"
  /** Name of an activation function, `lrelu` perhaps with its slope. */
  | "activation"
  /** `same` or `valid` */
  | "padding"
  /** A number from 0 to below 1. */
  | "fraction"
  /** 0 or 1 */
  | "flag"
  /** `max` or `mean` */
  | "pooling"
  /** How the weights begin: `he`, `orthogonal`, … */
  | "initialisation"
  /** A layer. */
  | "layer";

export interface LayerParameter {
  readonly name: string;
  readonly kind: LayerParameterKind;
  readonly required: boolean;
  /** The last parameter may be given several times. */
  readonly repeats?: boolean;
}

/** What flows between layers. */
export type LayerForm = "vector" | "image" | "sequence";

export interface LayerSignature {
  readonly usage: string;
  readonly summary: string;
  readonly parameters: readonly LayerParameter[];
  /** Forms that it takes, and what it makes of them. */
  readonly forms: Readonly<Partial<Record<LayerForm, LayerForm>>>;
}

export const activations: readonly string[] = [
  "relu",
  "lrelu",
  "tanh",
  "sigmoid",
  "softplus",
  "elu",
  "gelu",
  "silu",
  "linear",
];

const units: LayerParameter = { name: "units", kind: "size", required: true };
const activation: LayerParameter = { name: "activation", kind: "activation", required: false };
const init: LayerParameter = { name: "init", kind: "initialisation", required: false };
const convolution: readonly LayerParameter[] = [
  { name: "filters", kind: "size", required: true },
  { name: "kernel", kind: "whole", required: true },
  activation,
  { name: "stride", kind: "whole", required: false },
  { name: "padding", kind: "padding", required: false },
  init,
];
const any = { vector: "vector", image: "image", sequence: "sequence" } as const;

/** Every layer of the language. Sequences pass step by step through the layers of vectors. */
export const layerSignatures: Readonly<Record<string, LayerSignature>> = {
  dense: {
    usage: "dense(units, activation)",
    summary: "activation(W x + b) with that many units",
    parameters: [units, activation, init],
    forms: { vector: "vector", sequence: "sequence" },
  },
  conv: {
    usage: "conv(filters, kernel, activation, stride: 1, padding: same)",
    summary: "convolution of an image with square kernels",
    parameters: convolution,
    forms: { image: "image" },
  },
  deconv: {
    usage: "deconv(filters, kernel, activation, stride: 1, padding: same)",
    summary: "transposed convolution of an image with square kernels",
    parameters: convolution,
    forms: { image: "image" },
  },
  pool: {
    usage: "pool(size, max)",
    summary: "largest or mean value of square windows of an image",
    parameters: [
      { name: "size", kind: "whole", required: true },
      { name: "kind", kind: "pooling", required: false },
    ],
    forms: { image: "image" },
  },
  flatten: {
    usage: "flatten()",
    summary: "an image as a vector, row by row",
    parameters: [],
    forms: { image: "vector", vector: "vector" },
  },
  reshape: {
    usage: "reshape(H, W, C)",
    summary: "a vector as an image, row by row",
    parameters: [
      { name: "height", kind: "whole", required: true },
      { name: "width", kind: "whole", required: true },
      { name: "channels", kind: "size", required: true },
    ],
    forms: { vector: "image", image: "image" },
  },
  layernorm: {
    usage: "layernorm()",
    summary: "entries of each item brought to mean 0 and variance 1, then scaled and shifted",
    parameters: [],
    forms: any,
  },
  batchnorm: {
    usage: "batchnorm()",
    summary: "each entry brought to mean 0 and variance 1 over the batch, then scaled and shifted",
    parameters: [],
    forms: any,
  },
  dropout: {
    usage: "dropout(rate)",
    summary: "entries set to 0 at that rate while training",
    parameters: [{ name: "rate", kind: "fraction", required: true }],
    forms: any,
  },
  embedding: {
    usage: "embedding(width)",
    summary: "a learned vector for each category",
    parameters: [{ name: "width", kind: "size", required: true }, init],
    forms: { vector: "vector", sequence: "sequence" },
  },
  gru: {
    usage: "gru(units, backward: 0)",
    summary: "gated recurrent units along a sequence, from its end where backward is 1",
    parameters: [units, { name: "backward", kind: "flag", required: false }, init],
    forms: { sequence: "sequence" },
  },
  residual: {
    usage: "residual(dense(units, activation))",
    summary: "its input plus what the layers in it make of it",
    parameters: [{ name: "layer", kind: "layer", required: true, repeats: true }],
    forms: any,
  },
};
