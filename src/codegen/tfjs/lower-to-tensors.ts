import type { BinaryFunction, NodeId, Operation, PlanNode, UnaryFunction } from "../../ir/plan.js";
import { leakySlope, operandsOf } from "../../ir/plan.js";
import { nameValues } from "../loops/name-values.js";
import type { RuntimeFunction } from "../runtime-functions.js";
import { contractTensors } from "./contract-tensors.js";
import type { DeviceStatement, TensorOperation } from "./device-ir.js";
import { isKnown, type Partition, uploadName } from "./partition.js";
import { type DeviceTensor, type DeviceValue, named, TensorWriter } from "./tensor-writer.js";
import { type Chain, chainOf, WindowWriter } from "./windows.js";

export interface DeviceCode {
  readonly statements: readonly DeviceStatement[];
  /** Tensor of each download, its dimensions in the order of the node's axes. */
  readonly results: ReadonlyMap<NodeId, string>;
  /** Tensor of each derivative that stays on the device, by parameter. */
  readonly gradients: ReadonlyMap<string, string>;
  /** Sizes that the code mentions: name → how it is read. */
  readonly sizes: ReadonlyMap<string, string>;
  readonly functions: ReadonlySet<RuntimeFunction>;
}

/** Lowers the device's part of a function to operations of TensorFlow.js; undefined where an index is computed there. */
export function lowerToTensors(partition: Partition): DeviceCode | undefined {
  return new TensorLowering(partition).run();
}

class TensorLowering {
  private readonly writer: TensorWriter;
  private readonly wanted: readonly string[];
  private readonly values = new Map<NodeId, DeviceTensor>();
  private readonly functions = new Set<RuntimeFunction>();
  private readonly windows: WindowWriter;

  constructor(private readonly partition: Partition) {
    this.wanted = nameValues(partition.fn);
    this.writer = new TensorWriter(partition.fn);
    this.windows = new WindowWriter(partition.fn, this.writer);
  }

  run(): DeviceCode | undefined {
    for (const id of this.partition.device) {
      const node = this.node(id);
      this.writer.rule = node.rule;
      const index = indexOperand(node.operation);
      if (index !== undefined && this.partition.device.includes(index)) return undefined;
      if (!this.isLate(id)) this.make(id);
    }
    this.writer.rule = "";
    const results = new Map<NodeId, string>();
    for (const id of this.partition.downloads) {
      const tensor = this.writer.transposed(this.writer.asNumbers(this.value(id)), this.node(id).axes);
      // A renamed node is the same tensor, but each download disposes of its own.
      const isTaken = [...results.values()].includes(tensor.name);
      results.set(id, isTaken ? this.writer.reshaped(tensor, tensor.axes).name : tensor.name);
    }
    const gradients = new Map<string, string>();
    for (const { name, node, axes } of this.partition.gradients) {
      const tensor = this.writer.transposed(this.writer.asNumbers(this.value(node)), axes);
      const isTaken = [...results.values(), ...gradients.values()].includes(tensor.name);
      gradients.set(name, isTaken ? this.writer.reshaped(tensor, tensor.axes).name : tensor.name);
    }
    const { statements, sizes } = this.writer;
    return { statements, results, gradients, sizes, functions: this.functions };
  }

  /** In which order the axes of a value are wanted. */
  private wantedAxes(id: NodeId): readonly string[] {
    const { operation, axes } = this.node(id);
    const gradient = this.partition.gradients.find(({ node }) => node === id);
    return operation.kind === "contract" && gradient !== undefined ? gradient.axes : axes;
  }

  private make(id: NodeId): DeviceTensor {
    const node = this.node(id);
    const outer = this.writer.rule;
    this.writer.rule = node.rule;
    const lowered = this.lower(id);
    const { kind } = node.operation;
    // Windows lie in the order in which a product reads them, parameters as they are stored.
    const isAsItIs = kind === "window" || kind === "input" || (kind === "rename" && this.isResident(id));
    const tensor = isAsItIs ? lowered : this.writer.transposed(lowered, this.wantedAxes(id));
    this.writer.rule = outer;
    this.values.set(id, tensor);
    return tensor;
  }

  /** Is it a parameter whose values are on the device? */
  private isResident(id: NodeId): boolean {
    const { operation } = this.node(id);
    return operation.kind === "rename"
      ? this.isResident(operation.operand)
      : operation.kind === "input" && operation.source === "parameter" && this.partition.residents.has(operation.name);
  }

  /** Made only where a reader wants it itself: what a convolution takes in may not be needed. */
  private isLate(id: NodeId): boolean {
    if (this.partition.downloads.includes(id)) return false;
    const { kind } = this.node(id).operation;
    if (kind === "window") return true;
    const readers = this.partition.fn.nodes.filter(({ operation }) => operandsOf(operation).includes(id));
    return (
      (kind === "overlapAdd" || kind === "contract") &&
      readers.length > 0 &&
      readers.every(({ operation }) => operation.kind === "overlapAdd")
    );
  }

  private node(id: NodeId): PlanNode {
    return this.partition.fn.nodes[id];
  }

  private value(id: NodeId): DeviceTensor {
    const known = this.values.get(id);
    if (known !== undefined) return known;
    const { operation, axes } = this.node(id);
    if (this.partition.device.includes(id)) return this.make(id);
    const same = this.partition.uploadedAs.get(id);
    if (same !== undefined) return { ...this.value(same), axes };
    const given = this.partition.asTheyLie.get(id);
    const values = isKnown(operation)
      ? `Float64Array.of(${this.knownText(operation)})`
      : given === undefined
        ? `host[${JSON.stringify(uploadName(id))}]`
        : `${given.source === "data" ? "block.data" : "tables"}[${JSON.stringify(given.name)}]`;
    const tensor = this.writer.upload(values, axes, this.wanted[id]);
    this.values.set(id, tensor);
    return tensor;
  }

  private knownText(operation: Operation): string {
    if (operation.kind === "size") return this.writer.sizeOf(operation.axis);
    if (operation.kind === "constant") return String(operation.value);
    throw new Error("lower to tensors: not a known number");
  }

  /** A known number as it is, anything else as a tensor. */
  private operand(id: NodeId): DeviceValue {
    const { operation } = this.node(id);
    return isKnown(operation) ? { kind: "number", text: this.knownText(operation) } : this.value(id);
  }

  private chain(id: NodeId, kind: "window" | "overlapAdd"): readonly [DeviceTensor, Chain] {
    const chain = chainOf(this.partition.fn, id, kind);
    return [this.value(chain.base), chain];
  }

  private lower(id: NodeId): DeviceTensor {
    const { operation, axes } = this.node(id);
    switch (operation.kind) {
      case "unary":
        return (
          this.stepOfRelu(operation.function, operation.operand) ??
          this.unary(operation.function, this.writer.asNumbers(this.value(operation.operand)))
        );
      case "binary":
        return this.binary(operation.function, operation.left, operation.right, axes);
      case "select": {
        const condition = this.writer.broadcast(this.writer.asCondition(this.value(operation.condition)), axes);
        const [whenTrue, whenFalse] = [operation.whenTrue, operation.whenFalse].map((id) => this.numbers(id));
        return this.writer.make(
          "where",
          [named(condition), this.writer.aligned(whenTrue, axes), this.writer.aligned(whenFalse, axes)],
          axes,
        );
      }
      case "reduce": {
        if (operation.function === "logSumExp") throw new Error("lower to tensors: a logSumExp is not expanded");
        return this.writer.reduced(
          operation.function,
          this.writer.asNumbers(this.value(operation.operand)),
          operation.over,
        );
      }
      case "contract":
        return (
          this.windows.convolution(operation, axes, (operand) => this.value(operand)) ??
          contractTensors(
            this.writer,
            this.partition.rows,
            operation.operands.map((operand) => this.writer.asNumbers(this.value(operand))),
            operation.over,
            this.wantedAxes(id),
          )
        );
      case "gather":
        return this.gather(operation, axes);
      case "scatterAdd": {
        const indicator = this.writer.asNumbers(this.oneHot(operation.index, operation.axis));
        return contractTensors(
          this.writer,
          this.partition.rows,
          [this.writer.asNumbers(this.value(operation.operand)), indicator],
          operation.over,
          axes,
        );
      }
      case "rename": {
        const tensor = this.value(operation.operand);
        const { from, to } = operation;
        return { ...tensor, axes: tensor.axes.map((axis) => (axis === from ? to : axis)) };
      }
      case "diagonal": {
        const tensor = this.writer.asNumbers(this.value(operation.operand));
        const rest = tensor.axes.filter((axis) => axis !== operation.row && axis !== operation.column);
        const ordered = this.writer.transposed(tensor, [...rest, operation.row, operation.column]);
        return this.diagonalEntries(ordered, rest, operation.row);
      }
      case "slice": {
        const tensor = this.value(operation.operand);
        const begin = tensor.axes.map((axis) => (axis === operation.axis ? operation.at : 0));
        const size = tensor.axes.map((axis) => (axis === operation.axis ? "1" : this.writer.sizeOf(axis)));
        const cut = this.writer.make(
          "slice",
          [named(tensor), { kind: "numbers", values: begin }, { kind: "numbers", values: size }],
          tensor.axes,
        );
        const kept = tensor.axes.filter((axis) => axis !== operation.axis);
        return this.writer.reshaped(cut, kept, tensor.isCondition);
      }
      case "stack": {
        const rest = axes.filter((axis) => axis !== operation.axis);
        const parts = operation.operands.map(
          (id) => this.writer.broadcast(this.writer.asNumbers(this.value(id)), rest).name,
        );
        return this.writer.make(
          "stack",
          [
            { kind: "tensors", names: parts },
            { kind: "number", text: String(rest.length) },
          ],
          [...rest, operation.axis],
        );
      }
      case "window":
        return this.windows.windows(...this.chain(id, "window"));
      case "overlapAdd": {
        const chain = chainOf(this.partition.fn, id, "overlapAdd");
        return (
          this.windows.transposedConvolution(chain, axes, (operand) => this.value(operand)) ??
          this.windows.sums(this.writer.asNumbers(this.value(chain.base)), chain, axes)
        );
      }
      case "split": {
        const tensor = this.value(operation.operand);
        const order = tensor.axes.flatMap((axis) => (axis === operation.axis ? operation.into : [axis]));
        return this.writer.reshaped(tensor, order, tensor.isCondition);
      }
      case "merge": {
        const rest = axes.filter((axis) => axis !== operation.axis);
        const whole = this.writer.broadcast(this.writer.asNumbers(this.value(operation.operand)), [
          ...rest,
          ...operation.from,
        ]);
        return this.writer.reshaped(whole, [...rest, operation.axis]);
      }
      case "input":
        return this.writer.weight(operation.name, operation.axes, this.wanted[id]);
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
    return value.kind === "number" ? value : this.writer.asNumbers(value);
  }

  private diagonalEntries(ordered: DeviceTensor, rest: readonly string[], row: string): DeviceTensor {
    const column = ordered.axes[ordered.axes.length - 1];
    const size = `(${this.writer.sizeOf(row)})`;
    const values = `Float64Array.from({ length: ${size} * ${size} }, (_, i) => (i % (${size} + 1) === 0 ? 1 : 0))`;
    const unit = this.writer.asCondition(this.writer.upload(values, [row, column], "unit"));
    // Entries off the diagonal are dropped, not multiplied by 0: they may be infinite.
    const repeated = this.writer.broadcast(unit, ordered.axes);
    const kept = this.writer.make(
      "where",
      [named(repeated), named(ordered), { kind: "number", text: "0" }],
      ordered.axes,
    );
    return { ...this.writer.reduced("sum", kept, [column]), axes: [...rest, row] };
  }

  /** Where what is positive is there already, nothing else need be kept. */
  private stepOfRelu(name: UnaryFunction, operand: NodeId): DeviceTensor | undefined {
    if (name !== "step") return undefined;
    const isItsRelu = ({ operation }: PlanNode): boolean =>
      operation.kind === "unary" && operation.function === "relu" && operation.operand === operand;
    const relu = this.values.get(this.partition.fn.nodes.findIndex(isItsRelu));
    return relu === undefined ? undefined : this.writer.make("isPositive", [named(relu)], relu.axes);
  }

  private unary(name: UnaryFunction, operand: DeviceTensor): DeviceTensor {
    const { axes } = operand;
    const simple = (operation: TensorOperation): DeviceTensor => this.writer.make(operation, [named(operand)], axes);
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
        return this.writer.make("leakyRelu", [named(operand), { kind: "number", text: String(leakySlope) }], axes);
      case "isPresent": {
        const missing = this.writer.make("isNaN", [named(operand)], axes, true);
        return this.writer.make("logicalNot", [named(missing)], axes, true);
      }
      case "presentOrZero": {
        const missing = this.writer.make("isNaN", [named(operand)], axes, true);
        return this.writer.make("where", [named(missing), { kind: "number", text: "0" }, named(operand)], axes);
      }
      case "logGamma":
      case "digamma":
      case "trigamma":
      case "logBesselI0":
      case "besselRatio": {
        // TensorFlow.js has no such operation: one download and one upload.
        const result = this.writer.names.unique(name);
        this.functions.add(name);
        this.writer.statements.push({
          result,
          rule: this.writer.rule,
          made: { kind: "mapOnHost", operand: operand.name, function: name },
        });
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
    const [a, b] = [this.writer.aligned(this.numbers(left), axes), this.writer.aligned(this.numbers(right), axes)];
    return this.writer.make(operations[name], [a, b], axes, isCondition);
  }

  private gather(operation: Extract<Operation, { readonly kind: "gather" }>, axes: readonly string[]): DeviceTensor {
    // A sum with an indicator; entries that are not picked may be infinite, so they are dropped first.
    const indicator = this.oneHot(operation.index, operation.axis);
    const table = this.writer.asNumbers(this.value(operation.table));
    const all = this.writer.order([...table.axes, ...indicator.axes]);
    const condition = this.writer.broadcast(indicator, all);
    const zero = { kind: "number", text: "0" } as const;
    const picked = this.writer.make("where", [named(condition), this.writer.aligned(table, all), zero], all);
    const sum = this.writer.reduced("sum", picked, [operation.axis]);
    const found = this.writer.reduced("sum", this.writer.asNumbers(indicator), [operation.axis]);
    const isFound = this.writer.asCondition(this.writer.broadcast(found, axes));
    const missing = { kind: "number", text: "NaN" } as const;
    return this.writer.make("where", [named(isFound), named(this.writer.transposed(sum, axes)), missing], axes);
  }

  /** True at the index along a new axis; false throughout where the index is missing. */
  private oneHot(index: NodeId, axis: string): DeviceTensor {
    const { axes } = this.node(index);
    const positions = `Float64Array.from({ length: ${this.writer.sizeOf(axis)} }, (_, i) => i)`;
    const along = this.writer.upload(positions, [axis], `${axis} positions`);
    const all = [...axes, axis];
    const [at, every] = [this.writer.aligned(this.value(index), all), this.writer.aligned(along, all)];
    return this.writer.make("equal", [at, every], all, true);
  }
}

function indexOperand(operation: Operation): NodeId | undefined {
  return operation.kind === "gather" || operation.kind === "scatterAdd" ? operation.index : undefined;
}
