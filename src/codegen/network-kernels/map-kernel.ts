import { leakySlope, type BinaryFunction, type UnaryFunction } from "../../ir/plan.js";
import {
  branch,
  branchIf,
  type Bytes,
  extractFloat,
  extractInteger,
  FunctionWriter,
  get,
  integer,
  join,
  loadFloat,
  loadInteger,
  loadLane,
  loadSingle,
  loadSplat,
  loadVector,
  set,
  storeFloat,
  storeLane,
  storeVector,
  vector,
  vectorOf,
  wasm,
} from "./assembler.js";
import { multiplyAdd, type VectorFunctionName, vectorFunctionNames } from "./vector-functions.js";

/** What a loop nest computes for each cell: a tree over leaves. Shared parts are shared objects. */
export type MapExpression =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "leaf"; readonly leaf: number }
  /** A leaf of which an axis is picked by an index that does not vary along the innermost loop. */
  | { readonly kind: "gather"; readonly leaf: number; readonly index: MapExpression }
  /** The counter of a loop. */
  | { readonly kind: "position"; readonly loop: number }
  | { readonly kind: "unary"; readonly function: UnaryFunction; readonly operand: MapExpression }
  | {
      readonly kind: "binary";
      readonly function: BinaryFunction;
      readonly left: MapExpression;
      readonly right: MapExpression;
    }
  | {
      readonly kind: "select";
      readonly condition: MapExpression;
      readonly whenTrue: MapExpression;
      readonly whenFalse: MapExpression;
    };

/** How a leaf or the result moves along the innermost loop. */
export type InnerStep = "contiguous" | "constant" | "strided";

export interface MapKernel {
  readonly name: string;
  /** Loops, outermost first; at least one. */
  readonly loops: number;
  readonly leaves: readonly InnerStep[];
  readonly result: InnerStep;
  /** How cells that meet in one place of the result are combined. */
  readonly reduce?: "sum" | "max";
  /** The place in the result that an index picks besides. */
  readonly scatter?: MapExpression;
  readonly expression: MapExpression;
}

/** Unary functions that float32 loops have. */
export const mappedUnary: ReadonlySet<UnaryFunction> = new Set([
  "negate",
  "exp",
  "log",
  "log1p",
  "expm1",
  "sqrt",
  "square",
  "reciprocal",
  "abs",
  "sign",
  "softplus",
  "sigmoid",
  "tanh",
  "relu",
  "leakyRelu",
  "step",
  "isPresent",
  "presentOrZero",
  "logGamma",
  "digamma",
] satisfies readonly UnaryFunction[]);

const word = 4;
const lanes = 4;

/**
 * Words of the block of arguments that a kernel takes the address of: result, leaves, sizes of the loops, then for each
 * loop the strides in bytes of the result and of the leaves, then the strides of picked axes: result, leaves.
 */
export function argumentLayout(kernel: Pick<MapKernel, "loops" | "leaves">): {
  readonly result: number;
  leaf(leaf: number): number;
  size(loop: number): number;
  /** place 0: the result, 1 and on: the leaves */
  stride(loop: number, place: number): number;
  picked(place: number): number;
  readonly words: number;
} {
  const places = kernel.leaves.length + 1;
  const sizes = places;
  const strides = sizes + kernel.loops;
  const picked = strides + kernel.loops * places;
  return {
    result: 0,
    leaf: (leaf) => 1 + leaf,
    size: (loop) => sizes + loop,
    stride: (loop, place) => strides + loop * places + place,
    picked: (place) => picked + place,
    words: picked + places,
  };
}

/** @param functionIndex place of the first of the vector functions in the module */
export function emitMapKernel(kernel: MapKernel, functionIndex: number, relaxed: boolean): FunctionWriter {
  return new MapEmitter(kernel, functionIndex, relaxed).emit();
}

class MapEmitter {
  private readonly fn: FunctionWriter;
  private readonly layout: ReturnType<typeof argumentLayout>;
  /** Pointers at each depth: the result, then the leaves. */
  private readonly pointers: number[][] = [];
  private readonly counters: number[] = [];
  private readonly inner: number;
  /** Vectors that do not vary along the innermost loop, made before it. */
  private readonly before: Bytes[] = [];
  private readonly hoisted = new Map<MapExpression, number>();

  constructor(
    private readonly kernel: MapKernel,
    private readonly functionIndex: number,
    private readonly relaxed: boolean,
  ) {
    this.fn = new FunctionWriter(kernel.name, ["i32"]);
    this.layout = argumentLayout(kernel);
    this.inner = kernel.loops - 1;
    for (let loop = 0; loop < kernel.loops; loop++) {
      this.pointers.push(Array.from({ length: kernel.leaves.length + 1 }, () => this.fn.local("i32")));
      this.counters.push(this.fn.local("i32"));
    }
  }

  emit(): FunctionWriter {
    const { fn, layout } = this;
    this.pointers[0]!.forEach((local, place) =>
      fn.add(this.argument(place === 0 ? layout.result : layout.leaf(place - 1)), set(local)),
    );
    fn.add(this.loop(0));
    return fn;
  }

  private argument(place: number): Bytes {
    return join(get(0), loadInteger(word * place));
  }

  private loop(depth: number): Bytes {
    if (depth === this.inner) return this.innermost();
    const { layout } = this;
    const counter = this.counters[depth]!;
    const here = this.pointers[depth]!;
    const deeper = this.pointers[depth + 1]!;
    return join(
      integer(0),
      set(counter),
      wasm.block,
      wasm.loop,
      get(counter),
      this.argument(layout.size(depth)),
      wasm.i32GreaterEqualSigned,
      branchIf(1),
      ...here.map((local, place) => join(get(local), set(deeper[place]!))),
      this.loop(depth + 1),
      ...here.map((local, place) =>
        join(get(local), this.argument(layout.stride(depth, place)), wasm.i32Add, set(local)),
      ),
      get(counter),
      integer(1),
      wasm.i32Add,
      set(counter),
      branch(0),
      wasm.end,
      wasm.end,
    );
  }

  private innermost(): Bytes {
    const { kernel, layout, fn } = this;
    const counter = this.counters[this.inner]!;
    const pointers = this.pointers[this.inner]!;
    const [result] = pointers as [number];
    const size = fn.local("i32");
    const isReduced = kernel.reduce !== undefined && kernel.result === "constant";
    const accumulator = fn.local("v128");
    const rest = fn.local("f32");
    const neutral = kernel.reduce === "max" ? -Infinity : 0;
    const combine = kernel.reduce === "max" ? wasm.pseudoMaximum : wasm.add;
    const scatter = kernel.scatter === undefined ? [] : this.scattered(kernel.scatter, result);
    const body = (mode: "vector" | "single"): Bytes => {
      const memo = new Map<MapExpression, number>();
      const prepared: Bytes[] = [];
      const value = this.expression(kernel.expression, mode, memo, prepared);
      const code: Bytes[] = [...prepared];
      if (isReduced) {
        if (mode === "vector") code.push(get(accumulator), value, combine, set(accumulator));
        else {
          const scalar = kernel.reduce === "max" ? wasm.f32Max : wasm.f32Add;
          code.push(get(rest), value, extractFloat(0), scalar, set(rest));
        }
      } else if (mode === "vector" && kernel.result === "contiguous") {
        code.push(
          kernel.reduce === undefined
            ? join(get(result), value, storeVector())
            : join(get(result), get(result), loadVector(), value, combine, storeVector()),
        );
      } else if (mode === "vector") {
        const held = fn.local("v128");
        const stride = this.argument(layout.stride(this.inner, 0));
        code.push(value, set(held));
        for (let lane = 0; lane < lanes; lane++) {
          const address = join(get(result), integer(lane), stride, wasm.i32Multiply, wasm.i32Add);
          code.push(
            kernel.reduce === undefined
              ? join(address, get(held), storeLane(lane))
              : join(
                  address,
                  address,
                  loadFloat(),
                  get(held),
                  extractFloat(lane),
                  kernel.reduce === "max" ? wasm.f32Max : wasm.f32Add,
                  storeFloat(),
                ),
          );
        }
      } else {
        code.push(
          kernel.reduce === undefined
            ? join(get(result), value, storeLane(0))
            : join(get(result), get(result), loadSingle(), value, combine, storeLane(0)),
        );
      }
      code.push(...this.advance(mode));
      return join(...code);
    };
    const vectorBody = body("vector");
    const singleBody = body("single");
    return join(
      this.argument(layout.size(this.inner)),
      set(size),
      ...scatter,
      ...this.before,
      integer(0),
      set(counter),
      ...(isReduced ? [vector(neutral), set(accumulator), [0x43, ...floatBytes(neutral)], set(rest)] : []),
      wasm.block,
      wasm.loop,
      get(counter),
      integer(lanes),
      wasm.i32Add,
      get(size),
      wasm.i32GreaterSigned,
      branchIf(1),
      vectorBody,
      get(counter),
      integer(lanes),
      wasm.i32Add,
      set(counter),
      branch(0),
      wasm.end,
      wasm.end,
      wasm.block,
      wasm.loop,
      get(counter),
      get(size),
      wasm.i32GreaterEqualSigned,
      branchIf(1),
      singleBody,
      get(counter),
      integer(1),
      wasm.i32Add,
      set(counter),
      branch(0),
      wasm.end,
      wasm.end,
      ...(isReduced ? [this.collect(accumulator, rest, result)] : []),
    );
  }

  /** Adds up the lanes and the rest, and puts them into the result. */
  private collect(accumulator: number, rest: number, result: number): Bytes {
    const scalar = this.kernel.reduce === "max" ? wasm.f32Max : wasm.f32Add;
    const lane = (position: number): Bytes => join(get(accumulator), extractFloat(position));
    return join(
      get(result),
      get(result),
      loadFloat(),
      lane(0),
      lane(1),
      scalar,
      lane(2),
      lane(3),
      scalar,
      scalar,
      get(rest),
      scalar,
      scalar,
      storeFloat(),
    );
  }

  private advance(mode: "vector" | "single"): Bytes[] {
    const steps: readonly InnerStep[] = [this.kernel.result, ...this.kernel.leaves];
    const pointers = this.pointers[this.inner]!;
    const count = mode === "vector" ? lanes : 1;
    return steps.flatMap((step, place): Bytes[] => {
      const local = pointers[place]!;
      if (step === "constant") return [];
      const by =
        step === "contiguous"
          ? integer(word * count)
          : join(this.argument(this.layout.stride(this.inner, place)), integer(count), wasm.i32Multiply);
      return [join(get(local), by, wasm.i32Add, set(local))];
    });
  }

  private scattered(index: MapExpression, result: number): Bytes[] {
    const local = this.hoist(index);
    return [
      ...this.before.splice(0),
      join(
        get(result),
        get(local),
        extractFloat(0),
        wasm.i32TruncateSaturated,
        this.argument(this.layout.picked(0)),
        wasm.i32Multiply,
        wasm.i32Add,
        set(result),
      ),
    ];
  }

  /** Does a value vary along the innermost loop? */
  private varies(expression: MapExpression): boolean {
    switch (expression.kind) {
      case "constant":
        return false;
      case "leaf":
        return this.kernel.leaves[expression.leaf] !== "constant";
      case "gather":
        return this.kernel.leaves[expression.leaf] !== "constant" || this.varies(expression.index);
      case "position":
        return expression.loop === this.inner;
      case "unary":
        return this.varies(expression.operand);
      case "binary":
        return this.varies(expression.left) || this.varies(expression.right);
      case "select":
        return (
          this.varies(expression.condition) || this.varies(expression.whenTrue) || this.varies(expression.whenFalse)
        );
    }
  }

  private hoist(expression: MapExpression): number {
    const known = this.hoisted.get(expression);
    if (known !== undefined) return known;
    const code = this.operation(expression, "single", (part) => get(this.hoist(part)), this.before);
    const local = this.fn.local("v128");
    this.before.push(join(code, set(local)));
    this.hoisted.set(expression, local);
    return local;
  }

  private expression(
    expression: MapExpression,
    mode: "vector" | "single",
    memo: Map<MapExpression, number>,
    prepared: Bytes[],
  ): Bytes {
    if (expression.kind === "constant") return vector(expression.value);
    if (!this.varies(expression)) return get(this.hoist(expression));
    const known = memo.get(expression);
    if (known !== undefined) return get(known);
    const code = this.operation(expression, mode, (part) => this.expression(part, mode, memo, prepared), prepared);
    const local = this.fn.local("v128");
    prepared.push(join(code, set(local)));
    memo.set(expression, local);
    return get(local);
  }

  private leaf(leaf: number, mode: "vector" | "single"): Bytes {
    const pointer = get(this.pointers[this.inner]![leaf + 1]!);
    switch (this.kernel.leaves[leaf]!) {
      case "constant":
        return join(pointer, loadSplat());
      case "contiguous":
        return join(pointer, mode === "vector" ? loadVector() : loadSingle());
      case "strided": {
        if (mode === "single") return join(pointer, loadSingle());
        const stride = this.argument(this.layout.stride(this.inner, leaf + 1));
        const lane = (position: number): Bytes =>
          join(pointer, stride, integer(position), wasm.i32Multiply, wasm.i32Add);
        const target = this.fn.local("v128");
        return join(
          pointer,
          loadSingle(),
          set(target),
          ...[1, 2, 3].map((position) => join(lane(position), get(target), loadLane(position), set(target))),
          get(target),
        );
      }
    }
  }

  private operation(
    expression: MapExpression,
    mode: "vector" | "single",
    part: (operand: MapExpression) => Bytes,
    prepared: Bytes[],
  ): Bytes {
    switch (expression.kind) {
      case "constant":
        return vector(expression.value);
      case "leaf":
        return this.leaf(expression.leaf, mode);
      case "gather":
        return this.gather(expression, mode, part, prepared);
      case "position": {
        const counter = join(get(this.counters[expression.loop]!), wasm.f32ConvertSigned, wasm.f32Splat);
        return expression.loop === this.inner ? join(counter, vectorOf([0, 1, 2, 3]), wasm.add) : counter;
      }
      case "unary":
        return this.unary(expression.function, part(expression.operand));
      case "binary":
        return this.binary(expression.function, expression.left, expression.right, part);
      case "select":
        return join(
          part(expression.whenTrue),
          part(expression.whenFalse),
          part(expression.condition),
          vector(0),
          wasm.f32NotEqual,
          wasm.bitSelect,
        );
    }
  }

  /** Entry of a leaf at an index; beyond the edges is the caller's fault, and reads the first. */
  private gather(
    { leaf, index }: Extract<MapExpression, { kind: "gather" }>,
    mode: "vector" | "single",
    part: (operand: MapExpression) => Bytes,
    prepared: Bytes[],
  ): Bytes {
    const indices = this.fn.local("v128");
    const base = this.fn.local("i32");
    const stride = this.argument(this.layout.picked(leaf + 1));
    prepared.push(join(part(index), wasm.truncate, stride, wasm.i32Splat, wasm.i32VectorMultiply, set(indices)));
    const pointer = get(this.pointers[this.inner]![leaf + 1]!);
    if (!this.varies(index)) {
      prepared.push(join(pointer, get(indices), extractInteger(0), wasm.i32Add, set(base)));
      switch (this.kernel.leaves[leaf]!) {
        case "constant":
          return join(get(base), loadSplat());
        case "contiguous":
          return join(get(base), mode === "vector" ? loadVector() : loadSingle());
        case "strided":
          break;
      }
    }
    const along = this.argument(this.layout.stride(this.inner, leaf + 1));
    const step = this.kernel.leaves[leaf] === "constant" ? integer(0) : along;
    const target = this.fn.local("v128");
    const address = (lane: number): Bytes =>
      join(
        pointer,
        step,
        integer(lane),
        wasm.i32Multiply,
        wasm.i32Add,
        get(indices),
        extractInteger(lane),
        wasm.i32Add,
      );
    return join(
      address(0),
      loadSingle(),
      set(target),
      ...(mode === "single"
        ? []
        : [1, 2, 3].map((lane) => join(address(lane), get(target), loadLane(lane), set(target)))),
      get(target),
    );
  }

  private unary(name: UnaryFunction, operand: Bytes): Bytes {
    const held = this.fn.local("v128");
    const twice = (use: (value: Bytes) => Bytes): Bytes => join(operand, set(held), use(get(held)));
    const ones = vector(1);
    switch (name) {
      case "negate":
        return join(operand, wasm.f32Negate);
      case "exp":
      case "log":
      case "log1p":
      case "expm1":
      case "softplus":
      case "sigmoid":
      case "tanh":
      case "logGamma":
      case "digamma":
        return join(operand, this.call(name));
      case "sqrt":
        return join(operand, wasm.f32Sqrt);
      case "square":
        return twice((a) => join(a, a, wasm.multiply));
      case "reciprocal":
        return join(ones, operand, wasm.divide);
      case "abs":
        return join(operand, wasm.f32Abs);
      case "sign":
        return twice((a) =>
          join(
            join(a, vector(0), wasm.f32Greater, ones, wasm.and),
            join(a, vector(0), wasm.f32Less, ones, wasm.and),
            wasm.subtract,
          ),
        );
      case "relu":
        return join(operand, vector(0), wasm.maximum);
      case "leakyRelu":
        return twice((a) =>
          join(a, join(a, vector(leakySlope), wasm.multiply), join(a, vector(0), wasm.f32Greater), wasm.bitSelect),
        );
      case "step":
        return join(operand, vector(0), wasm.f32Greater, ones, wasm.and);
      case "isPresent":
        return twice((a) => join(a, a, wasm.f32Equal, ones, wasm.and));
      case "presentOrZero":
        return twice((a) => join(a, join(a, a, wasm.f32Equal), wasm.and));
      case "sin":
      case "cos":
      case "trigamma":
      case "logBesselI0":
      case "besselRatio":
        throw new Error(`network kernels: ${name} has no float32 form`);
    }
  }

  private binary(
    name: BinaryFunction,
    left: MapExpression,
    right: MapExpression,
    part: (operand: MapExpression) => Bytes,
  ): Bytes {
    if (name === "add") {
      for (const [product, other] of [
        [left, right],
        [right, left],
      ] as const) {
        if (product.kind === "binary" && product.function === "multiply" && this.relaxed)
          return multiplyAdd(part(product.left), part(product.right), part(other), true);
      }
    }
    const [a, b] = [part(left), part(right)];
    switch (name) {
      case "add":
        return join(a, b, wasm.add);
      case "subtract":
        return join(a, b, wasm.subtract);
      case "multiply":
        return join(a, b, wasm.multiply);
      case "divide":
        return join(a, b, wasm.divide);
      case "maximum":
        return join(a, b, wasm.maximum);
      case "minimum":
        return join(a, b, wasm.minimum);
      case "less":
        return join(a, b, wasm.f32Less, vector(1), wasm.and);
      case "lessEqual":
        return join(a, b, wasm.f32LessEqual, vector(1), wasm.and);
      case "equal":
        return join(a, b, wasm.f32Equal, vector(1), wasm.and);
      // Positive bases only: others do not come this far.
      case "power":
        return join(b, a, this.call("log"), wasm.multiply, this.call("exp"));
    }
  }

  private call(name: VectorFunctionName): Bytes {
    return [0x10, this.functionIndex + vectorFunctionNames.indexOf(name)];
  }
}

function floatBytes(value: number): Bytes {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}
