import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { positionAt, type SourceText, type Span } from "../../diagnostics/span.js";
import type { Model } from "../../ir/model.js";
import { rotationsOf } from "../../ir/rotations.js";
import { printDimension } from "../../ir/print-domain.js";
import type { EmProgram, Program } from "../../ir/program.js";
import { gaussianComponents } from "../elimination/components.js";
import { valuesOf } from "../joint-tables.js";
import { latentsOf } from "../latents.js";
import { describeReason, describeVerdict, type Verdict } from "../verdict.js";
import { explainScan, historiesOf, scanGuarantee } from "./chain.js";
import { explainSteps } from "./steps.js";
import { explainVariational, variationalGuarantee } from "./variational.js";
import { costPerIteration } from "./cost.js";
import { describeLines, type EquationRow, type Explanation, type ExplanationFormat, type Section } from "./document.js";
import { explainEStep, type LinesOf } from "./e-step.js";
import { explainUpdate } from "./m-step.js";
import { extentText, integralOf } from "./gaussian.js";
import { equals, type Math, productOver, sum, symbol, times } from "./math.js";
import { Notation } from "./notation.js";
import { printExplanation } from "./print-explanation.js";

/**
 * The derivation of a program, for people: how each latent is eliminated, the E-step and M-step as formulas with the
 * source lines they come from, what is guaranteed, and what an iteration costs.
 *
 * @param engine one sentence on what the trainer runs on, and why
 */
export function explain(program: Program, source: SourceText, format: ExplanationFormat, engine?: string): string {
  const explanation =
    program.algorithm === "em"
      ? explainProgram(program, source, engine)
      : explainSteps(program, lineFinder(source), engine);
  return printExplanation({ title: program.model.name, ...summary(program.model), ...explanation }, format);
}

/** What is known of a model for which no trainer is derived: the verdict, its reasons, and what to write instead. */
export function explainVerdict(
  model: Model,
  verdict: Verdict,
  diagnostics: readonly Diagnostic[],
  source: SourceText,
  format: ExplanationFormat,
): string {
  const linesOf = lineFinder(source);
  const refused = diagnostics.map((diagnostic) => {
    const places = [diagnostic.span, ...diagnostic.related.map((place) => place.span)];
    const at = linesOf(places);
    const hint = diagnostic.hint === undefined ? "" : `\n${diagnostic.hint}`;
    return `${diagnostic.code} (${describeLines(at)}): ${diagnostic.message}${hint}`;
  });
  const reasons = reasonsOf(verdict, linesOf);
  const sections: Section[] = [
    { kind: "paragraph", label: "Verdict", text: describeVerdict(verdict) },
    ...(reasons.length === 0 ? [] : [{ kind: "list" as const, label: "Because", items: reasons }]),
    ...(refused.length === 0 ? [] : [{ kind: "list" as const, label: "Refused", items: refused }]),
  ];
  return printExplanation({ title: model.name, ...summary(model), sections }, format);
}

function explainProgram(program: EmProgram, source: SourceText, engine: string | undefined): Explanation {
  const { model } = program;
  const linesOf = lineFinder(source);
  const last: readonly Section[] = [
    ...missingValues(model).map((text): Section => ({ kind: "paragraph", label: "Missing entries", text })),
    ...(program.sequences === undefined ? rotationsOf(model) : []).map(({ latent, parameters }): Section => ({
      kind: "paragraph",
      label: "Identification",
      text: `${parameters.join(", ")} ${parameters.length === 1 ? "is" : "are"} determined up to a rotation of ${latent}: compare products such as ${parameters[0] ?? ""} ${parameters[0] ?? ""}', not entries.`,
    })),
    { kind: "paragraph", label: "Guarantee", text: guaranteeOf(program) },
    {
      kind: "paragraph",
      label: "Cost",
      text: `${costPerIteration(model, program.rowsAxis, historiesOf(program))} per ${program.variational === undefined ? "iteration" : "sweep over the blocks"}, memory ${memoryOf(program)}`,
    },
    ...(engine === undefined ? [] : [{ kind: "paragraph" as const, label: "Engine", text: engine }]),
  ];
  if (program.variational !== undefined) {
    return { title: model.name, ...summary(model), sections: [...explainVariational(program, linesOf), ...last] };
  }
  if (program.sequences !== undefined) {
    return { title: model.name, ...summary(model), sections: [...explainScan(program, linesOf), ...last] };
  }
  const notation = new Notation(model);
  const estimates = explainEStep(notation, linesOf);
  const equations = (label: string, rows: readonly EquationRow[]): readonly Section[] =>
    rows.length === 0 ? [] : [{ kind: "equations", label, rows }];
  const updates = program.updates.flatMap((update) => explainUpdate(notation, update, linesOf));
  const sections: Section[] = [
    ...eliminations(model).map((text): Section => ({ kind: "paragraph", text })),
    ...equations("Inside", [...estimates.inside, ...logLikelihood(program, notation)]),
    ...equations("E-step", estimates.posterior),
    ...equations("M-step", updates),
    ...last,
  ];
  return { title: model.name, ...summary(model), sections };
}

/** Several latents need a line that says what the messages add up to; with one it would repeat the E-step. */
function logLikelihood(program: EmProgram, notation: Notation): readonly EquationRow[] {
  const components = gaussianComponents(program.model);
  const latents = program.model.variables.filter((variable) => variable.role === "latent");
  const isGaussian = latents.length > 0 && latents.every((variable) => variable.domain.kind === "real");
  if (isGaussian) {
    const integrals = components.map((component) => {
      const inner = component.plates.filter((axis) => axis !== program.rowsAxis);
      return productOver(inner, integralOf(notation, component));
    });
    const log: Math = { kind: "call", name: "log", arguments: [times(...integrals)], given: [] };
    return [{ math: equals({ kind: "words", text: "log-likelihood" }, sum([program.rowsAxis], log)), lines: [] }];
  }
  const outermost = latents.filter((variable) => variable.axes.length === 1);
  const [only] = outermost;
  if (components.length > 0 || latents.length < 2 || outermost.length !== 1 || only === undefined) return [];
  const evidence = symbol(notation.unused("m", "u", "h"), [symbol(program.rowsAxis)], [only.name]);
  return [
    {
      math: equals(
        { kind: "words", text: "log-likelihood" },
        sum([program.rowsAxis], { kind: "call", name: "log", arguments: [evidence], given: [] }),
      ),
      lines: [],
    },
  ];
}

function eliminations(model: Model): readonly string[] {
  const { discrete, continuous, variables } = latentsOf(model);
  const integrated = [...continuous].map(
    (name) => `${name} is integrated out exactly: ${extentText(model, name)}, Gaussian given everything else.`,
  );
  if (variables.size === 0) return ["There is no latent variable: the parameters are fitted to the data directly."];
  const summed = [...discrete].map((name) => {
    const variable = variables.get(name);
    if (variable === undefined) throw new Error(`explain: ${name} is not latent`);
    const where = variable.axes.length > 1 ? ` for every ${variable.axes.slice(1).join(" and ")} of a row` : " per row";
    return `${name} is summed out exactly: ${printDimension(valuesOf(variable.domain))} values${where}.`;
  });
  return [...integrated, ...summed];
}

function missingValues(model: Model): readonly string[] {
  const optional = model.variables.filter((variable) => variable.optional && variable.role === "observed");
  const hasMoments = (name: string): boolean =>
    model.factors.some((factor) => {
      const spread =
        factor.kind === "density" ? (factor.arguments["covariance"] ?? factor.arguments["scale"]) : undefined;
      const type = spread?.type;
      return (
        factor.child === name &&
        type?.kind === "covariance" &&
        (type.structure === "full" || type.structure === "lowRank")
      );
    });
  const listed = (names: readonly string[]): string => names.join(", ");
  const imputed = optional.map(({ name }) => name).filter(hasMoments);
  const dropped = optional.map(({ name }) => name).filter((name) => !imputed.includes(name));
  return [
    ...(imputed.length === 0
      ? []
      : [
          `those of ${listed(imputed)} are left out of the E-step; in the M-step their mean and covariance given the observed entries stand in (exact where entries are missing at random).`,
        ]),
    ...(dropped.length === 0
      ? []
      : [`those of ${listed(dropped)} are left out of every sum (exact where entries are missing at random).`]),
  ];
}

function memoryOf({ sequences, variational }: EmProgram): string {
  if (variational !== undefined) return "the posterior of every row";
  return sequences === undefined ? "one block of rows" : "a message for each row of a block of sequences";
}

function guaranteeOf(program: EmProgram): string {
  return program.variational === undefined ? scanGuarantee(program, guarantee(program)) : variationalGuarantee(program);
}

function guarantee(program: EmProgram): string {
  const hasPrior = program.model.parameters.some((parameter) => parameter.prior !== undefined);
  const objective = hasPrior ? "the log-likelihood plus the log-density of the priors" : "the log-likelihood";
  const ridge = program.updates.some(
    (update) => update.kind === "regression" && update.covariance.parameter !== undefined,
  )
    ? " With a ridge the same holds once its weak prior on covariances is added."
    : "";
  const gradient = program.updates.some((update) => update.kind === "gradient");
  if (latentsOf(program.model).variables.size === 0 && !gradient) {
    return `the closed forms maximise ${objective}: one iteration is enough.${ridge}`;
  }
  const steps = gradient ? " (gradient steps are taken only where they go uphill)" : "";
  return `${objective} never decreases${steps}.${ridge}`;
}

function reasonsOf(verdict: Verdict, linesOf: LinesOf): readonly string[] {
  switch (verdict.kind) {
    case "elbo":
      return [
        ...new Set(
          verdict.reasons.map((reason) => {
            const span =
              reason.kind === "latentNotNormal" || reason.kind === "askedFor" ? reason.span : reason.dependency.span;
            return `${describeReason(reason)} (${describeLines(linesOf([span]))})`;
          }),
        ),
      ];
    case "needsApproximation":
      return [
        ...(verdict.products ?? []).map(
          (reason) => `${describeReason(reason)} (${describeLines(linesOf([reason.dependency.span]))})`,
        ),
        ...verdict.growths.map((growth) => {
          const carrier = growth.carrier === undefined ? "" : `, and ${growth.carrier.name} carries each choice on`;
          const at = describeLines(linesOf([growth.selecting, growth.linking]));
          return `${growth.selectors.join(", ")} chooses the distribution of ${growth.child} along ${growth.axis}${carrier} (${at})`;
        }),
      ];
    case "adversarial":
      return [`${verdict.implicit.join(", ")} has no density; ${verdict.critic} tells drawn values from real ones`];
    case "exact":
    case "refused":
      return [];
  }
}

function summary(model: Model): { readonly summary?: string } {
  return model.documentation === undefined ? {} : { summary: model.documentation };
}

function lineFinder(source: SourceText): LinesOf {
  return (spans: readonly Span[]) =>
    [...new Set(spans.map((span) => positionAt(source.text, span.start).line))].sort((a, b) => a - b);
}
