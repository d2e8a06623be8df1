import { didYouMean } from "../diagnostics/did-you-mean.js";
import { notASize, sizeNotPositive, unknownSize } from "../diagnostics/catalogue/semantics.js";
import type { Dimension } from "../ir/model.js";
import type { Identifier, SizeDeclaration } from "../parser/ast.js";
import { declare, type ModelEnvironment } from "./model-environment.js";
import { describeSymbol, type SizeSymbol } from "./symbols.js";

/** `size K = 3, D` */
export function declareSizes(declaration: SizeDeclaration, environment: ModelEnvironment): void {
  for (const { name, value } of declaration.sizes) {
    if (value !== undefined && !(Number.isInteger(value.value) && value.value >= 1)) {
      environment.diagnostics.push(sizeNotPositive(value.span, { name: name.text, value: value.text }));
    }
    const symbol: SizeSymbol = {
      kind: "size",
      name: name.text,
      span: name.span,
      ...(value === undefined ? {} : { default: value.value }),
    };
    if (!declare(environment, environment.root, symbol)) continue;
    environment.sizes.push({
      name: name.text,
      span: name.span,
      ...(value === undefined ? {} : { default: value.value }),
      ...(declaration.documentation === undefined ? {} : { documentation: declaration.documentation }),
    });
  }
}

/** The size that a name stands for in a type, a table or a plate. */
export function resolveSize(name: Identifier, environment: ModelEnvironment): Dimension | undefined {
  const found = environment.declared.get(name.text);
  if (found?.symbol.kind === "size") return { kind: "symbol", name: name.text };
  if (environment.missingSizes.has(name.text)) return undefined;
  if (found === undefined) environment.missingSizes.add(name.text);
  const suggestion = didYouMean(
    name.text,
    environment.sizes.map((size) => size.name),
  );
  const details = suggestion === undefined ? {} : { fix: { span: name.span, replacement: suggestion } };
  const declaration = {
    fix: { span: { start: environment.start, end: environment.start }, replacement: `size ${name.text}\n  ` },
  };
  const spelling = { name: name.text, ...(suggestion === undefined ? {} : { suggestion }) };
  environment.diagnostics.push(
    found === undefined
      ? unknownSize(name.span, spelling, suggestion === undefined ? declaration : details)
      : notASize(
          name.span,
          { ...spelling, role: describeSymbol(found.symbol) },
          {
            ...details,
            related: [{ span: found.symbol.span, message: "declared here" }],
          },
        ),
  );
  return undefined;
}
