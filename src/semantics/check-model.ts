import { declaredTwice } from "../diagnostics/catalogue/semantics.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { distributions } from "../distributions/registry.js";
import type { Axis, Factor, Model, Variable } from "../ir/model.js";
import { verifyModel } from "../ir/verify-model.js";
import type { BlockItem, Declaration, GuideDeclaration, ModelDeclaration } from "../parser/ast.js";
import { declareChain } from "./chain.js";
import { checkCritic } from "./critic.js";
import { findGuideCycles, findPriorCycles, findVariableCycles } from "./dependency-cycles.js";
import { expressionContext } from "./expression/check-expression.js";
import { checkGuide } from "./guide.js";
import { checkLearn } from "./learn.js";
import { checkLet, declareLet } from "./let.js";
import { lints } from "./lints/lints.js";
import { lowerToModel } from "./lower-to-model.js";
import { declare, newModelEnvironment, type ModelEnvironment } from "./model-environment.js";
import { checkNetwork, declareNetwork } from "./network.js";
import { checkParameter, declareParameter } from "./parameter.js";
import { declarePlate } from "./plate.js";
import { checkRandom } from "./random.js";
import { declareSizes } from "./size.js";
import { innerScope, type LetDefinition, type Scope } from "./symbols.js";
import { declareVariable, lowerVariable } from "./variable.js";

/** Names first, then what they stand for, then what they have to do with each other: order of declaration is free. */
export function checkModel(declaration: ModelDeclaration): {
  readonly model: Model | undefined;
  readonly diagnostics: readonly Diagnostic[];
} {
  const environment = newModelEnvironment(declaration.declarations.at(0)?.span.start ?? declaration.span.end);
  const work = new PendingChecks();
  const all = declaration.declarations;
  for (const each of all) if (each.kind === "size") declareSizes(each, environment);
  for (const each of all) declareTop(each, environment, work);
  const parts = work.run(environment);
  const guides = all.filter((each) => each.kind === "guide");
  const critics = all.filter((each) => each.kind === "critic");
  const learns = all.filter((each) => each.kind === "learn");
  for (const repeated of [guides, critics, learns]) reportRepeated(repeated, environment);
  const guide = checkGuides(guides, environment);
  const everywhere: Scope = { parent: environment.root, axes: environment.axes, symbols: new Map(), isGuide: true };
  const criticContext = expressionContext(environment, everywhere, "critic");
  const critic = critics.map((each) => checkCritic(each, criticContext)).at(0);
  const learn = learns.map((each) => checkLearn(each, environment)).at(0);
  environment.diagnostics.push(
    ...findPriorCycles(parts.parameters),
    ...findVariableCycles(parts.factors),
    ...findGuideCycles(guide.guide?.sites ?? []),
  );
  if (environment.diagnostics.some((each) => each.severity === "error")) {
    return { model: undefined, diagnostics: environment.diagnostics };
  }
  const model = lowerToModel(declaration, { ...parts, guide: guide.guide, critic, learn }, environment);
  verifyModel(model, (name) => distributions[name].slots);
  const lets = [...parts.lets, ...guide.lets];
  const warnings = lints.flatMap((lint) =>
    lint({ model, name: declaration.name.span, lets, positionalArguments: environment.positionalArguments }),
  );
  return { model, diagnostics: [...environment.diagnostics, ...warnings] };
}

/** Checks that wait until all names are declared. */
class PendingChecks {
  readonly #pending: ((environment: ModelEnvironment) => void)[] = [];
  readonly parameters: Model["parameters"][number][] = [];
  readonly networks: Model["networks"][number][] = [];
  readonly variables: Variable[] = [];
  readonly factors: Factor[] = [];
  readonly lets: LetDefinition[] = [];

  add(check: (environment: ModelEnvironment) => void): void {
    this.#pending.push(check);
  }

  run(environment: ModelEnvironment): this {
    for (const check of this.#pending) check(environment);
    return this;
  }
}

function declareTop(declaration: Declaration, environment: ModelEnvironment, work: PendingChecks): void {
  switch (declaration.kind) {
    case "parameter": {
      const symbol = declareParameter(declaration, environment);
      work.add(() => {
        const context = expressionContext(environment, environment.root, "prior");
        const parameter = checkParameter(declaration, symbol, context);
        if (parameter !== undefined) work.parameters.push(parameter);
      });
      return;
    }
    case "network": {
      const symbol = declareNetwork(declaration, environment);
      work.add(() => {
        const network = checkNetwork(declaration, symbol, environment);
        if (network !== undefined) work.networks.push(network);
      });
      return;
    }
    case "given":
    case "random":
    case "let":
    case "plate":
    case "chain":
      declareItem(declaration, environment.root, environment, work);
      return;
    case "size":
    case "guide":
    case "critic":
    case "learn":
      return;
  }
}

function declareItem(item: BlockItem, scope: Scope, environment: ModelEnvironment, work: PendingChecks): void {
  switch (item.kind) {
    case "plate":
      declareBlock(item.items, declarePlate(item, scope, environment), scope, environment, work);
      return;
    case "chain":
      declareBlock(item.items, declareChain(item, scope, environment), scope, environment, work);
      return;
    case "let": {
      const definition = declareLet(item, scope, environment);
      work.lets.push(definition);
      work.add(() => checkLet(definition, item.value.span, expressionContext(environment, scope, "model")));
      return;
    }
    case "given":
    case "random": {
      const symbol = declareVariable(item, scope, environment);
      const variable = lowerVariable(item, symbol);
      if (variable !== undefined) work.variables.push(variable);
      if (item.kind === "given") return;
      work.add(() => {
        const factors = checkRandom(item, symbol, expressionContext(environment, scope, "model"));
        work.factors.push(...(factors ?? []));
      });
      return;
    }
  }
}

function declareBlock(
  items: readonly BlockItem[],
  axis: Axis,
  scope: Scope,
  environment: ModelEnvironment,
  work: PendingChecks,
): void {
  const inner = innerScope(scope, axis);
  declare(environment, inner, { kind: "axis", name: axis.name, span: axis.span, axis });
  for (const item of items) declareItem(item, inner, environment, work);
}

function reportRepeated(
  declarations: readonly { readonly kind: string; readonly span: { readonly start: number; readonly end: number } }[],
  environment: ModelEnvironment,
): void {
  for (const { kind, span } of declarations.slice(1)) {
    const keyword = { start: span.start, end: span.start + kind.length };
    const related = [
      {
        span: { ...keyword, start: declarations[0].span.start, end: declarations[0].span.start + kind.length },
        message: "the first",
      },
    ];
    environment.diagnostics.push(declaredTwice(keyword, { what: kind }, { related }));
  }
}

function checkGuides(
  declarations: readonly GuideDeclaration[],
  environment: ModelEnvironment,
): ReturnType<typeof checkGuide> {
  const checked = declarations.map((each) => checkGuide(each, environment));
  return checked.at(0) ?? { guide: undefined, lets: [] };
}
