import type { AxisSize, PlanFunction } from "../../ir/plan.js";
import type { IndexExpression, LoopExpression, LoopFunction, LoopStatement } from "../loops/loop-ir.js";
import { keyOfExpression } from "./expression-key.js";
import { factorStatements } from "./factor-statements.js";
import type {
  KernelArray,
  KernelExpression,
  KernelFunction,
  KernelLoop,
  KernelStatement,
  Segment,
} from "./kernel-ir.js";
import { laneMarks, laneMarkWidth, NotAKernelError, rowName } from "./kernel-ir.js";
import type { Polynomial } from "./polynomial.js";
import { add, constant, linearIn, mentions, multiply, named, scale, zero } from "./polynomial.js";
import { shareMemory } from "./share-memory.js";

/**
 * Loop IR → Kernel IR: loops over rows become segments of their own, places become polynomials, and what one segment
 * leaves to another is put into memory.
 *
 * @throws NotAKernelError
 */
export function kernelFromLoops(fn: PlanFunction, loops: LoopFunction): KernelFunction {
  return new Conversion(fn, loops).run();
}

/** State of one function's conversion. */
class Conversion {
  private readonly arrays = new Map<string, KernelArray>();
  private readonly sizes = new Map<string, string>();
  private readonly positions = new Map<string, KernelExpression>();
  private readonly positionNames = new Map<string, string>();
  /** What a name of the Loop IR means as a place. */
  private readonly places = new Map<string, Polynomial>();
  private readonly counts = new Map<string, number>();
  private readonly sizeNames = new Map<string, string>();
  private readonly segments: Segment[] = [];
  private once: KernelStatement[] = [];
  private rows: string | undefined;

  constructor(
    private readonly fn: PlanFunction,
    private readonly loops: LoopFunction,
  ) {
    // Widths are needed before the loops that read a size.
    for (const statement of loops.body) {
      if (statement.kind === "readSize") this.sizeNames.set(statement.size, statement.name);
    }
  }

  run(): KernelFunction {
    if (this.fn.sweep !== undefined) {
      const width = constant(laneMarkWidth);
      this.arrays.set(laneMarks, { name: laneMarks, kind: "rowInput", source: "lanes", key: laneMarks, width });
    }
    for (const statement of this.loops.body) this.convertTop(statement);
    this.segments.push({ kind: "once", body: this.once });
    return shareMemory({
      name: this.fn.name,
      ...(this.fn.documentation === undefined ? {} : { documentation: this.fn.documentation }),
      sizes: this.sizes,
      rows: this.rows ?? "rows",
      arrays: this.arrays,
      positions: this.positions,
      segments: this.segments,
      ...(this.fn.sweep === undefined ? {} : { sweep: this.fn.sweep }),
    });
  }

  private convertTop(statement: LoopStatement): void {
    switch (statement.kind) {
      case "readRows":
        this.rows = statement.name;
        this.places.set(statement.name, named(statement.name));
        return;
      case "readSize":
        this.sizes.set(statement.name, statement.size);
        this.places.set(statement.name, named(statement.name));
        return;
      case "bindArray":
        this.arrays.set(statement.name, this.boundArray(statement));
        return;
      case "for":
        if (statement.to.kind === "name" && statement.to.name === this.rows) return this.rowsSegment(statement);
        break;
      case "sweepRows":
        return this.rowsSegment(statement);
    }
    this.once.push(...this.convert(statement));
  }

  private rowsSegment({
    variable,
    body,
  }: {
    readonly variable: string;
    readonly body: readonly LoopStatement[];
  }): void {
    this.segments.push({ kind: "once", body: this.once });
    this.once = [];
    this.places.set(variable, named(rowName));
    this.segments.push({ kind: "rows", body: this.convertAll(body) });
  }

  private boundArray(statement: Extract<LoopStatement, { readonly kind: "bindArray" }>): KernelArray {
    const { name, source, key } = statement;
    switch (source) {
      case "parameters":
        return { name, kind: "input", source: "parameter", key };
      case "previous":
        return { name, kind: "input", source: "previous", key };
      case "data":
      case "tables": {
        const own = source === "data" ? "data" : "table";
        const axes = this.inputAxes(own, key);
        const position = axes.findIndex((axis) => this.sizeOf(axis).kind === "rows");
        if (position > 0) throw new NotAKernelError(this.fn.name, `${key} does not have its rows first`);
        if (position < 0) {
          if (own === "data") throw new NotAKernelError(this.fn.name, `${key} has no rows`);
          return { name, kind: "input", source: own, key };
        }
        return { name, kind: "rowInput", source: own, key, width: this.product(axes.slice(1)) };
      }
      case "into": {
        const output = this.fn.outputs.find((candidate) => candidate.name === key);
        if (output === undefined || output.internal === true) return this.keptArray(name, key);
        const position = output.axes.findIndex((axis) => this.sizeOf(axis).kind === "rows");
        if (position > 0) throw new NotAKernelError(this.fn.name, `output ${key} does not have its rows first`);
        if (position < 0) return { name, kind: "output", key, length: this.product(output.axes) };
        return { name, kind: "rowOutput", key, width: this.product(output.axes.slice(1)) };
      }
    }
  }

  private keptArray(name: string, key: string): KernelArray {
    const axes = this.fn.outputs.find((candidate) => candidate.name === key)?.axes ?? this.inputAxes("carry", key);
    const [rows, ...own] = axes;
    if (rows === undefined || this.sizeOf(rows).kind !== "rows") {
      throw new NotAKernelError(this.fn.name, `${key} does not have its rows first`);
    }
    return { name, kind: "kept", key, width: this.product(own) };
  }

  private inputAxes(source: "data" | "table" | "carry", key: string): readonly string[] {
    for (const { operation } of this.fn.nodes) {
      if (operation.kind === "input" && operation.source === source && operation.name === key) return operation.axes;
    }
    throw new Error(`kernel ${this.fn.name}: no input ${key}`);
  }

  private sizeOf(axis: string): AxisSize {
    const found = this.fn.axes.find((candidate) => candidate.name === axis);
    if (found === undefined) throw new Error(`kernel ${this.fn.name}: no axis ${axis}`);
    return found.size;
  }

  private product(axes: readonly string[]): Polynomial {
    return axes.reduce((product, axis) => multiply(product, this.size(this.sizeOf(axis))), constant(1));
  }

  private size(size: AxisSize): Polynomial {
    switch (size.kind) {
      case "literal":
        return constant(size.value);
      case "rows":
        throw new NotAKernelError(this.fn.name, "rows are an inner axis");
      case "symbol": {
        // A size that only a shape mentions is not read by any loop.
        const name = this.sizeNames.get(size.name) ?? `size ${size.name}`;
        this.sizeNames.set(size.name, name);
        this.sizes.set(name, size.name);
        return named(name);
      }
      case "sum":
        return size.terms.reduce<Polynomial>((total, term) => add(total, this.size(term)), zero);
    }
  }

  private convertAll(statements: readonly LoopStatement[]): readonly KernelStatement[] {
    return statements.flatMap((statement) => this.convert(statement));
  }

  private convert(statement: LoopStatement): readonly KernelStatement[] {
    switch (statement.kind) {
      case "readRows":
      case "readSize":
      case "bindArray":
        throw new Error(`kernel ${this.fn.name}: ${statement.kind} in a loop`);
      case "openStream":
        throw new NotAKernelError(this.fn.name, "it draws random numbers");
      case "comment":
        return [statement];
      case "declareIndex":
        this.places.set(statement.name, this.place(statement.value));
        return [];
      case "declareArray": {
        const length = this.place(statement.length);
        if (this.rows !== undefined && mentions(length, this.rows)) {
          throw new NotAKernelError(this.fn.name, "something is kept for all rows");
        }
        this.arrays.set(statement.name, { kind: "uniform", name: statement.name, length });
        return [];
      }
      case "declareScalar":
        return [
          { kind: "declare", name: statement.name, value: this.value(statement.value), mutable: statement.mutable },
        ];
      case "update":
        return [{ ...statement, value: this.value(statement.value) }];
      case "store":
      case "updateStore":
        return [
          { ...statement, index: this.placeIn(statement.array, statement.index), value: this.value(statement.value) },
        ];
      case "sweepRows":
        throw new NotAKernelError(this.fn.name, "its rows are in sequences");
      case "for":
        return [this.loop(statement)];
      case "ifPosition": {
        const [position, size] = [this.value(statement.position), this.place(statement.size)];
        return [
          {
            kind: "ifPosition",
            name: this.positionName(position),
            position,
            size,
            body: this.convertAll(statement.body),
          },
        ];
      }
      case "factor":
        return factorStatements(statement.array, this.place(statement.offset), this.place(statement.size), (wanted) =>
          this.unique(wanted),
        );
    }
  }

  private loop(statement: Extract<LoopStatement, { readonly kind: "for" }>): KernelLoop {
    const [from, to] = [this.place(statement.from), this.place(statement.to)];
    if (this.rows !== undefined && (mentions(to, this.rows) || mentions(to, rowName))) {
      throw new NotAKernelError(this.fn.name, "a loop over rows within another loop");
    }
    const variable = this.unique(statement.variable);
    this.places.set(statement.variable, named(variable));
    const body = this.convertAll(statement.body);
    return { kind: "for", variable, from, to, descending: statement.descending, body };
  }

  private unique(wanted: string): string {
    const count = (this.counts.get(wanted) ?? 0) + 1;
    this.counts.set(wanted, count);
    return `${wanted}#${count}`;
  }

  private place(index: IndexExpression): Polynomial {
    switch (index.kind) {
      case "integer":
        return constant(index.value);
      case "name": {
        const known = this.places.get(index.name);
        if (known === undefined) throw new Error(`kernel ${this.fn.name}: the index ${index.name} is not declared`);
        return known;
      }
      case "add":
        return add(this.place(index.left), this.place(index.right));
      case "multiply":
        return multiply(this.place(index.left), this.place(index.right));
      case "multipleBelow":
        throw new Error(`kernel ${this.fn.name}: loops that are tiled already`);
      case "truncate":
        return named(this.positionName(this.value(index.value)));
    }
  }

  private positionName(position: KernelExpression): string {
    const key = keyOfExpression(position);
    const name = this.positionNames.get(key) ?? `@${this.positions.size}`;
    this.positionNames.set(key, name);
    this.positions.set(name, position);
    return name;
  }

  /** A place in an array; of what there is per row, in the row's own part. */
  private placeIn(array: string, index: IndexExpression): Polynomial {
    const place = this.place(index);
    if (!mentions(place, rowName)) return place;
    const found = this.arrays.get(array);
    const parts = linearIn(place, rowName);
    if (parts === undefined || (found?.kind !== "rowInput" && found?.kind !== "rowOutput" && found?.kind !== "kept")) {
      throw new NotAKernelError(this.fn.name, `${array} is addressed by row`);
    }
    if (add(parts.slope, scale(found.width, -1)).size > 0) {
      throw new Error(`kernel ${this.fn.name}: the rows of ${array} are not as wide as its shape says`);
    }
    return parts.rest;
  }

  private numberOf(place: Polynomial): Polynomial {
    if (this.fn.sweep !== undefined && mentions(place, rowName)) {
      throw new NotAKernelError(this.fn.name, "it reads the number of a step");
    }
    return place;
  }

  private value(expression: LoopExpression): KernelExpression {
    switch (expression.kind) {
      case "number":
      case "scalar":
        return expression;
      case "load":
        return { kind: "load", array: expression.array, index: this.placeIn(expression.array, expression.index) };
      case "fromIndex":
        return { kind: "fromIndex", index: this.numberOf(this.place(expression.index)) };
      case "unary":
        return { ...expression, operand: this.value(expression.operand) };
      case "binary":
        // What is laid out along an axis is multiplied by this.
        if (expression.function === "lessEqual" && isZero(expression.left) && expression.right.kind === "fromIndex") {
          return { kind: "number", value: 1 };
        }
        return { ...expression, left: this.value(expression.left), right: this.value(expression.right) };
      case "select":
        return {
          kind: "select",
          condition: this.value(expression.condition),
          whenTrue: this.value(expression.whenTrue),
          whenFalse: this.value(expression.whenFalse),
        };
      case "pick": {
        const position = this.value(expression.position);
        const size = this.place(expression.size);
        return { kind: "pick", name: this.positionName(position), position, size, entry: this.value(expression.entry) };
      }
      case "draw":
        throw new NotAKernelError(this.fn.name, "it draws random numbers");
    }
  }
}

function isZero(expression: LoopExpression): boolean {
  return expression.kind === "number" && expression.value === 0;
}
