import { vectors } from "./emission.js";
import { get, integer, load, op, plainLoop, set, store, when } from "./wasm/code.js";
import { ConstantTable } from "./wasm/constants.js";
import { encodeModule } from "./wasm/encode-module.js";
import { FunctionBuilder } from "./wasm/function-builder.js";
import type { Code, WasmFunction } from "./wasm/instructions.js";
import { printBytes } from "./wasm/print-bytes.js";

/**
 * The WebAssembly module, as text, by which starts find the centre nearest to each of many points; the run time has it
 * prebuilt (`runtime/fit/nearest-centres-module.ts`). No product is fused with a sum: the distances are those of a plain
 * loop to the last bit, wherever it runs.
 */
export function nearestCentresModule(): { readonly bytes: string; readonly firstFreeByte: number } {
  const constants = new ConstantTable();
  const { bytes } = encodeModule({
    imports: [],
    functions: [nearest(constants)],
    data: { address: constants.address, values: constants.values },
  });
  return { bytes: printBytes(bytes), firstFreeByte: constants.end };
}

/**
 * nearest(points, groups, width, centres, count, places, distances): points are [group, feature, lane], centres [centre,
 * feature]; writes by [group, lane] the first of the nearest centres and the squared distance to it.
 */
function nearest(constants: ConstantTable): WasmFunction {
  const names = ["points", "groups", "width", "centres", "count", "places", "distances"] as const;
  const builder = new FunctionBuilder("nearest", {
    parameters: names.map((name) => ({ name, type: "i32" })),
    results: [],
    isExported: true,
  });
  const [points, groups, width, centres, count, places, distances] = names.keys();
  const word = (name: string): number => builder.local(name, "i32");
  const vectorsNamed = (name: string): readonly number[] =>
    Array.from({ length: vectors }, () => builder.local(name, "v128"));
  const [point, feature, centre, entry] = [word("point"), word("feature"), word("centre"), word("entry")];
  const [sums, bests, chosen] = [vectorsNamed("sum"), vectorsNamed("best"), vectorsNamed("chosen")];
  const [filled, number, difference, isNearer] = ["filled", "number", "difference", "isNearer"].map((name) =>
    builder.local(name, "v128"),
  );
  const each = (write: (v: number) => Code): Code => sums.map((_, v) => write(v));
  const advance = (local: number, bytes: number): Code => set(local, op("i32.add", get(local), integer(bytes)));
  const isBelow = (local: number, limit: number): Code => op("i32.lt_s", get(local), get(limit));
  const addFeature: Code = [
    set(filled, load("v128.load64_splat", get(entry))),
    each((v) => [
      set(difference, op("f64x2.sub", load("v128.load", get(point), 16 * v), get(filled))),
      set(sums[v], op("f64x2.add", get(sums[v]), op("f64x2.mul", get(difference), get(difference)))),
    ]),
    advance(point, 16 * vectors),
    advance(entry, 8),
    advance(feature, 1),
  ];
  const tryCentre: Code = [
    each((v) => set(sums[v], constants.splat(0))),
    set(point, get(points)),
    set(feature, integer(0)),
    when(op("i32.gt_s", get(width), integer(0)), plainLoop([addFeature], isBelow(feature, width))),
    set(number, op("f64x2.splat", op("f64.convert_i32_s", get(centre)))),
    each((v) => [
      set(isNearer, op("f64x2.lt", get(sums[v]), get(bests[v]))),
      set(bests[v], op("v128.bitselect", get(sums[v]), get(bests[v]), get(isNearer))),
      set(chosen[v], op("v128.bitselect", get(number), get(chosen[v]), get(isNearer))),
    ]),
    advance(centre, 1),
  ];
  const doGroup: Code = [
    each((v) => [set(bests[v], constants.splat(Infinity)), set(chosen[v], constants.splat(0))]),
    set(centre, integer(0)),
    set(entry, get(centres)),
    plainLoop([tryCentre], isBelow(centre, count)),
    each((v) => [
      store("v128.store", get(places), get(chosen[v]), 16 * v),
      store("v128.store", get(distances), get(bests[v]), 16 * v),
    ]),
    set(points, get(point)),
    advance(places, 16 * vectors),
    advance(distances, 16 * vectors),
    set(groups, op("i32.sub", get(groups), integer(1))),
  ];
  builder.append(
    when(op("i32.gt_s", get(groups), integer(0)), plainLoop([doGroup], op("i32.gt_s", get(groups), integer(0)))),
  );
  return builder.build();
}
