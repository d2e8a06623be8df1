import {
  layerArgument,
  layerInput,
  layerShape,
  unknownArgument,
  unknownLayer,
} from "../diagnostics/catalogue/semantics.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import { flowAfter, flowOfInputs, type LayerFlow } from "../ir/layer-shapes.js";
import type { Domain, Layer, LayerArgument } from "../ir/model.js";
import { weightInitialisations } from "../ir/weight-initialisation.js";
import type { Argument, Expression, LayerExpression } from "../parser/ast.js";
import { printExpression as written } from "../parser/print-expression.js";
import {
  activations,
  layerSignatures,
  type LayerForm,
  type LayerParameter,
  type LayerSignature,
} from "./layer-signatures.js";
import type { ModelEnvironment } from "./model-environment.js";
import { initialisationElsewhere } from "./names-elsewhere.js";

const formTexts: Readonly<Record<LayerForm, string>> = {
  vector: "a vector",
  image: "an image (`Tensor[H, W, C]`)",
  sequence: "a sequence (`Seq[…]`)",
};

/** A pipeline of layers on an input of a form; `end` is the form that leaves it, where all layers fit. */
export function checkLayers(
  layers: readonly LayerExpression[],
  form: LayerForm,
  environment: ModelEnvironment,
  inputs?: readonly Domain[],
): CheckedLayers | undefined {
  let at: LayerForm | undefined = form;
  let flow = inputs === undefined ? undefined : flowOfInputs(inputs);
  const checked = layers.map((layer) => {
    const result = checkLayer(layer, at, environment);
    at = result.end;
    if (result.layer === undefined || at === undefined) flow = undefined;
    if (flow !== undefined && result.layer !== undefined) {
      const next = flowAfter(result.layer, flow);
      if ("problem" in next) {
        environment.diagnostics.push(layerShape(layer.span, { layer: layer.name.text, ...next }));
        flow = undefined;
      } else flow = next;
    }
    return result.layer;
  });
  const known = checked.filter((layer) => layer !== undefined);
  return known.length < checked.length
    ? undefined
    : { layers: known, end: at, ...(flow === undefined ? {} : { flow }) };
}

/** `end`, `flow`: what leaves the last layer, where all fit and the inputs are known. */
export interface CheckedLayers {
  readonly layers: readonly Layer[];
  readonly end: LayerForm | undefined;
  readonly flow?: LayerFlow;
}

/** One layer; `form` undefined: what reaches it is not known, and its fit is not judged. */
function checkLayer(
  expression: LayerExpression,
  form: LayerForm | undefined,
  environment: ModelEnvironment,
): { readonly layer: Layer | undefined; readonly end: LayerForm | undefined } {
  const name = expression.name.text;
  const signature = Object.hasOwn(layerSignatures, name) ? layerSignatures[name] : undefined;
  if (signature === undefined) {
    const layers = Object.keys(layerSignatures);
    const suggestion = didYouMean(name, layers);
    environment.diagnostics.push(
      unknownLayer(
        expression.name.span,
        { name, layers, ...(suggestion === undefined ? {} : { suggestion }) },
        suggestion === undefined ? {} : { fix: { span: expression.name.span, replacement: suggestion } },
      ),
    );
    return { layer: undefined, end: undefined };
  }
  const end = form === undefined ? undefined : signature.forms[form];
  if (form !== undefined && end === undefined) reportForm(expression, signature, form, environment);
  const given = checkArguments(expression, signature, form, environment);
  return { layer: given && { name, arguments: given, span: expression.span }, end };
}

function reportForm(
  expression: LayerExpression,
  signature: LayerSignature,
  form: LayerForm,
  environment: ModelEnvironment,
): void {
  const takes = Object.keys(signature.forms).filter((each): each is LayerForm => each in formTexts);
  const before = { start: expression.span.start, end: expression.span.start };
  const flattens = form === "image" && takes.includes("vector");
  environment.diagnostics.push(
    layerInput(
      expression.span,
      {
        layer: expression.name.text,
        needs: takes.map((each) => formTexts[each]).join(" or "),
        found: formTexts[form],
        wayOut: flattens
          ? "put `flatten()` in front of it"
          : takes.includes("image") && form === "vector"
            ? "put `reshape(H, W, C)` in front of it, or declare the input `Tensor[H, W, C]`"
            : takes.includes("sequence") && takes.length === 1
              ? "declare the input as a sequence, `Seq[Vector[D]]`, and pass it `y[*]`"
              : "use a layer for this kind of input",
      },
      flattens ? { fix: { span: before, replacement: "flatten() |> " } } : {},
    ),
  );
}

function checkArguments(
  expression: LayerExpression,
  signature: LayerSignature,
  form: LayerForm | undefined,
  environment: ModelEnvironment,
): readonly LayerArgument[] | undefined {
  const { parameters } = signature;
  const layer = expression.name.text;
  const taken = new Set<string>();
  let position = 0;
  const given = expression.arguments.map((argument): LayerArgument | undefined => {
    const parameter =
      argument.name === undefined
        ? parameterAt(position++, parameters)
        : namedParameter(argument.name, layer, parameters, environment);
    if (parameter === undefined) {
      if (argument.name === undefined) report(argument, "takes no argument here");
      return undefined;
    }
    if (taken.has(parameter.name) && parameter.repeats !== true) {
      report(argument, `is given \`${parameter.name}\` twice`);
      return undefined;
    }
    taken.add(parameter.name);
    const value = checkValue(argument.value, parameter, form, report.bind(undefined, argument), environment);
    return value === undefined
      ? undefined
      : { ...(argument.name === undefined ? {} : { name: argument.name.text }), value };
  });
  const missing = parameters.find((parameter) => parameter.required && !taken.has(parameter.name));
  if (missing !== undefined && !given.includes(undefined)) {
    environment.diagnostics.push(
      layerArgument(expression.span, { layer, usage: signature.usage, problem: `needs \`${missing.name}\`` }),
    );
    return undefined;
  }
  const known = given.filter((argument) => argument !== undefined);
  return known.length < given.length ? undefined : known;

  function report(argument: Argument, problem: string, suggestion?: string): void {
    environment.diagnostics.push(
      layerArgument(
        argument.span,
        { layer, usage: signature.usage, problem, ...(suggestion === undefined ? {} : { suggestion }) },
        suggestion === undefined ? {} : { fix: { span: argument.value.span, replacement: suggestion } },
      ),
    );
  }
}

function parameterAt(position: number, parameters: readonly LayerParameter[]): LayerParameter | undefined {
  const last = parameters.at(-1);
  return parameters[position] ?? (last?.repeats === true ? last : undefined);
}

function namedParameter(
  name: { readonly text: string; readonly span: { readonly start: number; readonly end: number } },
  layer: string,
  parameters: readonly LayerParameter[],
  environment: ModelEnvironment,
): LayerParameter | undefined {
  const found = parameters.find((parameter) => parameter.name === name.text);
  if (found !== undefined) return found;
  const names = parameters.map((parameter) => parameter.name);
  const suggestion = didYouMean(name.text, names);
  environment.diagnostics.push(
    unknownArgument(
      name.span,
      { callee: layer, name: name.text, names, ...(suggestion === undefined ? {} : { suggestion }) },
      suggestion === undefined ? {} : { fix: { span: name.span, replacement: suggestion } },
    ),
  );
  return undefined;
}

function checkValue(
  value: Expression,
  parameter: LayerParameter,
  form: LayerForm | undefined,
  report: (problem: string, suggestion?: string) => void,
  environment: ModelEnvironment,
): LayerArgument["value"] | undefined {
  const number = value.kind === "number" ? value.value : undefined;
  const name = value.kind === "name" ? value.name : undefined;
  switch (parameter.kind) {
    case "size": {
      if (number !== undefined && Number.isInteger(number) && number >= 1) return number;
      if (name !== undefined && environment.declared.get(name)?.symbol.kind === "size") return name;
      const sizes = environment.sizes.map((size) => size.name);
      report(
        `needs a whole number or a size for \`${parameter.name}\`, and this is \`${written(value)}\``,
        name === undefined ? undefined : didYouMean(name, sizes),
      );
      return undefined;
    }
    case "whole":
      if (number !== undefined && Number.isInteger(number) && number >= 1) return number;
      report(`needs a whole number for \`${parameter.name}\`, and this is \`${written(value)}\``);
      return undefined;
    case "activation":
      return slope(value, report) ?? choice(name, value, activations, "has no activation", report);
    case "padding":
      return choice(name, value, ["same", "valid"], "has no kind of padding", report);
    case "pooling":
      return choice(name, value, ["max", "mean"], "has no kind of pooling", report);
    case "initialisation":
      return choice(name, value, weightInitialisations, "has no start of weights", report, initialisationElsewhere);
    case "fraction":
      if (number !== undefined && number >= 0 && number < 1) return number;
      report(`needs a number from 0 to below 1 for \`${parameter.name}\`, and this is \`${written(value)}\``);
      return undefined;
    case "flag":
      if (number === 0 || number === 1) return number;
      report(`needs 0 or 1 for \`${parameter.name}\`, and this is \`${written(value)}\``);
      return undefined;
    case "layer": {
      const layer = asLayer(value);
      if (layer === undefined) {
        report(`needs a layer, and this is \`${written(value)}\``);
        return undefined;
      }
      return checkLayer(layer, form, environment).layer;
    }
  }
}

/** `lrelu(0.2)`: the slope below 0. */
function slope(value: Expression, report: (problem: string) => void): Layer | undefined {
  if (value.kind !== "call" || value.callee.kind !== "name" || value.callee.name !== "lrelu") return undefined;
  const [given, ...others] = value.arguments;
  const number = given?.value.kind === "number" ? given.value.value : undefined;
  const isNamed = given?.name !== undefined && given.name.text !== "slope";
  if (number !== undefined && number >= 0 && number < 1 && others.length === 0 && !isNamed)
    return { name: "lrelu", arguments: [{ value: number }], span: value.span };
  report(`needs one slope from 0 to below 1 in \`lrelu(0.2)\`, and this is \`${written(value)}\``);
  return { name: "lrelu", arguments: [], span: value.span };
}

function choice(
  name: string | undefined,
  value: Expression,
  choices: readonly string[],
  problem: string,
  report: (problem: string, suggestion?: string) => void,
  elsewhere: (name: string) => string | undefined = () => undefined,
): string | undefined {
  if (name !== undefined && choices.includes(name)) return name;
  const suggestion = name === undefined ? undefined : (elsewhere(name) ?? didYouMean(name, choices));
  report(`${problem} \`${written(value)}\`: the choices are ${choices.join(", ")}`, suggestion);
  return undefined;
}

/** `dense(64, tanh)` where an expression stands. */
export function asLayer(value: Expression): LayerExpression | undefined {
  if (value.kind === "name") return { name: { text: value.name, span: value.span }, arguments: [], span: value.span };
  if (value.kind !== "call" || value.callee.kind !== "name") return undefined;
  return {
    name: { text: value.callee.name, span: value.callee.span },
    arguments: value.arguments,
    span: value.span,
  };
}
