import {
  argumentGivenTwice,
  missingArgument,
  notANumber,
  tooManyArguments,
  unknownArgument,
} from "../diagnostics/catalogue/semantics.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import type { Distribution, Slot } from "../distributions/distribution.js";
import type { Expression } from "../ir/model.js";
import { printDomain } from "../ir/print-domain.js";
import type * as syntax from "../parser/ast.js";
import { checkShape, type Child } from "./argument-shape.js";
import { checkSupport, type GivenArgument } from "./argument-support.js";
import type { ExpressionContext } from "./expression/expression-context.js";
import { printExpression as written } from "../parser/print-expression.js";

/** The arguments of a distribution by slot; undefined, and reported, where one is missing or wrong. */
export function checkDistributionArguments(
  distribution: Distribution,
  call: syntax.CallExpression,
  child: Child | undefined,
  context: ExpressionContext,
): Readonly<Record<string, Expression>> | undefined {
  const { slots, name: family } = distribution;
  const taken = new Map<number, Slot>();
  const values = new Map<string, Expression>();
  let isWhole = true;
  let position = 0;
  for (const argument of call.arguments) {
    const slot =
      argument.name === undefined
        ? slots.find((each) => each.position === position)
        : namedSlot(argument.name, distribution, context);
    if (argument.name === undefined) {
      position++;
      if (slot === undefined) context.report(tooManyArguments(argument.span, { family, usage: usageOf(distribution) }));
    }
    const value = context.check(argument.value);
    const other = slot === undefined ? undefined : taken.get(slot.position);
    if (slot !== undefined) taken.set(slot.position, slot);
    if (slot !== undefined && other !== undefined) {
      context.report(argumentGivenTwice(argument.span, { family, slot: slot.name, other: other.name }));
    }
    if (slot === undefined || other !== undefined || value === undefined) {
      isWhole = false;
      continue;
    }
    if (argument.name === undefined) context.environment.positionalArguments.add(value);
    const given = { family, slot, written: argument, value, ...unconstrainedForm(slot, slots) };
    if (checkArgument(given, child, context)) values.set(slot.name, value);
    else isWhole = false;
  }
  // A misspelt name may stand for what would seem to be missing.
  const misnamed = call.arguments.some(
    (each) => each.name !== undefined && !slots.some((slot) => slot.name === each.name?.text),
  );
  const missing = misnamed ? [] : slots.filter((slot) => slot.optional !== true && !taken.has(slot.position));
  for (const slot of missing) reportMissing(slot, distribution, call, context);
  return isWhole && missing.length === 0 ? Object.fromEntries(values) : undefined;
}

function namedSlot(name: syntax.Identifier, distribution: Distribution, context: ExpressionContext): Slot | undefined {
  const names = distribution.slots.map((slot) => slot.name);
  const slot = distribution.slots.find((each) => each.name === name.text);
  if (slot !== undefined) return slot;
  const suggestion = didYouMean(name.text, names);
  context.report(
    unknownArgument(
      name.span,
      { callee: distribution.name, name: name.text, names, ...(suggestion === undefined ? {} : { suggestion }) },
      suggestion === undefined ? {} : { fix: { span: name.span, replacement: suggestion } },
    ),
  );
  return undefined;
}

/** The form of an argument that takes any number (`logits:` for a probability). */
function unconstrainedForm(slot: Slot, slots: readonly Slot[]): { readonly unconstrained?: string } {
  const other = slots.find((each) => each.position === slot.position && each !== slot && each.support === "real");
  return other === undefined ? {} : { unconstrained: other.name };
}

function checkArgument(argument: GivenArgument, child: Child | undefined, context: ExpressionContext): boolean {
  const { value, written: given } = argument;
  if (value.type.kind === "category" || value.type.kind === "sequence") {
    context.report(
      notANumber(given.value.span, {
        written: `\`${written(given.value)}\``,
        type: printDomain(value.type),
        wayOut: "pick from a table of parameters, `p[z]`, or compare, `where(z == 0, a, b)`",
      }),
    );
    return false;
  }
  if (child !== undefined && !checkShape(argument, child, context)) return false;
  return argument.slot.support === "covariance" || checkSupport(argument, context);
}

function reportMissing(
  slot: Slot,
  distribution: Distribution,
  call: syntax.CallExpression,
  context: ExpressionContext,
): void {
  const alternatives = distribution.slots.filter((each) => each.position === slot.position && each !== slot);
  context.report(
    missingArgument(call.span, {
      family: distribution.name,
      slot: slot.name,
      alternatives: alternatives.map((each) => each.name),
      documentation: slot.documentation,
    }),
  );
}

/** `Normal(mean, covariance)` */
export function usageOf(distribution: Distribution): string {
  const positional = distribution.slots.filter(
    (slot, i) => distribution.slots.findIndex((each) => each.position === slot.position) === i,
  );
  return `${distribution.name}(${positional.map((slot) => slot.name).join(", ")})`;
}
