import { unnamedLength } from "../../diagnostics/catalogue/semantics.js";
import { sameShape, shapeOf } from "../../ir/domain.js";
import type { Dimension, Domain, Expression } from "../../ir/model.js";
import { printDimension, printDomain } from "../../ir/print-domain.js";
import { commonShape } from "./numeric.js";
import { refuseShape, type FunctionCall, type FunctionSignature } from "./function-signature.js";

/** Functions that put values together, entry by entry or one after another. */
export const assembling: readonly FunctionSignature[] = [
  {
    name: "multiply",
    usage: "mul(a, b)",
    summary: "product entry by entry",
    least: 2,
    most: 2,
    needs: "real",
    result: (operands, call) => {
      const [a, b] = operands;
      const shape = commonShape(a, b);
      return shape === undefined
        ? refuseShape(call, 1, b, `a \`${printDomain(a.type)}\` like the first`, "declare both with the same sizes")
        : { kind: "real", shape };
    },
  },
  {
    name: "concat",
    usage: "concat(a, b, …)",
    summary: "vectors and numbers joined end to end",
    least: 1,
    most: Infinity,
    needs: "real",
    result: joined,
  },
  {
    name: "stack",
    usage: "stack(a, b, …)",
    summary: "values of one shape as the rows of one with an axis more",
    least: 1,
    most: Infinity,
    needs: "real",
    result: (operands, call) => {
      const shape = shapeOf(operands[0].type);
      const odd = operands.findIndex((operand) => !sameShape(shapeOf(operand.type), shape));
      if (odd >= 0) {
        const expected = `a \`${printDomain(operands[0].type)}\` like the first`;
        return refuseShape(call, odd, operands[odd], expected, "stack values of one shape, or join them with `concat`");
      }
      return { kind: "real", shape: [{ kind: "literal", value: operands.length }, ...shape] };
    },
  },
];

function joined(operands: readonly Expression[], call: FunctionCall): Domain | undefined {
  const odd = operands.findIndex((operand) => shapeOf(operand.type).length > 1);
  if (odd >= 0)
    return refuseShape(call, odd, operands[odd], "vectors and numbers", "join vectors, or `stack` values of one shape");
  const lengths = operands.map((operand): Dimension => shapeOf(operand.type)[0] ?? { kind: "literal", value: 1 });
  if (lengths.length === 1) return { kind: "real", shape: lengths };
  const known = lengths.flatMap((length) => (length.kind === "literal" ? [length.value] : []));
  if (known.length < lengths.length) {
    call.context.report(unnamedLength(call.written.span, { lengths: lengths.map(printDimension).join(" + ") }));
    return undefined;
  }
  return { kind: "real", shape: [{ kind: "literal", value: known.reduce((a, b) => a + b, 0) }] };
}
