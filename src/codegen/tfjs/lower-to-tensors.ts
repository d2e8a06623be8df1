import type { AxisSize, BinaryFunction, NodeId, Operation, PlanNode, UnaryFunction } from "../../ir/plan.js";
import { leakySlope } from "../../ir/plan.js";
import { Identifiers } from "../loops/identifiers.js";
import { nameValues } from "../loops/name-values.js";
import { literalSize } from "../literal-size.js";
import type { RuntimeFunction } from "../runtime-functions.js";
import type { DeviceArgument, DeviceStatement, TensorOperation } from "./device-ir.js";
import { isKnown, type Partition, uploadName } from "./partition.js";

/** A node's values on the device: its axes in the order of the tensor's dimensions, or a number that is known. */
type DeviceValue = DeviceTensor | { readonly kind: "number"; readonly text: string };

interface DeviceTensor {
  readonly kind: "tensor";
  readonly name: string;
  readonly axes: readonly string[];
  readonly isCondition: boolean;
}

export interface DeviceCode {
  readonly statements: readonly DeviceStatement[];
  /** Tensor of each download, its dimensions in the order of the node's axes. */
  readonly results: ReadonlyMap<NodeId, string>;
  /** Sizes that the code mentions: name → how it is read. */
  readonly sizes: ReadonlyMap<string, string>;
  readonly functions: ReadonlySet<RuntimeFunction>;
}

/** Lowers the device's part of a function to operations of TensorFlow.js; undefined where an index is computed there. */
export function lowerToTensors(partition: Partition): DeviceCode | undefined {
  return new TensorLowering(partition).run();
}

class TensorLowering {
  private readonly names = new Identifiers([
    ...["tf", "host", "tables", "totals"],
    ...["uploadTensor", "uploadIndices", "downloadTensor", "mapOnHost", "columnMeans"],
  ]);
  private readonly wanted: readonly string[];
  private readonly statements: DeviceStatement[] = [];
  private readonly values = new Map<NodeId, DeviceTensor>();
  private readonly indices = new Map<NodeId, DeviceTensor>();
  private readonly sizes = new Map<string, string>();
  private readonly functions = new Set<RuntimeFunction>();
  private rule = "";

  constructor(private readonly partition: Partition) {
    this.wanted = nameValues(partition.fn);
    for (const axis of partition.fn.axes) this.sizeText(axis.size);
  }

  run(): DeviceCode | undefined {
    for (const id of this.partition.device) {
      const node = this.node(id);
      this.rule = node.rule;
      const index = indexOperand(node.operation);
      if (index !== undefined && this.partition.device.includes(index)) return undefined;
      this.values.set(id, this.transposed(this.lower(node), node.axes));
    }
    this.rule = "";
    const results = new Map<NodeId, string>();
    for (const id of this.partition.downloads) {
      const tensor = this.asNumbers(this.value(id));
      // A renamed node is the same tensor, but each download disposes of its own.
      const isTaken = [...results.values()].includes(tensor.name);
      results.set(id, isTaken ? this.reshaped(tensor, tensor.axes).name : tensor.name);
    }
    return { statements: this.statements, results, sizes: this.sizes, functions: this.functions };
  }

  private node(id: NodeId): PlanNode {
    return this.partition.fn.nodes[id];
  }

  /** The size as text; sizes of the model are read once into constants. */
  private sizeText(size: AxisSize): string {
    const literal = literalSize(size);
    if (literal !== undefined) return String(literal);
    const [key, source] =
      size.kind === "rows"
        ? ["rowCount", "block.rows"]
        : size.kind === "symbol"
          ? [size.name, `sizes.${size.name}`]
          : ["", ""];
    if (size.kind === "sum") return size.terms.map((term) => this.sizeText(term)).join(" + ");
    if (![...this.sizes.values()].includes(source)) this.sizes.set(this.names.unique(key), source);
    return [...this.sizes].find(([, text]) => text === source)?.[0] ?? key;
  }

  private sizeOf(axis: string): string {
    const found = this.partition.fn.axes.find((candidate) => candidate.name === axis);
    if (found === undefined) throw new Error(`lower to tensors: axis ${axis} is not declared`);
    return this.sizeText(found.size);
  }

  private emit(operation: TensorOperation, args: readonly DeviceArgument[], hint = operation as string): string {
    const result = this.names.unique(hint);
    this.statements.push({ result, rule: this.rule, made: { kind: "operation", operation, arguments: args } });
    return result;
  }

  private make(operation: TensorOperation, args: readonly DeviceArgument[], axes: readonly string[], isCondition = false): DeviceTensor {
    return { kind: "tensor", name: this.emit(operation, args), axes, isCondition };
  }

  private value(id: NodeId): DeviceTensor {
    const known = this.values.get(id);
    if (known !== undefined) return known;
    const { operation, axes } = this.node(id);
    if (this.partition.device.includes(id)) throw new Error("lower to tensors: a node is read before it is made");
    const result = this.names.unique(this.wanted[id]);
    const values = `host[${JSON.stringify(uploadName(id))}]`;
    const shape = axes.map((axis) => this.sizeOf(axis));
    const text = isKnown(operation) ? `Float64Array.of(${this.knownText(operation)})` : values;
    this.statements.push({ result, rule: this.rule, made: { kind: "upload", values: text, shape, asIndices: false } });
    const tensor: DeviceTensor = { kind: "tensor", name: result, axes, isCondition: false };
    this.values.set(id, tensor);
    return tensor;
  }

  private knownText(operation: Operation): string {
    if (operation.kind === "size") return this.sizeOf(operation.axis);
    if (operation.kind === "constant") return String(operation.value);
    throw new Error("lower to tensors: not a known number");
  }

  /** A known number as it is, anything else as a tensor. */
  private operand(id: NodeId): DeviceValue {
    const { operation } = this.node(id);
    return isKnown(operation) ? { kind: "number", text: this.knownText(operation) } : this.value(id);
  }

  private asNumbers(tensor: DeviceTensor): DeviceTensor {
    if (!tensor.isCondition) return tensor;
    return this.make("cast", [named(tensor), { kind: "dtype", name: "float32" }], tensor.axes);
  }

  private asCondition(value: DeviceTensor): DeviceTensor {
    return value.isCondition ? value : this.make("notEqual", [named(value), { kind: "number", text: "0" }], value.axes, true);
  }

  private order(axes: Iterable<string>): readonly string[] {
    const wanted = new Set(axes);
    return this.partition.fn.axes.map((axis) => axis.name).filter((axis) => wanted.has(axis));
  }

  private transposed(tensor: DeviceTensor, axes: readonly string[]): DeviceTensor {
    if (axes.every((axis, i) => tensor.axes[i] === axis)) return { ...tensor, axes };
    const order = axes.map((axis) => tensor.axes.indexOf(axis));
    if (order.length !== tensor.axes.length || order.includes(-1)) {
      throw new Error(`lower to tensors: [${tensor.axes.join()}] cannot become [${axes.join()}]`);
    }
    return this.make("transpose", [named(tensor), { kind: "numbers", values: order }], axes, tensor.isCondition);
  }

  /** The tensor with a dimension of 1 for each axis that it lacks, so that it broadcasts; leading ones are implied. */
  private aligned(value: DeviceValue, axes: readonly string[]): DeviceArgument {
    if (value.kind === "number") return { kind: "number", text: value.text };
    const ordered = this.transposed(value, axes.filter((axis) => value.axes.includes(axis)));
    const first = axes.findIndex((axis) => ordered.axes.includes(axis));
    if (first < 0 || axes.slice(first).every((axis) => ordered.axes.includes(axis))) return named(ordered);
    const shape = axes.slice(first).map((axis) => (ordered.axes.includes(axis) ? this.sizeOf(axis) : "1"));
    return named(this.make("reshape", [named(ordered), { kind: "numbers", values: shape }], axes.slice(first), ordered.isCondition));
  }

  private lower({ operation, axes }: PlanNode): DeviceTensor {
    switch (operation.kind) {
      case "unary":
        return this.unary(operation.function, this.asNumbers(this.value(operation.operand)));
      case "binary":
        return this.binary(operation.function, operation.left, operation.right, axes);
      case "select": {
        const condition = this.broadcast(this.asCondition(this.value(operation.condition)), axes);
        const [whenTrue, whenFalse] = [operation.whenTrue, operation.whenFalse].map((id) => this.numbers(id));
        return this.make("where", [named(condition), this.aligned(whenTrue, axes), this.aligned(whenFalse, axes)], axes);
      }
      case "reduce": {
        if (operation.function === "logSumExp") throw new Error("lower to tensors: a logSumExp is not expanded");
        return this.reduced(operation.function, this.asNumbers(this.value(operation.operand)), operation.over);
      }
      case "contract":
        return this.contract(
          operation.operands.map((id) => this.asNumbers(this.value(id))),
          operation.over,
          axes,
        );
      case "gather":
        return this.gather(operation, axes);
      case "scatterAdd": {
        const indicator = this.oneHot(operation.index, operation.axis);
        return this.contract([this.asNumbers(this.value(operation.operand)), indicator], operation.over, axes);
      }
      case "rename": {
        const tensor = this.value(operation.operand);
        const { from, to } = operation;
        return { ...tensor, axes: tensor.axes.map((axis) => (axis === from ? to : axis)) };
      }
      case "diagonal": {
        const tensor = this.asNumbers(this.value(operation.operand));
        const rest = tensor.axes.filter((axis) => axis !== operation.row && axis !== operation.column);
        const ordered = this.transposed(tensor, [...rest, operation.row, operation.column]);
        // The diagonal of n x n is every (n + 1)-th entry of n n: the entries at 0 of [n, n + 1] but the last row.
        return this.diagonalEntries(ordered, rest, operation.row);
      }
      case "slice": {
        const tensor = this.value(operation.operand);
        const begin = tensor.axes.map((axis) => (axis === operation.axis ? operation.at : 0));
        const size = tensor.axes.map((axis) => (axis === operation.axis ? "1" : this.sizeOf(axis)));
        const cut = this.make(
          "slice",
          [named(tensor), { kind: "numbers", values: begin }, { kind: "numbers", values: size }],
          tensor.axes,
        );
        const kept = tensor.axes.filter((axis) => axis !== operation.axis);
        return this.reshaped(cut, kept, tensor.isCondition);
      }
      case "stack": {
        const rest = axes.filter((axis) => axis !== operation.axis);
        const parts = operation.operands.map((id) => this.broadcast(this.asNumbers(this.value(id)), rest).name);
        return this.make(
          "stack",
          [
            { kind: "tensors", names: parts },
            { kind: "number", text: String(rest.length) },
          ],
          [...rest, operation.axis],
        );
      }
      case "input":
      case "constant":
      case "size":
      case "position":
      case "softmax":
      case "cholesky":
      case "triangularSolve":
      case "draw":
        throw new Error(`lower to tensors: ${operation.kind} is not for the device`);
    }
  }

  private numbers(id: NodeId): DeviceValue {
    const value = this.operand(id);
    return value.kind === "number" ? value : this.asNumbers(value);
  }

  private reshaped(tensor: DeviceTensor, axes: readonly string[], isCondition = false): DeviceTensor {
    const shape = axes.map((axis) => this.sizeOf(axis));
    return this.make("reshape", [named(tensor), { kind: "numbers", values: shape }], axes, isCondition);
  }

  private broadcast(tensor: DeviceTensor, axes: readonly string[]): DeviceTensor {
    if (axes.length === tensor.axes.length) return this.transposed(tensor, axes);
    // Only numbers can be repeated on every backend.
    const argument = this.aligned(this.asNumbers(tensor), axes);
    const shape = axes.map((axis) => this.sizeOf(axis));
    const repeated = this.make("broadcastTo", [argument, { kind: "numbers", values: shape }], axes);
    return tensor.isCondition ? this.asCondition(repeated) : repeated;
  }

  private diagonalEntries(ordered: DeviceTensor, rest: readonly string[], row: string): DeviceTensor {
    const size = this.sizeOf(row);
    const unit = this.names.unique("unit");
    const values = `Float64Array.from({ length: ${size} * ${size} }, (_, i) => (i % (${size} + 1) === 0 ? 1 : 0))`;
    this.statements.push({ result: unit, rule: this.rule, made: { kind: "upload", values, shape: [size, size], asIndices: false } });
    const condition = this.make("notEqual", [{ kind: "tensor", name: unit }, { kind: "number", text: "0" }], [], true);
    // Entries off the diagonal are dropped, not multiplied by 0: they may be infinite.
    const column = ordered.axes[ordered.axes.length - 1];
    const repeated = this.broadcast({ ...condition, axes: [row, column] }, ordered.axes);
    const kept = this.make("where", [named(repeated), named(ordered), { kind: "number", text: "0" }], ordered.axes);
    return { ...this.reduced("sum", kept, [column]), axes: [...rest, row] };
  }

  private unary(name: UnaryFunction, operand: DeviceTensor): DeviceTensor {
    const { axes } = operand;
    const simple = (operation: TensorOperation): DeviceTensor => this.make(operation, [named(operand)], axes);
    switch (name) {
      case "negate":
        return simple("neg");
      case "exp":
      case "log":
      case "log1p":
      case "expm1":
      case "sqrt":
      case "square":
      case "reciprocal":
      case "abs":
      case "sign":
      case "softplus":
      case "sigmoid":
      case "tanh":
      case "relu":
      case "step":
      case "sin":
      case "cos":
        return simple(name);
      case "leakyRelu":
        return this.make("leakyRelu", [named(operand), { kind: "number", text: String(leakySlope) }], axes);
      case "isPresent": {
        const missing = this.make("isNaN", [named(operand)], axes, true);
        return this.make("logicalNot", [named(missing)], axes, true);
      }
      case "presentOrZero": {
        const missing = this.make("isNaN", [named(operand)], axes, true);
        return this.make("where", [named(missing), { kind: "number", text: "0" }, named(operand)], axes);
      }
      case "logGamma":
      case "digamma":
      case "trigamma":
      case "logBesselI0":
      case "besselRatio": {
        // TensorFlow.js has no such operation: one download and one upload.
        const result = this.names.unique(name);
        this.functions.add(name);
        this.statements.push({ result, rule: this.rule, made: { kind: "mapOnHost", operand: operand.name, function: name } });
        return { kind: "tensor", name: result, axes, isCondition: false };
      }
    }
  }

  private binary(name: BinaryFunction, left: NodeId, right: NodeId, axes: readonly string[]): DeviceTensor {
    const operations = {
      add: "add",
      subtract: "sub",
      multiply: "mul",
      divide: "div",
      power: "pow",
      maximum: "maximum",
      minimum: "minimum",
      less: "less",
      lessEqual: "lessEqual",
      equal: "equal",
    } as const satisfies Record<BinaryFunction, TensorOperation>;
    const isCondition = name === "less" || name === "lessEqual" || name === "equal";
    const [a, b] = [this.aligned(this.numbers(left), axes), this.aligned(this.numbers(right), axes)];
    return this.make(operations[name], [a, b], axes, isCondition);
  }

  private reduced(name: "sum" | "max", tensor: DeviceTensor, over: readonly string[]): DeviceTensor {
    const places = over.map((axis) => tensor.axes.indexOf(axis));
    const kept = tensor.axes.filter((axis) => !over.includes(axis));
    return this.make(name, [named(tensor), { kind: "numbers", values: places }], kept);
  }

  /** Sum of a product over axes: pairs are multiplied, or contracted as matrices, until one is left. */
  private contract(operands: readonly DeviceTensor[], over: readonly string[], result: readonly string[]): DeviceTensor {
    let left = operands.map((tensor, i) => {
      const own = over.filter((axis) => tensor.axes.includes(axis) && !operands.some((other, j) => j !== i && other.axes.includes(axis)));
      return own.length === 0 ? tensor : this.reduced("sum", tensor, own);
    });
    while (left.length > 1) {
      const [i, j] = smallestPair(left);
      const others = left.filter((_, position) => position !== i && position !== j);
      const summed = over.filter(
        (axis) =>
          left[i].axes.includes(axis) && left[j].axes.includes(axis) && !others.some((other) => other.axes.includes(axis)),
      );
      left = [this.contractPair(left[i], left[j], summed), ...others];
    }
    const [only] = left;
    const remaining = over.filter((axis) => only.axes.includes(axis));
    const summed = remaining.length === 0 ? only : this.reduced("sum", only, remaining);
    return summed.axes.length === result.length ? summed : this.broadcast(summed, result);
  }

  private contractPair(a: DeviceTensor, b: DeviceTensor, summed: readonly string[]): DeviceTensor {
    const union = this.order([...a.axes, ...b.axes]);
    const batch = a.axes.filter((axis) => b.axes.includes(axis) && !summed.includes(axis));
    const freeA = a.axes.filter((axis) => !b.axes.includes(axis));
    const freeB = b.axes.filter((axis) => !a.axes.includes(axis));
    // Not a matrix product: nothing to sum, a vector on both sides, or one small product per row.
    if (summed.length === 0 || freeA.length === 0 || freeB.length === 0 || batch.includes(this.partition.rows)) {
      const product = this.make("mul", [this.aligned(a, union), this.aligned(b, union)], union);
      return summed.length === 0 ? product : this.reduced("sum", product, summed);
    }
    const sizes = (axes: readonly string[]): string => this.product(axes);
    const shape = (rows: readonly string[], columns: readonly string[]): DeviceArgument => ({
      kind: "numbers",
      values: [...(batch.length === 0 ? [] : [sizes(batch)]), sizes(rows), sizes(columns)],
    });
    // The wasm backend is several times faster on transposed copies than with its transposing flags.
    const first = this.transposed(a, [...batch, ...freeA, ...summed]);
    const second = this.transposed(b, [...batch, ...summed, ...freeB]);
    const left = this.emit("reshape", [named(first), shape(freeA, summed)]);
    const right = this.emit("reshape", [named(second), shape(summed, freeB)]);
    const product = this.make("matMul", [{ kind: "tensor", name: left }, { kind: "tensor", name: right }], []);
    return this.reshaped(product, [...batch, ...freeA, ...freeB]);
  }

  private product(axes: readonly string[]): string {
    return axes.length === 0 ? "1" : axes.map((axis) => `${parenthesised(this.sizeOf(axis))}`).join(" * ");
  }

  private gather(operation: Extract<Operation, { readonly kind: "gather" }>, axes: readonly string[]): DeviceTensor {
    // A sum with an indicator; entries that are not picked may be infinite, so they are dropped first.
    const indicator = this.oneHot(operation.index, operation.axis);
    const table = this.asNumbers(this.value(operation.table));
    const all = this.order([...table.axes, ...indicator.axes]);
    const condition = this.broadcast(this.asCondition(indicator), all);
    const picked = this.make("where", [named(condition), this.aligned(table, all), { kind: "number", text: "0" }], all);
    const sum = this.reduced("sum", picked, [operation.axis]);
    const found = this.reduced("sum", indicator, [operation.axis]);
    const isFound = this.broadcast(this.asCondition(this.transposed(found, this.order(found.axes))), axes);
    return this.make("where", [named(isFound), named(this.transposed(sum, axes)), { kind: "number", text: "NaN" }], axes);
  }

  /** 1 at the index along a new axis; all 0 where the index is missing. */
  private oneHot(index: NodeId, axis: string): DeviceTensor {
    let tensor = this.indices.get(index);
    if (tensor === undefined) {
      const { axes } = this.node(index);
      const name = this.names.unique(`${this.wanted[index]} index`);
      const values = `host[${JSON.stringify(uploadName(index))}]`;
      const shape = axes.map((one) => this.sizeOf(one));
      this.statements.push({ result: name, rule: this.rule, made: { kind: "upload", values, shape, asIndices: true } });
      tensor = { kind: "tensor", name, axes, isCondition: false };
      this.indices.set(index, tensor);
    }
    const indicator = this.make("oneHot", [named(tensor), { kind: "number", text: this.sizeOf(axis) }], [...tensor.axes, axis]);
    return this.make("cast", [named(indicator), { kind: "dtype", name: "float32" }], indicator.axes);
  }
}

function named(tensor: DeviceTensor): DeviceArgument {
  return { kind: "tensor", name: tensor.name };
}

function indexOperand(operation: Operation): NodeId | undefined {
  return operation.kind === "gather" || operation.kind === "scatterAdd" ? operation.index : undefined;
}

/** The two tensors whose product has the fewest axes. */
function smallestPair(tensors: readonly DeviceTensor[]): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  let fewest = Infinity;
  for (let i = 0; i < tensors.length; i++) {
    for (let j = i + 1; j < tensors.length; j++) {
      const axes = new Set([...tensors[i].axes, ...tensors[j].axes]).size;
      if (axes < fewest) [best, fewest] = [[i, j], axes];
    }
  }
  return best;
}

function parenthesised(text: string): string {
  return text.includes(" ") ? `(${text})` : text;
}
