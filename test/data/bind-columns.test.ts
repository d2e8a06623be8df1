import { describe, expect, it } from "vitest";
import { bindColumns } from "../../src/data/bind-columns.js";
import type { BindableVariable, BindRequest, BoundData } from "../../src/data/bindable.js";
import { csv, problemsOf, readyValue } from "./tables.js";

const base = { role: "observed", domain: "real", plates: [], event: [], optional: false } as const;
const weight: BindableVariable = { ...base, name: "count", role: "weight" };
const vector = (name: string, size: string | number = "D"): BindableVariable => ({ ...base, name, event: [size] });
const scalar = (name: string, more: Partial<BindableVariable> = {}): BindableVariable => ({ ...base, name, ...more });

async function request(
  text: string,
  variables: readonly BindableVariable[],
  more: Partial<BindRequest> = {},
): Promise<BindRequest> {
  return { table: await csv(text), variables, sizes: new Map(), defaults: {}, map: {}, threshold: false, ...more };
}
async function bind(...arguments_: Parameters<typeof request>): Promise<BoundData> {
  return readyValue(bindColumns(await request(...arguments_)));
}
async function problems(...arguments_: Parameters<typeof request>): Promise<ReturnType<typeof problemsOf>> {
  return problemsOf(bindColumns(await request(...arguments_)));
}
const settled = (sizes: Readonly<Record<string, number>>): BindRequest["sizes"] =>
  new Map(Object.entries(sizes).map(([name, value]) => [name, { value, by: `--dim ${name}=${value}` }]));

describe("which columns", () => {
  it.each([
    ["the column of the name", "a,x,b\n1,2,3\n", ["x"]],
    ["numbers from 0", "a,x1,x0,x2\n1,2,3,4\n", ["x0", "x1", "x2"]],
    [
      "numbers from 1, past 9",
      "x_10,x_9,x_8,x_7,x_6,x_5,x_4,x_3,x_2,x_1\n1,2,3,4,5,6,7,8,9,10\n",
      "x_1 x_2 x_3 x_4 x_5 x_6 x_7 x_8 x_9 x_10".split(" "),
    ],
    ["brackets", "x[1],x[0],y\n1,2,3\n", ["x[0]", "x[1]"]],
    ["all numeric columns in order", "b,name,a\n1,red,2\n", ["b", "a"]],
  ])("by default: %s", async (_, text, columns) => {
    expect((await bind(text, [vector("x")])).mapping.columns).toEqual({ x: columns });
  });

  it("--map chooses, in its own order, and allows a range", async () => {
    const text = "a,b,c,d\n1,2,3,4\n5,6,7,8\n";
    const bound = await bind(text, [vector("x")], { map: { x: ["d", "a..b"] } });
    expect([...bound.values.x]).toEqual([4, 1, 2, 8, 5, 6]);
    expect(bound).toMatchObject({ rows: 2, sizes: { D: 3 }, shapes: { x: [3] } });
  });

  it("of the defaults, the one that fits the size", async () => {
    const bound = await bind("x,y\n1,2\n", [vector("x")], { sizes: settled({ D: 2 }) });
    expect(bound.mapping.columns).toEqual({ x: ["x", "y"] });
  });

  it("a plate of vectors takes J × D columns in row-major order", async () => {
    const variable = scalar("x", { plates: ["J"], event: ["D"] });
    const bound = await bind("x_2_1,x_1_1,x_2_2,x_1_2\n3,1,4,2\n", [variable], { sizes: settled({ D: 2 }) });
    expect([...bound.values.x]).toEqual([1, 2, 3, 4]);
    expect(bound).toMatchObject({ sizes: { J: 2, D: 2 }, shapes: { x: [2, 2] } });
  });

  it("one variable settles what another leaves open, whatever their order", async () => {
    const variables = [scalar("a", { plates: ["J"], event: ["D"] }), vector("b")];
    const bound = await bind("p,q,r,s,t,u\n1,2,3,4,5,6\n", variables, { map: { a: ["p..s"], b: ["t", "u"] } });
    expect(bound.sizes).toEqual({ J: 2, D: 2 });
  });

  it("a default of the program gives way to the columns, and settles what they leave open", async () => {
    expect((await bind("a,b\n1,2\n", [vector("x")], { defaults: { D: 3 } })).sizes).toEqual({ D: 2 });
    const plate = scalar("x", { plates: ["J"], event: ["D"] });
    const bound = await bind("a,b,c,d,e,f\n1,2,3,4,5,6\n", [plate], { defaults: { D: 3 } });
    expect(bound.sizes).toEqual({ J: 2, D: 3 });
  });

  it("the weight and sequence columns are not data", async () => {
    const bound = await bind("a,w,b,s\n1,1,2,7\n3,2,4,8\n5,0,6,7\n", [vector("x"), weight], {
      weights: "w",
      sequence: "s",
    });
    expect(bound.mapping.columns).toEqual({ x: ["a", "b"], count: ["w"] });
    expect([...bound.values.count]).toEqual([1, 2, 0]);
    expect(bound.sequences?.map(({ rows }) => [...rows])).toEqual([[0, 2], [1]]);
  });

  it("a declared weight takes the column of its name, or that of --weights", async () => {
    const variables = [scalar("y"), scalar("w", { role: "weight" })];
    expect([...(await bind("y,w\n1,5\n", variables)).values.w]).toEqual([5]);
    expect([...(await bind("y,w,v\n1,5,6\n", variables, { weights: "v" })).values.w]).toEqual([6]);
  });

  it("without a column for the declared weight, every row counts once", async () => {
    expect(Object.keys((await bind("x0,x1\n1,5\n", [vector("x"), weight])).values)).toEqual(["x"]);
  });

  it("a trained model's columns come before the defaults", async () => {
    const trained = { columns: { x: ["b"] }, labels: {}, levels: {} };
    expect((await bind("x,b\n1,2\n", [scalar("x")], { trained })).mapping.columns).toEqual({ x: ["b"] });
  });
});

describe("refusals about columns", () => {
  it.each([
    [
      "a column that is not there",
      "alpha,b\n1,2\n",
      [vector("x")],
      { map: { x: ["alpah"] } },
      "GEN4101",
      "Did you mean `alpha`?",
    ],
    [
      "a variable that is not there",
      "a\n1\n",
      [scalar("speed")],
      { map: { sped: ["a"] } },
      "GEN4102",
      "Did you mean `speed`?",
    ],
    ["too many columns for one number", "a,b\n1,2\n", [scalar("x")], { map: { x: ["a", "b"] } }, "GEN4103", undefined],
    [
      "nothing that fits",
      "a,b,c\n1,2,3\n",
      [scalar("y"), vector("u", "P")],
      { map: { u: ["a", "b"] } },
      "GEN4104",
      "Say which: --map y=a",
    ],
    ["a size that is another", "a,b\n1,2\n", [vector("x")], { sizes: settled({ D: 3 }) }, "GEN4105", undefined],
    [
      "sizes that stay open",
      "a,b\n1,2\n",
      [scalar("x", { plates: ["J"], event: ["D"] })],
      {},
      "GEN4106",
      "Give all but one of them: --dim J=…",
    ],
    ["a gap", "x0,x2\n1,2\n", [vector("x")], {}, "GEN4107", undefined],
  ])("%s", async (_, text, variables, more, code, hint) => {
    const found = await problems(text, variables, more);
    expect(found.map((each) => each.code)).toEqual([code]);
    expect(found[0].hint).toBe(hint);
  });

  it("lists both sides where nothing fits", async () => {
    const [problem] = await problems("a,b,c\n1,2,3\n", [scalar("y"), vector("u", "P")], { map: { u: ["a"] } });
    expect(problem.message).toContain("`y` (one column); `u` (P columns)");
    expect(problem.message).toContain("`a`, `b`, `c`");
  });
});

describe("values", () => {
  it.each([
    ["text", "real", "y\n1\n1,5x\n".replace(",", "."), "GEN4201"],
    ["a gap", "real", "y\n1\n\n2\n", "GEN4202"],
    ["an infinity", "real", "y\n1\ninf\n", "GEN4203"],
    ["a negative count", "count", "y\n1\n-1\n", "GEN4204"],
    ["half a count", "count", "y\n1\n1.5\n", "GEN4205"],
    ["a percentage", "unit", "y\n0.1\n55\n", "GEN4206"],
    ["the end of the unit interval", "unit", "y\n0.1\n1\n", "GEN4206"],
    ["zero where it must be positive", "positive", "y\n1\n0\n", "GEN4207"],
    ["grey where it must be binary", "binary", "y\n1\n0.5\n", "GEN4208"],
    ["a label with a fraction", "category", "y\n1\n0.5\n", "GEN4210"],
  ] as const)("refuses %s, with file, row, line and column", async (_, domain, text, code) => {
    const variable = scalar("y", { domain, ...(domain === "category" ? { categories: "K" } : {}) });
    expect(await problems(text, [variable])).toMatchObject([{ code, file: "rows.csv", row: 2, line: 3, column: "y" }]);
  });

  it("advises the question mark where a value is missing", async () => {
    const [problem] = await problems("x0,x1\n1,2\n3,\n5,\n", [vector("x")]);
    expect(problem).toMatchObject({ code: "GEN4202", row: 2, line: 3, column: "x1" });
    expect(problem.message).toContain("1 further row");
    expect(problem.hint).toContain("`x: Vector[D]?`");
  });

  it("keeps missing values of an optional variable", async () => {
    const bound = await bind("x0,x1\n1,\n,\n", [{ ...vector("x"), optional: true }]);
    expect([...bound.values.x]).toEqual([1, NaN, NaN, NaN]);
  });

  it("reports every kind of offence once for each column", async () => {
    const found = await problems("x0,x1\n1,a\n,b\n,2\n", [vector("x")]);
    expect(found.map((each) => [each.code, each.column, each.row])).toEqual([
      ["GEN4202", "x0", 2],
      ["GEN4201", "x1", 1],
    ]);
  });

  it.each([
    ["words", "y\ntrue\nFALSE\nyes\nn\n", [1, 0, 1, 0]],
    ["numbers", "y\n1\n0\n", [1, 0]],
  ])("binary %s", async (_, text, expected) => {
    expect([...(await bind(text, [scalar("y", { domain: "binary" })])).values.y]).toEqual(expected);
  });

  it("grey levels are cut in the middle, and there again for new data", async () => {
    const variable = scalar("y", { domain: "binary" });
    const bound = await bind("y\n0\n100\n200\n", [variable], { threshold: true });
    expect([...bound.values.y]).toEqual([0, 1, 1]);
    const again = await bind("y\n99\n101\n", [variable], { trained: bound.mapping });
    expect([...again.values.y]).toEqual([0, 1]);
  });

  it.each([
    ["probabilities", "simplex", "GEN4212"],
    ["an order", "ordered", "GEN4213"],
  ] as const)("entries of a row together: %s", async (_, domain, code) => {
    const variable = { ...vector("p"), domain };
    expect(await problems("p0,p1\n0.25,0.75\n0.5,0.4\n", [variable])).toMatchObject([{ code, row: 2, line: 3 }]);
  });

  it("weights are not negative, and not all zero", async () => {
    expect(await problems("y,w\n1,-1\n", [scalar("y"), weight], { weights: "w" })).toMatchObject([
      { code: "GEN4214", column: "w" },
    ]);
    expect(await problems("y,w\n1,0\n", [scalar("y"), weight], { weights: "w" })).toMatchObject([{ code: "GEN4215" }]);
  });
});

describe("labels", () => {
  const category = (more: Partial<BindableVariable> = {}): BindableVariable =>
    scalar("c", { domain: "category", categories: "V", ...more });

  it.each([
    ["integers from 1", "c\n2\n1\n2\n", {}, [1, 2], [1, 0, 1]],
    ["integers from 0 with a known K stay", "c\n2\n1\n2\n", { V: 3 }, [0, 1, 2], [2, 1, 2]],
    ["integers from 1 with a known K do not", "c\n2\n1\n2\n", { V: 2 }, [1, 2], [1, 0, 1]],
    ["numbers by size, not as text", "c\n10\n9\n", {}, [9, 10], [1, 0]],
    ["text by code point, after numbers", "c\nb\nZ\n7\na\n", {}, [7, "Z", "a", "b"], [3, 1, 0, 2]],
  ])("%s", async (_, text, sizes, labels, codes) => {
    const bound = await bind(text, [category()], { sizes: settled(sizes) });
    expect(bound.mapping.labels).toEqual({ c: labels });
    expect([...bound.values.c]).toEqual(codes);
    expect(bound.sizes.V).toBe(labels.length);
  });

  it("one dictionary for all columns of a plate", async () => {
    const bound = await bind("A,B\n1,1\n2,1\n", [category({ name: "a", plates: ["J"] })], { map: { a: ["A", "B"] } });
    expect(bound).toMatchObject({ sizes: { J: 2, V: 2 }, mapping: { labels: { a: [1, 2] } } });
    expect([...bound.values.a]).toEqual([0, 0, 1, 0]);
  });

  it("more labels than categories", async () => {
    const found = await problems("c\na\nb\nd\n", [category()], { sizes: settled({ V: 2 }) });
    expect(found).toMatchObject([{ code: "GEN4211", column: "c" }]);
    expect(found[0].message).toContain("--dim V=2");
  });

  it("a trained dictionary is binding", async () => {
    const trained = { columns: {}, labels: { c: ["blue", "red"] }, levels: {} };
    expect([...(await bind("c\nred\n", [category()], { trained })).values.c]).toEqual([1]);
    expect(await problems("c\nred\ngreen\n", [category()], { trained })).toMatchObject([
      { code: "GEN4209", row: 2, line: 3 },
    ]);
  });
});
