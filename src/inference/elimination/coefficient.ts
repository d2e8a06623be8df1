import type { Expression } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import { shapeOf, axisSize } from "../elaborate/axes.js";
import { concatenateAlong, type Elaborator } from "../elaborate/elaborator.js";
import type { LinearMap, LinearStep } from "../affine.js";

/**
 * A linear map of a variable as plan nodes: a matrix C[own…, v], where `own` are the axes of the value and v the axis of
 * the variable. While the value's axis IS the variable's, only the diagonal is kept.
 */
type Image =
  | { readonly kind: "diagonal"; readonly scale: NodeId }
  | { readonly kind: "matrix"; readonly node: NodeId; readonly own: readonly string[] };

/**
 * The coefficient C of `C v`, on the axes `[row, v.axis]`.
 *
 * @param axis the variable's axis; absent for a scalar
 * @param row the axis along which the value is wanted; a scalar value has none and stands for all entries
 */
export function coefficientOf(
  elaborator: Elaborator,
  map: LinearMap,
  axis: string | undefined,
  row: string | undefined,
): NodeId {
  const { builder } = elaborator;
  const walker = new Coefficients(elaborator, axis);
  const image = walker.image(map);
  if (image.kind === "diagonal") {
    if (axis === undefined) return image.scale;
    if (row === undefined) throw new Error("elimination: a vector in the mean of a scalar");
    return builder.times(builder.identity(row, axis), image.scale);
  }
  const [own] = image.own;
  if (own === undefined || row === undefined || !builder.has(image.node, own)) return image.node;
  const isSameSize = JSON.stringify(builder.sizeOf(own)) === JSON.stringify(builder.sizeOf(row));
  return isSameSize ? builder.rename(image.node, own, row) : builder.gather(image.node, own, builder.position(row));
}

class Coefficients {
  private count = 0;

  constructor(
    private readonly elaborator: Elaborator,
    private readonly axis: string | undefined,
  ) {}

  image(map: LinearMap): Image {
    const { builder } = this.elaborator;
    switch (map.kind) {
      case "identity":
        return { kind: "diagonal", scale: builder.constant(1) };
      case "then":
        return this.step(this.image(map.first), map.step);
      case "sum": {
        const images = map.maps.map((part) => this.image(part));
        const [first, ...rest] = images;
        if (first === undefined) throw new Error("elimination: an empty sum of maps");
        return rest.reduce((a, b) => this.add(a, b), first);
      }
    }
  }

  private add(a: Image, b: Image): Image {
    const { builder } = this.elaborator;
    if (a.kind === "diagonal" && b.kind === "diagonal")
      return { kind: "diagonal", scale: builder.plus(a.scale, b.scale) };
    const left = this.spread(a);
    const right = this.spread(b);
    const renamed = right.own.reduce((node, own, i) => builder.rename(node, own, left.own[i] ?? own), right.node);
    return { kind: "matrix", node: builder.plus(left.node, renamed), own: left.own.length > 0 ? left.own : right.own };
  }

  /** As a matrix, the value's axis apart from the variable's. */
  private spread(image: Image): Extract<Image, { kind: "matrix" }> {
    if (image.kind === "matrix") return image;
    const { builder } = this.elaborator;
    if (this.axis === undefined) return { kind: "matrix", node: image.scale, own: [] };
    const own = this.fresh(builder.sizeOf(this.axis));
    return { kind: "matrix", node: builder.times(builder.identity(own, this.axis), image.scale), own: [own] };
  }

  private fresh(size: Parameters<Elaborator["builder"]["axis"]>[1]): string {
    const { builder } = this.elaborator;
    const text = size.kind === "symbol" ? size.name : size.kind === "literal" ? String(size.value) : "sum";
    return builder.axis(`${text}.value${this.count++}.${this.axis ?? "scalar"}`, size);
  }

  private axesFor(expression: Expression): readonly string[] {
    return shapeOf(expression.type).map((dimension) => this.fresh(axisSize(dimension)));
  }

  private step(image: Image, step: LinearStep): Image {
    const { elaborator } = this;
    const { builder } = elaborator;
    switch (step.kind) {
      case "multiply":
      case "divide": {
        const operator = step.kind;
        const isScalar = shapeOf(step.by.type).length === 0;
        if (image.kind === "diagonal" && (this.axis !== undefined || isScalar)) {
          const by = elaborator.value(step.by, isScalar || this.axis === undefined ? [] : [this.axis]);
          return { kind: "diagonal", scale: builder.binary(operator, image.scale, by) };
        }
        const { node, own } = this.spread(image);
        const axes = own.length > 0 || isScalar ? own : this.axesFor(step.by);
        return { kind: "matrix", node: builder.binary(operator, node, elaborator.value(step.by, axes)), own: axes };
      }
      case "matrixTimes": {
        const [rows, columns] = shapeOf(step.matrix.type).map(axisSize);
        if (rows === undefined || columns === undefined) throw new Error("elimination: a product with no matrix");
        const row = this.fresh(rows);
        if (image.kind === "diagonal" && this.axis !== undefined) {
          const matrix = elaborator.value(step.matrix, [row, this.axis]);
          return { kind: "matrix", node: builder.times(matrix, image.scale), own: [row] };
        }
        const { node, own } = this.spread(image);
        const [inner, ...rest] = own;
        if (inner === undefined) throw new Error("elimination: a matrix times a number");
        const matrix = elaborator.value(step.matrix, [row, inner]);
        return { kind: "matrix", node: builder.contract([matrix, node], [inner]), own: [row, ...rest] };
      }
      case "timesRight": {
        const { node, own } = this.spread(image);
        const inner = own[own.length - 1];
        if (inner === undefined) throw new Error("elimination: a number times a matrix");
        const columns = shapeOf(step.right.type)
          .map(axisSize)
          .slice(1)
          .map((size) => this.fresh(size));
        const right = elaborator.value(step.right, [inner, ...columns]);
        return {
          kind: "matrix",
          node: builder.contract([node, right], [inner]),
          own: [...own.slice(0, -1), ...columns],
        };
      }
      case "dot": {
        if (image.kind === "diagonal" && this.axis !== undefined) {
          const vector = elaborator.value(step.vector, [this.axis]);
          return { kind: "matrix", node: builder.times(vector, image.scale), own: [] };
        }
        const { node, own } = this.spread(image);
        return { kind: "matrix", node: builder.contract([elaborator.value(step.vector, own), node], own), own: [] };
      }
      case "apply":
        return this.apply(image, step.function);
      case "element": {
        const [index] = step.indices;
        if (image.kind === "diagonal" && this.axis !== undefined && index !== undefined) {
          const chosen = builder.oneHot(elaborator.value(index, []), this.axis);
          return { kind: "matrix", node: builder.times(chosen, image.scale), own: [] };
        }
        const { node, own } = this.spread(image);
        const picked = own
          .slice(0, step.indices.length)
          .reduce((value, axis, i) => builder.gather(value, axis, elaborator.value(step.indices[i]!, [])), node);
        return { kind: "matrix", node: picked, own: own.slice(step.indices.length) };
      }
      case "place":
        return this.place(image, step);
      case "select": {
        const { node, own } = this.spread(image);
        const isScalar = shapeOf(step.condition.type).length === 0;
        const condition = elaborator.value(step.condition, isScalar ? [] : own);
        const zero = builder.constant(0);
        return {
          kind: "matrix",
          node: step.whenTrue ? builder.select(condition, node, zero) : builder.select(condition, zero, node),
          own,
        };
      }
    }
  }

  private apply(image: Image, name: Extract<LinearStep, { kind: "apply" }>["function"]): Image {
    const { builder } = this.elaborator;
    if (name === "negate") {
      return image.kind === "diagonal"
        ? { kind: "diagonal", scale: builder.unary("negate", image.scale) }
        : { ...image, node: builder.unary("negate", image.node) };
    }
    const { node, own } = this.spread(image);
    switch (name) {
      case "sum":
        return { kind: "matrix", node: builder.sum(node, own), own: [] };
      case "mean":
        return {
          kind: "matrix",
          node: own.reduce((value, axis) => builder.over(value, builder.size(axis)), builder.sum(node, own)),
          own: [],
        };
      case "transpose":
        return { kind: "matrix", node, own: [...own].reverse() };
      case "diag": {
        const [row] = own;
        if (row === undefined) return { kind: "matrix", node, own };
        const column = this.fresh(builder.sizeOf(row));
        return { kind: "matrix", node: builder.times(node, builder.identity(row, column)), own: [row, column] };
      }
    }
  }

  private place(image: Image, step: Extract<LinearStep, { kind: "place" }>): Image {
    const { builder } = this.elaborator;
    const { node, own } = this.spread(image);
    const isConcatenation = step.function === "concat";
    const sizes = step.among.map((part) => (isConcatenation ? shapeOf(part.type).map(axisSize)[0] : undefined));
    const terms = sizes.map((size) => size ?? ({ kind: "literal", value: 1 } as const));
    const lengths = terms.map((size) => (size.kind === "literal" ? size.value : undefined));
    const known = lengths.every((length) => length !== undefined);
    const axis = this.fresh(
      known
        ? { kind: "literal", value: lengths.reduce<number>((sum, length) => sum + (length ?? 0), 0) }
        : { kind: "sum", terms },
    );
    const inner = isConcatenation ? own[0] : undefined;
    const parts = sizes.map((size, i) => {
      if (i === step.position) return inner === undefined ? { node } : { node, axis: inner };
      return size === undefined ? { node: builder.constant(0) } : { node: builder.constant(0), axis: this.fresh(size) };
    });
    const rest = isConcatenation ? own.slice(1) : own;
    return { kind: "matrix", node: concatenateAlong(builder, axis, parts), own: [axis, ...rest] };
  }
}
