import type { Tensor, Tensor4D } from "@tensorflow/tfjs-core";
import type { DeviceTensors, Tensors } from "./description.js";
import { OptionError } from "./errors.js";
import { builtin, type NodeRequire } from "./kernels/shards.js";
import { offerWebGpu } from "./webgpu-in-node.js";

/** The namespace of TensorFlow.js, as generated code of the engine `tfjs` calls it. */
export type TensorFlow = typeof import("@tensorflow/tfjs-core");

/** A backend and the package that registers it. */
const backendPackages: Readonly<Record<string, () => Promise<unknown>>> = {
  cpu: () => import("@tensorflow/tfjs-backend-cpu"),
  wasm: () => import("@tensorflow/tfjs-backend-wasm"),
  webgpu: () => {
    offerWebGpu(requireOfProject());
    return import("@tensorflow/tfjs-backend-webgpu");
  },
  // Optional peers. The native ones download a library when they are installed.
  webgl: () => importPeer("@tensorflow/tfjs-backend-webgl"),
  tensorflow: () => importPeer("@tensorflow/tfjs-node"),
};

/** Other names for a backend, and the package that has to be loaded for it. */
const aliases: Readonly<Record<string, { readonly backend: string; readonly peer: string }>> = {
  node: { backend: "tensorflow", peer: "@tensorflow/tfjs-node" },
  "node-gpu": { backend: "tensorflow", peer: "@tensorflow/tfjs-node-gpu" },
};

/**
 * A package that need not be there: beside this one, or in the project at hand, which may use this one from elsewhere. Its
 * name is not a literal, so that bundlers leave it alone.
 */
async function importPeer(name: string): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ name);
  } catch (error) {
    const fromProject = requireOfProject();
    try {
      fromProject?.resolve(name);
    } catch {
      throw error;
    }
    if (fromProject === undefined) throw error;
    return fromProject(name);
  }
}

/** Loads packages as modules of the working folder do; undefined outside Node.js. */
function requireOfProject(): NodeRequire | undefined {
  const folder = builtin("node:process")?.cwd();
  return folder === undefined ? undefined : builtin("node:module")?.createRequire(`${folder}/package.json`);
}

let loading: Promise<TensorFlow> | undefined;

/**
 * TensorFlow.js with a backend: the one that the caller has set, else the best that is registered, else `cpu`. Loaded
 * when first asked for, so that models that run on loops never load it.
 */
export function tensorFlow(): Promise<TensorFlow> {
  loading ??= load();
  return loading;
}

async function load(): Promise<TensorFlow> {
  const tf = await import("@tensorflow/tfjs-core");
  if (tf.engine().backendNames().length === 0) await backendPackages["cpu"]();
  await tf.ready();
  return tf;
}

/**
 * Loads and selects a backend for all that follows.
 *
 * @throws OptionError for a name that no package registers, or a backend that does not start on this machine
 */
export async function useBackend(name: string): Promise<void> {
  const tf = await import("@tensorflow/tfjs-core");
  const alias = aliases[name];
  if (alias !== undefined) {
    await importPeer(alias.peer);
    return useBackend(alias.backend);
  }
  if (!tf.engine().backendNames().includes(name)) {
    const register = backendPackages[name];
    if (register === undefined) {
      const known = [...Object.keys(backendPackages), ...Object.keys(aliases), ...tf.engine().backendNames()];
      throw new OptionError("backend", `one of ${[...new Set(known)].join(", ")}`, name);
    }
    await register();
  }
  if (!(await tf.setBackend(name))) throw new OptionError("backend", "a backend that starts on this machine", name);
}

/** Float64 values as a float32 tensor; the caller disposes of it. */
export function uploadTensor(tf: TensorFlow, values: Float64Array, shape: number[]): Tensor {
  return tf.tensor(new Float32Array(values), shape, "float32");
}

/** Parameters as tensors for one run, and room for their derivatives: see `downloadGradients`. */
export function uploadWeights(
  tf: TensorFlow,
  parameters: Tensors,
  shapes: Readonly<Record<string, number[]>>,
): DeviceTensors {
  const weights = Object.entries(shapes).map(([name, shape]) => [name, uploadTensor(tf, parameters[name], shape)]);
  return { weights: Object.fromEntries(weights) as DeviceTensors["weights"], gradients: {} };
}

/** Adds derivatives to `into`, by the names of the outputs; all tensors are disposed of. */
export async function downloadGradients({ weights, gradients }: DeviceTensors, into: Tensors): Promise<void> {
  for (const weight of Object.values(weights)) weight.dispose();
  for (const [name, tensor] of Object.entries(gradients)) {
    const values = await downloadTensor(tensor);
    const target = into[name];
    for (let i = 0; i < target.length; i++) target[i] += values[i];
  }
}

/** The values of a tensor, which is disposed of. */
export async function downloadTensor(tensor: Tensor): Promise<Float64Array> {
  try {
    return new Float64Array(await tensor.data());
  } finally {
    tensor.dispose();
  }
}

/**
 * Product of matrices, one or both of which lie transposed. The wasm backend is several times as fast on copies that are
 * turned as with its flags; all others are faster with these.
 */
export function multiplyMatrices(
  tf: TensorFlow,
  left: Tensor,
  right: Tensor,
  leftIsTransposed: boolean,
  rightIsTransposed: boolean,
): Tensor {
  if (tf.getBackend() !== "wasm") return tf.matMul(left, right, leftIsTransposed, rightIsTransposed);
  const turned = (tensor: Tensor, isTransposed: boolean): Tensor => {
    if (!isTransposed) return tensor;
    const order = tensor.shape.map((_, axis) => axis);
    return tf.transpose(tensor, [...order.slice(0, -2), ...order.slice(-2).reverse()]);
  };
  const [a, b] = [turned(left, leftIsTransposed), turned(right, rightIsTransposed)];
  const product = tf.matMul(a, b);
  if (a !== left) a.dispose();
  if (b !== right) b.dispose();
  return product;
}

/** 1 where a tensor without negative entries is above 0, else 0: by the operation that the backend makes of one kernel. */
export function isPositive(tf: TensorFlow, tensor: Tensor): Tensor {
  return tf.getBackend() === "tensorflow" ? tf.sign(tensor) : tf.step(tensor);
}

/** A tensor as the images or kernels that it is: TensorFlow.js's types do not see how many dimensions it has. */
export function imageTensor(tensor: Tensor): Tensor4D {
  if (tensor.rank !== 4) throw new Error(`a tensor of ${tensor.rank} dimensions where images have 4`);
  return tensor as Tensor4D;
}

/** A function of each entry, computed on the host in float64, for what TensorFlow.js has no operation. */
export async function mapOnHost(tf: TensorFlow, tensor: Tensor, map: (value: number) => number): Promise<Tensor> {
  const values = await tensor.data();
  return tf.tensor(Float32Array.from(values, map), tensor.shape, "float32");
}

/**
 * Mean of each column of row-major values [rows, …], missing entries left out; 0 for a column without entries. Float32
 * has seven digits, so generated code computes with the distance of data and parameters from these.
 */
export function columnMeans(values: Float64Array, rows: number): Float64Array {
  const columns = rows === 0 ? 0 : values.length / rows;
  const means = new Float64Array(columns);
  const counts = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column];
      if (Number.isNaN(value)) continue;
      counts[column]++;
      means[column] += (value - means[column]) / counts[column];
    }
  }
  return means;
}
