import type { NodeId, Operation, PlanFunction, Windows } from "../../ir/plan.js";
import { literalSize } from "../literal-size.js";
import type { DeviceArgument } from "./device-ir.js";
import { type DeviceTensor, named, type TensorWriter } from "./tensor-writer.js";

/**
 * Windows of axes, their sums, and convolutions, in operations of TensorFlow.js.
 *
 *     conv2d             sum over offsets and channels of windows times a kernel
 *     conv2dTranspose    sums of windows that are a product with a kernel: also the adjoint of conv2d
 *
 * What is neither (the derivative in the kernel, pools) has its windows side by side, made of slices.
 */

type Layered = Windows & { readonly operand: NodeId };

export interface Chain {
  readonly base: NodeId;
  readonly layers: readonly Layered[];
}

export function chainOf(fn: PlanFunction, id: NodeId, kind: "window" | "overlapAdd"): Chain {
  const layers: Layered[] = [];
  let base = id;
  for (let operation = fn.nodes[id].operation; operation.kind === kind; operation = fn.nodes[base].operation) {
    const { axis, positions, offsets } = operation;
    const isApart = layers.every((other) =>
      [other.axis, other.positions, other.offsets].every((name) => ![axis, positions, offsets].includes(name)),
    );
    if (!isApart) break;
    layers.push(operation);
    base = operation.operand;
  }
  return { base, layers };
}

/** Sizes of windows along an axis: entries in front, behind, and in all. */
interface Extent {
  readonly size: number;
  readonly positions: number;
  readonly offsets: number;
  readonly total: number;
  readonly after: number;
}

export class WindowWriter {
  constructor(
    private readonly fn: PlanFunction,
    private readonly writer: TensorWriter,
  ) {}

  /** Windows side by side: positions where the axes were, offsets in front of what follows those. */
  windows(source: DeviceTensor, { layers }: Chain): DeviceTensor {
    const { writer } = this;
    const padded = this.padded(source, layers);
    const inOrder = [...layers].sort((a, b) => padded.axes.indexOf(a.axis) - padded.axes.indexOf(b.axis));
    const moved = padded.axes.map((axis) => layers.find((windows) => windows.axis === axis)?.positions ?? axis);
    let parts: { readonly begin: ReadonlyMap<string, number> }[] = [{ begin: new Map() }];
    for (const windows of inOrder) {
      const { offsets } = this.extent(windows);
      parts = parts.flatMap(({ begin }) =>
        Array.from({ length: offsets }, (_, offset) => ({ begin: new Map([...begin, [windows.axis, offset]]) })),
      );
    }
    const slices = parts.map(({ begin }) => this.strided(padded, layers, begin).name);
    const last = Math.max(...layers.map(({ axis }) => padded.axes.indexOf(axis)));
    const stacked = writer.make(
      "stack",
      [
        { kind: "tensors", names: slices },
        { kind: "number", text: String(last + 1) },
      ],
      [],
    );
    const order = [...moved.slice(0, last + 1), ...inOrder.map(({ offsets }) => offsets), ...moved.slice(last + 1)];
    return writer.reshaped(stacked, order);
  }

  /** Windows added up where they overlap, along the axes that they came from. */
  sums(source: DeviceTensor, { layers }: Chain, axes: readonly string[]): DeviceTensor {
    const { writer } = this;
    const positions = axes.map((axis) => layers.find((windows) => windows.axis === axis)?.positions ?? axis);
    const offsets = layers.map((windows) => windows.offsets);
    const full = writer.broadcast(source, [...positions, ...offsets]);
    // Windows that begin the same distance from a multiple of the stride are added on a grid of their own.
    const phases = this.phases(full, layers, [], positions);
    const grid = layers.map((windows) => Math.ceil(this.extent(windows).total / windows.stride));
    const shape = axes.map((axis) => {
      const i = layers.findIndex((windows) => windows.axis === axis);
      return i < 0 ? writer.sizeOf(axis) : String(grid[i] * layers[i].stride);
    });
    const whole = writer.make("reshape", [named(phases), { kind: "numbers", values: shape }], axes);
    return this.cropped(whole, layers);
  }

  /** `conv2d`, where the product is one. */
  convolution(
    operation: Extract<Operation, { readonly kind: "contract" }>,
    axes: readonly string[],
    value: (id: NodeId) => DeviceTensor,
  ): DeviceTensor | undefined {
    const { fn, writer } = this;
    const found = operation.operands.findIndex((id) => fn.nodes[id].operation.kind === "window");
    const kernelId = operation.operands[1 - found];
    if (found < 0 || operation.operands.length !== 2 || kernelId === undefined) return undefined;
    const chain = chainOf(fn, operation.operands[found], "window");
    const image = imageAxes(chain.layers, fn.nodes[chain.base].axes);
    if (image === undefined) return undefined;
    const { rows, columns, channels, batch } = image;
    const kernelAxes = [rows.offsets, columns.offsets, channels];
    const filters = fn.nodes[kernelId].axes.filter((axis) => !kernelAxes.includes(axis));
    if (filters.length !== 1 || !sameMembers(operation.over, kernelAxes)) return undefined;
    if (!sameMembers(fn.nodes[kernelId].axes, [...kernelAxes, ...filters])) return undefined;
    const padded = this.padded(value(chain.base), chain.layers);
    const source = this.asImages(writer.transposed(padded, [...batch, rows.axis, columns.axis, channels]), batch, [
      this.extent(rows).total,
      this.extent(columns).total,
    ]);
    const kernel = writer.transposed(writer.asNumbers(value(kernelId)), [...kernelAxes, ...filters]);
    const strides: DeviceArgument = { kind: "numbers", values: [rows.stride, columns.stride] };
    const product = writer.make("conv2d", [source, named(kernel), strides, { kind: "text", value: "valid" }], []);
    const result = [...batch, rows.positions, columns.positions, ...filters];
    // Windows may stop before the last entries that would hold one.
    return writer.transposed(this.shaped(product, result, [rows, columns]), axes);
  }

  /** `conv2dTranspose`, where what is added up is a product with a kernel. */
  transposedConvolution(
    chain: Chain,
    axes: readonly string[],
    value: (id: NodeId) => DeviceTensor,
  ): DeviceTensor | undefined {
    const { fn, writer } = this;
    const product = fn.nodes[chain.base].operation;
    if (product.kind !== "contract" || product.operands.length !== 2 || product.over.length !== 1) return undefined;
    const image = imageAxes(chain.layers, axes);
    if (image === undefined) return undefined;
    const { rows, columns, channels: filters, batch } = image;
    const [channels] = product.over;
    const kernelAxes = [rows.offsets, columns.offsets, filters, channels];
    const sourceAxes = [...batch, rows.positions, columns.positions, channels];
    const kernelId = product.operands.find((id) => sameMembers(fn.nodes[id].axes, kernelAxes));
    const sourceId = product.operands.find((id) => sameMembers(fn.nodes[id].axes, sourceAxes));
    if (kernelId === undefined || sourceId === undefined) return undefined;
    const [height, width] = [this.extent(rows), this.extent(columns)];
    const reach = ({ positions, offsets }: Extent, stride: number): number => (positions - 1) * stride + offsets;
    const source = writer.transposed(writer.asNumbers(value(sourceId)), sourceAxes);
    const kernel = writer.transposed(writer.asNumbers(value(kernelId)), kernelAxes);
    const lengths = [reach(height, rows.stride), reach(width, columns.stride)];
    const shape = [writer.product(batch), ...lengths, writer.sizeOf(filters)];
    const made = writer.make(
      "conv2dTranspose",
      [
        this.asImages(source, batch, [height.positions, width.positions]),
        named(kernel),
        { kind: "numbers", values: shape },
        { kind: "numbers", values: [rows.stride, columns.stride] },
        { kind: "text", value: "valid" },
      ],
      [],
    );
    const result = [...batch, rows.axis, columns.axis, filters];
    const placed = writer.make(
      "reshape",
      [
        named(made),
        { kind: "numbers", values: [...batch.map((axis) => writer.sizeOf(axis)), ...lengths, writer.sizeOf(filters)] },
      ],
      result,
    );
    const longer = this.extended(placed, [rows, columns], [height.total - lengths[0], width.total - lengths[1]]);
    return writer.transposed(this.cropped(longer, [rows, columns]), axes);
  }

  private extent({ axis, positions, offsets, stride, before }: Windows): Extent {
    const sizeOf = (name: string): number => {
      const declared = this.fn.axes.find((candidate) => candidate.name === name);
      const size = declared === undefined ? undefined : literalSize(declared.size);
      if (size === undefined) throw new Error(`lower to tensors: windows of ${name}, whose size is not known`);
      return size;
    };
    const [size, count, width] = [sizeOf(axis), sizeOf(positions), sizeOf(offsets)];
    const total = Math.max((count - 1) * stride + width, before + size);
    return { size, positions: count, offsets: width, total, after: total - before - size };
  }

  /** Zeros where windows look beyond the edges. */
  private padded(source: DeviceTensor, layers: readonly Windows[]): DeviceTensor {
    const { writer } = this;
    const missing = layers.map(({ axis }) => axis).filter((axis) => !source.axes.includes(axis));
    const numbers = writer.asNumbers(source);
    const tensor = missing.length === 0 ? numbers : writer.broadcast(numbers, [...numbers.axes, ...missing]);
    const margins = tensor.axes.map((axis): readonly [number, number] => {
      const windows = layers.find((each) => each.axis === axis);
      return windows === undefined ? [0, 0] : [windows.before, this.extent(windows).after];
    });
    return this.pad(tensor, margins);
  }

  private pad(tensor: DeviceTensor, margins: readonly (readonly [number, number])[]): DeviceTensor {
    if (margins.every(([before, after]) => before === 0 && after === 0)) return tensor;
    return this.writer.make(
      "pad",
      [named(tensor), { kind: "numbers", values: margins.map(([before, after]) => `[${before}, ${after}]`) }],
      tensor.axes,
    );
  }

  private extended(tensor: DeviceTensor, layers: readonly Windows[], after: readonly number[]): DeviceTensor {
    return this.pad(
      tensor,
      tensor.axes.map((axis) => [0, after[layers.findIndex((windows) => windows.axis === axis)] ?? 0]),
    );
  }

  /** Every `stride`-th entry from where a window's entry lies. */
  private strided(padded: DeviceTensor, layers: readonly Windows[], begin: ReadonlyMap<string, number>): DeviceTensor {
    const { writer } = this;
    const along = padded.axes.map((axis) => layers.find((windows) => windows.axis === axis));
    const first = padded.axes.map((axis) => begin.get(axis) ?? 0);
    const axes = padded.axes.map((axis, i) => along[i]?.positions ?? axis);
    const end = padded.axes.map((axis, i) => {
      const windows = along[i];
      if (windows === undefined) return writer.sizeOf(axis);
      return String(first[i] + (this.extent(windows).positions - 1) * windows.stride + 1);
    });
    const steps = along.map((windows) => windows?.stride ?? 1);
    return writer.make(
      "stridedSlice",
      [
        named(padded),
        { kind: "numbers", values: first },
        { kind: "numbers", values: end },
        { kind: "numbers", values: steps },
      ],
      axes,
    );
  }

  /** Sums on the grids of every phase, laid out so that a reshape interleaves them. */
  private phases(
    full: DeviceTensor,
    layers: readonly Windows[],
    chosen: readonly number[],
    positions: readonly string[],
  ): DeviceTensor {
    const { writer } = this;
    if (chosen.length === layers.length) return this.onGrid(full, layers, chosen, positions);
    const windows = layers[chosen.length];
    const parts = Array.from({ length: windows.stride }, (_, phase) =>
      this.phases(full, layers, [...chosen, phase], positions),
    );
    const inner = parts[0];
    // Phases chosen later are in place already, each after its own grid.
    const place = inner.axes.indexOf(windows.positions) + 1;
    const stacked = writer.emit("stack", [
      { kind: "tensors", names: parts.map(({ name }) => name) },
      { kind: "number", text: String(place) },
    ]);
    const axes = [...inner.axes.slice(0, place), windows.offsets, ...inner.axes.slice(place)];
    return { kind: "tensor", name: stacked, axes, isCondition: false };
  }

  private onGrid(
    full: DeviceTensor,
    layers: readonly Windows[],
    phases: readonly number[],
    positions: readonly string[],
  ): DeviceTensor {
    const { writer } = this;
    let choices: (readonly number[])[] = [[]];
    layers.forEach((windows, i) => {
      const { offsets } = this.extent(windows);
      const own = Array.from({ length: offsets }, (_, offset) => offset).filter(
        (offset) => offset % windows.stride === phases[i],
      );
      choices = choices.flatMap((before) => own.map((offset) => [...before, offset]));
    });
    const part = (offsets: readonly number[], isNothing: boolean): DeviceTensor => {
      const begin = full.axes.map((axis) => offsets[layers.findIndex((windows) => windows.offsets === axis)] ?? 0);
      const size = full.axes.map((axis) =>
        layers.some((windows) => windows.offsets === axis) ? "1" : writer.sizeOf(axis),
      );
      const cut = writer.make(
        "slice",
        [named(full), { kind: "numbers", values: begin }, { kind: "numbers", values: size }],
        full.axes,
      );
      const plain = writer.reshaped(cut, positions);
      const margins = positions.map((axis): readonly [number, number] => {
        const i = layers.findIndex((windows) => windows.positions === axis);
        if (i < 0) return [0, 0];
        const { total, positions: count } = this.extent(layers[i]);
        const shift = isNothing ? 0 : Math.floor(offsets[i] / layers[i].stride);
        return [shift, Math.ceil(total / layers[i].stride) - count - shift];
      });
      return this.pad(plain, margins);
    };
    const parts = choices.map((offsets) => part(offsets, false));
    if (parts.length === 0) {
      const like = part(
        layers.map(() => 0),
        true,
      );
      return writer.make("zerosLike", [named(like)], positions);
    }
    return parts.reduce((left, right) => writer.make("add", [named(left), named(right)], positions));
  }

  private cropped(tensor: DeviceTensor, layers: readonly Windows[]): DeviceTensor {
    const { writer } = this;
    const begin = tensor.axes.map((axis) => layers.find((windows) => windows.axis === axis)?.before ?? 0);
    const size = tensor.axes.map((axis) => writer.sizeOf(axis));
    return writer.make(
      "slice",
      [named(tensor), { kind: "numbers", values: begin }, { kind: "numbers", values: size }],
      tensor.axes,
    );
  }

  /** Four dimensions, the first of them all of the batch. */
  private asImages(tensor: DeviceTensor, batch: readonly string[], sides: readonly number[]): DeviceArgument {
    const { writer } = this;
    const channels = tensor.axes.at(-1) ?? "";
    const shape = [writer.product(batch), ...sides, writer.sizeOf(channels)];
    return named(writer.make("reshape", [named(tensor), { kind: "numbers", values: shape }], []));
  }

  /** The first positions of a convolution, in the shape of its axes. */
  private shaped(product: DeviceTensor, axes: readonly string[], layers: readonly Windows[]): DeviceTensor {
    const { writer } = this;
    const made = layers.map((windows) => {
      const { total, offsets } = this.extent(windows);
      return Math.floor((total - offsets) / windows.stride) + 1;
    });
    const wanted = layers.map((windows) => this.extent(windows).positions);
    if (made.every((count, i) => count === wanted[i])) return writer.reshaped(product, axes);
    const whole = axes.map((axis) => {
      const i = layers.findIndex((windows) => windows.positions === axis);
      return i < 0 ? writer.sizeOf(axis) : String(made[i]);
    });
    const shaped = writer.make("reshape", [named(product), { kind: "numbers", values: whole }], axes);
    return writer.make(
      "slice",
      [
        named(shaped),
        { kind: "numbers", values: axes.map(() => 0) },
        { kind: "numbers", values: axes.map((axis) => writer.sizeOf(axis)) },
      ],
      axes,
    );
  }
}

/** An image's sides, its channels, and the axes of the batch; undefined where windows lie otherwise. */
function imageAxes(
  layers: readonly Layered[],
  axes: readonly string[],
):
  | { readonly rows: Layered; readonly columns: Layered; readonly channels: string; readonly batch: readonly string[] }
  | undefined {
  if (layers.length !== 2) return undefined;
  const [rows, columns] = [...layers].sort((a, b) => axes.indexOf(a.axis) - axes.indexOf(b.axis));
  const others = axes.filter((axis) => axis !== rows.axis && axis !== columns.axis);
  const channels = others.at(-1);
  if (channels === undefined || !axes.includes(rows.axis) || others.length < 2) return undefined;
  return { rows, columns, channels, batch: others.slice(0, -1) };
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
