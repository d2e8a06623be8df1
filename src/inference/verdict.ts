import type { Span } from "../diagnostics/span.js";
import type { Dimension } from "../ir/model.js";
import type { DistributionName } from "../ir/distribution-name.js";
import type { Dependency } from "./dependencies.js";

/** Which learning algorithm a model's structure admits. */
export type Verdict = ExactVerdict | ElboVerdict | ApproximationVerdict | AdversarialVerdict | RefusedVerdict;

/** Every latent can be summed or integrated exactly with tables of bounded size. */
export interface ExactVerdict {
  readonly kind: "exact";
  readonly latents: "none" | "discrete" | "gaussian" | "discrete+gaussian";
  /** Chains to be scanned along, in source order. */
  readonly scans: readonly string[];
  /** The largest tables that the elimination needs; no one is part of another. */
  readonly tables: readonly JointTable[];
  /** Plates whose Gaussian latents join into one state: its dimension grows with the plate (not a table of cells). */
  readonly stacked: readonly string[];
}

/** Discrete latents that share a table: it has a cell for every combination of their values. */
export interface JointTable {
  /** Plates and chains it repeats over, outermost first. */
  readonly axes: readonly string[];
  /** `lag` counts steps back from the latest member. */
  readonly latents: readonly { readonly name: string; readonly lag: number }[];
}

/** Not conjugate (or a guide was asked for): a lower bound is maximised. */
export interface ElboVerdict {
  readonly kind: "elbo";
  /** Continuous latents that have to be sampled, sorted by name. */
  readonly reparameterise: readonly string[];
  /** Discrete latents, in source order: enumerated inside the bound. */
  readonly enumerate: readonly string[];
  /** Continuous latents that stay affine and Gaussian given the others. */
  readonly integrate: readonly string[];
  readonly reasons: readonly BoundReason[];
  readonly guide: "written" | "automatic" | "none";
  /** Does the program ask for a bound: by a guide, by `learn elbo`, or by a network, whose widths a guide mirrors? */
  readonly asked: boolean;
}

/** What stands in the way of exact elimination. */
export type BoundReason =
  | {
      readonly kind: "latentNotNormal";
      readonly variable: string;
      readonly distribution: DistributionName;
      readonly span: Span;
    }
  | { readonly kind: "nonlinear"; readonly child: string; readonly latent: string; readonly dependency: Dependency }
  | {
      readonly kind: "parentOfNonNormal";
      readonly child: string;
      readonly distribution: DistributionName;
      readonly latent: string;
      readonly dependency: Dependency;
    }
  /** The structure is exact, but the program asks for a bound. */
  | { readonly kind: "askedFor"; readonly span: Span };

export type ProductReason = Extract<BoundReason, { kind: "nonlinear" }>;

/** Exact elimination exists, but its tables grow without bound along an axis; or latents multiply each other. */
export interface ApproximationVerdict {
  readonly kind: "needsApproximation";
  readonly growths: readonly Growth[];
  /** Products of latents, where the program asks for blocks that are independent of each other. */
  readonly products?: readonly ProductReason[];
  readonly asked?: Approximation;
}

export interface Approximation {
  readonly kind: "collapse" | "vb";
  /** collapse(r): histories that agree in the last r steps share one Gaussian. */
  readonly order?: number;
  readonly span: Span;
}

/** Why the table grows along an axis. */
export interface Growth {
  readonly axis: string;
  /** Discrete latents whose copies along the axis end up in one table. */
  readonly selectors: readonly string[];
  /** Sizes of the selectors' values: the table has their product to the power of the axis's length. */
  readonly base: readonly Dimension[];
  /** What carries the choices from one position to the next: a latent outside the axis, or one that looks back along it. */
  readonly carrier?: { readonly name: string; readonly kind: "discrete" | "continuous"; readonly looksBack: boolean };
  /** The variable whose distribution the selectors choose. */
  readonly child: string;
  /** Where it chooses. */
  readonly selecting: Span;
  /** Where the carrier is tied across the axis. */
  readonly linking: Span;
}

/** An observed variable is defined by `=`, and a critic judges it. */
export interface AdversarialVerdict {
  readonly kind: "adversarial";
  readonly implicit: readonly string[];
  readonly critic: string;
}

export interface RefusedVerdict {
  readonly kind: "refused";
  readonly reasons: readonly RefusedReason[];
}

export type RefusedReason =
  /** `observe x = e`, and no critic. */
  | { readonly kind: "noDensity"; readonly variable: string; readonly span: Span }
  /** A latent count, or a latent vector of bits, has no table of a fixed size. */
  | { readonly kind: "noFiniteTable"; readonly variable: string; readonly span: Span };

/** One line: the verdict and what decides it. */
export function describeVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case "exact": {
      if (verdict.latents === "none") return "EXACT: no latents -> closed-form/gradient MLE";
      const scan = verdict.scans.length === 0 ? "" : ` + scan over ${verdict.scans.join(",")}`;
      return `EXACT EM (${eliminated(verdict.latents)} elimination)${scan}`;
    }
    case "elbo": {
      const route = verdict.asked ? "ELBO" : "ASK for guide/ELBO (or conjugate VB)";
      const enumerate = verdict.enumerate.length === 0 ? "" : `, enumerate ${nameList(verdict.enumerate)}`;
      const reasons = [...new Set(verdict.reasons.map(describeReason))].sort().slice(0, 2);
      return `${route} | reparameterise ${nameList(verdict.reparameterise)}${enumerate} | because ${reasons.join("; ")}`;
    }
    case "needsApproximation": {
      const axes = verdict.growths.map((growth) => growth.axis);
      const products = [...new Set((verdict.products ?? []).map(describeReason))].sort();
      if (products.length > 0) return `INTRACTABLE: ${products.slice(0, 2).join("; ")} -> approx: vb`;
      return `INTRACTABLE: table grows with ${nameList(axes)} -> needs approx: collapse(r) / vb`;
    }
    case "adversarial":
      return "ADVERSARIAL";
    case "refused":
      return `REFUSE: ${verdict.reasons.map(describeRefusal).join("; ")}`;
  }
}

/** One thing that stands in the way of exact elimination, in a few words. */
export function describeReason(reason: BoundReason): string {
  switch (reason.kind) {
    case "latentNotNormal":
      return `${reason.variable} ~ ${reason.distribution} is a continuous latent outside Normal`;
    case "nonlinear":
      return `${reason.child} depends non-linearly on latent ${reason.latent}`;
    case "parentOfNonNormal":
      return `${reason.child} ~ ${reason.distribution} has continuous latent parent ${reason.latent}`;
    case "askedFor":
      return "the program asks for a bound";
  }
}

function describeRefusal(reason: RefusedReason): string {
  switch (reason.kind) {
    case "noDensity":
      return "no density (implicit), and no critic";
    case "noFiniteTable":
      return `${reason.variable} has no table of a fixed size`;
  }
}

function eliminated(latents: Exclude<ExactVerdict["latents"], "none">): string {
  switch (latents) {
    case "discrete":
      return "discrete";
    case "gaussian":
      return "Gaussian";
    case "discrete+gaussian":
      return "discrete Gaussian";
  }
}

function nameList(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(", ")}]`;
}
