import type { Tensors } from "../../description.js";
import type { Dataset } from "../../data/dataset.js";
import { sequenceCount } from "../../data/sequences.js";
import { HostTurns } from "../../host-turn.js";
import type { EvaluationOptions } from "../evaluate-bound.js";
import type { ChainElboMethods } from "./chain-elbo-description.js";
import { LoopRunner, NetworkRunner, type PartRunner } from "./part-runner.js";
import { runAll, runForward } from "./run-bound.js";
import { sequencesOf, tapeOf } from "./tape-of.js";
import type { Tape } from "./tape.js";

/** Rows of a block of a query, unless one sequence has more. */
const blockRows = 4096;

/** Runs parts with known parameters: in float32 where there are kernels, else in the generated loops. */
export function runnerOf(methods: ChainElboMethods, data: Dataset, parameters: Tensors): PartRunner {
  const { sizes } = data;
  const instance = methods.networks.ofQueries(sizes, parameters);
  return instance === undefined ? new LoopRunner(methods, sizes, parameters) : new NetworkRunner(instance);
}

/** Visits all sequences, block by block, their latents drawn or at the centres of their distributions. */
export async function visitSequences(
  methods: ChainElboMethods,
  data: Dataset,
  parameters: Tensors,
  { seed, draw = 0, how }: { readonly seed: number; readonly draw?: number; readonly how: "draw" | "centre" },
  visit: (tape: Tape) => Promise<void>,
): Promise<void> {
  const turns = new HostTurns();
  const sequences = sequencesOf(data);
  const count = sequenceCount(sequences);
  const runner = runnerOf(methods, data, parameters);
  for (let first = 0, block = 0; first < count; block++) {
    let last = first + 1;
    while (last < count && sequences.starts[last + 1] - sequences.starts[first] <= blockRows) last++;
    const chosen = Uint32Array.from({ length: last - first }, (_, i) => first + i);
    const tape = tapeOf(
      methods.description,
      data,
      chosen,
      runner,
      {},
      { seed, step: draw * blocksPerDraw + block },
      {},
    );
    await runForward(methods.description.chain, tape, how);
    await visit(tape);
    await turns.give();
    first = last;
  }
}

const blocksPerDraw = 2 ** 20;

/** Means over rows of the bound with one draw of the latents, and of its divergence. */
export async function evaluateChainBound(
  methods: ChainElboMethods,
  data: Dataset,
  parameters: Tensors,
  { seed }: EvaluationOptions,
): Promise<{ readonly bound: number; readonly divergence: number }> {
  let [bound, divergence] = [0, 0];
  await visitSequences(methods, data, parameters, { seed, how: "draw" }, async (tape) => {
    await runAll(methods.description.chain, tape, "bound");
    tape.packed.sources.forEach((source, row) => {
      const weight = data.weights?.[source] ?? 1;
      bound += weight * tape.result("bound")[row];
      divergence += weight * tape.result("divergence")[row];
    });
  });
  return { bound: bound / data.totalWeight, divergence: divergence / data.totalWeight };
}

/**
 * Of each row the importance-weighted bound of the steps up to it, less that of those before:
 *
 *     b_t = log mean_s exp(sum over u <= t of w_su) - log mean_s exp(sum over u < t of w_su)
 *
 * so that the rows of a sequence add up to its bound, which rises to log p(y) with the draws s.
 */
export async function importanceAlongChains(
  methods: ChainElboMethods,
  data: Dataset,
  parameters: Tensors,
  draws: number,
  { seed }: EvaluationOptions,
): Promise<Float64Array> {
  const largest = new Float64Array(data.rows).fill(-Infinity);
  const sums = new Float64Array(data.rows);
  for (let draw = 0; draw < draws; draw++) {
    await visitSequences(methods, data, parameters, { seed, draw, how: "draw" }, async (tape) => {
      await runAll(methods.description.chain, tape, "weight");
      const weights = tape.result("logWeight");
      const total = new Float64Array(tape.rows);
      const { before, sources } = tape.packed;
      for (let row = 0; row < tape.rows; row++) {
        total[row] = weights[row] + (before[row] < 0 ? 0 : total[before[row]]);
        const at = sources[row];
        const weight = total[row];
        if (weight === -Infinity) continue;
        if (weight > largest[at]) {
          sums[at] = sums[at] * Math.exp(largest[at] - weight) + 1;
          largest[at] = weight;
        } else sums[at] += Math.exp(weight - largest[at]);
      }
    });
  }
  const upTo = largest.map((value, row) => (sums[row] === 0 ? -Infinity : value + Math.log(sums[row] / draws)));
  const { order, starts } = sequencesOf(data);
  const perRow = Float64Array.from(upTo);
  for (let sequence = 0; sequence + 1 < starts.length; sequence++)
    for (let at = starts[sequence] + 1; at < starts[sequence + 1]; at++)
      perRow[order[at]] = upTo[order[at]] - upTo[order[at - 1]];
  return perRow;
}
