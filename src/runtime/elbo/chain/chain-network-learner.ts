import type { StepOutcome, StepSettings } from "../learner.js";
import { NetworkLearner } from "../network-learner.js";
import { NetworkRunner, type Numbers, type PartRunner } from "./part-runner.js";

/** Works out a batch with a runner: parts add the step's outputs and derivatives to `totals`. */
export type EvaluateBatch = (runner: PartRunner, totals: Readonly<Record<string, Numbers>>) => Promise<void>;

/** Learns with float32 WebAssembly, step by step along the sequences of a batch. */
export class ChainNetworkLearner extends NetworkLearner {
  /** Set before each step. */
  evaluateBatch: EvaluateBatch = () => Promise.resolve();
  private runner: NetworkRunner | undefined;
  private totals: Record<string, Float32Array> | undefined;

  override async step(_size: number, settings: StepSettings): Promise<StepOutcome> {
    this.runner ??= new NetworkRunner(this.instance);
    const totals = (this.totals ??= Object.fromEntries([
      ...["objective", "bound", "divergence"].map((name) => [name, new Float32Array(1)] as const),
      ...[...this.lengths].map(([name, length]) => [`gradient.${name}`, new Float32Array(length)] as const),
    ]));
    for (const values of Object.values(totals)) values.fill(0);
    await this.evaluateBatch(this.runner, totals);
    this.placeGradients(totals);
    const outcome = Object.fromEntries(
      ["objective", "bound", "divergence"].map((name) => [name, totals[name]?.[0] ?? NaN]),
    );
    return this.move({ outcome, output: (name) => totals[name] }, settings);
  }
}
