import type { Awaitable, Block, Sizes, Tensors, VariableDescription } from "./description.js";
import { type BoundOptions, BoundTrainer, type DrawOptions } from "./bound-trainer.js";
import type { BatchSource } from "./data/collect-columns.js";
import type { StepTask } from "./elbo/step-task.js";
import type { Dataset } from "./data/dataset.js";
import { evaluateBound, importanceBound, queryBlocks } from "./elbo/evaluate-bound.js";
import { rowTask } from "./elbo/row-task.js";
import type { ElboDescription, ElboMethods } from "./elbo/elbo-description.js";
import { answerForm, variableOfAnswer } from "./elbo/encode-rows.js";
import { product } from "./extents.js";
import { HostTurns } from "./host-turn.js";
import type { NamedTensor } from "./named-tensor.js";
import { namedTensor } from "./named-tensor.js";
import type { NetworkModule } from "./networks/network-description.js";
import type { FittedModel } from "./model-trainer.js";

/**
 * What every emitted trainer of a model with an evidence lower bound can do. The generated class adds the functions of
 * its model (`ElboMethods`) and its types: sizes S, parameters P (`NamedTensor`s by name), data D, posterior Q.
 */
export abstract class ElboTrainer<S extends object, P extends object, D = BatchSource, Q extends object = object>
  extends BoundTrainer<S, P, D, Q>
  implements ElboMethods
{
  /** @throws OptionError for an unknown size, or one that is not a positive integer */
  protected constructor(
    override readonly description: ElboDescription,
    sizes: Partial<S>,
    networks?: NetworkModule,
  ) {
    super(description, sizes, networks);
  }

  abstract stepOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract boundOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract logWeightOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract encodeOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract reconstructOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract logPriorOf(sizes: Sizes, parameters: Tensors, into: Tensors): Awaitable<void>;

  protected override stepTask(): StepTask {
    return rowTask(this);
  }

  protected override importance(
    dataset: Dataset,
    { values }: FittedModel,
    samples: number,
    options: DrawOptions,
  ): Promise<Float64Array> {
    return importanceBound(this, dataset, values, samples, options);
  }

  /** Means of the latents under the guide; of a discrete one the probabilities of its values. */
  async encode(data: D, options: Pick<BoundOptions, "binarize"> = {}): Promise<Readonly<Record<string, NamedTensor>>> {
    return this.perRow(data, "encode", options, (variable) => variable.role === "latent", "encodeOf");
  }

  /** Means of the observed variables, given the latents that the guide finds for each row. */
  async reconstruct(
    data: D,
    options: Pick<BoundOptions, "binarize"> = {},
  ): Promise<Readonly<Record<string, NamedTensor>>> {
    return this.perRow(data, "reconstruct", options, (variable) => variable.role === "observed", "reconstructOf");
  }

  /** The mean evidence lower bound with one draw for each row, and the divergence in it. */
  async evidenceLowerBound(
    data: D,
    options: BoundOptions = {},
  ): Promise<{ readonly bound: number; readonly divergence: number }> {
    const { seed = 0, binarize } = options;
    return this.query(data, "evidenceLowerBound", options, (dataset, { values }) =>
      evaluateBound(this, dataset, values, { seed, binarize }),
    );
  }

  /** Runs a generated function that writes values of some variables, row by row. */
  private async perRow(
    data: D,
    method: string,
    options: BoundOptions,
    isWanted: (variable: VariableDescription) => boolean,
    run: "encodeOf" | "reconstructOf",
  ): Promise<Readonly<Record<string, NamedTensor>>> {
    return this.query(data, method, options, async (dataset, { sizes, values }) => {
      const turns = new HostTurns();
      const answers: Record<string, NamedTensor> = {};
      const written = this.description.answers[run === "encodeOf" ? "encode" : "reconstruct"];
      for (const output of written) {
        const variable = variableOfAnswer(output, this.description.variables);
        if (variable === undefined || !isWanted(variable)) continue;
        const { axes, shape } = answerForm(variable, sizes);
        answers[output] = namedTensor(
          ["rows", ...axes],
          [dataset.rows, ...shape],
          new Float64Array(dataset.rows * product(shape)),
        );
      }
      for (const block of queryBlocks(this, dataset, method, { seed: 0, binarize: options.binarize })) {
        const into = Object.fromEntries(
          Object.entries(answers).map(([name, { data: all }]) => {
            const width = dataset.rows === 0 ? 0 : all.length / dataset.rows;
            return [name, all.subarray(block.firstRow * width, (block.firstRow + block.rows) * width)];
          }),
        );
        await this[run](sizes, values, block, into);
        await turns.give();
      }
      return Object.fromEntries(
        this.description.variables.flatMap(({ name }) => (name in answers ? [[name, answers[name]] as const] : [])),
      );
    });
  }
}
