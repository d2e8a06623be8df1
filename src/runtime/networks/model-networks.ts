import type { Block, ParameterDescription, Sizes, Tensors } from "../description.js";
import { boundShape, product } from "../extents.js";
import type { NetworkModule } from "./network-description.js";
import { NetworkInstance } from "./network-instance.js";

/**
 * The float32 functions of an emitted trainer: instantiated when first used, and only where WebAssembly with SIMD runs.
 * Otherwise `run` answers false, and the caller runs its loops.
 */
export class ModelNetworks {
  private instance:
    | {
        readonly of: NetworkInstance;
        readonly sizes: string;
        readonly places: ReturnType<NetworkInstance["place"]>;
        parameters: Tensors | undefined;
      }
    | undefined;
  private readonly created = new Set<NetworkInstance>();
  private isAbsent: boolean;

  constructor(
    private readonly module: NetworkModule | undefined,
    private readonly parameters: readonly ParameterDescription[],
  ) {
    this.isAbsent = module === undefined;
  }

  /** A fresh instance of its own, for a fit. @param threads most at work [as many as there are cores] */
  create(sizes: Sizes, threads?: number): NetworkInstance | undefined {
    if (this.isAbsent || this.module === undefined) return undefined;
    try {
      const made = new NetworkInstance(this.module, sizes, { threads });
      this.created.add(made);
      return made;
    } catch (error) {
      // No WebAssembly, no SIMD, or a page that forbids compiling: the loops do the same in JavaScript.
      if (typeof WebAssembly !== "undefined" && !(error instanceof WebAssembly.CompileError)) throw error;
      this.isAbsent = true;
      return undefined;
    }
  }

  /** The instance that queries share, with these parameters in its memory. */
  ofQueries(sizes: Sizes, parameters: Tensors): NetworkInstance | undefined {
    const shared = this.shared(sizes);
    if (shared === undefined) return undefined;
    const { of, places } = shared;
    const all = of.view(places.address, places.length);
    for (const [name, offset] of places.offsets) all.set(parameters[name], offset);
    shared.parameters = parameters;
    return of;
  }

  private shared(sizes: Sizes): typeof this.instance {
    const key = JSON.stringify(sizes);
    if (this.instance?.sizes === key) return this.instance;
    const of = this.create(sizes, 1);
    if (of === undefined) return undefined;
    const places = of.place(
      "parameter",
      this.parameters.map(({ name, shape }) => ({ name, length: product(boundShape(shape, sizes)) })),
    );
    return (this.instance = { of, sizes: key, places, parameters: undefined });
  }

  /** Runs a function over a block, as the generated loops of that name do, but without adding to `into`. */
  run(name: string, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): boolean {
    const shared = this.shared(sizes);
    if (shared === undefined) return false;
    const { of } = shared;
    if (!of.has(name)) return false;
    const prepared = of.prepare(name, block.rows);
    const isKnown = shared.parameters === parameters;
    for (const [key, view] of prepared.views) {
      const space = key.indexOf(" ");
      const [kind, of] = [key.slice(0, space), key.slice(space + 1)];
      if (kind === "data") view.set(block.data[of]);
      if (kind === "table") view.set(block.tables[of]);
      if (kind === "parameter" && !isKnown) view.set(parameters[of]);
    }
    prepared.run();
    for (const [output, values] of Object.entries(into)) {
      const view = prepared.views.get(`output ${output}`);
      if (view !== undefined) values.set(view);
    }
    return true;
  }

  /** Lets go of memory, and ends threads. */
  release(): void {
    for (const instance of this.created) instance.dispose();
    this.created.clear();
    this.instance = undefined;
  }
}
