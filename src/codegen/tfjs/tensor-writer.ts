import type { AxisSize, PlanFunction } from "../../ir/plan.js";
import { literalSize } from "../literal-size.js";
import { Identifiers } from "../loops/identifiers.js";
import type { DeviceArgument, DeviceStatement, SupportOperation, TensorOperation } from "./device-ir.js";

/** A node's values on the device: its axes in the order of the tensor's dimensions, or a number that is known. */
export type DeviceValue = DeviceTensor | { readonly kind: "number"; readonly text: string };

export interface DeviceTensor {
  readonly kind: "tensor";
  readonly name: string;
  readonly axes: readonly string[];
  readonly isCondition: boolean;
}

/** Writes tensor operations one by one, and keeps axes in the order of the function. */
export class TensorWriter {
  readonly names = new Identifiers([
    ...["tf", "host", "tables", "totals", "device"],
    ...[
      "uploadTensor",
      "downloadTensor",
      "uploadWeights",
      "downloadGradients",
      "imageTensor",
      "mapOnHost",
      "multiplyMatrices",
      "isPositive",
      "columnMeans",
    ],
  ]);
  readonly statements: DeviceStatement[] = [];
  /** Sizes that the code mentions: name → how it is read. */
  readonly sizes = new Map<string, string>();
  /** The rule at hand, for comments. */
  rule = "";

  constructor(private readonly fn: PlanFunction) {
    for (const axis of fn.axes) this.sizeText(axis.size);
  }

  /** Host values as a tensor along some axes. */
  upload(values: string, axes: readonly string[], hint: string): DeviceTensor {
    const result = this.names.unique(hint);
    const shape = axes.map((axis) => this.sizeOf(axis));
    this.statements.push({ result, rule: this.rule, made: { kind: "upload", values, shape } });
    return { kind: "tensor", name: result, axes, isCondition: false };
  }

  /** A parameter whose values are on the device. */
  weight(name: string, axes: readonly string[], hint: string): DeviceTensor {
    const result = this.names.unique(hint);
    this.statements.push({ result, rule: this.rule, made: { kind: "weight", name } });
    return { kind: "tensor", name: result, axes, isCondition: false };
  }

  /** The size as text; sizes of the model are read once into constants. */
  sizeText(size: AxisSize): string {
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

  sizeOf(axis: string): string {
    const found = this.fn.axes.find((candidate) => candidate.name === axis);
    if (found === undefined) throw new Error(`lower to tensors: axis ${axis} is not declared`);
    return this.sizeText(found.size);
  }

  emit(
    operation: TensorOperation | SupportOperation,
    args: readonly DeviceArgument[],
    hint = operation === "multiplyMatrices" ? "product" : (operation as string),
  ): string {
    const result = this.names.unique(hint);
    this.statements.push({ result, rule: this.rule, made: { kind: "operation", operation, arguments: args } });
    return result;
  }

  make(
    operation: TensorOperation | SupportOperation,
    args: readonly DeviceArgument[],
    axes: readonly string[],
    isCondition = false,
  ): DeviceTensor {
    return { kind: "tensor", name: this.emit(operation, args), axes, isCondition };
  }

  asNumbers(tensor: DeviceTensor): DeviceTensor {
    if (!tensor.isCondition) return tensor;
    return this.make("cast", [named(tensor), { kind: "dtype", name: "float32" }], tensor.axes);
  }

  asCondition(value: DeviceTensor): DeviceTensor {
    return value.isCondition
      ? value
      : this.make("notEqual", [named(value), { kind: "number", text: "0" }], value.axes, true);
  }

  order(axes: Iterable<string>): readonly string[] {
    const wanted = new Set(axes);
    return this.fn.axes.map((axis) => axis.name).filter((axis) => wanted.has(axis));
  }

  transposed(tensor: DeviceTensor, axes: readonly string[]): DeviceTensor {
    if (axes.every((axis, i) => tensor.axes[i] === axis)) return { ...tensor, axes };
    const order = axes.map((axis) => tensor.axes.indexOf(axis));
    if (order.length !== tensor.axes.length || order.includes(-1)) {
      throw new Error(`lower to tensors: [${tensor.axes.join()}] cannot become [${axes.join()}]`);
    }
    return this.make("transpose", [named(tensor), { kind: "numbers", values: order }], axes, tensor.isCondition);
  }

  /** The tensor with a dimension of 1 for each axis that it lacks, so that it broadcasts; leading ones are implied. */
  aligned(value: DeviceValue, axes: readonly string[]): DeviceArgument {
    if (value.kind === "number") return { kind: "number", text: value.text };
    const ordered = this.transposed(
      value,
      axes.filter((axis) => value.axes.includes(axis)),
    );
    const first = axes.findIndex((axis) => ordered.axes.includes(axis));
    if (first < 0 || axes.slice(first).every((axis) => ordered.axes.includes(axis))) return named(ordered);
    const shape = axes.slice(first).map((axis) => (ordered.axes.includes(axis) ? this.sizeOf(axis) : "1"));
    return named(
      this.make(
        "reshape",
        [named(ordered), { kind: "numbers", values: shape }],
        axes.slice(first),
        ordered.isCondition,
      ),
    );
  }

  reshaped(tensor: DeviceTensor, axes: readonly string[], isCondition = false): DeviceTensor {
    const shape = axes.map((axis) => this.sizeOf(axis));
    return this.make("reshape", [named(tensor), { kind: "numbers", values: shape }], axes, isCondition);
  }

  broadcast(tensor: DeviceTensor, axes: readonly string[]): DeviceTensor {
    if (axes.length === tensor.axes.length) return this.transposed(tensor, axes);
    // Only numbers can be repeated on every backend.
    const argument = this.aligned(this.asNumbers(tensor), axes);
    const shape = axes.map((axis) => this.sizeOf(axis));
    const repeated = this.make("broadcastTo", [argument, { kind: "numbers", values: shape }], axes);
    return tensor.isCondition ? this.asCondition(repeated) : repeated;
  }

  reduced(name: "sum" | "max", tensor: DeviceTensor, over: readonly string[]): DeviceTensor {
    const places = over.map((axis) => tensor.axes.indexOf(axis));
    const kept = tensor.axes.filter((axis) => !over.includes(axis));
    return this.make(name, [named(tensor), { kind: "numbers", values: places }], kept);
  }

  product(axes: readonly string[]): string {
    return axes.length === 0 ? "1" : axes.map((axis) => `${parenthesised(this.sizeOf(axis))}`).join(" * ");
  }
}

export function named(tensor: DeviceTensor): DeviceArgument {
  return { kind: "tensor", name: tensor.name };
}

function parenthesised(text: string): string {
  return text.includes(" ") ? `(${text})` : text;
}
