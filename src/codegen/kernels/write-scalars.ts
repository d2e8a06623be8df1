import type { BinaryFunction } from "../../ir/plan.js";
import { leakySlope } from "../../ir/plan.js";
import type { Emission } from "./emission.js";
import { emit, newLocal, newScope } from "./emission.js";
import type { KernelExpression, KernelUnaryFunction } from "./kernel-ir.js";
import type { Polynomial } from "./polynomial.js";
import { linearIn, namesOf } from "./polynomial.js";
import type { Code } from "./wasm/instructions.js";
import { call, float, get, lane, load, op, set, store, when } from "./wasm/code.js";
import type { Address, PlaceWriter } from "./write-places.js";

/** A float64 number that is a place, what it is called, and how many places there are. */
export interface BoundPosition {
  readonly name: string;
  readonly position: KernelExpression;
  readonly size: Polynomial;
}

/** Uniform values: one float64 number for all rows. */
export class ScalarWriter {
  private readonly scalars = new Map<string, number>();
  /** Picked positions that are known here, as whole numbers. */
  private readonly positions = new Map<string, number>();

  constructor(
    private readonly emission: Emission,
    private readonly places: PlaceWriter,
  ) {}

  declare(name: string, value: KernelExpression): void {
    const local = this.scalars.get(name) ?? newLocal(this.emission, name, "f64");
    this.scalars.set(name, local);
    emit(this.emission, set(local, this.write(value)));
  }

  update(name: string, update: "add" | "subtract" | "maximum", value: KernelExpression): void {
    const local = this.localOf(name);
    emit(this.emission, set(local, op(updates[update], get(local), this.write(value))));
  }

  store(array: string, index: Polynomial, value: KernelExpression): void {
    const { code, offset } = this.address(array, index);
    emit(this.emission, store("f64.store", code, this.write(value), offset));
  }

  updateStore(array: string, index: Polynomial, update: "add" | "subtract" | "maximum", value: KernelExpression): void {
    const { code, offset } = this.address(array, index);
    const sum = op(updates[update], load("f64.load", code, offset), this.write(value));
    emit(this.emission, store("f64.store", code, sum, offset));
  }

  private localOf(name: string): number {
    const local = this.scalars.get(name);
    if (local === undefined) throw new Error(`kernel ${this.emission.fn.name}: ${name} is not declared`);
    return local;
  }

  /** The address of a uniform cell, picked positions included. */
  address(array: string, index: Polynomial): Address {
    for (const name of namesOf(index)) {
      const position = this.positions.get(name);
      const parts = linearIn(index, name);
      if (position === undefined || parts === undefined) continue;
      const { code, offset } = this.address(array, parts.rest);
      return {
        code: op("i32.add", code, op("i32.mul", get(position), this.places.stride(array, parts.slope))),
        offset,
      };
    }
    return this.places.address(array, index);
  }

  write(expression: KernelExpression): Code {
    switch (expression.kind) {
      case "number":
        return float(expression.value);
      case "scalar":
        return get(this.localOf(expression.name));
      case "load": {
        const { code, offset } = this.address(expression.array, expression.index);
        return load("f64.load", code, offset);
      }
      case "fromIndex":
        return op("f64.convert_i32_s", this.places.write(expression.index));
      case "unary":
        return this.unary(expression.function, expression.operand);
      case "binary":
        return this.binary(expression.function, expression.left, expression.right);
      case "select":
        return op(
          "select",
          this.write(expression.whenTrue),
          this.write(expression.whenFalse),
          this.condition(expression.condition),
        );
      case "pick": {
        const isPosition = newLocal(this.emission, "isPosition", "i32");
        this.bind(expression, isPosition);
        return op("select", this.write(expression.entry), float(NaN), get(isPosition));
      }
      case "masked":
        throw new Error(`kernel ${this.emission.fn.name}: a masked number is per row`);
    }
  }

  /** A whole number on the stack, not 0 where the condition holds. */
  condition(expression: KernelExpression): Code {
    if (expression.kind === "binary" && isComparison(expression.function)) {
      return op(comparisons[expression.function], this.write(expression.left), this.write(expression.right));
    }
    return op("f64.ne", this.write(expression), float(0));
  }

  /** Makes a position known as a whole number, 0 where it is none, and says whether it is one. */
  private bind({ name, position, size }: BoundPosition, isPosition: number): void {
    const value = newLocal(this.emission, "position", "f64");
    const whole = newLocal(this.emission, "whole", "i32");
    const extent = op("f64.convert_i32_s", this.places.write(size));
    emit(
      this.emission,
      set(value, this.write(position)),
      set(isPosition, op("i32.and", op("f64.ge", get(value), float(0)), op("f64.lt", get(value), extent))),
      set(whole, op("i32.mul", op("i32.trunc_sat_f64_s", get(value)), get(isPosition))),
    );
    this.positions.set(name, whole);
  }

  ifPosition(position: BoundPosition, writeBody: () => void): void {
    const isPosition = newLocal(this.emission, "isPosition", "i32");
    this.bind(position, isPosition);
    this.block(get(isPosition), writeBody);
  }

  /** Code that runs where a condition holds. */
  block(condition: Code, writeBody: () => void): void {
    const { emission } = this;
    const outer = emission.code;
    const scope = newScope();
    emission.scopes.push(scope);
    emission.code = [];
    writeBody();
    const body = emission.code;
    emission.scopes.pop();
    emission.code = outer;
    emit(emission, scope.before, when(condition, body));
  }

  private unary(name: KernelUnaryFunction, operand: KernelExpression): Code {
    const value = this.write(operand);
    const kept = (): Code => {
      const local = newLocal(this.emission, "value", "f64");
      emit(this.emission, set(local, value));
      return get(local);
    };
    const choose = (whenTrue: Code, whenFalse: Code, condition: Code): Code =>
      op("select", whenTrue, whenFalse, condition);
    switch (name) {
      case "negate":
        return op("f64.neg", value);
      case "sqrt":
        return op("f64.sqrt", value);
      case "abs":
        return op("f64.abs", value);
      case "reciprocal":
        return op("f64.div", float(1), value);
      case "relu":
        return op("f64.max", value, float(0));
      case "step":
        return choose(float(1), float(0), op("f64.gt", value, float(0)));
      case "square": {
        const x = kept();
        return op("f64.mul", x, x);
      }
      case "leakyRelu": {
        const x = kept();
        return op("f64.max", op("f64.mul", x, float(leakySlope)), x);
      }
      case "isPresent": {
        const x = kept();
        return choose(float(1), float(0), op("f64.eq", x, x));
      }
      case "presentOrZero": {
        const x = kept();
        return choose(x, float(0), op("f64.eq", x, x));
      }
      case "sign": {
        const x = kept();
        const notPositive = choose(float(-1), x, op("f64.lt", x, float(0)));
        return choose(float(1), notPositive, op("f64.gt", x, float(0)));
      }
      case "exp":
      case "expOrZero":
      case "expm1":
      case "log":
      case "log1p":
      case "softplus":
      case "sigmoid":
      case "tanh":
      case "logGamma":
      case "digamma":
      case "trigamma":
      case "logBesselI0":
      case "besselRatio":
        this.emission.use(name);
        return lane("f64x2.extract_lane", call(name, op("f64x2.splat", value)), 0);
      case "sin":
      case "cos":
        this.emission.use(name);
        return call(name, value);
    }
  }

  private binary(name: BinaryFunction, left: KernelExpression, right: KernelExpression): Code {
    const [a, b] = [this.write(left), this.write(right)];
    switch (name) {
      case "add":
        return op("f64.add", a, b);
      case "subtract":
        return op("f64.sub", a, b);
      case "multiply":
        return op("f64.mul", a, b);
      case "divide":
        return op("f64.div", a, b);
      case "maximum":
        return op("f64.max", a, b);
      case "minimum":
        return op("f64.min", a, b);
      case "power":
        this.emission.use("power");
        return call("power", a, b);
      case "less":
      case "lessEqual":
      case "equal":
        return op("select", float(1), float(0), op(comparisons[name], a, b));
    }
  }
}

export const updates = { add: "f64.add", subtract: "f64.sub", maximum: "f64.max" } as const;
const comparisons = { less: "f64.lt", lessEqual: "f64.le", equal: "f64.eq" } as const;

export function isComparison(name: BinaryFunction): name is "less" | "lessEqual" | "equal" {
  return name === "less" || name === "lessEqual" || name === "equal";
}
