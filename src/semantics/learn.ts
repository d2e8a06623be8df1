import {
  optionChoice,
  optionKind,
  optionRange,
  optionTwice,
  unknownMethod,
  unknownOption,
} from "../diagnostics/catalogue/semantics.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import { initialisationElsewhere, optionElsewhere } from "./names-elsewhere.js";
import type { Learn, LearnOption } from "../ir/model.js";
import type { Expression, Identifier, LearnDeclaration } from "../parser/ast.js";
import { printExpression as written } from "../parser/print-expression.js";
import {
  learnOptions,
  type LearnMethod,
  type LearnOptionDefinition,
  type NumberKind,
  type OptionKind,
} from "./learn-options.js";
import type { ModelEnvironment } from "./model-environment.js";

const methods: readonly LearnMethod[] = ["em", "elbo", "adversarial"];

/** `learn em { approx: collapse(2) }` */
export function checkLearn(declaration: LearnDeclaration, environment: ModelEnvironment): Learn | undefined {
  const { method: given, span } = declaration;
  const method = methods.find((each) => each === given.text);
  if (method === undefined) {
    const suggestion = didYouMean(given.text, methods);
    environment.diagnostics.push(
      unknownMethod(
        given.span,
        { name: given.text, ...(suggestion === undefined ? {} : { suggestion }) },
        suggestion === undefined ? {} : { fix: { span: given.span, replacement: suggestion } },
      ),
    );
    return undefined;
  }
  const options = new Map<string, LearnOption>();
  const places = new Map<string, Identifier>();
  for (const { name, value } of declaration.options) {
    const before = places.get(name.text);
    if (before !== undefined) {
      environment.diagnostics.push(
        optionTwice(name.span, { option: name.text }, { related: [{ span: before.span, message: "given here" }] }),
      );
    }
    places.set(name.text, name);
    const known = learnOptions[method];
    const definition = Object.hasOwn(known, name.text) ? known[name.text] : undefined;
    if (definition === undefined) {
      reportUnknown(name, method, environment);
      continue;
    }
    const option = checkOption(name.text, value, definition, environment);
    if (option !== undefined) options.set(name.text, option);
  }
  return { method, options: Object.fromEntries(options), span };
}

function reportUnknown(name: Identifier, method: LearnMethod, environment: ModelEnvironment): void {
  const options = Object.keys(learnOptions[method]);
  const suggestion = optionElsewhere(name.text, options) ?? didYouMean(name.text, options);
  const otherMethod = methods.find((each) => each !== method && Object.hasOwn(learnOptions[each], name.text));
  environment.diagnostics.push(
    unknownOption(
      name.span,
      {
        method,
        name: name.text,
        options,
        ...(suggestion === undefined ? {} : { suggestion }),
        ...(otherMethod === undefined ? {} : { otherMethod }),
      },
      suggestion === undefined ? {} : { fix: { span: name.span, replacement: suggestion } },
    ),
  );
}

function checkOption(
  option: string,
  value: Expression,
  definition: LearnOptionDefinition,
  environment: ModelEnvironment,
): LearnOption | undefined {
  const { example, value: expected } = definition;
  const { span } = value;
  const wrongKind = (): undefined => {
    environment.diagnostics.push(optionKind(span, { option, expected: describe(expected), example }));
    return undefined;
  };
  const wrongRange = (range: NumberKind): undefined => {
    environment.diagnostics.push(
      optionRange(span, { option, expected: describe(range), found: written(value), example }),
    );
    return undefined;
  };
  switch (expected.kind) {
    case "number": {
      const number = numberOf(value);
      if (number === undefined) return wrongKind();
      return isInRange(number, expected) ? { kind: "number", value: number, span } : wrongRange(expected);
    }
    case "choice": {
      const name = nameOf(value);
      if (name === undefined) return wrongKind();
      const choice = expected.choices.find((each) => each.name === name);
      if (choice === undefined) {
        const choices = expected.choices.map((each) => each.name);
        const elsewhere = initialisationElsewhere(name);
        const isElsewhere = elsewhere !== undefined && choices.includes(elsewhere);
        const suggestion = isElsewhere ? elsewhere : didYouMean(name, choices);
        const place = value.kind === "call" ? value.callee.span : span;
        environment.diagnostics.push(
          optionChoice(
            place,
            { option, found: name, choices, ...(suggestion === undefined ? {} : { suggestion }) },
            suggestion === undefined ? {} : { fix: { span: place, replacement: suggestion } },
          ),
        );
        return undefined;
      }
      if (choice.argument === undefined) return value.kind === "name" ? { kind: "name", name, span } : wrongKind();
      const given = value.kind === "call" ? value.arguments : [];
      const number = given.length === 1 && given[0].name === undefined ? numberOf(given[0].value) : undefined;
      if (number === undefined) return wrongKind();
      const range: NumberKind = { kind: "number", most: Infinity, ...choice.argument };
      return isInRange(number, range) ? { kind: "call", name, arguments: [number], span } : wrongRange(range);
    }
  }
}

function numberOf(value: Expression): number | undefined {
  if (value.kind === "number") return value.value;
  return value.kind === "negate" && value.operand.kind === "number" ? -value.operand.value : undefined;
}

function nameOf(value: Expression): string | undefined {
  if (value.kind === "name") return value.name;
  return value.kind === "call" && value.callee.kind === "name" ? value.callee.name : undefined;
}

function isInRange(value: number, range: NumberKind): boolean {
  const isAbove = range.open === "least" ? value > range.least : value >= range.least;
  const isBelow = range.open === "most" ? value < range.most : value <= range.most;
  return isAbove && isBelow && (range.integer !== true || Number.isInteger(value));
}

function describe(expected: OptionKind): string {
  if (expected.kind === "choice") {
    return `one of ${expected.choices.map((choice) => (choice.argument === undefined ? `\`${choice.name}\`` : `\`${choice.name}(…)\``)).join(", ")}`;
  }
  const noun = expected.integer === true ? "a whole number" : "a number";
  if (expected.most === Infinity) {
    return expected.open === "least" ? `${noun} above ${expected.least}` : `${noun} of ${expected.least} or more`;
  }
  return `${noun} from ${expected.least} to ${expected.open === "most" ? "below " : ""}${expected.most}`;
}
