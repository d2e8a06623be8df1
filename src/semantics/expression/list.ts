import { emptyList, unevenList, unknownArgument } from "../../diagnostics/catalogue/semantics.js";
import { sameShape, shapeOf } from "../../ir/domain.js";
import type { Expression } from "../../ir/model.js";
import { printDomain } from "../../ir/print-domain.js";
import type * as syntax from "../../parser/ast.js";
import type { ExpressionContext } from "./expression-context.js";
import { checkNumber, numericDomain } from "./numeric.js";
import { intervalOf } from "./value-interval.js";

/** `[1, 0, 2]`: a vector; a list of lists of one length: a matrix. */
export function checkList(list: syntax.ListExpression, context: ExpressionContext): Expression | undefined {
  if (list.items.length === 0) {
    context.report(emptyList(list.span, {}));
    return undefined;
  }
  const items = list.items.map((item) => {
    if (item.name !== undefined) {
      context.report(unknownArgument(item.name.span, { callee: "[…]", name: item.name.text, names: [] }));
    }
    return checkNumber(item.value, context);
  });
  const known = items.filter((item) => item !== undefined);
  if (known.length < items.length) return undefined;
  const shape = shapeOf(known[0].type);
  const odd = known.findIndex((item) => !sameShape(shapeOf(item.type), shape));
  if (odd >= 0) {
    context.report(
      unevenList(list.items[odd].span, { first: printDomain(known[0].type), other: printDomain(known[odd].type) }),
    );
    return undefined;
  }
  const whole = [{ kind: "literal", value: known.length } as const, ...shape];
  const draft: Expression = { kind: "list", items: known, type: { kind: "real", shape: whole }, span: list.span };
  return { ...draft, type: numericDomain(whole, intervalOf(draft)) };
}
