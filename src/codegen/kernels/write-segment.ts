import type { Emission } from "./emission.js";
import { cellBytes, emit, newLocal, newScope, vectors } from "./emission.js";
import type { HostFunctionName, VectorFunctionName } from "./functions/index.js";
import type { FunctionContext } from "./functions/vector-function.js";
import type {
  KernelArray,
  KernelExpression,
  KernelFunction,
  KernelLoop,
  KernelStatement,
  Segment,
} from "./kernel-ir.js";
import { groupName } from "./kernel-ir.js";
import type { Polynomial } from "./polynomial.js";
import { add, constant, isNeverZero, linearIn, named, namesOf, scale, subtract, zero } from "./polynomial.js";
import { shapesOf } from "./shapes.js";
import { forEachExpression } from "./walk-kernel.js";
import type { Code, WasmFunction } from "./wasm/instructions.js";
import { get, integer, lane, load, op, set, store, when } from "./wasm/code.js";
import { FunctionBuilder } from "./wasm/function-builder.js";
import { PlaceWriter, loopCode } from "./write-places.js";
import { ScalarWriter } from "./write-scalars.js";
import type { VectorCode } from "./write-vectors.js";
import { VectorWriter } from "./write-vectors.js";

/** One segment of a kernel as a WebAssembly function. */
export function writeSegment(
  fn: KernelFunction,
  segment: Segment,
  exportName: string,
  context: FunctionContext,
  frame: (name: string) => number,
  use: (name: VectorFunctionName | HostFunctionName) => void,
): WasmFunction {
  return new SegmentWriter(fn, segment, exportName, context, frame, use).write();
}

/** State of one segment's writing. */
class SegmentWriter {
  private readonly emission: Emission;
  private readonly builder: FunctionBuilder;
  private readonly places: PlaceWriter;
  private readonly scalars: ScalarWriter;
  private readonly vectors: VectorWriter;
  private run = new Run();

  constructor(
    private readonly fn: KernelFunction,
    private readonly segment: Segment,
    exportName: string,
    context: FunctionContext,
    frame: (name: string) => number,
    use: (name: VectorFunctionName | HostFunctionName) => void,
  ) {
    const names = segment.kind === "rows" ? ["frame", "first", "end"] : ["frame"];
    this.builder = new FunctionBuilder(exportName, {
      parameters: names.map((name) => ({ name, type: "i32" as const })),
      results: [],
      isExported: true,
    });
    const shapes = shapesOf(fn, segment);
    this.emission = {
      fn,
      segment,

      shapes,
      builder: this.builder,
      context,
      frame,
      use,
      scopes: [newScope()],
      code: [],
    };
    this.places = new PlaceWriter(this.emission);
    this.scalars = new ScalarWriter(this.emission, this.places);
    this.vectors = new VectorWriter(this.emission, this.places, this.scalars);
  }

  write(): WasmFunction {
    if (this.segment.kind === "once") this.statements(this.segment.body);
    else this.rows();
    this.builder.append(this.emission.scopes[0].before, this.emission.code);
    return this.builder.build();
  }

  private rows(): void {
    const [first, end] = [named("#first"), named("#end")];
    this.emission.scopes.push(newScope({ variable: "#first", local: 1 }), newScope({ variable: "#end", local: 2 }));
    this.loop({
      kind: "for",
      variable: groupName,
      from: first,
      to: end,
      descending: this.fn.sweep?.descending === true,
      body: this.segment.body,
    });
    const [endScope, firstScope] = [this.emission.scopes.pop(), this.emission.scopes.pop()];
    this.emission.code = [firstScope?.before ?? [], endScope?.before ?? [], this.emission.code];
  }

  private statements(statements: readonly KernelStatement[]): void {
    for (const statement of statements) this.statement(statement);
    this.flush();
  }

  private statement(statement: KernelStatement): void {
    switch (statement.kind) {
      case "comment":
        return emit(this.emission, { opcode: "comment", name: statement.text });
      case "declare":
        if (!this.emission.shapes.isVaryingScalar(statement.name)) {
          return this.scalars.declare(statement.name, statement.value);
        }
        return this.declare(statement.name, statement.value);
      case "update":
        if (!this.emission.shapes.isVaryingScalar(statement.name)) {
          this.scalars.update(statement.name, statement.function, statement.value);
          return this.vectors.startRun();
        }
        return this.inRun([statement.value], () => {
          const updated = this.vectors.updated(statement.function, statement.value);
          const locals = this.vectors.localsFor(statement.name);
          return (v) => set(locals[v], updated(v, get(locals[v])));
        });
      case "store":
        return this.store(statement);
      case "updateStore":
        return this.updateStore(statement);
      case "for":
        this.flush();
        return this.loop(statement);
      case "ifPosition":
        this.flush();
        return this.ifPosition(statement);
      case "ifAny":
        this.flush();
        return this.ifAny(statement.condition, statement.body);
      case "clear":
        return this.clear(this.array(statement.array), statement.value);
      case "collect":
        return this.collect(statement.total);
    }
  }

  private array(name: string): KernelArray {
    const array = this.fn.arrays.get(name);
    if (array === undefined) throw new Error(`kernel ${this.fn.name}: no array ${name}`);
    return array;
  }

  /**
   * Statements that work lane by lane are collected, and written vector by vector: all of them for the first two
   * lanes, then for the next. Few vectors are then alive at once.
   */
  private inRun(values: readonly KernelExpression[], prepare: () => VectorCode): void {
    const picks = values.some((value) => {
      let found = false;
      forEachExpression(value, (part) => {
        if (part.kind === "pick") found = true;
      });
      return found;
    });
    if (picks) this.flush();
    if (this.run.isEmpty) this.vectors.startRun();
    this.run.parts.push(prepare());
  }

  private flush(): void {
    const { run } = this;
    this.run = new Run();
    emit(this.emission, run.before);
    for (let v = 0; v < vectors; v++) for (const part of run.parts) emit(this.emission, part(v));
    emit(this.emission, run.after);
  }

  private declare(name: string, value: KernelExpression): void {
    this.inRun([value], () => {
      const written = this.vectors.write(value);
      const locals = this.vectors.localsFor(name);
      return (v) => set(locals[v], written(v));
    });
  }

  private store(statement: Extract<KernelStatement, { readonly kind: "store" }>): void {
    const array = this.array(statement.array);
    if (array.kind === "kept") return this.keep(statement);
    if (array.kind !== "varying" && array.kind !== "rowOutput" && array.kind !== "rowInput") {
      return this.scalars.store(statement.array, statement.index, statement.value);
    }
    this.inRun([statement.value], () => {
      const written = this.vectors.write(statement.value);
      const { code, offset } = this.places.address(statement.array, statement.index);
      return (v) => store("v128.store", code, written(v), offset + 16 * v);
    });
  }

  /** Lanes without the row that a step writes for leave what is there. */
  private keep(statement: Extract<KernelStatement, { readonly kind: "store" }>): void {
    const wanted = this.fn.sweep?.last === true ? "last" : "row";
    this.inRun([statement.value], () => {
      const written = this.vectors.write(statement.value);
      const mark = this.vectors.laneMark(wanted);
      const { code, offset } = this.places.address(statement.array, statement.index);
      return (v) => {
        const before = load("v128.load", code, offset + 16 * v);
        return store("v128.store", code, op("v128.bitselect", written(v), before, mark(v)), offset + 16 * v);
      };
    });
  }

  private updateStore(statement: Extract<KernelStatement, { readonly kind: "updateStore" }>): void {
    const array = this.array(statement.array);
    if (array.kind === "total") return this.addToTotal(array, statement);
    if (array.kind !== "varying") {
      return this.scalars.updateStore(statement.array, statement.index, statement.function, statement.value);
    }
    this.inRun([statement.value], () => {
      const updated = this.vectors.updated(statement.function, statement.value);
      const { code, offset } = this.places.address(statement.array, statement.index);
      return (v) => store("v128.store", code, updated(v, load("v128.load", code, offset + 16 * v)), offset + 16 * v);
    });
  }

  /** All vectors go into one cell, which stays in a register meanwhile. */
  private addToTotal(
    array: Extract<KernelArray, { readonly kind: "total" }>,
    { index, value, function: update }: Extract<KernelStatement, { readonly kind: "updateStore" }>,
  ): void {
    const overlaps = this.run.totals.some(
      (other) => other.array === array.name && !isNeverZero(subtract(other.index, index), this.places.ranges()),
    );
    if (overlaps) this.flush();
    this.inRun([value], () => {
      const { code, offset } = this.places.address(array.name, index);
      const sum = newLocal(this.emission, array.collected, "v128");
      this.run.totals.push({ array: array.name, index });
      this.run.before.push(set(sum, load("v128.load", code, offset)));
      this.run.after.push(store("v128.store", code, get(sum), offset));
      if (update !== "maximum") {
        const updated = this.vectors.updated(update, value);
        return (v) => set(sum, updated(v, get(sum)));
      }
      const [written, active] = [this.vectors.write(value), this.vectors.activeLanes()];
      const none = this.emission.context.constants.splat(-Infinity);
      return (v) => set(sum, op("f64x2.max", get(sum), op("v128.bitselect", written(v), none, active(v))));
    });
  }

  private loop(loop: KernelLoop): void {
    const { emission } = this;
    if (loop.variable !== groupName) this.vectors.bindBefore(loop);
    const step = (loop.alone === undefined ? 1 : 2) * (loop.descending ? -1 : 1);
    const local = newLocal(emission, loop.variable, "i32");
    const start = loop.descending ? subtract(loop.to, constant(1)) : loop.from;
    // The turn that follows at once must be there too.
    const bound = loop.alone === undefined ? zero : constant(1);
    const isDue = (within: Polynomial): Code =>
      loop.descending
        ? op("i32.ge_s", get(local), this.places.write(add(loop.from, within)))
        : op("i32.lt_s", get(local), this.places.write(subtract(loop.to, within)));
    const startCode = this.places.write(start);
    const due = isDue(bound);
    const scope = newScope({ variable: loop.variable, local, loop: { start, step, from: loop.from, to: loop.to } });
    const outer = emission.code;
    emission.scopes.push(scope);
    emission.code = [];
    this.statements(loop.body);
    const body = emission.code;
    emission.scopes.pop();
    emission.code = outer;
    emit(emission, loopCode(scope, { start: startCode, step, isDue: due, body }));
    if (loop.alone === undefined) return;
    // After the loop, what was stepped in it stands at the turn that is left.
    const known = newScope({ variable: loop.variable, local, places: new Map(scope.places) });
    this.block(isDue(zero), loop.alone, known);
  }

  /** Statements that run where a condition holds. */
  private block(condition: Code, body: readonly KernelStatement[], scope = newScope()): void {
    const { emission } = this;
    const outer = emission.code;
    emission.scopes.push(scope);
    emission.code = [];
    this.statements(body);
    const written = emission.code;
    emission.scopes.pop();
    emission.code = outer;
    emit(emission, when(condition, scope.before, written));
  }

  private ifAny(condition: KernelExpression, body: readonly KernelStatement[]): void {
    if (!this.emission.shapes.isVarying(condition)) return this.block(this.scalars.condition(condition), body);
    this.vectors.startRun();
    const mask = this.vectors.mask(condition);
    const masks = Array.from({ length: vectors }, (_, v) => mask(v));
    this.block(
      op(
        "v128.any_true",
        masks.reduce((any, one) => op("v128.or", any, one)),
      ),
      body,
    );
  }

  private ifPosition(statement: Extract<KernelStatement, { readonly kind: "ifPosition" }>): void {
    const { position, body } = statement;
    if (!this.emission.shapes.isVarying(position)) {
      return this.scalars.ifPosition(statement, () => this.statements(body));
    }
    this.vectors.startRun();
    const { isPosition } = this.vectors.bind(statement);
    for (const inner of body) {
      if (inner.kind === "updateStore") this.scatter(inner, isPosition);
      else if (inner.kind === "declare" || inner.kind === "comment") this.statement(inner);
      else throw new Error(`kernel ${this.fn.name}: ${inner.kind} at a position that differs from row to row`);
      this.flush();
    }
  }

  /** Each lane is added at a place of its own; a lane without a position adds 0 to the first. */
  private scatter(
    { array: name, index, value, function: update }: Extract<KernelStatement, { readonly kind: "updateStore" }>,
    isPosition: VectorCode,
  ): void {
    if (update === "maximum") throw new Error(`kernel ${this.fn.name}: a maximum at picked positions`);
    const array = this.array(name);
    const picked = [...namesOf(index)].find((candidate) => this.fn.positions.has(candidate));
    const parts = picked === undefined ? undefined : linearIn(index, picked);
    if (picked === undefined || parts === undefined) throw new Error(`kernel ${this.fn.name}: no picked position`);
    this.vectors.startRun();
    const written = this.vectors.write(value);
    const active = array.kind === "total" ? this.vectors.activeLanes() : undefined;
    const { code, offset } = this.places.address(name, parts.rest);
    const stride = this.places.stride(name, parts.slope);
    const vector = newLocal(this.emission, "added", "v128");
    const address = newLocal(this.emission, "place", "i32");
    for (let v = 0; v < vectors; v++) {
      const where = active === undefined ? isPosition(v) : op("v128.and", isPosition(v), active(v));
      emit(this.emission, set(vector, op("v128.and", written(v), where)));
      for (const half of [0, 1]) {
        const row = 2 * v + half;
        const at = offset + 8 * (array.kind === "total" ? half : row);
        const sum = op(
          update === "add" ? "f64.add" : "f64.sub",
          load("f64.load", get(address), at),
          lane("f64x2.extract_lane", get(vector), half),
        );
        const place = op("i32.add", code, op("i32.mul", this.vectors.placeOf(picked, row), stride));
        emit(this.emission, set(address, place), store("f64.store", get(address), sum, at));
      }
    }
  }

  private clear(array: KernelArray, value: 0 | -1): void {
    if (array.kind !== "uniform" && array.kind !== "total") throw new Error(`kernel: ${array.name} is not cleared`);
    const { code } = this.places.address(array.name, zero);
    if (value === 0) {
      const bytes = this.places.write(scale(array.length, cellBytes(array)));
      return emit(this.emission, op("memory.fill", code, integer(0), bytes));
    }
    this.eachCell(array, () => {
      const cell = this.places.address(array.name, named("#cell"));
      const none = this.emission.context.constants.splat(-Infinity);
      emit(this.emission, store("v128.store", cell.code, none, cell.offset));
    });
  }

  private collect(total: string): void {
    const array = this.array(total);
    if (array.kind !== "total") throw new Error(`kernel: ${total} is no total`);
    const combine = array.function === "add" ? "f64.add" : "f64.max";
    const vector = newLocal(this.emission, "lanes", "v128");
    this.eachCell(array, () => {
      const [from, to] = [total, array.collected].map((name) => this.places.address(name, named("#cell")));
      const both = op(combine, lane("f64x2.extract_lane", get(vector), 0), lane("f64x2.extract_lane", get(vector), 1));
      emit(
        this.emission,
        set(vector, load("v128.load", from.code, from.offset)),
        store("f64.store", to.code, op(combine, load("f64.load", to.code, to.offset), both), to.offset),
      );
    });
  }

  private eachCell(array: { readonly length: Polynomial }, write: () => void): void {
    const { emission } = this;
    const local = newLocal(emission, "cell", "i32");
    const isDue = op("i32.lt_s", get(local), this.places.write(array.length));
    const scope = newScope({
      variable: "#cell",
      local,
      loop: { start: zero, step: 1, from: zero, to: array.length },
    });
    const outer = emission.code;
    emission.scopes.push(scope);
    emission.code = [];
    write();
    const body = emission.code;
    emission.scopes.pop();
    emission.code = outer;
    emit(emission, loopCode(scope, { start: integer(0), step: 1, isDue, body }));
  }
}

/** Statements that are written vector by vector. */
class Run {
  readonly parts: VectorCode[] = [];
  readonly totals: { readonly array: string; readonly index: Polynomial }[] = [];
  readonly before: Code[] = [];
  readonly after: Code[] = [];

  get isEmpty(): boolean {
    return this.parts.length === 0;
  }
}
