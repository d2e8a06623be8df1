import type { DensityFactor, Expression, Model } from "../../../ir/model.js";
import { operandsOf } from "../../../ir/walk-expression.js";
import type { NetworkCall } from "../../networks/elaborate-network.js";
import { type GruLayer, layOut } from "../../networks/network-layers.js";

/** What a recurrent layer of one call of a network knows, step by step. */
export interface Memory {
  /** Of the table that has it. */
  readonly name: string;
  readonly call: NetworkCall;
  readonly layer: GruLayer;
}

/** Memories of the networks that some distributions call, each after those that it reads. */
export function memoriesOf(model: Model, factors: readonly DensityFactor[]): readonly Memory[] {
  const found = new Map<string, Memory>();
  const seen = new Set<Expression>();
  const visit = (expression: Expression): void => {
    if (seen.has(expression)) return;
    seen.add(expression);
    operandsOf(expression).forEach(visit);
    if (expression.kind !== "network") return;
    for (const layer of recurrentLayers(model, expression)) {
      const key = keyOf(expression, layer);
      if (found.has(key)) continue;
      const others = [...found.values()].filter((memory) => memory.layer.name === layer.name).length;
      const name = `memory.${layer.name}${others === 0 ? "" : `.${others}`}`;
      found.set(key, { name, call: expression, layer });
    }
  };
  for (const factor of factors) Object.values(factor.arguments).forEach(visit);
  return [...found.values()];
}

export function recurrentLayers(model: Model, { network }: NetworkCall): readonly GruLayer[] {
  const called = model.networks.find(({ name }) => name === network);
  const laid = called === undefined ? undefined : layOut(called);
  if (laid === undefined || "underived" in laid) return [];
  return laid.body.filter((layer): layer is GruLayer => layer.kind === "gru");
}

/** The memory that a layer of a call has: several outputs of one call share it. */
export function memoryOf(memories: readonly Memory[], call: NetworkCall, layer: GruLayer): Memory {
  const key = keyOf(call, layer);
  const found = memories.find((memory) => keyOf(memory.call, memory.layer) === key);
  if (found === undefined) throw new Error(`memories: ${layer.name} has none`);
  return found;
}

/** The same for calls with the same arguments, wherever they stand. */
function keyOf(call: NetworkCall, layer: GruLayer): string {
  const content = JSON.stringify(call.arguments, (property: string, value: unknown) =>
    property === "span" || property === "type" ? undefined : value,
  );
  return `${layer.name} ${content}`;
}
