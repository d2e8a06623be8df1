import { criticArgument, criticOutput, notANetwork } from "../diagnostics/catalogue/semantics.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import type { Model } from "../ir/model.js";
import { printDomain } from "../ir/print-domain.js";
import type { CriticDeclaration } from "../parser/ast.js";
import type { ExpressionContext } from "./expression/expression-context.js";
import { checkNetworkArguments } from "./expression/network-call.js";

/** `critic F(x, c)`: a network that judges an observed variable, knowing given ones. */
export function checkCritic(declaration: CriticDeclaration, context: ExpressionContext): Model["critic"] {
  const { network, span } = declaration;
  const { declared } = context.environment;
  const symbol = declared.get(network.text)?.symbol;
  if (symbol?.kind !== "network") {
    const networks = [...declared.values()].filter((each) => each.symbol.kind === "network");
    const suggestion = didYouMean(
      network.text,
      networks.map((each) => each.symbol.name),
    );
    context.report(
      notANetwork(
        network.span,
        { name: network.text, ...(suggestion === undefined ? {} : { suggestion }) },
        suggestion === undefined ? {} : { fix: { span: network.span, replacement: suggestion } },
      ),
    );
    return undefined;
  }
  const [output] = symbol.outputs;
  const isNumber =
    symbol.outputs.length === 1 && (output === undefined || (output.kind === "real" && output.shape.length === 0));
  if (!isNumber) {
    const types = symbol.outputs.map((type) => (type === undefined ? "?" : printDomain(type)));
    const type = types.length === 1 ? types[0] : `(${types.join(", ")})`;
    const related = [{ span: symbol.span, message: "declared here" }];
    context.report(criticOutput(network.span, { network: network.text, type }, { related }));
  }
  const values = checkNetworkArguments(symbol, declaration.arguments, span, context);
  if (values === undefined || !isNumber) return undefined;
  for (const [i, value] of values.entries()) {
    const variable = value.kind === "variable" && value.lag === 0 ? declared.get(value.name)?.symbol : undefined;
    const role = variable?.kind === "variable" ? variable.role : undefined;
    if (role === (i === 0 ? "observed" : "given") || (i > 0 && role === "observed")) continue;
    const reason = i === 0 ? "and its first argument is not an observed one" : "and this is not one";
    context.report(criticArgument(value.span, { network: network.text, reason }));
    return undefined;
  }
  return { network: symbol.name, arguments: values, span };
}
