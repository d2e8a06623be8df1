import {
  hidesLibraryName,
  layerShape,
  networkOutputType,
  optionalNotObserved,
  typeNotAllowedHere,
} from "../diagnostics/catalogue/semantics.js";
import { distributionNames } from "../ir/distribution-name.js";
import { shapeOf } from "../ir/domain.js";
import { isImageDomain, outputProblem } from "../ir/layer-shapes.js";
import type { Domain, Network } from "../ir/model.js";
import { printDomain } from "../ir/print-domain.js";
import type { NetworkDeclaration, TypeExpression } from "../parser/ast.js";
import { functionNames } from "./expression/functions.js";
import { checkLayers } from "./layer.js";
import type { LayerForm } from "./layer-signatures.js";
import { declare, type ModelEnvironment } from "./model-environment.js";
import type { NetworkSymbol } from "./symbols.js";
import { resolveType } from "./type-expression.js";

/** `net f(Vector[L]) -> Vector[D] = …`: its name, inputs and outputs. */
export function declareNetwork(declaration: NetworkDeclaration, environment: ModelEnvironment): NetworkSymbol {
  const { text: name, span } = declaration.name;
  const family = distributionNames.some((each) => each === name);
  if (family || functionNames.includes(name)) {
    environment.diagnostics.push(
      hidesLibraryName(span, { name, role: family ? "a family of distributions" : "a function" }),
    );
  }
  const inputs = declaration.inputs.map((type) => resolveWithoutMark(type, environment));
  const outputs = declaration.outputs.map((type) => resolveOutput(type, inputs, environment));
  const symbol: NetworkSymbol = { kind: "network", name, span, inputs, outputs };
  declare(environment, environment.root, symbol);
  return symbol;
}

function resolveWithoutMark(type: TypeExpression, environment: ModelEnvironment): Domain | undefined {
  if (type.optional) {
    environment.diagnostics.push(
      optionalNotObserved(
        type.span,
        { place: "an input or output of a network" },
        { fix: { span: { start: type.span.end - 1, end: type.span.end }, replacement: "" } },
      ),
    );
  }
  return resolveType(type, environment);
}

function resolveOutput(
  type: TypeExpression,
  inputs: readonly (Domain | undefined)[],
  environment: ModelEnvironment,
): Domain | undefined {
  const domain = resolveWithoutMark(type, environment);
  if (domain === undefined) return undefined;
  const element = domain.kind === "sequence" ? domain.element : domain;
  if (element.kind !== "real") {
    reportOutput(type, element, environment);
    return undefined;
  }
  if (domain.kind === "sequence" && inputs.every((input) => input !== undefined && input.kind !== "sequence")) {
    environment.diagnostics.push(
      typeNotAllowedHere(type.span, {
        type: printDomain(domain),
        place: "the output",
        reason: "no input of the network is a sequence",
        wayOut: `declare the output \`${printDomain(element)}\`, or an input as a \`Seq\``,
      }),
    );
    return undefined;
  }
  return domain;
}

/** The last layer is linear: what narrows its values is written where the network is called. */
function reportOutput(type: TypeExpression, domain: Domain, environment: ModelEnvironment): void {
  const shape = domain.kind === "category" ? [domain.categories] : shapeOf(domain);
  const replacement = printDomain({ kind: "real", shape });
  environment.diagnostics.push(
    networkOutputType(
      type.span,
      { type: printDomain(domain), replacement, wayOut: linkFor(domain.kind) },
      { fix: { span: type.span, replacement } },
    ),
  );
}

function linkFor(kind: Domain["kind"]): string {
  switch (kind) {
    case "positive":
    case "count":
      return "and write `softplus(f(x))` where it is used";
    case "unit":
    case "binary":
      return "and write `sigmoid(f(x))`, or `logits: f(x)`, where it is used";
    case "simplex":
    case "category":
      return "and write `softmax(f(x))`, or `logits: f(x)`, where it is used";
    case "covariance":
      return "and write `diag(softplus(…))` of a vector where it is used";
    case "real":
    case "angle":
    case "ordered":
    case "sequence":
      return "";
  }
}

/** The network with its layers. */
export function checkNetwork(
  declaration: NetworkDeclaration,
  symbol: NetworkSymbol,
  environment: ModelEnvironment,
): Network | undefined {
  const inputs = symbol.inputs.filter((input) => input !== undefined);
  const outputs = symbol.outputs.filter((output) => output !== undefined);
  const form = inputForm(symbol.inputs, declaration.layers[0].name.text);
  const checked = checkLayers(
    declaration.layers,
    form,
    environment,
    inputs.length < symbol.inputs.length || form === "sequence" ? undefined : inputs,
  );
  if (checked === undefined || inputs.length < symbol.inputs.length || outputs.length < symbol.outputs.length)
    return undefined;
  const { flow } = checked;
  outputs.forEach((output, i) => {
    const problem = flow === undefined ? undefined : outputProblem(flow, output);
    if (problem !== undefined)
      environment.diagnostics.push(layerShape(declaration.outputs[i].span, { layer: symbol.name, ...problem }));
  });
  return {
    name: symbol.name,
    inputs,
    outputs,
    layers: checked.layers,
    span: symbol.span,
    ...(declaration.documentation === undefined ? {} : { documentation: declaration.documentation }),
  };
}

/** Several inputs are joined into one vector; one image stays an image, as does one that a convolution joins others to. */
function inputForm(inputs: readonly (Domain | undefined)[], firstLayer: string | undefined): LayerForm {
  if (inputs.some((input) => input?.kind === "sequence")) return "sequence";
  const [first] = inputs;
  const isJoined = inputs.length > 1 && firstLayer !== "conv" && firstLayer !== "deconv";
  return !isJoined && first !== undefined && isImageDomain(first) ? "image" : "vector";
}
