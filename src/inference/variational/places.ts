import type { DensityFactor, Model } from "../../ir/model.js";
import type { PlanFunction, Sweep } from "../../ir/plan.js";
import { rowsAxisOf } from "../elaborate/axes.js";
import { activeFactors, framesOf, type Frames } from "../chain/frame-model.js";
import { inOrder } from "../chain/chain-passes.js";
import { densityFactors } from "../inside.js";

/** Where the factors of a model hold: everywhere, or by the position of a step in its sequence. */
export interface Place {
  readonly position: number;
  readonly factors: readonly DensityFactor[];
  readonly sweep?: Sweep;
}

/** A model as its rows see it: of a chain, rows are steps. */
export interface RowModel {
  readonly model: Model;
  readonly rows: string;
  readonly frames?: Frames;
  readonly places: readonly Place[];
}

export function rowModelOf(original: Model): RowModel {
  if (original.axes.every((axis) => axis.kind !== "chain")) {
    const factors = densityFactors(original);
    return { model: original, rows: rowsAxisOf(original), places: [{ position: 0, factors }] };
  }
  const frames = framesOf(original);
  const positions = Array.from({ length: frames.depth + 1 }, (_, position) => position);
  return {
    model: frames.model,
    rows: frames.chain,
    frames,
    places: positions.map((position) => ({
      position,
      factors: activeFactors(frames, position),
      sweep: sweepAt(frames, position),
    })),
  };
}

/** The first rows look back less far than those from position `depth` on, which are all alike. */
export function sweepAt(frames: Frames, position: number, descending = false): Sweep {
  return {
    from: position,
    ...(position < frames.depth ? { to: position + 1 } : {}),
    ...(descending ? { descending } : {}),
  };
}

/** One function of what is written for each place. */
export function everywhere(name: string, { places }: RowModel, write: (place: Place) => PlanFunction): PlanFunction {
  return inOrder(
    name,
    places.map((place) => {
      const fn = { ...write(place), name: places.length === 1 ? name : `${name}${place.position}` };
      return place.sweep === undefined ? fn : { ...fn, sweep: place.sweep };
    }),
  );
}
