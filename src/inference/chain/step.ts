import { adjoints } from "../../ir/passes/differentiate.js";
import type { NodeId, PlanAxis, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declarePlates, declareRows, isEnumerable, valuesAxis } from "../elaborate/axes.js";
import type { TableShape } from "../skeleton.js";
import { eliminateAxis, logarithm, nextAxis, type Mode, type Potential } from "./eliminate.js";
import { collapsedLatents, type Frames } from "./frame-model.js";
import { suffixAt } from "./gaussian-step.js";
import { memberAxis, membersAt, messagesOf, storedName, type Message } from "./messages.js";

/**
 * One step of a chain over abstract tables: what the step before told is joined with the step's own factors, the latents
 * that no later step reads are eliminated, and the rest is what is told to the next step.
 *
 * Inputs: `factor.<name>` for each table, `tilt.<latent>` (zero unless asked), `message.<latent>` of the row before,
 * `adjoint.<latent>`: derivative with respect to the logarithm of this row's message, the weight. Outputs:
 * `message.<latent>`: probabilities given all rows so far (mode max: logarithms, the largest 0), `logDensity` [rows]
 * given all earlier rows; and the derivatives of
 *
 *     total = sum over messages of adjoint * log message + weight * log density of what is not told
 *
 * `responsibility.<factor>`, `posterior.<latent>` and `adjoint.<latent>`, stored for the row before. A message's scale
 * is a constant here: it is the log density that the forward pass has added up already, and its derivative is what the
 * adjoint of the last row begins with.
 *
 * @param position of the step in its sequence; `frames.depth` stands for all later ones
 */
export function deriveStep(
  frames: Frames,
  tables: readonly TableShape[],
  axes: readonly PlanAxis[],
  position: number,
  mode: Mode = "sum",
  weighted = true,
): PlanFunction {
  const builder = new PlanBuilder();
  const { model } = frames;
  const rows = declareRows(builder, model);
  for (const axis of axes) builder.axis(axis.name, axis.size);
  const messages = messagesOf(frames);
  const collapsed = collapsedLatents(frames);

  const inputs = new Map<string, NodeId>();
  const potentials: Potential[] = [];
  for (const table of tables) {
    const node = builder.input("table", `factor.${table.name}`, table.axes);
    inputs.set(`responsibility.${table.name}`, node);
    potentials.push({ node, plates: table.plates, kind: "table" });
  }
  for (const latent of model.variables) {
    if (!isEnumerable(latent) || collapsed.has(latent.name) || (frames.perSequence.has(latent.name) && position > 0))
      continue;
    declarePlates(builder, model, latent.axes);
    const node = builder.input("table", `tilt.${latent.name}`, [...latent.axes, valuesAxis(builder, latent)]);
    inputs.set(`posterior.${latent.name}`, node);
    potentials.push({ node, plates: latent.axes, kind: "table" });
  }
  const told = new Map<Message, NodeId>();
  if (position > 0) {
    for (const message of messages) {
      const plates = [rows, ...message.plates];
      declarePlates(builder, model, plates);
      const members = membersAt(frames, message, position - 1).map((member) => memberAxis(builder, frames, member, 1));
      const name = storedName(frames, "message", message, position - 1);
      const node = builder.input("carry", name, [...plates, ...members], 1);
      told.set(message, node);
      potentials.push({ node, plates, kind: mode === "sum" ? "probability" : "table" });
    }
  }

  const { telling, constant } = passOn(frames, builder, potentials, messages, position, mode);
  let logDensity = constant;
  for (const [message, node] of telling) {
    const kept = keptAxes(frames, builder, message, position);
    const scale = builder.rule("normalise", () =>
      mode === "sum" ? builder.logSumExp(node, kept) : builder.max(node, kept),
    );
    const stored = [rows, ...message.plates, ...kept];
    const normalised = mode === "sum" ? builder.softmax(node, kept) : builder.minus(node, scale);
    builder.output(storedName(frames, "message", message, position), normalised, stored);
    logDensity = builder.plus(logDensity, builder.sum(scale, message.plates));
  }
  builder.output("logDensity", logDensity, [rows]);

  const weightName = weighted ? model.axes.find((axis) => axis.name === rows)?.weight : undefined;
  let total = weightName === undefined ? constant : builder.times(builder.input("data", weightName, [rows]), constant);
  total = builder.sum(total, [rows]);
  for (const [message, node] of telling) {
    const stored = [rows, ...message.plates, ...keptAxes(frames, builder, message, position)];
    const adjoint = builder.input("carry", storedName(frames, "adjoint", message, position), stored);
    total = builder.plus(total, builder.sum(builder.times(adjoint, node), stored));
  }
  const wanted = [...inputs.values(), ...told.values()];
  const derivatives = adjoints(builder, total, wanted);
  let i = 0;
  for (const [name, node] of inputs) builder.output(name, derivatives[i++]!, builder.axesOf(node));
  for (const [message, node] of told) {
    const name = `${storedName(frames, "adjoint", message, position - 1)}`;
    const { operation } = builder.node(node);
    if (operation.kind !== "input") throw new Error("chain: a message that is not read");
    // With respect to the logarithm of what was told.
    const derivative = derivatives[i++]!;
    const back = mode === "sum" ? builder.times(node, derivative) : derivative;
    builder.output(`back.${name}`, back, operation.axes);
  }
  return builder.build(`step${position}`);
}

/** `adjoint.<latent>` of the last message of a sequence. */
export function deriveEnd(frames: Frames, position: number, mode: Mode, weighted: boolean): PlanFunction {
  const builder = new PlanBuilder();
  const { model } = frames;
  const rows = declareRows(builder, model);
  const weightName = weighted ? model.axes.find((axis) => axis.name === rows)?.weight : undefined;
  for (const message of messagesOf(frames)) {
    const plates = [rows, ...message.plates];
    declarePlates(builder, model, plates);
    const kept = keptAxes(frames, builder, message, position);
    const stored = [...plates, ...kept];
    const node = builder.input("carry", storedName(frames, "message", message, position), stored);
    const weight = weightName === undefined ? builder.constant(1) : builder.input("data", weightName, [rows]);
    // The logarithm of the sum of what is normalised has the probabilities themselves as derivatives.
    const adjoint =
      mode === "sum" ? builder.times(weight, node) : adjoints(builder, builder.max(node, kept), [node], weight)[0]!;
    builder.output(storedName(frames, "adjoint", message, position), adjoint, stored, { internal: true });
  }
  for (const group of frames.groups) {
    const kept = group.discrete.flatMap((variable) => {
      if (frames.perSequence.has(variable.name)) return [valuesAxis(builder, variable)];
      const reach = Math.min(frames.reach.get(variable.name) ?? 0, position + 1);
      return Array.from({ length: reach }, (_, lag) => valuesAxis(builder, variable, lag));
    });
    const suffix = suffixAt(frames, position);
    const node = builder.input("carry", `message.${group.name}${suffix}`, [rows, ...kept]);
    const weight = weightName === undefined ? builder.constant(1) : builder.input("data", weightName, [rows]);
    const adjoint = builder.times(weight, node);
    builder.output(`adjoint.${group.name}${suffix}`, adjoint, [rows, ...kept], { internal: true });
  }
  const isLong = position >= frames.depth - 1;
  return {
    ...builder.build(`end${isLong ? "" : position}`),
    sweep: { from: position, ...(isLong ? {} : { to: position + 1 }), last: true },
  };
}

function keptAxes(frames: Frames, builder: PlanBuilder, message: Message, position: number): readonly string[] {
  return membersAt(frames, message, position).map((member) => memberAxis(builder, frames, member));
}

/** Elimination within a step, inner plates first: what is told to the next step, and the log density of all else. */
function passOn(
  frames: Frames,
  builder: PlanBuilder,
  potentials: readonly Potential[],
  messages: readonly Message[],
  position: number,
  mode: Mode,
): { readonly telling: ReadonlyMap<Message, NodeId>; readonly constant: NodeId } {
  const rows = frames.chain;
  const path = (plates: readonly string[]): string => plates.join("/");
  const latentAxes = new Map<string, readonly string[]>();
  for (const latent of frames.model.variables.filter(isEnumerable)) {
    if (collapsedLatents(frames).has(latent.name)) continue;
    const deepest = frames.perSequence.has(latent.name) ? 0 : (frames.reach.get(latent.name) ?? 0);
    for (let lag = 0; lag <= Math.min(deepest, position); lag++)
      latentAxes.set(valuesAxis(builder, latent, lag), latent.axes);
  }
  const told = new Map(
    messages.flatMap((message) => keptAxes(frames, builder, message, position).map((axis) => [axis, message] as const)),
  );
  const telling = new Map<Message, NodeId>();
  let constant = builder.constant(0);
  let pending = [...potentials];
  const places = (): readonly string[] => [...new Set(pending.map(({ plates }) => path(plates)))];
  for (;;) {
    const deepest = [...places()].sort((a, b) => b.split("/").length - a.split("/").length || (a < b ? -1 : 1))[0];
    if (deepest === undefined) return { telling, constant };
    const plates = deepest.split("/");
    let here = pending.filter((potential) => path(potential.plates) === deepest);
    pending = pending.filter((potential) => path(potential.plates) !== deepest);
    let removable = [...latentAxes].flatMap(([axis, own]) => (path(own) === deepest && !told.has(axis) ? [axis] : []));
    for (let axis = nextAxis(builder, here, removable); axis !== undefined;) {
      here = [...eliminateAxis(builder, here, axis, rows, mode)];
      removable = removable.filter((other) => other !== axis);
      axis = nextAxis(builder, here, removable);
    }
    const outwards: NodeId[] = [];
    for (const potential of here) {
      const message = messages.find(
        (one) =>
          path([rows, ...one.plates]) === deepest &&
          builder.axesOf(potential.node).some((axis) => told.get(axis) === one),
      );
      const node = logarithm(builder, potential);
      if (message === undefined) outwards.push(node);
      else {
        const known = telling.get(message);
        telling.set(message, known === undefined ? node : builder.plus(known, node));
      }
    }
    if (outwards.length === 0) continue;
    const total = outwards.reduce((a, b) => builder.plus(a, b));
    const last = plates.at(-1)!;
    if (plates.length <= 1) constant = builder.plus(constant, total);
    else {
      const node = builder.rule(`plate ${last}`, () => builder.sum(total, [last]));
      pending.push({ node, plates: plates.slice(0, -1), kind: "table" });
    }
  }
}
