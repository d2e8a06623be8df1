import type { NodeId, Operation, PlanFunction } from "../../ir/plan.js";
import { operandsOf, withOperands } from "../../ir/plan.js";
import { assignPhases } from "../loops/phases.js";
import { builderLike, rowsAxisOf } from "./rebuild.js";

/**
 * A function cut in three: what the host computes in float64 before, what the device computes in float32 for the rows of
 * the block, and what the host makes of the device's totals after. Null where the device cannot compute it.
 */
export interface Partition {
  readonly fn: PlanFunction;
  readonly rows: string;
  /** Outputs `host.<node>`. */
  readonly before: PlanFunction;
  /** Nodes that the device computes, in order. */
  readonly device: readonly NodeId[];
  /** Nodes of `before` that the device reads. */
  readonly uploads: readonly NodeId[];
  /** Columns read again under other names of their axes: the upload that they are. */
  readonly uploadedAs: ReadonlyMap<NodeId, NodeId>;
  /** Of the uploads, those that are data or tables as they lie in memory: `before` does not copy them. */
  readonly asTheyLie: ReadonlyMap<NodeId, Extract<Operation, { readonly kind: "input" }>>;
  /** Nodes of the device that `after` reads, as tables `device.<node>`. */
  readonly downloads: readonly NodeId[];
  /** Parameters whose values are on the device already. */
  readonly residents: ReadonlySet<string>;
  /** Outputs that stay there: their derivatives. */
  readonly gradients: PlanFunction["outputs"];
  readonly after: PlanFunction;
}

export function uploadName(id: NodeId): string {
  return `host.${id}`;
}

export function downloadName(id: NodeId): string {
  return `device.${id}`;
}

/**
 * @param candidates parameters whose values and derivatives may stay on the device: those do that only the device reads
 */
export function partition(fn: PlanFunction, candidates: ReadonlySet<string> = new Set()): Partition | undefined {
  const rows = rowsAxisOf(fn);
  if (rows === undefined) return undefined;
  const phases = assignPhases(fn);
  // A second pass over the rows, or linear algebra per row, is for the loops.
  if (phases.count > 3 || fn.nodes.some((node) => isHostOnly(node.operation, node.axes.includes(rows))))
    return undefined;
  const perRow = (id: NodeId): boolean => fn.nodes[id].axes.includes(rows);
  const ofDataAlone = fn.nodes.map((): boolean => false);
  fn.nodes.forEach((node, id) => {
    ofDataAlone[id] = isDataAlone(node.operation, ofDataAlone);
  });
  const widest = inputAxes(fn);
  // What is as small as the data it is made of is computed in float64.
  const onHost = fn.nodes.map(
    (node, id) =>
      !perRow(id) || (ofDataAlone[id] && widest[id].some((axes) => node.axes.every((axis) => axes.includes(axis)))),
  );
  if (candidates.size > 0) leaveToDevice(fn, onHost, perRow);
  const isScalarSum = (id: NodeId): boolean =>
    phases.isTotal[id] &&
    operandsOf(fn.nodes[id].operation).every((operand) => fn.nodes[operand].axes.every((axis) => axis === rows));
  const rowWork = fn.nodes.map((_, id) => (!onHost[id] && perRow(id)) || (phases.isTotal[id] && !isScalarSum(id)));
  const { residents, onDevice } = keepOnDevice(fn, rowWork, candidates);
  const gradients = fn.outputs.filter(({ name }) => residents.has(gradientOf(name) ?? ""));
  const others = fn.outputs.filter((output) => !gradients.includes(output));
  const downloads = new Set<NodeId>();
  fn.nodes.forEach((node, id) => {
    if (onDevice[id]) return;
    if (perRow(id) && onHost[id]) return;
    for (const operand of operandsOf(node.operation)) if (onDevice[operand]) downloads.add(operand);
  });
  for (const output of others) if (onDevice[output.node]) downloads.add(output.node);
  const device = neededOnDevice(fn, onDevice, [...downloads, ...gradients.map(({ node }) => node)]);
  const uploads = new Set<NodeId>();
  for (const id of device) {
    for (const operand of operandsOf(fn.nodes[id].operation)) if (!onDevice[operand]) uploads.add(operand);
  }
  const { first, again } = columnsOnce(
    fn,
    [...uploads].filter((id) => !isKnown(fn.nodes[id].operation)),
  );
  const asTheyLie = new Map(
    candidates.size === 0
      ? []
      : first.flatMap((id) => {
          const { operation, axes } = fn.nodes[id];
          if (operation.kind !== "input" || (operation.source !== "data" && operation.source !== "table")) return [];
          const isInOrder = perRow(id) && axes.every((axis, i) => operation.axes[i] === axis);
          return isInOrder ? [[id, operation] as const] : [];
        }),
  );
  const copied = first.filter((id) => !asTheyLie.has(id));
  return {
    fn,
    rows,
    before: cut(
      fn,
      "before",
      new Set(),
      copied.map((id) => ({ name: uploadName(id), node: id, axes: fn.nodes[id].axes })),
    ),
    device,
    uploads: first,
    uploadedAs: again,
    asTheyLie,
    downloads: [...downloads].sort((a, b) => a - b),
    residents,
    gradients,
    after: cut(fn, "after", downloads, others),
  };
}

/**
 * Where parameters stay on the device, multiples of data are made there too: they are as precise as the data, and need not be
 * uploaded beside them. Differences are not: the host takes the centre of data away.
 */
function leaveToDevice(fn: PlanFunction, onHost: boolean[], perRow: (id: NodeId) => boolean): void {
  const readers = fn.nodes.map((): NodeId[] => []);
  fn.nodes.forEach(({ operation }, id) => {
    for (const operand of operandsOf(operation)) readers[operand].push(id);
  });
  const isOutput = new Set(fn.outputs.map(({ node }) => node));
  for (let id = fn.nodes.length - 1; id >= 0; id--) {
    const { operation } = fn.nodes[id];
    if (!onHost[id] || !perRow(id) || operation.kind !== "binary" || isOutput.has(id)) continue;
    if (operation.function !== "multiply" && operation.function !== "divide") continue;
    const isThere = (operand: NodeId): boolean =>
      !perRow(operand) || readers[operand].some((reader) => reader !== id && !onHost[reader]);
    if (readers[id].every((reader) => !onHost[reader]) && operandsOf(operation).every(isThere)) onHost[id] = false;
  }
}

/** Inputs that are the same numbers in the same order are uploaded once. */
function columnsOnce(
  fn: PlanFunction,
  uploads: readonly NodeId[],
): { readonly first: readonly NodeId[]; readonly again: ReadonlyMap<NodeId, NodeId> } {
  const known = new Map<string, NodeId>();
  const again = new Map<NodeId, NodeId>();
  const first = uploads.filter((id) => {
    const { operation, axes } = fn.nodes[id];
    if (operation.kind !== "input") return true;
    const key = [operation.source, operation.name, ...axes.map((axis) => operation.axes.indexOf(axis))].join(" ");
    const same = known.get(key);
    if (same === undefined) known.set(key, id);
    else again.set(id, same);
    return same === undefined;
  });
  return { first, again };
}

function gradientOf(output: string): string | undefined {
  return output.startsWith(gradientPrefix) ? output.slice(gradientPrefix.length) : undefined;
}

const gradientPrefix = "gradient.";

/**
 * Which parameters stay on the device, and what is then computed there: the work of rows, and what is made of it and of
 * those parameters entry by entry or by adding up.
 */
function keepOnDevice(
  fn: PlanFunction,
  rowWork: readonly boolean[],
  candidates: ReadonlySet<string>,
): { readonly residents: ReadonlySet<string>; readonly onDevice: readonly boolean[] } {
  const residents = new Set(candidates);
  for (;;) {
    const onDevice: boolean[] = [];
    /** Does the host know a value only when the device is done? */
    const isLater: boolean[] = [];
    /** The parameter that a node is, under any names of its axes. */
    const resident: (string | undefined)[] = [];
    fn.nodes.forEach(({ operation, axes }, id) => {
      const isParameter = operation.kind === "input" && operation.source === "parameter";
      resident[id] = isParameter && residents.has(operation.name) ? operation.name : undefined;
      if (operation.kind === "rename") resident[id] = resident[operation.operand];
      const operands = operandsOf(operation);
      const isMadeThere =
        axes.length > 0 &&
        residents.size > 0 &&
        ["unary", "binary", "select", "reduce", "contract"].includes(operation.kind) &&
        operands.some((operand) => onDevice[operand]) &&
        operands.every((operand) => onDevice[operand] || !isLater[operand]);
      onDevice[id] = rowWork[id] || resident[id] !== undefined || isMadeThere;
      isLater[id] = onDevice[id] || operands.some((operand) => isLater[operand]);
    });
    const refused = new Set<string>();
    const refuse = (name: string | undefined): void => {
      if (name !== undefined) refused.add(name);
    };
    fn.nodes.forEach(({ operation }, id) => {
      if (!onDevice[id]) for (const operand of operandsOf(operation)) refuse(resident[operand]);
    });
    for (const { name, node, axes } of fn.outputs) {
      refuse(resident[node]);
      const parameter = gradientOf(name);
      if (parameter === undefined || !residents.has(parameter)) continue;
      if (!onDevice[node] || axes.length !== fn.nodes[node].axes.length) refuse(parameter);
    }
    if (refused.size === 0) return { residents, onDevice };
    for (const name of refused) residents.delete(name);
  }
}

/** Numbers that are written into the device's code. */
export function isKnown(operation: Operation): boolean {
  return operation.kind === "constant" || operation.kind === "size";
}

function isHostOnly(operation: Operation, perRow: boolean): boolean {
  if (operation.kind === "draw") return true;
  return perRow && (operation.kind === "cholesky" || operation.kind === "triangularSolve");
}

function isDataAlone(operation: Operation, ofDataAlone: readonly boolean[]): boolean {
  if (operation.kind === "input") return operation.source === "data" || operation.source === "table";
  return operandsOf(operation).every((id) => ofDataAlone[id]);
}

/** For each node, the axes of the data it is made of. */
function inputAxes(fn: PlanFunction): readonly (readonly (readonly string[])[])[] {
  const found: (readonly (readonly string[])[])[] = [];
  for (const { operation } of fn.nodes) {
    if (operation.kind === "input") found.push([operation.axes]);
    else if (operation.kind === "rename") {
      const { from, to, operand } = operation;
      found.push(found[operand].map((axes) => axes.map((axis) => (axis === from ? to : axis))));
    } else found.push([...new Set(operandsOf(operation).flatMap((id) => found[id]))]);
  }
  return found;
}

function neededOnDevice(fn: PlanFunction, onDevice: readonly boolean[], roots: readonly NodeId[]): readonly NodeId[] {
  const needed = new Set<NodeId>();
  const visit = (id: NodeId): void => {
    if (!onDevice[id] || needed.has(id)) return;
    needed.add(id);
    operandsOf(fn.nodes[id].operation).forEach(visit);
  };
  roots.forEach(visit);
  return [...needed].sort((a, b) => a - b);
}

/** The part of a function that some outputs need, with some nodes read from tables instead. */
function cut(
  fn: PlanFunction,
  name: string,
  given: ReadonlySet<NodeId>,
  outputs: readonly { readonly name: string; readonly node: NodeId; readonly axes: readonly string[] }[],
): PlanFunction {
  const builder = builderLike(fn);
  const made: NodeId[] = [];
  fn.nodes.forEach((node, id) => {
    made.push(
      builder.rule(node.rule, () =>
        given.has(id)
          ? builder.input("table", downloadName(id), node.axes)
          : builder.add(withOperands(node.operation, (operand) => made[operand])),
      ),
    );
  });
  for (const output of outputs) builder.output(output.name, made[output.node], output.axes);
  return builder.build(name);
}
