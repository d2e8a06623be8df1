import type {
  CovarianceArgument,
  DensityContext,
  Distribution,
  SampleContext,
} from "../../src/distributions/distribution.js";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { NodeId } from "../../src/ir/plan.js";
import { RandomStream } from "../../src/numerics/random.js";

/** An argument of a distribution by value: a number, a list along the event (or category) axis, or a square matrix. */
export type Argument = number | readonly number[] | readonly (readonly number[])[];

/** The setting in which a family is evaluated: rows of children that share their arguments. */
export interface Setting {
  readonly distribution: Distribution;
  readonly arguments: Readonly<Record<string, Argument>>;
  /** Sizes of the child's event axes. */
  readonly event?: readonly number[];
  /** Number of categories of the child, where it has no event axis for them. */
  readonly categories?: number;
}

interface Built {
  readonly builder: PlanBuilder;
  readonly context: Omit<SampleContext, "site">;
  readonly inputs: Record<string, Float64Array>;
  readonly eventAxes: readonly string[];
}

function build(setting: Setting): Built {
  const builder = new PlanBuilder();
  builder.axis("n", { kind: "rows" });
  const event = setting.event ?? [];
  const eventAxes = event.map((value, i) => builder.axis(`x.${i}`, { kind: "literal", value }));
  const [first] = eventAxes;
  const isMatrix = event.length === 2;
  const isSimplexLike = setting.distribution.slots.some((slot) => slot.shape === "categories");
  const categoriesAxis =
    setting.categories === undefined
      ? first
      : builder.axis("categories", { kind: "literal", value: setting.categories });
  const column =
    event.length === 1
      ? builder.axis("x.column", { kind: "literal", value: event[0] })
      : isMatrix
        ? eventAxes[1]
        : undefined;
  const inputs: Record<string, Float64Array> = {};
  const shapes = new Map(setting.distribution.slots.map((slot) => [slot.name, slot.shape]));

  const node = (name: string, axes: readonly string[]): NodeId => {
    const value = setting.arguments[name];
    if (typeof value === "number") return builder.constant(value);
    inputs[name] = Float64Array.from(value.flat());
    return builder.input("parameter", name, axes);
  };
  const covariance = (name: string): CovarianceArgument => {
    const value = setting.arguments[name];
    const axes = { ...(first === undefined ? {} : { row: first }), ...(column === undefined ? {} : { column }) };
    if (typeof value === "number") return { structure: "isotropic", node: builder.constant(value), ...axes };
    if (typeof value[0] === "number")
      return { structure: "diagonal", node: node(name, eventAxes.slice(0, 1)), ...axes };
    return {
      structure: "full",
      node: node(
        name,
        [first, column].filter((axis) => axis !== undefined),
      ),
      ...axes,
    };
  };
  return {
    builder,
    inputs,
    eventAxes,
    context: {
      builder,
      eventAxes,
      axes: ["n"],
      ...(isSimplexLike || setting.distribution.values.includes("simplex")
        ? categoriesAxis === undefined
          ? {}
          : { categoriesAxis }
        : {}),
      has: (name) => setting.arguments[name] !== undefined,
      argument(name) {
        const shape = shapes.get(name);
        const axis = shape === "categories" ? categoriesAxis : first;
        return node(name, axis === undefined ? [] : [axis]);
      },
      covariance,
    },
  };
}

/** Evaluates what `make` builds from a density context, for rows of children; NaN entries count as missing. */
export function evaluateRows(
  setting: Setting,
  children: readonly (readonly number[])[],
  make: (context: DensityContext) => Readonly<Record<string, NodeId>>,
): Record<string, Float64Array> {
  const { builder, context, inputs, eventAxes } = build(setting);
  const raw = builder.input("data", "x", ["n", ...eventAxes]);
  const hasMissing = children.flat().some(Number.isNaN);
  const density: DensityContext = {
    ...context,
    childIsLatent: false,
    child: hasMissing ? builder.unary("presentOrZero", raw) : raw,
    ...(hasMissing ? { present: builder.unary("isPresent", raw) } : {}),
  };
  for (const [name, node] of Object.entries(make(density))) {
    builder.output(name, node, ["n", ...builder.axesOf(node).filter((axis) => axis !== "n")]);
  }
  return interpretPlan(builder.build("evaluate"), {
    sizes: {},
    rows: children.length,
    inputs: { parameter: inputs, data: { x: Float64Array.from(children.flat()) } },
  });
}

/** log density of each row. */
export function logDensities(setting: Setting, children: readonly (readonly number[])[]): number[] {
  const { result } = evaluateRows(setting, children, (context) => ({
    result: setting.distribution.logDensity(context),
  }));
  return [...result];
}

export function logDensity(setting: Setting, ...child: readonly number[]): number {
  return logDensities(setting, [child])[0];
}

/** Mean, one number per entry of the child (or per category). */
export function meanOf(setting: Setting): number[] {
  const { builder, context, inputs, eventAxes } = build(setting);
  const axes = eventAxes.length > 0 ? eventAxes : setting.categories === undefined ? [] : ["categories"];
  builder.output("result", setting.distribution.mean(context), axes);
  return [...interpretPlan(builder.build("mean"), { sizes: {}, rows: 1, inputs: { parameter: inputs } }).result];
}

/** Draws, row by row. */
export function samplesOf(setting: Setting, rows: number, seed = 11): number[][] {
  const { builder, context, inputs, eventAxes } = build(setting);
  builder.output("result", setting.distribution.sample({ ...context, site: "x" }), ["n", ...eventAxes]);
  const streams = new Map<string, RandomStream>();
  const { result } = interpretPlan(builder.build("sample"), {
    sizes: {},
    rows,
    inputs: { parameter: inputs },
    stream(site) {
      const known = streams.get(site) ?? new RandomStream({ seed, site });
      streams.set(site, known);
      return known;
    },
  });
  const width = result.length / rows;
  return Array.from({ length: rows }, (_, n) => [...result.subarray(n * width, (n + 1) * width)]);
}
