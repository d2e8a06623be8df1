import { describe, expect, it } from "vitest";
import { CommandFailure } from "../../src/cli/failure.js";
import { declareWeight } from "../../src/cli/declare-weight.js";
import { knownSizes } from "../../src/cli/known-sizes.js";
import { columnMap, dimension, integerAtLeast, properFraction } from "../../src/cli/options/option-values.js";
import { createProgress } from "../../src/cli/progress.js";
import { attachProgram, readSavedModel } from "../../src/cli/saved-model.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/runtime/safetensors.js";
import { fakeTerminal } from "./fake-terminal.js";

describe("option values", () => {
  it.each(["K", "K=", "K=0", "K=-1", "K=1.5", "=3", "2=3"])("refuses --dim %s", (text) => {
    expect(() => dimension(text, {})).toThrow("NAME=SIZE");
  });
  it("refuses a size that is given twice", () => {
    expect(() => dimension("K=3", { K: 2 })).toThrow("twice");
  });
  it("reads --map", () => {
    expect(columnMap("x=a b,c", {})).toEqual({ x: ["a b", "c"] });
    expect(columnMap("x=a=b", {})).toEqual({ x: ["a=b"] });
    for (const text of ["x", "x=", "=a", "x=a,"]) expect(() => columnMap(text, {})).toThrow("VARIABLE=COLUMN");
  });
  it("numbers", () => {
    expect(integerAtLeast(0)("0")).toBe(0);
    for (const text of ["", "-1", "1.5", "x", "1e400"]) expect(() => integerAtLeast(0)(text)).toThrow("Expected");
    for (const text of ["0", "1", "NaN"]) expect(() => properFraction(text)).toThrow("between 0 and 1");
  });
});

describe("sizes", () => {
  it("--dim that the model does not have", () => {
    expect(() => knownSizes([{ name: "Kind" }], { Kinds: 2 })).toThrow(CommandFailure);
  });
  it("--dim settles, a default waits for the data", () => {
    const sizes = knownSizes([{ name: "K", default: 3 }, { name: "D" }], { D: 2 });
    expect([...sizes.settled]).toEqual([["D", { value: 2, by: "--dim D=2" }]]);
    expect(sizes.defaults).toEqual({ K: 3 });
  });
});

describe("--weights for a model that declares none", () => {
  const model = (plate: string): string =>
    `model M {\n  param m: Real\n  ${plate} {\n    observe y: Real ~ Normal(m, 1)\n  }\n}\n`;
  it("declares one on the plate of the rows, and changes nothing else", () => {
    const weighted = declareWeight({ name: "m.gen", text: model("each n") }, "M");
    expect(weighted.text).toBe(model("each n weight weight_of_row"));
  });
  it("leaves a model that declares one as it is", () => {
    const source = { name: "m.gen", text: model("each n weight w") };
    expect(declareWeight(source, "M")).toEqual(source);
  });
  it("takes a name that nothing else has", () => {
    const text = model("each n").replaceAll("y:", "weight_of_row:");
    expect(declareWeight({ name: "m.gen", text }, "M").text).toContain("each n weight weight_of_row_2 {");
  });
});

describe("saved models", () => {
  const bytes = encodeSafetensors({ mean: { shape: [2], data: Float64Array.of(1, 2) } }, { model: "M" });
  const saved = {
    source: { name: "m.gen", text: "model M {}" },
    model: "M",
    mapping: { columns: { x: ["a", "b"] }, labels: { c: [1, "two"] }, levels: { y: 0.5 } },
  };
  it("hold the program and the columns, and give both back", () => {
    const attached = attachProgram(bytes, saved);
    expect(decodeSafetensors(attached).tensors.get("mean")?.data).toEqual(Float64Array.of(1, 2));
    expect(readSavedModel("m.safetensors", attached)).toEqual(saved);
  });
  it("without a program are refused", () => {
    expect(() => readSavedModel("m.safetensors", bytes)).toThrow(CommandFailure);
  });
});

describe("progress", () => {
  it("is one plain line every five seconds where nobody watches", () => {
    let now = 0;
    const terminal = fakeTerminal();
    const progress = createProgress(terminal, false, () => now);
    for (; now < 12_000; now += 1000) progress.update(`at ${now}`);
    progress.end();
    expect(terminal.messages()).toBe("at 5000\nat 10000\n");
  });
  it("overwrites its line on a terminal and leaves nothing behind", () => {
    let now = 0;
    const terminal = fakeTerminal({ messagesAreSeen: true });
    const progress = createProgress(terminal, false, () => (now += 200));
    progress.update("one");
    progress.update("two");
    progress.end();
    expect(terminal.messages()).toBe("one\r\u001b[Ktwo\r\u001b[K");
  });
  it("is silent with --quiet", () => {
    const terminal = fakeTerminal();
    const progress = createProgress(terminal, true, () => Infinity);
    progress.update("one");
    progress.note("two");
    progress.end();
    expect(terminal.messages()).toBe("");
  });
});
