import type { ModelDescription, Sizes } from "./description.js";
import type { Dataset } from "./data/dataset.js";
import { takeIn } from "./data/dataset.js";
import type { LabelDictionary } from "./data/labels.js";
import { readingGrey, settleGrey } from "./elbo/grey-values.js";
import { ModelTrainer } from "./model-trainer.js";
import { ModelNetworks } from "./networks/model-networks.js";
import type { NetworkModule } from "./networks/network-description.js";

export type Binarize = "resample" | "expected" | "threshold";

/** What trainers that learn by minibatch steps have in common, whatever their objective. */
export abstract class StepTrainer<S extends object, P extends object> extends ModelTrainer<S, P> {
  readonly networks: ModelNetworks;

  /** @throws OptionError for an unknown size, or one that is not a positive integer */
  protected constructor(description: ModelDescription, sizes: Partial<S>, networks?: NetworkModule) {
    super(description, sizes);
    this.networks = new ModelNetworks(networks, description.parameters);
  }

  protected async takeIn(
    data: unknown,
    sizes: Sizes,
    sizesOrigin: string,
    labels: Readonly<Record<string, LabelDictionary>>,
    { weights, binarize }: { readonly binarize?: Binarize | undefined; readonly weights?: unknown },
  ): Promise<Dataset> {
    const { variables } = this.description;
    const description =
      binarize === undefined ? this.description : { ...this.description, variables: readingGrey(variables) };
    const dataset = await takeIn(description, data, { sizes, sizesOrigin, labels, needs: "all", weights });
    if (binarize !== undefined) settleGrey(dataset, variables, binarize);
    return dataset;
  }
}
