import type { NodeId, Operation, PlanFunction, Windows } from "../../ir/plan.js";
import type { NetworkBuffer } from "../../runtime/networks/network-description.js";
import type { Along, Stored } from "./plan-buffers.js";

/** Where a loop nest writes, if not along the axes of its result one by one. */
export interface NestTarget {
  readonly axes: readonly string[];
  readonly along: readonly Along[];
  readonly loops: readonly string[];
  readonly extents: NonNullable<NetworkBuffer["extents"]>;
}

/** Entries that windows see along an axis: `before` of them in front of its first. */
interface Margin {
  readonly axis: string;
  readonly before: number;
  readonly extent: number;
}

type Layered = Windows & { readonly operand: NodeId };

/** Windows of windows, outermost first, and what they look at; the same for sums of windows. */
export function chainOf(
  plan: PlanFunction,
  id: NodeId,
  kind: "window" | "overlapAdd",
  mayPass: (inner: NodeId) => boolean = () => true,
): { readonly base: NodeId; readonly layers: readonly Layered[] } {
  const layers: Layered[] = [];
  let base = id;
  for (let operation = plan.nodes[id]!.operation; operation.kind === kind; operation = plan.nodes[base]!.operation) {
    const { positions, offsets, axis } = operation;
    // A window along what another has made is for that one's values.
    const isApart = layers.every((other) =>
      [other.axis, other.positions, other.offsets].every((name) => ![axis, positions, offsets].includes(name)),
    );
    if (layers.length > 0 && (!isApart || !mayPass(base))) break;
    layers.push(operation);
    base = operation.operand;
  }
  return { base, layers };
}

/** Axes along which windows look beyond the edges. */
export function marginsOf(layers: readonly Windows[], sizeOf: (axis: string) => number): readonly Margin[] {
  return layers.flatMap(({ axis, positions, offsets, stride, before }) => {
    const reach = (sizeOf(positions) - 1) * stride + sizeOf(offsets);
    const extent = Math.max(reach, before + sizeOf(axis));
    return extent === sizeOf(axis) ? [] : [{ axis, before, extent }];
  });
}

/** The order in which a product reads windows. */
export function windowOrder(plan: PlanFunction, id: NodeId): readonly string[] {
  const { base, layers } = chainOf(plan, id, "window");
  const order = besideEachOther(plan.nodes[base]!.axes, layers);
  // Along an axis that the value lacks, it is the same at every position but for the edges.
  return [...order, ...plan.nodes[id]!.axes.filter((axis) => !order.includes(axis))];
}

/** The order for windows that are added up, where it has all of their axes. */
export function overlapOrder(
  plan: PlanFunction,
  id: NodeId,
): { readonly base: NodeId; readonly order: readonly string[] | undefined } {
  const { base, layers } = chainOf(plan, id, "overlapAdd");
  const order = besideEachOther(plan.nodes[id]!.axes, layers);
  const { axes } = plan.nodes[base]!;
  return {
    base,
    order: order.length === axes.length && axes.every((axis) => order.includes(axis)) ? order : undefined,
  };
}

/** Positions where the axes were, offsets in front of what follows those. */
function besideEachOther(axes: readonly string[], layers: readonly Windows[]): readonly string[] {
  const last = Math.max(...layers.map(({ axis }) => axes.indexOf(axis)));
  const place = (axis: string): string => layers.find((windows) => windows.axis === axis)?.positions ?? axis;
  const offsets = [...layers].sort((a, b) => axes.indexOf(a.axis) - axes.indexOf(b.axis)).map((each) => each.offsets);
  return [...axes.slice(0, last + 1).map(place), ...offsets, ...axes.slice(last + 1)];
}

/** Windows as they are seen in the place of what they look at. */
export function windowPlace(place: Stored, layers: readonly Windows[]): Stored {
  return layers.reduce((seen, { axis, positions, offsets, stride, before }): Stored => {
    const windowed = (step: number): Along["terms"] => [
      { axis: positions, step: step * stride },
      { axis: offsets, step },
    ];
    const position = seen.axes.indexOf(axis);
    if (position >= 0) {
      const axes = seen.axes.map((name, i) => (i === position ? "" : name));
      return { ...seen, axes, along: [...(seen.along ?? []), { position, offset: 0, terms: windowed(1) }] };
    }
    const along = seen.along?.map((part) => {
      const term = part.terms.find((each) => each.axis === axis);
      if (term === undefined || term.by !== undefined) return part;
      const others = part.terms.filter((each) => each !== term);
      // In front of padded values there is room for what lies before; elsewhere windows lie inside.
      const offset = part.offset - before * term.step;
      return { ...part, offset, terms: [...others, ...windowed(term.step)] };
    });
    return { ...seen, ...(along === undefined ? {} : { along }) };
  }, place);
}

/** Several axes where one was. */
export function splitPlace(place: Stored, { axis, into }: Extract<Operation, { readonly kind: "split" }>): Stored {
  const position = place.axes.indexOf(axis);
  const axes = place.axes.map((name, i) => (i === position ? "" : name));
  return { ...place, axes, along: [...(place.along ?? []), { position, offset: 0, terms: rowMajor(into) }] };
}

/** A buffer with room before and after an axis, and where in it values lie. */
export function paddedTarget(
  axes: readonly string[],
  margins: readonly Margin[],
): { readonly target: Omit<NestTarget, "loops">; readonly place: Omit<Stored, "buffer"> } {
  const found = margins.map(({ axis, before, extent }) => ({ position: axes.indexOf(axis), axis, before, extent }));
  const along = found.map(({ position, axis, before }) => ({ position, offset: before, terms: [{ axis, step: 1 }] }));
  const open = axes.map((axis) => (margins.some((margin) => margin.axis === axis) ? "" : axis));
  const extents = found.map(({ position, extent }) => ({ position, extent }));
  const seen = along.length === 0 ? {} : { along };
  return { target: { axes: open, along, extents }, place: { axes: open, slices: [], ...seen } };
}

/** Where windows are added up, and where the sums then lie. */
export function overlappedTarget(
  axes: readonly string[],
  layers: readonly Windows[],
  margins: readonly Margin[],
): { readonly target: NestTarget; readonly place: Omit<Stored, "buffer"> } {
  const { target, place } = paddedTarget(axes, margins);
  const along = layers.map(({ axis, positions, offsets, stride, before }) => {
    const hasRoom = margins.some((margin) => margin.axis === axis);
    return {
      position: axes.indexOf(axis),
      offset: hasRoom ? 0 : -before,
      terms: [
        { axis: positions, step: stride },
        { axis: offsets, step: 1 },
      ],
    };
  });
  const open = axes.map((axis) => (layers.some((windows) => windows.axis === axis) ? "" : axis));
  const loops = [
    ...axes.filter((axis) => !layers.some((windows) => windows.axis === axis)),
    ...layers.flatMap(({ positions, offsets }) => [positions, offsets]),
  ];
  return { target: { ...target, axes: open, along, loops }, place };
}

/** Several axes laid out as one. */
export function mergedTarget(
  axes: readonly string[],
  { axis, from }: Extract<Operation, { readonly kind: "merge" }>,
): NestTarget {
  const position = axes.indexOf(axis);
  return {
    axes: axes.map((name) => (name === axis ? "" : name)),
    along: [{ position, offset: 0, terms: rowMajor(from) }],
    loops: [...axes.filter((name) => name !== axis), ...from],
    extents: [],
  };
}

function rowMajor(axes: readonly string[]): Along["terms"] {
  return axes.map((axis, i) => {
    const by = axes.slice(i + 1);
    return { axis, step: 1, ...(by.length === 0 ? {} : { by }) };
  });
}
