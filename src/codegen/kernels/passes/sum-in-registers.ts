import type { KernelExpression, KernelFunction, KernelLoop, KernelStatement } from "../kernel-ir.js";
import { mentions, namesOf } from "../polynomial.js";
import { forEachStatement, mapBodies } from "../walk-kernel.js";

type Addition = Extract<KernelStatement, { readonly kind: "updateStore" }>;

/**
 * What all turns of a loop add to the same cell of a total is summed up in a register, and added once after the loop; so
 * is a factor that all turns have in common. A cell in memory would make each turn wait for the one before.
 */
export function sumInRegisters(fn: KernelFunction): KernelFunction {
  const sums = new Sums(fn);
  return {
    ...fn,
    segments: fn.segments.map((segment) =>
      segment.kind === "rows" ? { ...segment, body: sums.list(segment.body) } : segment,
    ),
  };
}

/** State of one function's pass. */
class Sums {
  private count = 0;

  constructor(private readonly fn: KernelFunction) {}

  list(statements: readonly KernelStatement[]): readonly KernelStatement[] {
    return statements.flatMap((statement): readonly KernelStatement[] => {
      const inner = mapBodies(statement, (body) => this.list(body));
      return inner.kind === "for" ? this.loop(inner) : [inner];
    });
  }

  private loop(loop: KernelLoop): readonly KernelStatement[] {
    const before: KernelStatement[] = [];
    const after: KernelStatement[] = [];
    const body = loop.body.map((statement): KernelStatement => {
      if (!this.isSameCell(statement, loop)) return statement;
      this.count += 1;
      const name = `sum ${this.count}`;
      const sum: KernelExpression = { kind: "scalar", name };
      const { factor, rest } = splitFactor(statement.value, loop);
      before.push({ kind: "declare", name, value: { kind: "number", value: 0 }, mutable: true });
      after.push({
        ...statement,
        value: factor === undefined ? sum : { kind: "binary", function: "multiply", left: factor, right: sum },
      });
      return { kind: "update", name, function: "add", value: rest };
    });
    return [...before, { ...loop, body }, ...after];
  }

  /** Is it an addition to a total's cell that is the same in all turns? */
  private isSameCell(statement: KernelStatement, loop: KernelLoop): statement is Addition {
    return (
      statement.kind === "updateStore" &&
      statement.function === "add" &&
      this.fn.arrays.get(statement.array)?.kind === "total" &&
      !mentions(statement.index, loop.variable) &&
      ![...namesOf(statement.index)].some((name) => this.fn.positions.has(name))
    );
  }
}

/** A product's factor that no turn of the loop changes. */
function splitFactor(
  value: KernelExpression,
  loop: KernelLoop,
): { readonly factor?: KernelExpression; readonly rest: KernelExpression } {
  if (value.kind !== "binary" || value.function !== "multiply") return { rest: value };
  const { left, right } = value;
  if (isUnchanged(left, loop)) return { factor: left, rest: right };
  if (isUnchanged(right, loop)) return { factor: right, rest: left };
  return { rest: value };
}

function isUnchanged(expression: KernelExpression, loop: KernelLoop): boolean {
  if (expression.kind !== "scalar") return false;
  let isChanged = false;
  forEachStatement(loop.body, (statement) => {
    if ((statement.kind === "declare" || statement.kind === "update") && statement.name === expression.name) {
      isChanged = true;
    }
  });
  return !isChanged;
}
