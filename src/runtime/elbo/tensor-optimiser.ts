import type { Tensor } from "@tensorflow/tfjs-core";
import type { TensorFlow } from "../tensor-flow.js";
import { adamFactors, type DeviceOptimiser, type DeviceStep, type Moments } from "./device-optimiser.js";
import { adamEpsilon, type OptimiserSettings } from "./optimiser.js";

/** Steps as operations that every backend has. */
export class TensorOptimiser implements DeviceOptimiser {
  protected readonly held = new Map<string, { readonly first: Tensor; readonly second: Tensor }>();

  constructor(
    protected readonly tf: TensorFlow,
    protected readonly settings: OptimiserSettings,
  ) {}

  begin(name: string, weight: Tensor): void {
    this.held.set(name, { first: this.tf.zerosLike(weight), second: this.tf.zerosLike(weight) });
  }

  step(name: string, weight: Tensor, gradient: Tensor, settings: DeviceStep): Tensor {
    const { tf } = this;
    const { optimizer, beta1, beta2 } = this.settings;
    const before = this.of(name);
    const average = (old: Tensor, now: Tensor, beta: number): Tensor =>
      tf.add(tf.mul(old, beta), tf.mul(now, 1 - beta));
    const [after, first, second] = tf.tidy(() => {
      const g = settings.factor === 1 ? gradient : tf.mul(gradient, settings.factor);
      switch (optimizer) {
        case "adam":
        case "adamw": {
          const { scale, epsilon, kept } = adamFactors(this.settings, settings);
          const m = average(before.first, g, beta1);
          const v = average(before.second, tf.square(g), beta2);
          const change = tf.mul(tf.div(m, tf.add(tf.sqrt(v), epsilon)), scale);
          return [tf.add(kept === 1 ? weight : tf.mul(weight, kept), change), m, v] as const;
        }
        case "sgd": {
          const m = tf.add(tf.mul(before.first, beta1), g);
          return [tf.add(weight, tf.mul(m, settings.rate)), m, tf.clone(before.second)] as const;
        }
        case "rmsprop": {
          const v = average(before.second, tf.square(g), beta2);
          const change = tf.div(tf.mul(g, settings.rate), tf.add(tf.sqrt(v), adamEpsilon));
          return [tf.add(weight, change), tf.clone(before.first), v] as const;
        }
      }
    }) as readonly [Tensor, Tensor, Tensor];
    tf.dispose([weight, before.first, before.second]);
    this.held.set(name, { first, second });
    return after;
  }

  async moments(name: string): Promise<Moments> {
    const { first, second } = this.of(name);
    return { first: Float32Array.from(await first.data()), second: Float32Array.from(await second.data()) };
  }

  restore(name: string, weight: Tensor, values: Float32Array, moments: Moments): Tensor {
    const { tf } = this;
    const like = (given: Float32Array): Tensor => tf.tensor(given, weight.shape, "float32");
    const before = this.of(name);
    tf.dispose([weight, before.first, before.second]);
    this.held.set(name, { first: like(moments.first), second: like(moments.second) });
    return like(values);
  }

  release(): void {
    for (const { first, second } of this.held.values()) this.tf.dispose([first, second]);
    this.held.clear();
  }

  protected of(name: string): { readonly first: Tensor; readonly second: Tensor } {
    const found = this.held.get(name);
    if (found === undefined) throw new Error(`device optimiser: ${name} has no moments`);
    return found;
  }
}
