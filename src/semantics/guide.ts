import {
  guideChainUnknown,
  guideForm,
  guideReadsInner,
  guideReadsUnsampled,
  layerArgument,
  siteGivenTwice,
  siteNotLatent,
  siteOutsideItsChain,
} from "../diagnostics/catalogue/semantics.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import { walkExpression } from "../ir/walk-expression.js";
import { isImageDomain } from "../ir/layer-shapes.js";
import type { Axis, DensityFactor, Domain, Guide, Layer } from "../ir/model.js";
import type { Argument, GuideChain, GuideDeclaration, GuideItem, GuideSite, LayerExpression } from "../parser/ast.js";
import { checkDistribution } from "./distribution-call.js";
import { expressionContext } from "./expression/check-expression.js";
import { printExpression as written } from "../parser/print-expression.js";
import { asLayer, checkLayers } from "./layer.js";
import { checkLet, declareLet } from "./let.js";
import type { ModelEnvironment } from "./model-environment.js";
import { checkSteps } from "./steps.js";
import { describeSymbol, innerScope, type LetDefinition, type Scope, type VariableSymbol } from "./symbols.js";

interface GuideDraft {
  readonly environment: ModelEnvironment;
  readonly sites: Map<string, { readonly written: GuideSite; readonly factors: readonly DensityFactor[] | undefined }>;
  readonly lets: LetDefinition[];
}

/** `guide auto(…)`, or `guide { … }` with a distribution for each latent variable that it draws. */
export function checkGuide(
  declaration: GuideDeclaration,
  environment: ModelEnvironment,
): { readonly guide: Guide | undefined; readonly lets: readonly LetDefinition[] } {
  const { automatic, span } = declaration;
  if (automatic !== undefined) {
    const checked = checkAutomatic(automatic, environment);
    return { guide: checked === undefined ? undefined : { ...checked, sites: [], span }, lets: [] };
  }
  const scope: Scope = { parent: environment.root, axes: [], symbols: new Map(), isGuide: true };
  const draft: GuideDraft = { environment, sites: new Map(), lets: [] };
  const errors = environment.diagnostics.length;
  checkItems(declaration.items, scope, draft);
  const factors = [...draft.sites.values()].flatMap((site) => site.factors ?? []);
  if (environment.diagnostics.length === errors) checkReads(factors, draft);
  return { guide: { sites: factors, span }, lets: draft.lets };
}

function checkAutomatic(
  form: LayerExpression,
  environment: ModelEnvironment,
): { readonly automatic?: readonly Layer[]; readonly spread?: number } | undefined {
  if (form.name.text !== "auto") {
    environment.diagnostics.push(
      guideForm(
        form.name.span,
        { name: form.name.text },
        didYouMean(form.name.text, ["auto"]) === undefined
          ? {}
          : { fix: { span: form.name.span, replacement: "auto" } },
      ),
    );
    return undefined;
  }
  const spread = spreadOf(form);
  const layers = form.arguments.map((argument) => {
    if (argument.name !== undefined && argument === spread?.argument) return undefined;
    const layer = argument.name === undefined ? asLayer(argument.value) : undefined;
    if (layer === undefined) {
      environment.diagnostics.push(
        layerArgument(argument.span, {
          layer: "auto",
          usage: "auto(dense(64, tanh), spread: 0.1)",
          problem:
            argument.name?.text === "spread"
              ? `takes one positive number as \`spread\`, and this is \`${written(argument.value)}\``
              : `takes layers, and this is \`${written(argument.value)}\``,
        }),
      );
    }
    return layer;
  });
  const known = layers.filter((layer) => layer !== undefined);
  if (known.length < layers.length - (spread === undefined ? 0 : 1)) return undefined;
  const observesImage = [...environment.declared.values()].some(
    ({ symbol }) => symbol.kind === "variable" && symbol.role === "observed" && isImage(symbol.domain),
  );
  const first = known[0]?.name.text;
  const reached = observesImage && (first === "conv" || first === "pool" || first === "reshape") ? "image" : "vector";
  const automatic = checkLayers(known, reached, environment)?.layers;
  if (automatic === undefined) return undefined;
  return { automatic, ...(spread === undefined ? {} : { spread: spread.value }) };
}

/** `guide auto(…, spread: 1)` */
function spreadOf(form: LayerExpression): { readonly argument: Argument; readonly value: number } | undefined {
  const argument = form.arguments.find(({ name }) => name?.text === "spread");
  if (argument?.value.kind !== "number" || argument.value.value <= 0) return undefined;
  return { argument, value: argument.value.value };
}

function isImage(domain: Domain | undefined): boolean {
  return domain !== undefined && isImageDomain(domain);
}

function checkItems(items: readonly GuideItem[], scope: Scope, draft: GuideDraft): void {
  const { environment } = draft;
  const context = expressionContext(environment, scope, "guide");
  const lets = items.flatMap((item) => (item.kind === "let" ? [declareLet(item, scope, environment)] : []));
  draft.lets.push(...lets);
  for (const item of items) {
    switch (item.kind) {
      case "let": {
        const definition = lets.find((each) => each.declaration === item);
        if (definition !== undefined) checkLet(definition, item.value.span, context);
        break;
      }
      case "site":
        checkSite(item, scope, draft);
        break;
      case "guideChain":
        checkGuideChain(item, scope, draft);
        break;
    }
  }
}

function checkGuideChain(item: GuideChain, scope: Scope, draft: GuideDraft): void {
  const { environment } = draft;
  const { text: name, span } = item.name;
  const chains = environment.axes.filter((axis) => axis.kind === "chain");
  const chain = chains.find((axis) => axis.name === name);
  if (chain === undefined) {
    const suggestion =
      didYouMean(
        name,
        chains.map((axis) => axis.name),
      ) ?? (chains.length === 1 ? chains[0].name : undefined);
    environment.diagnostics.push(
      guideChainUnknown(
        span,
        { name, ...(suggestion === undefined ? {} : { suggestion }) },
        suggestion === undefined ? {} : { fix: { span, replacement: suggestion } },
      ),
    );
    return;
  }
  checkItems(item.items, innerScope(scope, chain), draft);
}

function checkSite(site: GuideSite, scope: Scope, draft: GuideDraft): void {
  const { environment } = draft;
  const { text: name, span } = site.name;
  const symbol = environment.declared.get(name)?.symbol;
  const context = expressionContext(environment, scope, "guide");
  if (symbol?.kind !== "variable" || symbol.role !== "latent") {
    const latents = [...environment.declared.values()].filter(
      (each) => each.symbol.kind === "variable" && each.symbol.role === "latent",
    );
    const suggestion = didYouMean(
      name,
      latents.map((each) => each.symbol.name),
    );
    environment.diagnostics.push(
      siteNotLatent(
        span,
        {
          name,
          role: symbol === undefined ? "not declared" : describeSymbol(symbol),
          ...(suggestion === undefined ? {} : { suggestion }),
        },
        suggestion === undefined ? {} : { fix: { span, replacement: suggestion } },
      ),
    );
    return;
  }
  const before = draft.sites.get(name);
  if (before !== undefined) {
    environment.diagnostics.push(
      siteGivenTwice(span, { name }, { related: [{ span: before.written.name.span, message: "the first" }] }),
    );
  }
  if (!standsInItsChain(symbol, site, scope, environment)) return;
  const child = { name, domain: symbol.domain, typeName: symbol.typeName };
  const step = checkDistribution(site.value, child, context);
  const initial = site.initial === undefined ? undefined : checkDistribution(site.initial, child, context);
  const factors = checkSteps({ child: symbol, step, initial, initialSpan: site.initial?.span }, context);
  if (before === undefined) draft.sites.set(name, { written: site, factors });
}

function standsInItsChain(
  symbol: VariableSymbol,
  site: GuideSite,
  scope: Scope,
  environment: ModelEnvironment,
): boolean {
  const needed = symbol.axes.find(
    (axis) => axis.kind === "chain" && !scope.axes.some((each) => each.name === axis.name),
  );
  const extra = scope.axes.find((axis) => !symbol.axes.some((each) => each.name === axis.name));
  const chain = needed ?? extra;
  if (chain === undefined) return true;
  environment.diagnostics.push(
    siteOutsideItsChain(
      site.name.span,
      { name: symbol.name, chain: chain.name, inside: needed === undefined },
      { related: [{ span: symbol.span, message: "declared here" }] },
    ),
  );
  return false;
}

/** A guide reads the data, and latent variables that it draws itself, of its own plate or an outer one. */
function checkReads(factors: readonly DensityFactor[], draft: GuideDraft): void {
  for (const factor of factors) {
    const own = axesOf(factor.child, draft.environment);
    const seen = new Set<string>();
    for (const argument of Object.values(factor.arguments)) {
      for (const read of walkExpression(argument)) {
        if ((read.kind !== "variable" && read.kind !== "sequence") || seen.has(read.name)) continue;
        seen.add(read.name);
        const symbol = draft.environment.declared.get(read.name)?.symbol;
        if (symbol?.kind !== "variable") continue;
        const related = [{ span: symbol.span, message: "declared here" }];
        if (symbol.role === "latent" && !draft.sites.has(read.name)) {
          draft.environment.diagnostics.push(
            guideReadsUnsampled(read.span, { name: read.name, site: factor.child }, { related }),
          );
        }
        const axes = read.kind === "sequence" ? symbol.axes.slice(0, -1) : symbol.axes;
        const inner = axes.find((axis) => !own.includes(axis));
        if (inner !== undefined) {
          draft.environment.diagnostics.push(
            guideReadsInner(
              read.span,
              { name: read.name, axis: inner.name, reader: `\`${factor.child}\``, chain: inner.kind === "chain" },
              { related },
            ),
          );
        }
      }
    }
  }
}

function axesOf(name: string, environment: ModelEnvironment): readonly Axis[] {
  const symbol = environment.declared.get(name)?.symbol;
  return symbol?.kind === "variable" ? symbol.axes : [];
}
