import type { CovarianceStructure, DensityFactor, Expression } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import { affine, type LinearMap } from "../affine.js";
import { concatenateAlong, type Elaborator } from "../elaborate/elaborator.js";
import { coefficientOf } from "../elimination/coefficient.js";
import { continuousVariable, takeApart } from "../elimination/gaussian.js";
import { type ContinuousVariable, secondAxis } from "../elimination/potential.js";
import { latentsOf } from "../latents.js";
import { type LinearTerm, regressorNode } from "./linear-mean.js";
import type { ResidualMoments } from "./residual-moments.js";
import type { StatisticsContext } from "./statistics-context.js";

/** What uncertainty about continuous latents adds to the expected products of residual e and regressors z. */
export interface LatentSpread {
  /** Cov[z, z], [left, right] */
  readonly regressors?: NodeId;
  /** Cov[e, z], [row, left] */
  readonly cross?: NodeId;
  /** Cov[e, e]: a matrix [row, row'] (full, lowRank), per entry (diagonal), or its trace (isotropic). */
  readonly scatter: NodeId;
}

/**
 * With e = e0 + sum_u E_u x_u and z_t = a_t + sum_u B_tu x_u affine in the latents,
 *
 *     Cov[e, e] = sum_uv E_u S_uv E_v',   Cov[e, z_t] = sum_uv E_u S_uv B_tv',   Cov[z_s, z_t] = sum_uv B_su S_uv B_tv'
 *
 * @returns undefined where the factor reads no latent, or where they are known
 */
export function latentSpread(
  context: StatisticsContext,
  factor: DensityFactor,
  terms: readonly LinearTerm[],
  moments: ResidualMoments,
  structure: CovarianceStructure,
  regressorAxes: readonly [string, string],
): LatentSpread | undefined {
  const { elaborator } = context;
  const { builder } = elaborator;
  if (context.covariance === undefined || factor.distribution !== "Normal") return undefined;
  const parts = takeApart(elaborator, factor, false);
  const { row, scope } = parts;
  if (scope.length === 0) return undefined;

  const posterior = (u: ContinuousVariable, v: ContinuousVariable): NodeId => orientedCovariance(context, u, v);
  const own = row === undefined ? undefined : secondAxis(builder, row);
  // E_u along [row, u]; the child's own is the identity, and not written.
  const effects = new Map<string, NodeId>();
  for (const variable of scope) {
    const coefficient = parts.coefficients.get(variable.key);
    if (coefficient !== undefined) effects.set(variable.key, builder.unary("negate", moments.fill(coefficient)));
  }
  /** sum_u E_u S_uv, along [row, v'] */
  const residualWith = (v: ContinuousVariable): NodeId =>
    scope
      .map((u) => {
        const effect = effects.get(u.key);
        const block = posterior(u, v);
        return effect === undefined ? block : builder.contract([effect, block], axesOf(u));
      })
      .reduce((left, right) => builder.plus(left, right));
  const withResidual = new Map(scope.map((v) => [v.key, residualWith(v)]));

  const isMatrix = structure === "full" || structure === "lowRank";
  const scatterParts = scope.map((v) => {
    const half = withResidual.get(v.key)!;
    const effect = effects.get(v.key);
    const second = secondOf(elaborator, v);
    if (effect === undefined) {
      if (isMatrix || row === undefined || own === undefined) return half;
      return builder.diagonal(half, row, own);
    }
    const moved = onSecond(elaborator, effect, v);
    const other = isMatrix && row !== undefined && own !== undefined ? builder.rename(moved, row, own) : moved;
    return builder.contract([half, other], second);
  });
  const scatter = scatterParts.reduce((left, right) => builder.plus(left, right));
  const traced = structure === "isotropic" && row !== undefined ? builder.sum(scatter, [row]) : scatter;
  if (terms.length === 0) return { scatter: traced };

  const [left, right] = regressorAxes;
  const known = terms.map((term, i) => regressorOn(elaborator, term, `${left}.part${i}`));
  const maps = terms.map((term, i) => termMaps(elaborator, term, known[i]!.axis));
  if (maps.every((map) => map.size === 0)) return { scatter: traced };
  const zero = builder.constant(0);
  const place = (axis: string, nodes: readonly NodeId[]): NodeId => {
    const [only] = nodes;
    const [part] = known;
    if (nodes.length === 1 && only !== undefined)
      return part?.axis === undefined ? only : builder.rename(only, part.axis, axis);
    return concatenateAlong(
      builder,
      axis,
      nodes.map((node, i) => {
        const partAxis = known[i]!.axis;
        return partAxis === undefined ? { node } : { node, axis: partAxis };
      }),
    );
  };
  const sum = (nodes: readonly NodeId[]): NodeId => nodes.reduce((a, b) => builder.plus(a, b), zero);
  const crossParts = maps.map((map) =>
    sum(
      scope.flatMap((v) => {
        const b = map.get(v.key);
        return b === undefined ? [] : [applied(elaborator, withResidual.get(v.key)!, b, v)];
      }),
    ),
  );
  const rightParts = known.map((part, i) =>
    part.axis === undefined ? undefined : builder.axis(`${part.axis}.${i}'`, builder.sizeOf(part.axis)),
  );
  const regressorParts = maps.map((first, s) =>
    placeSecond(
      elaborator,
      right,
      rightParts,
      maps.map((second, t) =>
        sum(
          [...first].flatMap(([u, bu]) =>
            [...second].map(([v, bv]) => {
              const [uVariable, vVariable] = [scope.find(({ key }) => key === u)!, scope.find(({ key }) => key === v)!];
              const half = applied(
                elaborator,
                posterior(uVariable, vVariable),
                bv,
                vVariable,
                known[t]!.axis,
                rightParts[t],
              );
              return bu.kind === "identity"
                ? renamed(elaborator, half, uVariable.axis, known[s]!.axis)
                : builder.contract([bu.node, half], axesOf(uVariable));
            }),
          ),
        ),
      ),
    ),
  );
  return { scatter: traced, cross: place(left, crossParts), regressors: place(left, regressorParts) };
}

/** The coefficient of a latent in a regressor: [term, u], or the identity, where the regressor is the latent itself. */
type RegressorMap =
  { readonly kind: "identity"; readonly axis: string | undefined } | { readonly kind: "matrix"; readonly node: NodeId };

/** S_uv along u's axis and the second axis of v. */
function orientedCovariance(context: StatisticsContext, u: ContinuousVariable, v: ContinuousVariable): NodeId {
  if (context.covariance === undefined) throw new Error("m-step: the latents are known");
  const node = context.covariance(u.key, v.key);
  return u.key === v.key ? node : onSecond(context.elaborator, node, v);
}

function onSecond({ builder }: Elaborator, node: NodeId, v: ContinuousVariable): NodeId {
  return v.axis === undefined ? node : builder.rename(node, v.axis, secondAxis(builder, v.axis));
}

function axesOf(u: ContinuousVariable): readonly string[] {
  return u.axis === undefined ? [] : [u.axis];
}

function secondOf({ builder }: Elaborator, v: ContinuousVariable): readonly string[] {
  return v.axis === undefined ? [] : [secondAxis(builder, v.axis)];
}

function renamed({ builder }: Elaborator, node: NodeId, from: string | undefined, to: string | undefined): NodeId {
  return from === undefined || to === undefined ? node : builder.rename(node, from, to);
}

/** node [.., v'] times B' [v, term]: along the term's axis, or another name of it. */
function applied(
  elaborator: Elaborator,
  node: NodeId,
  map: RegressorMap,
  v: ContinuousVariable,
  from?: string,
  to?: string,
): NodeId {
  const { builder } = elaborator;
  if (map.kind === "identity") {
    const second = v.axis === undefined ? undefined : secondAxis(builder, v.axis);
    return renamed(elaborator, node, second, to ?? map.axis);
  }
  const product = builder.contract(
    [node, renamed(elaborator, onSecond(elaborator, map.node, v), from, to)],
    secondOf(elaborator, v),
  );
  return product;
}

/** Lays the parts along the second regressor axis. */
function placeSecond(
  { builder }: Elaborator,
  right: string,
  axes: readonly (string | undefined)[],
  nodes: readonly NodeId[],
): NodeId {
  const [only] = nodes;
  const [axis] = axes;
  if (nodes.length === 1 && only !== undefined) return axis === undefined ? only : builder.rename(only, axis, right);
  return concatenateAlong(
    builder,
    right,
    nodes.map((node, i) => {
      const partAxis = axes[i];
      return partAxis === undefined ? { node } : { node, axis: partAxis };
    }),
  );
}

/** The regressor at the latents' means: where its axis is. */
function regressorOn(elaborator: Elaborator, term: LinearTerm, axis: string): { readonly axis?: string } {
  const { axis: own } = regressorNode(elaborator, term, axis);
  return own === undefined ? {} : { axis: own };
}

/** B_tu of one regressor, by latent. */
function termMaps(
  elaborator: Elaborator,
  term: LinearTerm,
  axis: string | undefined,
): ReadonlyMap<string, RegressorMap> {
  const { builder, model } = elaborator;
  const latents = latentsOf(model);
  const maps = new Map<string, RegressorMap>();
  const readsLatents = (expression: Expression): boolean => formOf(expression).terms.length > 0;
  const formOf = (expression: Expression) => {
    const form = affine(expression, latents);
    if (form.kind !== "affine") throw new Error("m-step: a regressor that is not affine in the latents");
    return form;
  };
  const scaled = (node: NodeId, without?: Expression): NodeId =>
    term.factors
      .filter(({ expression }) => expression !== without)
      .reduce(
        (product, { expression, inverse }) =>
          builder.binary(inverse ? "divide" : "multiply", product, elaborator.value(expression, [])),
        builder.scale(term.sign, node),
      );
  const add = (expression: Expression, make: (map: LinearMap, variable: ContinuousVariable) => RegressorMap): void => {
    for (const { variable: name, lag, map } of formOf(expression).terms) {
      const variable = continuousVariable(elaborator, name, lag);
      maps.set(variable.key, make(map, variable));
    }
  };
  if (term.regressor !== undefined && readsLatents(term.regressor)) {
    add(term.regressor, (map, variable) =>
      map.kind === "identity" && term.factors.length === 0 && term.sign === 1
        ? { kind: "identity", axis }
        : { kind: "matrix", node: scaled(coefficientOf(elaborator, map, variable.axis, axis)) },
    );
    return maps;
  }
  const factor = term.factors.find(({ expression }) => readsLatents(expression))?.expression;
  if (factor === undefined) return maps;
  const vector =
    term.regressor === undefined || axis === undefined ? builder.constant(1) : elaborator.value(term.regressor, [axis]);
  add(factor, (map, variable) => ({
    kind: "matrix",
    node: scaled(builder.times(vector, coefficientOf(elaborator, map, variable.axis, undefined)), factor),
  }));
  return maps;
}
