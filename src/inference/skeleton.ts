import type { Model } from "../ir/model.js";
import { adjoints } from "../ir/passes/differentiate.js";
import type { NodeId, PlanAxis, PlanFunction } from "../ir/plan.js";
import { PlanBuilder } from "../ir/plan-builder.js";
import { declarePlates, isEnumerable, rowsAxisOf, valuesAxis } from "./elaborate/axes.js";

/** The table of a factor, or of factors integrated together, as the skeleton sees it: where it lives and its axes. */
export interface TableShape {
  readonly name: string;
  /** Plates of the child, outermost first. */
  readonly plates: readonly string[];
  /** Axes the table really has: a weight that is the same for all rows has no rows axis. */
  readonly axes: readonly string[];
}

/**
 * The inside pass over abstract tables: elimination of the discrete latents, and its derivatives.
 *
 * Inputs: `factor.<name>` for each table, `tilt.<latent>` (zero unless asked), the weight column. Outputs:
 * `logDensity` [rows], `logLikelihood` [], `responsibility.<factor>` (weighted, on the table's axes; summed over the
 * axes the table lacks), `share.<factor>` (the same, unweighted), `posterior.<latent>` [plates, values].
 *
 * Only the inside pass is written by rules; the E-step is its derivative with respect to the tables.
 */
export function deriveSkeleton(
  model: Model,
  tables: readonly TableShape[],
  axes: readonly PlanAxis[],
  eliminationOrder: readonly string[],
): PlanFunction {
  const builder = new PlanBuilder();
  const rows = builder.axis(rowsAxisOf(model), { kind: "rows" });
  for (const axis of axes) builder.axis(axis.name, axis.size);
  const latents = model.variables.filter(isEnumerable);

  const inputs = new Map<string, NodeId>();
  const tilts = new Map<string, NodeId>();
  const potentials: Potential[] = [];
  for (const table of tables) {
    const node = builder.input("table", `factor.${table.name}`, table.axes);
    inputs.set(table.name, node);
    potentials.push({ node, plates: table.plates });
  }
  for (const latent of latents) {
    declarePlates(builder, model, latent.axes);
    const node = builder.input("table", `tilt.${latent.name}`, [...latent.axes, valuesAxis(builder, latent)]);
    tilts.set(latent.name, node);
    potentials.push({ node, plates: latent.axes });
  }

  const perRow = eliminate(
    builder,
    potentials,
    eliminationOrder
      .flatMap((name) => latents.filter((latent) => latent.name === name))
      .map(({ name, axes: plates }) => ({ name, plates })),
    rows,
  );
  const weightName = model.axes.find((axis) => axis.name === rows)?.weight;
  const total = builder.rule(`plate ${rows}`, () => builder.sum(perRow, [rows]));
  const weighted =
    weightName === undefined
      ? total
      : builder.rule(`plate ${rows}, weighted`, () =>
          builder.sum(builder.times(builder.input("data", weightName, [rows]), perRow), [rows]),
        );

  builder.output("logDensity", perRow, [rows]);
  builder.output("logLikelihood", weighted, []);
  const wanted = [...inputs.values(), ...tilts.values()];
  const shares = adjoints(builder, total, wanted);
  const responsibilities = weightName === undefined ? shares : adjoints(builder, weighted, wanted);
  const output = (name: string, node: NodeId, stored: readonly string[]): void => builder.output(name, node, stored);
  let i = 0;
  for (const [name, node] of inputs) {
    output(`responsibility.${name}`, responsibilities[i]!, builder.axesOf(node));
    output(`share.${name}`, shares[i]!, builder.axesOf(node));
    i++;
  }
  for (const [name, node] of tilts) {
    output(`posterior.${name}`, shares[i]!, builder.axesOf(node));
    i++;
  }
  return builder.build("skeleton");
}

export interface Potential {
  readonly node: NodeId;
  readonly plates: readonly string[];
}

/**
 * Variable elimination over plates, innermost first: within a plate each latent's bucket is added up and reduced by
 * logSumExp; what is left in the plate is independent given the outer latents, so it is summed and moves outwards.
 */
export function eliminate(
  builder: PlanBuilder,
  potentials: readonly Potential[],
  latents: readonly { readonly name: string; readonly plates: readonly string[] }[],
  rows: string,
): NodeId {
  const path = (plates: readonly string[]): string => plates.join("/");
  const depth = (place: string): number => (place === "" ? 0 : place.split("/").length);
  const pending = new Map<string, Potential[]>();
  const put = (potential: Potential): void => {
    const place = path(potential.plates);
    pending.set(place, [...(pending.get(place) ?? []), potential]);
    // An empty plate between two others still has to be passed through.
    for (let i = 0; i < potential.plates.length; i++) {
      const outer = path(potential.plates.slice(0, i));
      if (!pending.has(outer)) pending.set(outer, []);
    }
  };
  potentials.forEach(put);
  for (;;) {
    const place = [...pending.keys()].sort((a, b) => depth(b) - depth(a) || (a < b ? -1 : 1))[0];
    const plates = place === undefined || place === "" ? [] : place.split("/");
    let left = (place === undefined ? [] : (pending.get(place) ?? [])).map((potential) => potential.node);
    if (place !== undefined) pending.delete(place);
    for (const latent of latents.filter((candidate) => path(candidate.plates) === path(plates))) {
      const bucket = left.filter((node) => builder.has(node, latent.name));
      left = left.filter((node) => !builder.has(node, latent.name));
      left.push(
        builder.rule(`eliminate ${latent.name}`, () =>
          builder.logSumExp(
            bucket.reduce((a, b) => builder.plus(a, b)),
            [latent.name],
          ),
        ),
      );
    }
    const total = left.length === 0 ? builder.constant(0) : left.reduce((a, b) => builder.plus(a, b));
    if (plates.length <= 1 && (plates.length === 0 || plates[0] === rows)) {
      const outermost = pending.get("") ?? [];
      return outermost.reduce((node, potential) => builder.plus(node, potential.node), total);
    }
    const last = plates[plates.length - 1]!;
    put({
      node: builder.rule(`plate ${last}`, () => builder.sum(total, [last])),
      plates: plates.slice(0, -1),
    });
  }
}
