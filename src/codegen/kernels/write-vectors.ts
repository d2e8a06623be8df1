import type { BinaryFunction } from "../../ir/plan.js";
import { leakySlope } from "../../ir/plan.js";
import type { Emission, Scope } from "./emission.js";
import { emit, lanes, newLocal, vectors } from "./emission.js";
import { keyOfExpression } from "./expression-key.js";
import { exponentialOrZero } from "./functions/exponential.js";
import type { HostFunctionName } from "./functions/index.js";
import { inlined } from "./functions/vector-function.js";
import type { KernelExpression, KernelLoop, KernelUnaryFunction } from "./kernel-ir.js";
import { groupName, laneMark, laneMarks, rowName } from "./kernel-ir.js";
import type { Polynomial } from "./polynomial.js";
import { constant, linearIn, mentions, namesOf, named, scale, substitute, zero } from "./polynomial.js";
import { expressionsOf, forEachExpression, forEachStatement } from "./walk-kernel.js";
import type { Code } from "./wasm/instructions.js";
import {
  call,
  get,
  integer,
  lane,
  load,
  loadLane,
  multiplyAdd,
  op,
  replaceLane,
  set,
  subtractProduct,
  tee,
} from "./wasm/code.js";
import type { PlaceWriter } from "./write-places.js";
import { type BoundPosition, isComparison, type ScalarWriter } from "./write-scalars.js";

/** Code that leaves vector number v of a varying value on the stack. */
export type VectorCode = (v: number) => Code;

/** What a position that differs from lane to lane is: where it is one, and the place of each lane, 0 where it is none. */
export interface LanePositions {
  readonly isPosition: VectorCode;
  readonly places: readonly number[];
}

/** Varying values: one float64 number per lane, in vectors of two. */
export class VectorWriter {
  private readonly locals = new Map<string, readonly number[]>();
  private readonly positions = new Map<string, readonly number[]>();
  /** Positions that are known in a scope that is still open. */
  private readonly bound = new Map<
    string,
    { readonly scope: Scope; readonly key: string; readonly known: LanePositions }
  >();
  /** Distances to picked entries that are known in a scope that is still open. */
  private readonly scaled = new Map<
    string,
    { readonly scope: Scope; readonly places: readonly number[]; readonly distances: readonly number[] }
  >();
  private active: readonly number[] | undefined;
  /** Uniform values of the statements at hand, filled into vectors. */
  private readonly filled = new Map<string, number>();

  constructor(
    private readonly emission: Emission,
    private readonly places: PlaceWriter,
    private readonly scalars: ScalarWriter,
  ) {}

  /** Vectors filled before may hold something else from now on. */
  startRun(): void {
    this.filled.clear();
  }

  localsFor(name: string): readonly number[] {
    const known = this.locals.get(name);
    if (known !== undefined) return known;
    const made = Array.from({ length: vectors }, () => newLocal(this.emission, name, "v128"));
    this.locals.set(name, made);
    return made;
  }

  /** All ones in lanes that have a row. */
  activeLanes(): VectorCode {
    if (this.active === undefined) {
      if (this.emission.fn.sweep !== undefined) return this.laneMark("counted");
      const made = Array.from({ length: vectors }, () => newLocal(this.emission, "active", "v128"));
      this.active = made;
      const group = this.emission.scopes.find(({ variable }) => variable === groupName);
      if (group === undefined) throw new Error("kernel: no group of rows is open");
      const rest = op(
        "i32.sub",
        this.places.write(named(this.emission.fn.rows)),
        op("i32.mul", get(group.local as number), integer(lanes)),
      );
      const left = newLocal(this.emission, "rowsLeft", "v128");
      group.atStart.push(set(left, op("f64x2.splat", op("f64.convert_i32_s", rest))));
      made.forEach((local, v) => {
        group.atStart.push(set(local, op("f64x2.lt", this.constants.vector(2 * v, 2 * v + 1), get(left))));
      });
    }
    const { active } = this;
    return (v) => get(active[v]);
  }

  /** All ones in lanes of a sweep of which something is so. */
  laneMark(mark: keyof typeof laneMark): VectorCode {
    const { code, offset } = this.places.address(laneMarks, constant(laneMark[mark]));
    return (v) => load("v128.load", code, offset + 16 * v);
  }

  private get constants() {
    return this.emission.context.constants;
  }

  /** What is uniform in the expression is computed now; the rest by the code that is returned, vector by vector. */
  write(expression: KernelExpression): VectorCode {
    if (!this.emission.shapes.isVarying(expression)) return this.filledWith(expression);
    switch (expression.kind) {
      case "number":
        return this.filledWith(expression);
      case "scalar": {
        const locals = this.locals.get(expression.name);
        if (locals === undefined)
          throw new Error(`kernel ${this.emission.fn.name}: ${expression.name} is not declared`);
        return (v) => get(locals[v]);
      }
      case "load":
        return this.load(expression.array, expression.index);
      case "fromIndex":
        return this.fromIndex(expression.index);
      case "unary":
        return this.unary(expression.function, expression.operand);
      case "binary":
        return this.binary(expression.function, expression.left, expression.right);
      case "select": {
        const condition = this.mask(expression.condition);
        const [whenTrue, whenFalse] = [this.write(expression.whenTrue), this.write(expression.whenFalse)];
        return (v) => op("v128.bitselect", whenTrue(v), whenFalse(v), condition(v));
      }
      case "pick": {
        const { isPosition } = this.bind(expression);
        const entry = this.write(expression.entry);
        const nan = this.constants.splat(NaN);
        return (v) => op("v128.bitselect", entry(v), nan, isPosition(v));
      }
      case "masked": {
        const [operand, active] = [this.write(expression.operand), this.activeLanes()];
        return (v) => op("v128.and", operand(v), active(v));
      }
    }
  }

  private filledWith(expression: KernelExpression): VectorCode {
    if (expression.kind === "number" && Object.is(expression.value, 0)) return () => this.constants.splat(0);
    const key = keyOfExpression(expression);
    const known = this.filled.get(key);
    if (known !== undefined) return () => get(known);
    const local = newLocal(this.emission, "filled", "v128");
    this.filled.set(key, local);
    emit(this.emission, set(local, this.filling(expression)));
    return () => get(local);
  }

  private filling(expression: KernelExpression): Code {
    if (expression.kind === "number") return this.constants.splat(expression.value);
    if (expression.kind === "load") {
      const { code, offset } = this.scalars.address(expression.array, expression.index);
      return load("v128.load64_splat", code, offset);
    }
    return op("f64x2.splat", this.scalars.write(expression));
  }

  private fromIndex(index: Polynomial): VectorCode {
    const atStart = substitute(index, rowName, scale(named(groupName), lanes));
    const slope = linearIn(index, rowName)?.slope;
    if (slope === undefined || this.places.isPicked(index))
      throw new Error("kernel: a number that is not linear in the row");
    const first = this.fillPlace(atStart);
    const step = this.fillPlace(slope);
    return (v) => multiplyAdd(step(v), this.constants.vector(2 * v, 2 * v + 1), first(v));
  }

  private fillPlace(place: Polynomial): VectorCode {
    const local = newLocal(this.emission, "filled", "v128");
    emit(this.emission, set(local, op("f64x2.splat", op("f64.convert_i32_s", this.places.write(place)))));
    return () => get(local);
  }

  private load(array: string, index: Polynomial): VectorCode {
    for (const name of namesOf(index)) {
      const position = this.positions.get(name);
      const parts = linearIn(index, name);
      if (position !== undefined && parts !== undefined) return this.loadPicked(array, name, parts);
    }
    const { code, offset } = this.places.address(array, index);
    return (v) => load("v128.load", code, offset + 16 * v);
  }

  /** Bytes from the first entry of an array along a picked axis to the picked one, lane by lane. */
  private distances(array: string, name: string, slope: Polynomial): readonly number[] {
    const places = this.positions.get(name) as readonly number[];
    const key = `${name} ${this.places.strideKey(array, slope)}`;
    const before = this.scaled.get(key);
    if (before?.places === places && this.emission.scopes.includes(before.scope)) return before.distances;
    const stride = this.places.stride(array, slope);
    const distances = places.map(() => newLocal(this.emission, "distance", "i32"));
    emit(this.emission, ...places.map((place, lane) => set(distances[lane], op("i32.mul", get(place), stride))));
    const scope = this.emission.scopes[this.emission.scopes.length - 1];
    this.scaled.set(key, { scope, places, distances });
    return distances;
  }

  /** Makes what a loop picks known before it, where the loop changes neither the positions nor what they are read from. */
  bindBefore(loop: KernelLoop): void {
    const picks = invariantPicks(loop);
    if (picks.length > 0) this.startRun();
    for (const pick of picks) {
      if (!this.emission.shapes.isVarying(pick.position)) continue;
      this.bind(pick);
      forEachExpression(pick.entry, (part) => {
        const parts = part.kind === "load" ? linearIn(part.index, pick.name) : undefined;
        if (part.kind === "load" && parts !== undefined && parts.slope.size > 0)
          this.distances(part.array, pick.name, parts.slope);
      });
    }
  }

  /** Lane by lane, each from a place of its own. */
  private loadPicked(
    array: string,
    name: string,
    parts: { readonly slope: Polynomial; readonly rest: Polynomial },
  ): VectorCode {
    const isVaryingArray = this.emission.shapes.isVarying({ kind: "load", array, index: zero });
    // Another picked axis.
    const other = [...namesOf(parts.rest)].find((name) => this.positions.has(name));
    const otherParts = other === undefined ? undefined : linearIn(parts.rest, other);
    const { code, offset } = this.places.address(array, otherParts?.rest ?? parts.rest);
    const distances = this.distances(array, name, parts.slope);
    const otherDistances =
      other === undefined || otherParts === undefined ? undefined : this.distances(array, other, otherParts.slope);
    const at = (position: number): Code => {
      const own = op("i32.add", code, get(distances[position]));
      return otherDistances === undefined ? own : op("i32.add", own, get(otherDistances[position]));
    };
    const cell = (position: number): number => offset + (isVaryingArray ? 8 * position : 0);
    return (v) => {
      const first = load("v128.load64_splat", at(2 * v), cell(2 * v));
      return loadLane(first, 1, at(2 * v + 1), cell(2 * v + 1));
    };
  }

  /** Makes a position known, lane by lane. */
  bind({ name, position, size }: BoundPosition): LanePositions {
    const key = keyOfExpression(position);
    const before = this.bound.get(name);
    if (before?.key === key && this.emission.scopes.includes(before.scope)) return before.known;
    const value = this.write(position);
    const extent = this.fillPlace(size);
    const known = newLocal(this.emission, "position", "v128");
    const whole = newLocal(this.emission, "whole", "v128");
    const masks = Array.from({ length: vectors }, () => newLocal(this.emission, "isPosition", "v128"));
    const places = Array.from({ length: lanes }, () => newLocal(this.emission, "picked", "i32"));
    for (let v = 0; v < vectors; v++) {
      const isPosition = op(
        "v128.and",
        op("f64x2.ge", get(known), this.constants.splat(0)),
        op("f64x2.lt", get(known), extent(v)),
      );
      const clamped = op("v128.and", get(known), get(masks[v]));
      emit(
        this.emission,
        set(known, value(v)),
        set(masks[v], isPosition),
        set(whole, op("i32x4.trunc_sat_f64x2_s_zero", clamped)),
        set(places[2 * v], lane("i32x4.extract_lane", get(whole), 0)),
        set(places[2 * v + 1], lane("i32x4.extract_lane", get(whole), 1)),
      );
    }
    this.positions.set(name, places);
    const result = { isPosition: (v: number) => get(masks[v]), places };
    this.bound.set(name, { scope: this.emission.scopes[this.emission.scopes.length - 1], key, known: result });
    return result;
  }

  /** The whole number that a bound position is in one lane. */
  placeOf(name: string, row: number): Code {
    const found = this.positions.get(name);
    if (found === undefined) throw new Error(`kernel ${this.emission.fn.name}: a position that is not known here`);
    return get(found[row]);
  }

  /** All ones where the condition holds. */
  mask(expression: KernelExpression): VectorCode {
    if (this.emission.shapes.isVarying(expression)) {
      if (expression.kind === "binary" && isComparison(expression.function)) {
        const [left, right] = [this.write(expression.left), this.write(expression.right)];
        const opcode = comparisons[expression.function];
        return (v) => op(opcode, left(v), right(v));
      }
      if (expression.kind === "unary" && expression.function === "isPresent") {
        const operand = this.write(expression.operand);
        return this.twice(operand, (x, again) => op("f64x2.eq", x, again));
      }
      if (expression.kind === "binary" && expression.function === "multiply") {
        const [left, right] = [this.mask(expression.left), this.mask(expression.right)];
        return (v) => op("v128.and", left(v), right(v));
      }
    }
    const value = this.write(expression);
    return (v) => op("f64x2.ne", value(v), this.constants.splat(0));
  }

  /** Evaluates an operand once for two uses. */
  private twice(operand: VectorCode, use: (first: Code, again: Code) => Code): VectorCode {
    const local = newLocal(this.emission, "value", "v128");
    return (v) => use(tee(local, operand(v)), get(local));
  }

  private unary(name: KernelUnaryFunction, argument: KernelExpression): VectorCode {
    const x = this.write(argument);
    const one = this.constants.splat(1);
    const zero = this.constants.splat(0);
    switch (name) {
      case "negate":
        return (v) => op("f64x2.neg", x(v));
      case "sqrt":
        return (v) => op("f64x2.sqrt", x(v));
      case "abs":
        return (v) => op("f64x2.abs", x(v));
      case "reciprocal":
        return (v) => op("f64x2.div", one, x(v));
      case "relu":
        return (v) => op("f64x2.max", x(v), zero);
      case "square":
        return this.twice(x, (first, again) => op("f64x2.mul", first, again));
      case "leakyRelu": {
        const slope = this.constants.splat(leakySlope);
        return this.twice(x, (first, again) => op("f64x2.max", op("f64x2.mul", first, slope), again));
      }
      case "step":
        return (v) => op("v128.and", op("f64x2.gt", x(v), zero), one);
      case "isPresent":
        return this.twice(x, (first, again) => op("v128.and", op("f64x2.eq", first, again), one));
      case "presentOrZero": {
        const local = newLocal(this.emission, "value", "v128");
        return (v) => op("v128.and", op("f64x2.eq", tee(local, x(v)), get(local)), get(local));
      }
      case "sign": {
        // 1 with the sign of x; x itself where it is 0 or NaN.
        const local = newLocal(this.emission, "value", "v128");
        const size = op("v128.or", op("v128.and", get(local), this.constants.splat(-0)), one);
        const hasSign = op("v128.or", op("f64x2.lt", get(local), zero), op("f64x2.gt", get(local), zero));
        return (v) => [set(local, x(v)), op("v128.bitselect", size, get(local), hasSign)];
      }
      case "expOrZero":
        // Worth its space in what runs in every iteration: sums over the rows.
        if (this.emission.segment.totals === undefined) {
          this.emission.use(name);
          return (v) => call(name, x(v));
        }
        return (v) =>
          inlined(
            exponentialOrZero,
            (local, type) => newLocal(this.emission, local, type),
            x(v),
            this.emission.context,
          );
      case "exp":
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
        return (v) => call(name, x(v));
      case "sin":
      case "cos":
        return this.laneByLane(name, [x]);
    }
  }

  private laneByLane(name: HostFunctionName, operands: readonly VectorCode[]): VectorCode {
    this.emission.use(name);
    const locals = operands.map(() => newLocal(this.emission, "operand", "v128"));
    const entry = (position: number): Code =>
      call(name, ...locals.map((local) => lane("f64x2.extract_lane", get(local), position)));
    return (v) => [
      ...operands.map((operand, i) => set(locals[i], operand(v))),
      replaceLane(op("f64x2.splat", entry(0)), 1, entry(1)),
    ];
  }

  private binary(name: BinaryFunction, left: KernelExpression, right: KernelExpression): VectorCode {
    switch (name) {
      case "add": {
        const isRight = productIn(right) !== undefined;
        const product = productIn(isRight ? right : left);
        if (product !== undefined && this.emission.shapes.isVarying(isRight ? right : left)) {
          const [factors, c] = [this.factors(product), this.write(isRight ? left : right)];
          return (v) => multiplyAdd(...factors(v), c(v));
        }
        break;
      }
      case "subtract": {
        const product = productIn(right);
        if (product !== undefined && this.emission.shapes.isVarying(right)) {
          const [factors, c] = [this.factors(product), this.write(left)];
          return (v) => subtractProduct(...factors(v), c(v));
        }
        break;
      }
      case "divide":
        // One division for all lanes.
        if (!this.emission.shapes.isVarying(right) && right.kind !== "number") {
          const [a, b] = [this.write(left), this.filledWith({ kind: "unary", function: "reciprocal", operand: right })];
          return (v) => op("f64x2.mul", a(v), b(v));
        }
        break;
      case "power":
        return this.laneByLane("power", [this.write(left), this.write(right)]);
      case "multiply":
      case "maximum":
      case "minimum":
      case "less":
      case "lessEqual":
      case "equal":
        break;
    }
    const [a, b] = [this.write(left), this.write(right)];
    if (isComparison(name)) {
      const opcode = comparisons[name];
      return (v) => op("v128.and", op(opcode, a(v), b(v)), this.constants.splat(1));
    }
    const opcode = arithmetic[name];
    return (v) => op(opcode, a(v), b(v));
  }

  /** Both factors of a product; the base of a square is evaluated once. */
  private factors(product: Product): (v: number) => readonly [Code, Code] {
    if (product.kind === "product") {
      const [a, b] = [this.write(product.left), this.write(product.right)];
      return (v) => [a(v), b(v)];
    }
    const base = this.write(product.base);
    const local = newLocal(this.emission, "value", "v128");
    return (v) => [tee(local, base(v)), get(local)];
  }

  /** `old` updated with a value; a product is added in one step. */
  updated(update: "add" | "subtract" | "maximum", value: KernelExpression): (v: number, old: Code) => Code {
    const product = productIn(value);
    if (product !== undefined && update !== "maximum" && this.emission.shapes.isVarying(value)) {
      const factors = this.factors(product);
      return (v, old) => (update === "add" ? multiplyAdd : subtractProduct)(...factors(v), old);
    }
    const written = this.write(value);
    return (v, old) => op(vectorUpdates[update], old, written(v));
  }
}

/** What is picked in a loop at positions that are the same in all its turns. */
function invariantPicks(loop: KernelLoop): readonly Extract<KernelExpression, { readonly kind: "pick" }>[] {
  const changed = new Set([loop.variable]);
  const written = new Set<string>();
  const picks: Extract<KernelExpression, { readonly kind: "pick" }>[] = [];
  forEachStatement(loop.body, (statement) => {
    if (statement.kind === "declare" || statement.kind === "update") changed.add(statement.name);
    if (statement.kind === "for") changed.add(statement.variable);
    if (statement.kind === "store" || statement.kind === "updateStore") written.add(statement.array);
    for (const expression of expressionsOf(statement))
      forEachExpression(expression, (part) => part.kind === "pick" && picks.push(part));
  });
  for (const { name } of picks) changed.add(name);
  return picks.filter(({ position, size }) => {
    let isSame = [...changed].every((name) => !mentions(size, name));
    forEachExpression(position, (part) => {
      if (part.kind === "scalar" && changed.has(part.name)) isSame = false;
      if (part.kind === "load" && written.has(part.array)) isSame = false;
      const place = part.kind === "load" || part.kind === "fromIndex" ? part.index : zero;
      if ([...namesOf(place)].some((name) => changed.has(name))) isSame = false;
      if (part.kind === "pick") isSame = false;
    });
    return isSame;
  });
}

/** The factors of a product, or of a square. */
type Product =
  | { readonly kind: "product"; readonly left: KernelExpression; readonly right: KernelExpression }
  | { readonly kind: "square"; readonly base: KernelExpression };

function productIn(expression: KernelExpression): Product | undefined {
  if (expression.kind === "unary" && expression.function === "square")
    return { kind: "square", base: expression.operand };
  if (expression.kind !== "binary" || expression.function !== "multiply") return undefined;
  return { kind: "product", left: expression.left, right: expression.right };
}

const arithmetic = {
  add: "f64x2.add",
  subtract: "f64x2.sub",
  multiply: "f64x2.mul",
  divide: "f64x2.div",
  maximum: "f64x2.max",
  minimum: "f64x2.min",
} as const;
const comparisons = { less: "f64x2.lt", lessEqual: "f64x2.le", equal: "f64x2.eq" } as const;
const vectorUpdates = { add: "f64x2.add", subtract: "f64x2.sub", maximum: "f64x2.max" } as const;
