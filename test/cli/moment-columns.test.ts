import { expect, test } from "vitest";
import { momentColumns } from "../../src/cli/result-columns.js";
import { namedTensor } from "../../src/runtime/named-tensor.js";

const at = (columns: ReturnType<typeof momentColumns>, row: number) => columns.map((column) => column.at(row));

test("a vector: mean and standard deviation of each entry", () => {
  const mean = namedTensor(["rows", "L"], [2, 2], Float64Array.of(1, 2, 3, 4));
  const covariance = namedTensor(["rows", "L", "L"], [2, 2, 2], Float64Array.of(4, 1, 1, 9, 16, 0, 0, 25));
  const columns = momentColumns("z", mean, covariance);
  expect(columns.map(({ name }) => name)).toEqual(["z.0", "z.0.sd", "z.1", "z.1.sd"]);
  expect(at(columns, 0)).toEqual([1, 2, 2, 3]);
  expect(at(columns, 1)).toEqual([3, 4, 4, 5]);
});

test("a number, and a number in a plate", () => {
  const mean = namedTensor(["rows"], [2], Float64Array.of(1, 2));
  const variance = namedTensor(["rows"], [2], Float64Array.of(4, 9));
  const columns = momentColumns("a", mean, variance);
  expect(columns.map(({ name }) => name)).toEqual(["a", "a.sd"]);
  expect(at(columns, 1)).toEqual([2, 3]);
  const inner = momentColumns(
    "b",
    namedTensor(["rows", "j"], [1, 2], Float64Array.of(1, 2)),
    namedTensor(["rows", "j"], [1, 2], Float64Array.of(4, 9)),
  );
  expect(inner.map(({ name }) => name)).toEqual(["b[0]", "b[0].sd", "b[1]", "b[1].sd"]);
  expect(at(inner, 0)).toEqual([1, 2, 2, 3]);
});

test("a vector in a plate", () => {
  const columns = momentColumns(
    "c",
    namedTensor(["rows", "j", "L"], [1, 2, 2], Float64Array.of(1, 2, 3, 4)),
    namedTensor(["rows", "j", "L", "L"], [1, 2, 2, 2], Float64Array.of(1, 0, 0, 4, 9, 0, 0, 16)),
  );
  expect(columns.map(({ name }) => name)).toEqual(
    ["c[0].0", "c[0].1", "c[1].0", "c[1].1"].flatMap((name) => [name, `${name}.sd`]),
  );
  expect(at(columns, 0)).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
});
