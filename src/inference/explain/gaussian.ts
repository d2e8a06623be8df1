import type { DensityFactor, Expression, Model } from "../../ir/model.js";
import { shapeOf } from "../../ir/domain.js";
import { affine, type AffineForm, type LinearMap, type LinearStep } from "../affine.js";
import { gaussianComponents, type GaussianComponent } from "../elimination/components.js";
import { latentsOf } from "../latents.js";
import type { EquationRow } from "./document.js";
import type { LinesOf } from "./e-step.js";
import { call, equals, infix, type Math, productOver, sum, symbol, times } from "./math.js";
import type { Notation } from "./notation.js";

/** How a component of Gaussian latents is integrated out, and its posterior given the discrete latents. */
export interface GaussianFormulas {
  /** The integral, as later formulas call it. */
  readonly integral: EquationRow;
  readonly posterior: readonly EquationRow[];
}

/** Formulas of every component, by the name of its last eliminated variable. */
export function explainGaussians(notation: Notation, linesOf: LinesOf): ReadonlyMap<string, GaussianFormulas> {
  return new Map(
    gaussianComponents(notation.model).map((component) => {
      const last = component.variables.at(-1);
      if (last === undefined) throw new Error("explain: a component without variables");
      return [last.name, explainComponent(notation, component, linesOf)] as const;
    }),
  );
}

/** What a component's integral is called: m_z[n, k]. */
export function integralOf(notation: Notation, component: GaussianComponent): Math {
  return symbol(
    notation.unused("m", "u", "h"),
    subscripts(notation, component, component.plates),
    component.variables.map(({ name }) => name).reverse(),
  );
}

function subscripts(notation: Notation, component: GaussianComponent, plates: readonly string[]): readonly Math[] {
  const { discrete } = latentsOf(notation.model);
  const read = new Set(
    component.factors.flatMap((factor) =>
      Object.values(factor.arguments).flatMap((argument) => [...namesIn(notation, argument)]),
    ),
  );
  const indices = notation.model.variables.flatMap(({ name }) =>
    discrete.has(name) && read.has(name) ? [notation.indexOf(name)] : [],
  );
  return [...plates, ...indices].map((name) => symbol(name));
}

function namesIn(notation: Notation, expression: Expression): ReadonlySet<string> {
  const form = affine(expression, latentsOf(notation.model));
  return new Set(form.kind === "affine" ? form.discrete.map(({ name }) => name) : []);
}

function explainComponent(notation: Notation, component: GaussianComponent, linesOf: LinesOf): GaussianFormulas {
  const names = component.variables.map(({ name }) => name).reverse();
  const densities = component.factors.map((factor) => {
    const inner = notation.variable(factor.child).axes.filter((axis) => !component.plates.includes(axis));
    return productOver(inner, notation.density(factor));
  });
  const integral: EquationRow = {
    math: equals(
      integralOf(notation, component),
      times({ kind: "words", text: `integral over ${names.join(", ")} of` }, ...densities),
    ),
    lines: linesOf(component.factors.map(({ span }) => span)),
  };
  const posterior: EquationRow[] = [];
  const variables = [...component.variables].reverse();
  const single = variables.length === 1;
  const letter = { precision: notation.unused("J", "A", "B"), linear: notation.unused("b", "g", "c") };
  for (const u of variables) {
    for (const v of variables) {
      if (names.indexOf(u.name) > names.indexOf(v.name)) continue;
      const terms = component.factors.flatMap((factor) => blockTerm(notation, factor, u.name, v.name, u.axes, v.axes));
      if (terms.length === 0) continue;
      const plates = u.axes.length >= v.axes.length ? u.axes : v.axes;
      const of = single ? [] : [u.name, v.name];
      const left = symbol(letter.precision, subscripts(notation, component, plates), of);
      posterior.push({ math: equals(left, sumOf(terms)), lines: [] });
    }
  }
  for (const u of variables) {
    const terms = component.factors.flatMap((factor) => linearTerm(notation, factor, u.name, u.axes));
    if (terms.length === 0) continue;
    const left = symbol(letter.linear, subscripts(notation, component, u.axes), single ? [] : [u.name]);
    posterior.push({ math: equals(left, sumOf(terms)), lines: [] });
  }
  const own = subscripts(notation, component, component.plates);
  const joint = (name: string): Math => symbol(name, single ? own : []);
  const inverse: Math = { kind: "inverse", operand: joint(letter.precision) };
  const value: Math = single
    ? notation.valueOf(names[0] ?? "")
    : { kind: "column", items: names.map((name) => notation.valueOf(name)) };
  const note = own.length > component.plates.length ? "given the values of the discrete latents" : undefined;
  posterior.push(
    {
      math: equals({ kind: "expectation", operand: value }, times(inverse, joint(letter.linear))),
      ...(note === undefined ? {} : { note }),
      lines: linesOf(component.variables.map(({ span }) => span)),
    },
    { math: equals(call("Cov", [value]), inverse), lines: [] },
  );
  return { integral, posterior };
}

function sumOf(terms: readonly Math[]): Math {
  return terms.reduce((left, right) => infix(left, "+", right));
}

interface Parts {
  readonly form: AffineForm;
  readonly precision: Math;
  readonly isChild: (name: string) => boolean;
}

function partsOf(notation: Notation, factor: DensityFactor): Parts {
  const mean = factor.arguments["mean"];
  const form = mean === undefined ? undefined : affine(mean, latentsOf(notation.model));
  if (form?.kind !== "affine") throw new Error(`explain: the mean of ${factor.name} is not affine`);
  const covariance = factor.arguments["covariance"];
  const sd = factor.arguments["sd"];
  const spread: Math =
    covariance !== undefined
      ? notation.of(covariance)
      : {
          kind: "power",
          base: sd === undefined ? symbol("sd") : notation.of(sd),
          exponent: { kind: "number", value: 2 },
        };
  const precision: Math =
    spread.kind === "number" ? { kind: "number", value: 1 / spread.value } : { kind: "inverse", operand: spread };
  return { form, precision, isChild: (name) => name === factor.child };
}

/** The coefficient of a latent in a mean; undefined: 1. */
function coefficientIn(notation: Notation, { form }: Parts, name: string): Math | undefined {
  const term = form.terms.find(({ variable }) => variable === name);
  return term === undefined ? undefined : mapOf(notation, term.map);
}

/** C_u' Q^-1 C_v of one factor, the child's own coefficient being 1 and its parents' negative to it. */
function blockTerm(
  notation: Notation,
  factor: DensityFactor,
  u: string,
  v: string,
  uAxes: readonly string[],
  vAxes: readonly string[],
): readonly Math[] {
  const parts = partsOf(notation, factor);
  const reads = (name: string): boolean =>
    parts.isChild(name) || parts.form.terms.some(({ variable }) => variable === name);
  if (!reads(u) || !reads(v)) return [];
  const coefficient = (name: string): Math =>
    parts.isChild(name) ? one : (coefficientIn(notation, parts, name) ?? one);
  const plates = uAxes.length >= vAxes.length ? uAxes : vAxes;
  const inner = notation.variable(factor.child).axes.filter((axis) => !plates.includes(axis));
  const product = sandwich(coefficient(u), parts.precision, coefficient(v));
  const isNegative = parts.isChild(u) !== parts.isChild(v);
  return [sum(inner, isNegative ? { kind: "negate", operand: product } : product)];
}

const one: Math = { kind: "number", value: 1 };

function sandwich(left: Math, precision: Math, right: Math): Math {
  return times(...(left === one ? [] : [transposed(left)]), precision, ...(right === one ? [] : [right]));
}

function transposed(math: Math): Math {
  return math.kind === "number" ? math : { kind: "transpose", operand: math };
}

/** C_u' Q^-1 (y - o) of one factor; of the latent itself Q^-1 o. */
function linearTerm(notation: Notation, factor: DensityFactor, u: string, axes: readonly string[]): readonly Math[] {
  const parts = partsOf(notation, factor);
  const { offset } = parts.form;
  const isZero = offset === undefined || (offset.kind === "constant" && offset.value === 0);
  if (parts.isChild(u)) {
    return isZero ? [] : [times(parts.precision, notation.of(offset))];
  }
  if (!parts.form.terms.some(({ variable }) => variable === u)) return [];
  const isLatentChild = notation.variable(factor.child).role === "latent";
  if (isLatentChild && isZero) return [];
  const inner = notation.variable(factor.child).axes.filter((axis) => !axes.includes(axis));
  const coefficient = coefficientIn(notation, parts, u) ?? one;
  const value = notation.valueOf(factor.child);
  const residual: Math = isLatentChild
    ? { kind: "negate", operand: isZero ? one : notation.of(offset) }
    : isZero
      ? value
      : infix(value, "-", notation.of(offset));
  return [sum(inner, times(...(coefficient === one ? [] : [transposed(coefficient)]), parts.precision, residual))];
}

/** The matrix of a linear map; `one` for the identity. */
function mapOf(notation: Notation, map: LinearMap): Math {
  switch (map.kind) {
    case "identity":
      return one;
    case "sum":
      return sumOf(map.maps.map((part) => mapOf(notation, part)));
    case "then": {
      const first = mapOf(notation, map.first);
      const step = stepOf(notation, map.step);
      if (step === undefined) return first;
      return first === one ? step : times(step, first);
    }
  }
}

function stepOf(notation: Notation, step: LinearStep): Math | undefined {
  switch (step.kind) {
    case "multiply":
      return notation.of(step.by);
    case "divide":
      return { kind: "inverse", operand: notation.of(step.by) };
    case "matrixTimes":
      return notation.of(step.matrix);
    case "timesRight":
      return notation.of(step.right);
    case "dot":
      return { kind: "transpose", operand: notation.of(step.vector) };
    case "apply":
      switch (step.function) {
        case "negate":
          return { kind: "number", value: -1 };
        case "sum":
          return { kind: "transpose", operand: { kind: "words", text: "ones" } };
        case "mean":
          return { kind: "words", text: "mean" };
        case "transpose":
          return undefined;
        case "diag":
          return { kind: "words", text: "diag" };
      }
    case "element":
      return { kind: "words", text: `entry ${step.indices.length === 1 ? "" : "s "}of` };
    case "place":
      return { kind: "words", text: "placed" };
    case "select":
      return { kind: "indicator", condition: notation.of(step.condition) };
  }
}

/** How many numbers a latent has, in words. */
export function extentText(model: Model, name: string): string {
  const domain = model.variables.find((variable) => variable.name === name)?.domain;
  const shape = domain === undefined ? [] : shapeOf(domain);
  if (shape.length === 0) return "one number";
  return `${shape.map((size) => (size.kind === "symbol" ? size.name : String(size.value))).join(" x ")} numbers`;
}
