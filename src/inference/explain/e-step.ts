import type { DensityFactor, Model } from "../../ir/model.js";
import type { Span } from "../../diagnostics/span.js";
import { gaussianComponents } from "../elimination/components.js";
import { eliminationOrder, type OrderedElimination } from "../elimination-order.js";
import { variableReferences } from "../latents.js";
import type { EquationRow } from "./document.js";
import { explainGaussians, integralOf } from "./gaussian.js";
import { equals, fraction, type Math, productOver, sum, symbol, times } from "./math.js";
import type { Notation } from "./notation.js";

/** Lines of the source that a formula comes from. */
export type LinesOf = (spans: readonly Span[]) => readonly number[];

/** How latents are summed out (inside), and their posterior given the data. */
export interface EStepFormulas {
  readonly inside: readonly EquationRow[];
  readonly posterior: readonly EquationRow[];
}

/**
 * The E-step read off the elimination order.
 *
 *     m_z[rest] = sum_z product of the factors in z's bucket      (over z's plate where the bucket is outside of it)
 *     r_{rest,z} = r_rest * bucket of z / m_z                      from the last eliminated back to the first
 */
export function explainEStep(notation: Notation, linesOf: LinesOf): EStepFormulas {
  const order = eliminationOrder(notation.model);
  if (!order.ok) throw new Error(`explain: ${order.name} is not eliminated by enumeration`);
  const steps = order.steps.filter(({ latent }) => notation.isSummed(latent));
  const single = steps.length === 1;
  const inside: EquationRow[] = [];
  const posterior: EquationRow[] = [];
  const gaussians = explainGaussians(notation, linesOf);
  for (const { integral } of gaussians.values()) inside.push(integral);
  for (const step of steps) {
    const factors = densityFactors(notation.model, step.factors);
    const bucket = bucketOf(notation, step, order.steps, factors);
    const lines = linesOf(factors.map((factor) => factor.span));
    const index = notation.indexOf(step.latent);
    const share = responsibility(notation, step.scope);
    if (single) {
      posterior.push({ math: equals(share, fraction(bucket, { kind: "words", text: `sum over ${index}` })), lines });
      continue;
    }
    const evidence = message(notation, step);
    inside.push({ math: equals(evidence, sum([index], bucket)), lines });
    const rest = step.scope.filter((name) => name !== step.latent);
    const given = rest.length === 0 ? [] : [responsibility(notation, rest)];
    posterior.unshift({ math: equals(share, fraction(times(...given, bucket), evidence)), lines });
  }
  const moments = [...gaussians.values()].flatMap((formulas) => formulas.posterior);
  return { inside, posterior: [...posterior, ...marginals(notation, steps), ...moments] };
}

/** Posteriors of fewer latents than a table has, where a formula needs them: sums of the table's. */
function marginals(notation: Notation, steps: readonly OrderedElimination[]): readonly EquationRow[] {
  const keyOf = (latents: readonly string[]): string => [...latents].sort().join(" ");
  const known = new Set(steps.map((step) => keyOf(step.scope)));
  const needed = [
    ...steps.map((step) => step.scope.filter((name) => name !== step.latent)),
    ...notation.model.factors.flatMap((factor) => (factor.kind === "density" ? [latentsIn(notation, factor)] : [])),
  ];
  return needed.flatMap((latents): readonly EquationRow[] => {
    if (latents.length === 0 || known.has(keyOf(latents))) return [];
    known.add(keyOf(latents));
    // The outermost table, whose posterior does not depend on that of inner ones.
    const table = steps.findLast((step) => latents.every((name) => step.scope.includes(name)));
    if (table === undefined) throw new Error(`explain: no table holds ${latents.join(", ")}`);
    const over = table.scope.filter((name) => !latents.includes(name)).map((name) => notation.indexOf(name));
    return [
      { math: equals(responsibility(notation, latents), sum(over, responsibility(notation, table.scope))), lines: [] },
    ];
  });
}

/** The latents that a factor reads, itself among them. */
export function latentsIn(notation: Notation, factor: DensityFactor): readonly string[] {
  const mentioned = Object.values(factor.arguments).flatMap((argument) =>
    variableReferences(argument).map(({ name }) => name),
  );
  return [...new Set([factor.child, ...mentioned])].filter((name) => notation.isSummed(name));
}

/** r[n, k]: the posterior probability of these values of the latents, given the row. */
export function responsibility(notation: Notation, latents: readonly string[]): Math {
  const order = notation.model.variables.map((variable) => variable.name);
  const sorted = [...latents].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const plates = sorted
    .map((name) => notation.variable(name).axes)
    .reduce((deepest, axes) => (axes.length > deepest.length ? axes : deepest), []);
  const all = notation.model.variables.filter((variable) => variable.role === "latent");
  const letter = notation.unused("r", "q");
  return symbol(
    letter,
    [...plates, ...sorted.map((name) => notation.indexOf(name))].map((name) => symbol(name)),
    all.length === 1 ? [] : sorted,
  );
}

function message(notation: Notation, step: OrderedElimination): Math {
  const component = gaussianComponents(notation.model).find(({ variables }) =>
    variables.some(({ name }) => name === step.latent),
  );
  if (component !== undefined) return integralOf(notation, component);
  const rest = step.scope.filter((name) => name !== step.latent).map((name) => notation.indexOf(name));
  return symbol(
    notation.unused("m", "u", "h"),
    [...step.plate, ...rest].map((name) => symbol(name)),
    [step.latent],
  );
}

/** The product of everything that mentions a latent: factors, and results of inner plates multiplied over them. */
function bucketOf(
  notation: Notation,
  step: OrderedElimination,
  steps: readonly OrderedElimination[],
  factors: readonly DensityFactor[],
): Math {
  const densities = factors.map((factor) => {
    const inner = notation.variable(factor.child).axes.filter((axis) => !step.plate.includes(axis));
    return productOver(inner, notation.density(factor));
  });
  const messages = step.after.flatMap((name) => {
    const earlier = steps.find((candidate) => candidate.latent === name);
    if (earlier === undefined) return [];
    const inner = earlier.plate.filter((axis) => !step.plate.includes(axis));
    return [productOver(inner, message(notation, earlier))];
  });
  return times(...densities, ...messages);
}

function densityFactors(model: Model, names: readonly string[]): readonly DensityFactor[] {
  return model.factors.filter(
    (factor): factor is DensityFactor => factor.kind === "density" && names.includes(factor.name),
  );
}
