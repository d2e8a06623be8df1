import type { Extent, ModelDescription, Sizes, Tensors, VariableDescription } from "../../runtime/description.js";
import { boundShape, product } from "../../runtime/extents.js";
import { ParameterSpace } from "../../runtime/parameter-space.js";
import { RandomStream } from "../../numerics/random.js";
import type { Trainer, TrainerClass } from "../trainer.js";

/** What one check found out. */
export interface Finding {
  readonly name: string;
  readonly outcome: "holds" | "fails" | "does not apply";
  readonly detail: string;
}

export type Values = Readonly<Record<string, { readonly shape: number[]; readonly data: Float64Array }>>;

/** A model at small sizes and parameters drawn at random: what the checks are made on. */
export interface Subject {
  readonly description: ModelDescription;
  readonly sizes: Sizes;
  readonly seed: number;
  /** Parameters that can move, in unconstrained coordinates. */
  readonly space: ParameterSpace;
  readonly point: Float64Array;
  /** A trainer at some point of the space. */
  trainerAt(point: Float64Array): Trainer;
  newTrainer(): Trainer;
  /** The given variables of so many rows, drawn at random. */
  given(rows: number): Values;
}

/** @param sizes complete */
export function makeSubject(Model: TrainerClass, sizes: Sizes, seed: number): Subject {
  const { description } = new Model(sizes);
  const space = new ParameterSpace(description.parameters, sizes, (name) =>
    description.parameters.some((parameter) => parameter.name === name && parameter.fixed !== undefined),
  );
  const base: Record<string, Float64Array> = {};
  for (const { name, shape, fixed } of description.parameters) {
    base[name] =
      fixed === undefined ? new Float64Array(product(boundShape(shape, sizes))).fill(1) : Float64Array.from(fixed);
  }
  const stream = new RandomStream({ seed, site: "verify.parameters", item: 0 });
  const point = Float64Array.from({ length: space.dimension }, () => stream.normal());
  const trainerAt = (at: Float64Array): Trainer => {
    const trainer = new Model(sizes);
    trainer.setParameters(shaped(description, sizes, space.fromVector(at, base)));
    return trainer;
  };
  return {
    description,
    sizes,
    seed,
    space,
    point,
    trainerAt,
    newTrainer: () => new Model(sizes),
    given: (rows) => drawGiven(description.variables, sizes, rows, seed),
  };
}

function shaped(description: ModelDescription, sizes: Sizes, values: Tensors): Values {
  return Object.fromEntries(
    description.parameters.map(({ name, shape }) => [name, { shape: boundShape(shape, sizes), data: values[name] }]),
  );
}

export function extentsOf(variable: VariableDescription): readonly Extent[] {
  return [...variable.plates, ...variable.event];
}

function drawGiven(variables: readonly VariableDescription[], sizes: Sizes, rows: number, seed: number): Values {
  return Object.fromEntries(
    variables
      .filter(({ role }) => role === "given")
      .map((variable) => {
        const shape = boundShape(extentsOf(variable), sizes);
        const categories = variable.categories === undefined ? 1 : boundShape([variable.categories], sizes)[0];
        const stream = new RandomStream({ seed, site: `verify.${variable.name}`, item: 0 });
        const data = Float64Array.from({ length: rows * product(shape) }, () =>
          drawOne(variable.domain, categories, stream),
        );
        return [variable.name, { shape: [rows, ...shape], data }];
      }),
  );
}

function drawOne(domain: VariableDescription["domain"], categories: number, stream: RandomStream): number {
  switch (domain) {
    case "positive":
      return Math.exp(stream.normal());
    case "unit":
      return stream.uniform();
    case "count":
      return Math.floor(5 * stream.uniform());
    case "binary":
      return stream.uniform() < 0.5 ? 1 : 0;
    case "category":
      return Math.floor(categories * stream.uniform());
    case "real":
    case "angle":
    case "simplex":
    case "ordered":
      return stream.normal();
  }
}

/** The observed and given variables of some draws. */
export async function drawData(
  subject: Subject,
  trainer: Trainer,
  rows: number,
): Promise<{ readonly data: Values; readonly drawn: Values }> {
  const given = subject.given(rows);
  const answers = await trainer.sample(rows, {
    seed: subject.seed,
    ...(Object.keys(given).length === 0 ? {} : { given }),
  });
  const drawn = Object.fromEntries(
    Object.entries(answers).map(([name, { shape, data }]) => [name, { shape: [...shape], data }]),
  );
  const observed = subject.description.variables
    .filter(({ role }) => role === "observed")
    .map(({ name }) => [name, drawn[name]]);
  return { data: { ...given, ...Object.fromEntries(observed) }, drawn };
}

/** How many standard errors a mean is away from zero. */
export function standardErrors(values: Float64Array): number {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  // Below rounding, a difference is none.
  return Math.abs(mean) < 1e-9 ? 0 : Math.abs(mean) / Math.sqrt(variance / n);
}
