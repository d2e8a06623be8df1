import type { KernelExpression, KernelStatement } from "./kernel-ir.js";
import type { Polynomial } from "./polynomial.js";
import { add, constant, multiply, named, subtract, zero } from "./polynomial.js";

/**
 * The Cholesky factor in place, column by column, zeros above the diagonal; NaN throughout where a pivot is not a
 * positive number.
 */
export function factorStatements(
  array: string,
  offset: Polynomial,
  size: Polynomial,
  unique: (wanted: string) => string,
): readonly KernelStatement[] {
  const [column, row, before, beforeRow, cell] = ["column", "row", "before", "before", "cell"].map(unique);
  const [pivot, diagonal, sum, isDefinite] = ["pivot", "diagonal", "sum", "isDefinite"].map(unique);
  const at = (i: Polynomial, j: Polynomial): Polynomial => add(add(offset, multiply(i, size)), j);
  const load = (index: Polynomial): KernelExpression => ({ kind: "load", array, index });
  const scalar = (name: string): KernelExpression => ({ kind: "scalar", name });
  const number = (value: number): KernelExpression => ({ kind: "number", value });
  const binary = (
    name: "multiply" | "divide" | "less",
    left: KernelExpression,
    right: KernelExpression,
  ): KernelExpression => ({ kind: "binary", function: name, left, right });
  const loop = (
    variable: string,
    from: Polynomial,
    to: Polynomial,
    body: readonly KernelStatement[],
  ): KernelStatement => ({ kind: "for", variable, from, to, descending: false, body });
  const [j, i] = [named(column), named(row)];
  const last = subtract(size, constant(1));
  const isPivot = binary(
    "multiply",
    binary("less", number(0), scalar(pivot)),
    binary("less", scalar(pivot), number(Infinity)),
  );
  return [
    loop(column, zero, size, [
      { kind: "declare", name: pivot, value: load(at(j, j)), mutable: true },
      loop(before, zero, j, [
        {
          kind: "update",
          name: pivot,
          function: "subtract",
          value: binary("multiply", load(at(j, named(before))), load(at(j, named(before)))),
        },
      ]),
      {
        kind: "declare",
        name: diagonal,
        value: {
          kind: "unary",
          function: "sqrt",
          operand: { kind: "select", condition: isPivot, whenTrue: scalar(pivot), whenFalse: number(NaN) },
        },
        mutable: false,
      },
      { kind: "store", array, index: at(j, j), value: scalar(diagonal) },
      loop(row, add(j, constant(1)), size, [
        { kind: "declare", name: sum, value: load(at(i, j)), mutable: true },
        loop(beforeRow, zero, j, [
          {
            kind: "update",
            name: sum,
            function: "subtract",
            value: binary("multiply", load(at(i, named(beforeRow))), load(at(j, named(beforeRow)))),
          },
        ]),
        { kind: "store", array, index: at(i, j), value: binary("divide", scalar(sum), scalar(diagonal)) },
        { kind: "store", array, index: at(j, i), value: number(0) },
      ]),
    ]),
    // NaN in any pivot has reached the last.
    {
      kind: "declare",
      name: isDefinite,
      value: { kind: "unary", function: "isPresent", operand: load(at(last, last)) },
      mutable: false,
    },
    {
      kind: "ifAny",
      condition: binary("less", scalar(isDefinite), number(1)),
      body: [
        loop(cell, zero, multiply(size, size), [
          {
            kind: "store",
            array,
            index: add(offset, named(cell)),
            value: {
              kind: "select",
              condition: scalar(isDefinite),
              whenTrue: load(add(offset, named(cell))),
              whenFalse: number(NaN),
            },
          },
        ]),
      ],
    },
  ];
}
