import type { Tensor } from "@tensorflow/tfjs-core";
import type { TensorFlow } from "../tensor-flow.js";
import { adamFactors, type DeviceOptimiser, type DeviceStep, type Moments } from "./device-optimiser.js";
import type { OptimiserSettings } from "./optimiser.js";

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** What of the backend of tfjs-node is used: TensorFlow's own operations, by name. */
interface NativeBackend {
  readonly isUsingGpuDevice?: boolean;
  readonly binding: Readonly<
    Record<"TF_ATTR_STRING" | "TF_ATTR_TYPE" | "TF_ATTR_SHAPE" | "TF_ATTR_BOOL" | "TF_FLOAT", number>
  >;
  executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): readonly Tensor[];
}

/**
 * Adam as TensorFlow's own operation on its variables; undefined on other backends. On a GPU, where this was not tried,
 * operations do the same.
 *
 * @source TensorFlow's ResourceApplyAdam: x -= rate m / (sqrt(v) + eps), with the corrections left to the rate and eps
 */
export function nativeAdam(tf: TensorFlow, settings: OptimiserSettings): DeviceOptimiser | undefined {
  if (tf.getBackend() !== "tensorflow") return undefined;
  const backend: unknown = tf.backend();
  return isNativeBackend(backend) && backend.isUsingGpuDevice !== true
    ? new NativeAdam(tf, settings, backend)
    : undefined;
}

function isNativeBackend(value: unknown): value is NativeBackend {
  const backend = value as Partial<NativeBackend>;
  return (
    typeof backend.executeSingleOutput === "function" &&
    typeof backend.executeMultipleOutputs === "function" &&
    typeof backend.binding?.TF_ATTR_SHAPE === "number"
  );
}

/** Variables of TensorFlow: tensors that stand for their addresses. */
interface Variables {
  readonly weight: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

let variables = 0;

class NativeAdam implements DeviceOptimiser {
  private readonly held = new Map<string, Variables>();
  private readonly constants: Readonly<Record<"zero" | "beta1" | "beta2", Tensor>>;
  private ofStep: { readonly step: number; readonly rate: Tensor; readonly epsilon: Tensor } | undefined;

  constructor(
    private readonly tf: TensorFlow,
    private readonly settings: OptimiserSettings,
    private readonly backend: NativeBackend,
  ) {
    this.constants = { zero: tf.scalar(0), beta1: tf.scalar(settings.beta1), beta2: tf.scalar(settings.beta2) };
  }

  begin(name: string, weight: Tensor): void {
    const zeros = this.tf.zerosLike(weight);
    this.held.set(name, {
      weight: this.variable(weight),
      first: this.variable(zeros),
      second: this.variable(zeros),
    });
    zeros.dispose();
  }

  step(name: string, weight: Tensor, gradient: Tensor, settings: DeviceStep): Tensor {
    const { tf } = this;
    const held = this.of(name);
    const { kept } = adamFactors(this.settings, settings);
    if (kept !== 1) {
      const decayed = tf.mul(weight, kept);
      this.assign(held.weight, decayed);
      decayed.dispose();
    }
    // What was read of a variable would be copied if it were still there when it changes.
    weight.dispose();
    const { rate, epsilon } = this.scalars(settings);
    const { zero, beta1, beta2 } = this.constants;
    const scaled = settings.factor === 1 ? gradient : tf.mul(gradient, settings.factor);
    this.backend.executeMultipleOutputs(
      "ResourceApplyAdam",
      [this.float("T"), this.flag("use_locking", false), this.flag("use_nesterov", false)],
      [held.weight, held.first, held.second, zero, zero, rate, beta1, beta2, epsilon, scaled],
      0,
    );
    if (scaled !== gradient) scaled.dispose();
    return this.read(held.weight);
  }

  async moments(name: string): Promise<Moments> {
    const held = this.of(name);
    const valuesOf = async (variable: Tensor): Promise<Float32Array> => {
      const tensor = this.read(variable);
      const values = Float32Array.from(await tensor.data());
      tensor.dispose();
      return values;
    };
    return { first: await valuesOf(held.first), second: await valuesOf(held.second) };
  }

  restore(name: string, weight: Tensor, values: Float32Array, moments: Moments): Tensor {
    const held = this.of(name);
    const { shape } = weight;
    weight.dispose();
    const set = (variable: Tensor, given: Float32Array): void => {
      const tensor = this.tf.tensor(given, shape, "float32");
      this.assign(variable, tensor);
      tensor.dispose();
    };
    set(held.weight, values);
    set(held.first, moments.first);
    set(held.second, moments.second);
    return this.read(held.weight);
  }

  release(): void {
    for (const held of this.held.values()) {
      for (const variable of Object.values(held) as Tensor[]) {
        this.backend.executeMultipleOutputs(
          "DestroyResourceOp",
          [this.flag("ignore_lookup_error", true)],
          [variable],
          0,
        );
        variable.dispose();
      }
    }
    this.tf.dispose(Object.values(this.constants));
    this.dropScalars();
    this.held.clear();
  }

  private of(name: string): Variables {
    const found = this.held.get(name);
    if (found === undefined) throw new Error(`native adam: ${name} has no variables`);
    return found;
  }

  /** Scalars that all parameters read in one step. The operation goes downhill. */
  private scalars(settings: DeviceStep): { readonly rate: Tensor; readonly epsilon: Tensor } {
    if (this.ofStep?.step === settings.step) return this.ofStep;
    this.dropScalars();
    const { scale, epsilon } = adamFactors(this.settings, settings);
    const made = { step: settings.step, rate: this.tf.scalar(-scale), epsilon: this.tf.scalar(epsilon) };
    this.ofStep = made;
    return made;
  }

  private dropScalars(): void {
    if (this.ofStep !== undefined) this.tf.dispose([this.ofStep.rate, this.ofStep.epsilon]);
    this.ofStep = undefined;
  }

  private variable(value: Tensor): Tensor {
    const { binding } = this.backend;
    const text = (name: string, given: string): Attribute => ({ name, type: binding.TF_ATTR_STRING, value: given });
    const made = this.backend.executeSingleOutput(
      "VarHandleOp",
      [
        text("container", ""),
        // Variables of one name are one variable.
        text("shared_name", `genc-${variables++}`),
        this.float("dtype"),
        { name: "shape", type: binding.TF_ATTR_SHAPE, value: value.shape },
      ],
      [],
    );
    this.assign(made, value);
    return made;
  }

  private assign(variable: Tensor, value: Tensor): void {
    this.backend.executeMultipleOutputs("AssignVariableOp", [this.float("dtype")], [variable, value], 0);
  }

  private read(variable: Tensor): Tensor {
    return this.backend.executeSingleOutput("ReadVariableOp", [this.float("dtype")], [variable]);
  }

  private float(name: string): Attribute {
    return { name, type: this.backend.binding.TF_ATTR_TYPE, value: this.backend.binding.TF_FLOAT };
  }

  private flag(name: string, value: boolean): Attribute {
    return { name, type: this.backend.binding.TF_ATTR_BOOL, value };
  }
}
