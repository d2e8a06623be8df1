import type { DensityFactor } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { ones } from "../instantiate.js";
import { maskedCovariance } from "../../distributions/location-scale.js";
import type { CovarianceArgument, DensityContext } from "../../distributions/distribution.js";
import { affine } from "../affine.js";
import { eventAxesOf, laggedName, shapeOf } from "../elaborate/axes.js";
import { axisSize } from "../elaborate/axes.js";
import type { Elaborator } from "../elaborate/elaborator.js";
import { argumentContext } from "../elaborate/factor-density.js";
import { latentsOf } from "../latents.js";
import { coefficientOf } from "./coefficient.js";
import { type ContinuousVariable, pairOf, type Potential, secondAxis } from "./potential.js";

/** A Normal density taken apart: residual e = offset - sum_u C_u x_u, of covariance Q. */
export interface LinearGaussian {
  readonly factor: DensityFactor;
  readonly plates: readonly string[];
  readonly scope: readonly ContinuousVariable[];
  /** The child's event axis; absent for a scalar. */
  readonly row?: string;
  /** What the residual is where the scope is 0: y - o (observed child) or -o (the child is in the scope). */
  readonly offset: NodeId;
  /** C_u by key, [row, u]; the child's own is `-1` times the identity and not listed. */
  readonly coefficients: ReadonlyMap<string, NodeId>;
  /** Key of the child where it is in the scope. */
  readonly child?: string;
  /** 1 where the child is observed; absent: everywhere. */
  readonly present?: NodeId;
  readonly covariance: CovarianceArgument;
}

/** The variable of a scope: `x`, or `x[t-1]` for a lagged copy. */
export function continuousVariable(elaborator: Elaborator, name: string, lag = 0): ContinuousVariable {
  const { builder } = elaborator;
  const variable = elaborator.variable(name);
  const key = laggedName(name, lag);
  const [dimension, second] = shapeOf(variable.domain);
  if (second !== undefined) throw new Error(`elimination: ${name} is a matrix`);
  if (dimension === undefined) return { key, name, lag };
  const axis = lag === 0 ? eventAxesOf(builder, variable)[0]! : builder.axis(`${key}.0`, axisSize(dimension));
  secondAxis(builder, axis);
  return { key, name, lag, axis };
}

/**
 * Takes a Normal factor with an affine mean apart. The child may be observed (entries may be missing) or a latent.
 *
 * @param missing entries may be missing in this variant
 */
export function takeApart(elaborator: Elaborator, factor: DensityFactor, missing: boolean): LinearGaussian {
  const { builder, model } = elaborator;
  const variable = elaborator.variable(factor.child);
  const mean = factor.arguments["mean"];
  const form = mean === undefined ? undefined : affine(mean, latentsOf(model));
  if (form?.kind !== "affine") throw new Error(`elimination: the mean of ${factor.name} is not affine`);
  const eventAxes = eventAxesOf(builder, variable);
  const [row] = eventAxes;
  const scope: ContinuousVariable[] = [];
  const coefficients = new Map<string, NodeId>();
  const isLatent = variable.role === "latent";
  const child = isLatent ? continuousVariable(elaborator, variable.name) : undefined;
  if (child !== undefined) scope.push(child);
  for (const term of form.terms) {
    const parent = continuousVariable(elaborator, term.variable, term.lag);
    scope.push(parent);
    coefficients.set(parent.key, coefficientOf(elaborator, term.map, parent.axis, row));
  }
  const known = form.offset === undefined ? builder.constant(0) : elaborator.value(form.offset, eventAxes);
  // A latent that others take for known is read as what is expected of it.
  const raw = isLatent
    ? builder.constant(0)
    : (elaborator.mode.drawn?.get(variable.name) ?? elaborator.data(variable, eventAxes));
  const isOptional = missing && variable.optional && !isLatent;
  const present = isOptional ? builder.unary("isPresent", raw) : undefined;
  const value = isOptional ? builder.unary("presentOrZero", raw) : raw;
  const difference = builder.minus(value, known);
  const context = argumentContext(elaborator, factor, eventAxes, undefined);
  return {
    factor,
    plates: variable.axes,
    scope,
    ...(row === undefined ? {} : { row }),
    offset: present === undefined ? difference : builder.times(present, difference),
    coefficients,
    ...(child === undefined ? {} : { child: child.key }),
    ...(present === undefined ? {} : { present }),
    covariance: spreadOf(context, row),
  };
}

/** The covariance slot, or the square of `sd`. */
export function spreadOf(context: ReturnType<typeof argumentContext>, row: string | undefined): CovarianceArgument {
  if (context.has("covariance")) return context.covariance("covariance");
  const { builder } = context;
  const node = builder.unary("square", context.argument("sd"));
  if (row === undefined) return { structure: "isotropic", node };
  const column = secondAxis(builder, row);
  return { structure: builder.has(node, row) ? "diagonal" : "isotropic", node, row, column };
}

/**
 * The potential of a Normal factor: with e = offset - sum_u C_u x_u (the child's own C = -I),
 *
 *     J_uv = C_u' Q^-1 C_v,   h_u = C_u' Q^-1 offset,   g = -1/2 offset' Q^-1 offset - 1/2 log |2 pi Q|
 *
 * over the observed entries: rows and columns of Q where the child is missing are left out.
 */
export function gaussianPotential(builder: PlanBuilder, parts: LinearGaussian): Potential {
  const metric = metricOf(builder, parts);
  const { row, scope } = parts;
  const linear = new Map<string, NodeId>();
  const precision = new Map<string, NodeId>();
  const offset = metric.lower(parts.offset);
  const coefficient = (variable: ContinuousVariable): NodeId => {
    const found = parts.coefficients.get(variable.key);
    if (found === undefined) throw new Error(`elimination: no coefficient for ${variable.key}`);
    return found;
  };
  const parents = scope.filter(({ key }) => key !== parts.child);
  const lowered = new Map(parents.map((variable) => [variable.key, metric.lower(coefficient(variable))]));
  if (parts.child !== undefined) {
    linear.set(parts.child, builder.unary("negate", metric.times(parts.offset)));
    precision.set(pairOf(parts.child, parts.child), metric.precision());
    for (const parent of parents) {
      const block = builder.unary("negate", metric.times(coefficient(parent)));
      precision.set(pairOf(parts.child, parent.key), block);
    }
  }
  for (const [i, u] of parents.entries()) {
    const first = lowered.get(u.key)!;
    linear.set(u.key, metric.inner(first, offset));
    for (const v of parents.slice(i)) {
      const second = lowered.get(v.key)!;
      const isOwn = u.key === v.key && u.axis !== undefined;
      const other = isOwn ? builder.rename(second, u.axis, secondAxis(builder, u.axis)) : second;
      precision.set(pairOf(u.key, v.key), metric.inner(first, other));
    }
  }
  const dimension = builder.sum(parts.present ?? builder.constant(1), row === undefined ? [] : [row]);
  const constant = builder.plus(builder.scale(Math.log(2 * Math.PI), dimension), metric.logDeterminant());
  const log = builder.scale(-0.5, builder.plus(metric.inner(offset, offset), constant));
  return { plates: parts.plates, log, scope: parts.scope, linear, precision };
}

/** Products in the metric Q^-1. */
export interface Metric {
  /** What `inner` takes: the node itself, or L^-1 times it. */
  lower(node: NodeId): NodeId;
  /** a' Q^-1 b for lowered a and b. */
  inner(a: NodeId, b: NodeId): NodeId;
  /** Q^-1 a, along the rows. */
  times(a: NodeId): NodeId;
  /** Q^-1 on the rows and their second axis, which is positive definite where nothing is missing. */
  precision(): NodeId;
  logDeterminant(): NodeId;
}

export function metricOf(builder: PlanBuilder, parts: LinearGaussian): Metric {
  const { covariance, present, row } = parts;
  const rows = row === undefined ? [] : [row];
  if (covariance.structure === "isotropic" || covariance.structure === "diagonal") {
    const variance = covariance.node;
    const inverse = builder.unary("reciprocal", variance);
    const varies = row !== undefined && builder.has(variance, row);
    const mask = present === undefined ? [] : [present];
    return {
      lower: (node) => node,
      inner: (a, b) =>
        varies
          ? builder.contract([a, b, inverse, ...mask], rows)
          : builder.times(builder.contract([a, b, ...mask], rows), inverse),
      times: (a) => builder.times(a, inverse),
      precision: () =>
        row === undefined ? inverse : builder.times(builder.identity(row, secondAxis(builder, row)), inverse),
      logDeterminant: () => {
        const logarithm = builder.unary("log", variance);
        return present === undefined ? builder.sum(logarithm, rows) : builder.contract([present, logarithm], rows);
      },
    };
  }
  const { column } = covariance;
  if (row === undefined || column === undefined) throw new Error("elimination: a matrix covariance for a scalar");
  const masked = maskedCovariance(
    { builder, ...(present === undefined ? {} : { present }) } as Pick<
      DensityContext,
      "builder" | "present"
    > as DensityContext,
    covariance.node,
    row,
    column,
  );
  const lower = builder.cholesky(masked, row, column);
  const white = builder.axis(`${row}.white`, builder.sizeOf(row));
  const laid = (node: NodeId): NodeId => {
    const along = present === undefined ? node : builder.times(present, node);
    if (builder.has(along, row)) return along;
    return builder.times(along, ones(builder, row));
  };
  // A solve goes from the row to the column axis, which the node may have itself.
  const spare = builder.axis(`${row}.spare`, builder.sizeOf(row));
  const solve = (node: NodeId, transposed: boolean): NodeId => {
    const free = builder.rename(node, transposed ? row : column, spare);
    const solved = transposed
      ? builder.triangularSolve(lower, builder.rename(free, white, column), row, column, true)
      : builder.rename(builder.triangularSolve(lower, free, row, column), column, white);
    return builder.rename(solved, spare, transposed ? row : column);
  };
  const whiten = (node: NodeId): NodeId => solve(laid(node), false);
  return {
    lower: whiten,
    inner: (a, b) => builder.contract([a, b], [white]),
    times: (a) => solve(whiten(a), true),
    precision: () => {
      const inverse = whiten(builder.identity(row, column));
      return builder.contract([builder.rename(inverse, column, row), inverse], [white]);
    },
    logDeterminant: () =>
      builder.scale(2, builder.sum(builder.unary("log", builder.diagonal(lower, row, column)), [row])),
  };
}

/** log density of a Normal factor with an affine mean as a potential over what it reads of continuous latents. */
export function linearGaussian(elaborator: Elaborator, factor: DensityFactor, missing: boolean): Potential {
  return elaborator.builder.rule("normal-potential", () =>
    gaussianPotential(elaborator.builder, takeApart(elaborator, factor, missing)),
  );
}
