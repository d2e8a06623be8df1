import type { BinaryFunction } from "../../ir/plan.js";
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
import { argumentLayout, type InnerStep, type MapExpression, type MapKernel } from "./map-expression.js";
import { binaryCode, unaryCode, type VectorCall } from "./map-operations.js";
import { inlineCode, isInlined, multiplyAdd, vectorFunctionNames } from "./vector-functions.js";

const word = 4;
const lanes = 4;

/**
 * A kernel (block, begin, end): the loop nest with one of its loops from `begin` to `end` only. The block says which.
 *
 * @param functionIndex place of the first of the vector functions in the module
 */
export function emitMapKernel(kernel: MapKernel, functionIndex: number, relaxed: boolean): FunctionWriter {
  return new MapEmitter(kernel, functionIndex, relaxed).emit();
}

class MapEmitter {
  private readonly fn: FunctionWriter;
  private readonly layout: ReturnType<typeof argumentLayout>;
  /** Pointers at each depth: the result, then the leaves. */
  private readonly pointers: number[][] = [];
  private readonly counters: number[] = [];
  /** Where each loop begins and ends. */
  private readonly begins: number[] = [];
  private readonly ends: number[] = [];
  private readonly inner: number;
  /** Vectors that do not vary along the innermost loop, made before it. */
  private readonly before: Bytes[] = [];
  private readonly hoisted = new Map<MapExpression, number>();

  constructor(
    private readonly kernel: MapKernel,
    private readonly functionIndex: number,
    private readonly relaxed: boolean,
  ) {
    this.fn = new FunctionWriter(kernel.name, ["i32", "i32", "i32"]);
    this.layout = argumentLayout(kernel);
    this.inner = kernel.loops - 1;
    for (let loop = 0; loop < kernel.loops; loop++) {
      this.pointers.push(Array.from({ length: kernel.leaves.length + 1 }, () => this.fn.local("i32")));
      this.counters.push(this.fn.local("i32"));
      this.begins.push(this.fn.local("i32"));
      this.ends.push(this.fn.local("i32"));
    }
  }

  emit(): FunctionWriter {
    const { fn, layout } = this;
    this.pointers[0]!.forEach((local, place) =>
      fn.add(this.argument(place === 0 ? layout.result : layout.leaf(place - 1)), set(local)),
    );
    for (let loop = 0; loop < this.kernel.loops; loop++) fn.add(this.range(loop));
    fn.add(this.loop(0));
    return fn;
  }

  /** The range of a loop; where it is the one that is split, all pointers move to its beginning. */
  private range(loop: number): Bytes {
    const { layout } = this;
    const [begin, end] = [this.begins[loop]!, this.ends[loop]!];
    return join(
      this.argument(layout.split),
      integer(loop),
      wasm.i32Equal,
      wasm.if,
      join(get(1), set(begin), get(2), set(end)),
      ...this.pointers[0]!.map((local, place) =>
        join(
          get(local),
          this.argument(layout.stride(loop, place)),
          get(begin),
          wasm.i32Multiply,
          wasm.i32Add,
          set(local),
        ),
      ),
      wasm.else,
      join(integer(0), set(begin), this.argument(layout.size(loop)), set(end)),
      wasm.end,
    );
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
      get(this.begins[depth]!),
      set(counter),
      wasm.block,
      wasm.loop,
      get(counter),
      get(this.ends[depth]!),
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
    const size = this.ends[this.inner]!;
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
      ...scatter,
      ...this.before,
      get(this.begins[this.inner]!),
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
        return unaryCode(
          expression.function,
          part(expression.operand),
          () => this.fn.local("v128"),
          mode === "vector" ? this.inlined : this.call,
        );
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
    return binaryCode(name, part(left), part(right), this.call);
  }

  private readonly inlined: VectorCall = (name) =>
    isInlined(name) ? inlineCode(name, (type) => this.fn.local(type), this.relaxed) : this.call(name);

  private readonly call: VectorCall = (name) => [0x10, this.functionIndex + vectorFunctionNames.indexOf(name)];
}

function floatBytes(value: number): Bytes {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}
