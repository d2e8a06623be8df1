import type { KernelExpression, KernelFunction, KernelStatement, Segment } from "../kernel-ir.js";
import { namesOf } from "../polynomial.js";
import { shapesOf } from "../shapes.js";
import { forEachStatement, mapBodies } from "../walk-kernel.js";

/**
 * Lanes without a row add exactly 0 to totals, whatever they hold.
 *
 * A product adds 0 if one factor is 0 there and the others are finite, so a factor is masked where it is defined, once,
 * rather than the product in the inner loop; data is laid out with zeros in those lanes. What is no product of such factors
 * is masked where it is added.
 */
export function maskLanes(fn: KernelFunction): KernelFunction {
  return {
    ...fn,
    segments: fn.segments.map((segment) =>
      segment.kind === "rows" ? { ...segment, body: new Masking(fn, segment).run() } : segment,
    ),
  };
}

/** State of one segment's pass. */
class Masking {
  private readonly declared = new Map<string, KernelExpression>();
  private readonly stored = new Map<string, KernelExpression[]>();
  private readonly updated = new Set<string>();
  private readonly maskedScalars = new Set<string>();
  private readonly maskedArrays = new Set<string>();
  private readonly shapes;

  constructor(
    private readonly fn: KernelFunction,
    private readonly segment: Segment,
  ) {
    this.shapes = shapesOf(fn, segment);
  }

  run(): readonly KernelStatement[] {
    forEachStatement(this.segment.body, (statement) => {
      if (statement.kind === "declare" && !statement.mutable) this.declared.set(statement.name, statement.value);
      if (statement.kind === "updateStore") this.updated.add(statement.array);
      if (statement.kind === "store") {
        const known = this.stored.get(statement.array) ?? [];
        known.push(statement.value);
        this.stored.set(statement.array, known);
      }
    });
    forEachStatement(this.segment.body, (statement) => {
      if (this.isAddition(statement) && this.canBeZero(statement.value)) this.demand(statement.value);
    });
    return this.rewrite(this.segment.body);
  }

  private isAddition(
    statement: KernelStatement,
  ): statement is Extract<KernelStatement, { readonly kind: "updateStore" }> {
    return statement.kind === "updateStore" && this.fn.arrays.get(statement.array)?.kind === "total";
  }

  /** Is it 0 where the named things in it that `demand` masks are? */
  private canBeZero(expression: KernelExpression): boolean {
    switch (expression.kind) {
      case "scalar":
        if (this.fn.sweep !== undefined) return false;
        return this.declared.has(expression.name) && this.shapes.isVaryingScalar(expression.name);
      case "load": {
        if ([...namesOf(expression.index)].some((name) => this.fn.positions.has(name))) return false;
        const kind = this.fn.arrays.get(expression.array)?.kind;
        // In a sweep, lanes that do not count have work to do all the same.
        if (this.fn.sweep !== undefined) return false;
        return kind === "rowInput" || (kind === "varying" && !this.updated.has(expression.array));
      }
      case "binary": {
        const { left, right } = expression;
        if (expression.function === "multiply") return this.factorsToMask(left, right) !== undefined;
        const isSum = expression.function === "add" || expression.function === "subtract";
        return isSum && this.canBeZero(left) && this.canBeZero(right);
      }
      case "unary":
        return (
          (expression.function === "square" || expression.function === "negate") && this.canBeZero(expression.operand)
        );
      case "masked":
        return true;
      case "number":
      case "fromIndex":
      case "select":
      case "pick":
        return false;
    }
  }

  /** The factors of a product that have to be 0 for it to be 0; undefined where that cannot be had. */
  private factorsToMask(left: KernelExpression, right: KernelExpression): readonly KernelExpression[] | undefined {
    const [leftCanBeZero, rightCanBeZero] = [left, right].map((factor) => this.canBeZero(factor));
    if (leftCanBeZero && this.isFinite(right)) return [left];
    if (rightCanBeZero && this.isFinite(left)) return [right];
    return leftCanBeZero && rightCanBeZero ? [left, right] : undefined;
  }

  /** Is it surely finite in lanes without a row, where data is 0 and parameters are finite? */
  private isFinite(expression: KernelExpression): boolean {
    switch (expression.kind) {
      case "number":
        return Number.isFinite(expression.value);
      case "scalar": {
        const value = this.declared.get(expression.name);
        return value !== undefined && this.isFinite(value);
      }
      case "load": {
        const hasPosition = [...namesOf(expression.index)].some((name) => this.fn.positions.has(name));
        return !hasPosition && this.holdsFinite(expression.array);
      }
      case "binary": {
        const isPlain = ["add", "subtract", "multiply"].includes(expression.function);
        return isPlain && this.isFinite(expression.left) && this.isFinite(expression.right);
      }
      case "unary": {
        const isPlain = ["negate", "square", "abs", "presentOrZero", "isPresent"].includes(expression.function);
        return isPlain && this.isFinite(expression.operand);
      }
      case "masked":
        return this.isFinite(expression.operand);
      case "fromIndex":
      case "select":
      case "pick":
        return false;
    }
  }

  private holdsFinite(name: string): boolean {
    const array = this.fn.arrays.get(name);
    if (array?.kind === "input") return array.source === "parameter";
    if (array?.kind === "rowInput") return array.source === "data";
    const values = array?.kind === "varying" && !this.updated.has(name) ? this.stored.get(name) : undefined;
    return values !== undefined && values.every((value) => this.isFinite(value));
  }

  private demand(expression: KernelExpression): void {
    switch (expression.kind) {
      case "scalar": {
        if (this.maskedScalars.has(expression.name)) return;
        this.maskedScalars.add(expression.name);
        const value = this.declared.get(expression.name);
        if (value !== undefined && this.canBeZero(value)) this.demand(value);
        return;
      }
      case "load":
        if (this.fn.arrays.get(expression.array)?.kind !== "varying" || this.maskedArrays.has(expression.array)) return;
        this.maskedArrays.add(expression.array);
        for (const value of this.stored.get(expression.array) ?? []) if (this.canBeZero(value)) this.demand(value);
        return;
      case "binary": {
        const { left, right } = expression;
        const factors = expression.function === "multiply" ? this.factorsToMask(left, right) : [left, right];
        for (const factor of factors ?? []) this.demand(factor);
        return;
      }
      case "unary":
        return this.demand(expression.operand);
      case "number":
      case "fromIndex":
      case "select":
      case "pick":
      case "masked":
        return;
    }
  }

  private masked(value: KernelExpression): KernelExpression {
    return this.canBeZero(value) ? value : { kind: "masked", operand: value };
  }

  private rewrite(statements: readonly KernelStatement[]): readonly KernelStatement[] {
    return statements.map((statement): KernelStatement => {
      if (this.isAddition(statement) && statement.function !== "maximum") {
        return { ...statement, value: this.masked(statement.value) };
      }
      if (statement.kind === "declare" && this.maskedScalars.has(statement.name)) {
        return { ...statement, value: this.masked(statement.value) };
      }
      if (statement.kind === "store" && this.maskedArrays.has(statement.array)) {
        return { ...statement, value: this.masked(statement.value) };
      }
      return mapBodies(statement, (body) => this.rewrite(body));
    });
  }
}
