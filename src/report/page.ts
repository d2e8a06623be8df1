import type { NamedTensor } from "../runtime/named-tensor.js";
import { curve } from "./charts/curve.js";
import { colourOf } from "./charts/frame.js";
import { heatMap } from "./charts/heat-map.js";
import { histogram } from "./charts/histogram.js";
import { pictures } from "./charts/pictures.js";
import { scatter } from "./charts/scatter.js";
import { series, stackedProbabilities } from "./charts/series.js";
import { escaped, figure, table } from "./markup.js";

/** All that a report shows: numbers, not how they were computed. */
export interface ReportContent {
  readonly title: string;
  readonly documentation?: string;
  /** SVG */
  readonly diagram: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly warnings: readonly string[];
  readonly program: string;
  /** The objective at the beginning of each iteration, or of each epoch. */
  readonly trace?: { readonly title: string; readonly values: readonly number[] };
  readonly parameters: readonly {
    readonly name: string;
    readonly documentation?: string;
    readonly tensor: NamedTensor;
  }[];
  readonly groups: readonly GroupContent[];
  /** Posterior means of the other latents. */
  readonly codes: readonly { readonly name: string; readonly values: readonly number[] }[];
  readonly columns: readonly ColumnContent[];
  readonly hiddenColumns: number;
  /** Points of pairs of columns, and by which latent they are coloured. */
  readonly pairs: readonly { readonly first: ColumnContent; readonly second: ColumnContent }[];
  readonly colouring?: { readonly name: string; readonly codes: ArrayLike<number> };
  readonly sequences: readonly SequenceContent[];
  readonly pictures?: {
    readonly side: number;
    readonly data: readonly (readonly number[])[];
    readonly drawn: readonly (readonly number[])[];
  };
  readonly density?: {
    /** "log density", or what it is where it is a bound. */
    readonly name: string;
    readonly perRow: readonly number[];
    readonly lowest: readonly { readonly row: number; readonly value: number }[];
  };
}

/** A discrete latent with one value for each row. */
export interface GroupContent {
  readonly name: string;
  readonly documentation?: string;
  /** Expected share of the rows, how many have it as their most probable value, and the mean of its probability there. */
  readonly values: readonly { readonly share: number; readonly rows: number; readonly certainty: number }[];
  /** Probability of the most probable value, row by row. */
  readonly certainty: readonly number[];
}

export interface ColumnContent {
  readonly name: string;
  readonly values: readonly number[];
  readonly drawn: readonly number[];
}

export interface SequenceContent {
  readonly label: string;
  readonly observed: readonly { readonly name: string; readonly values: readonly number[] }[];
  readonly states: readonly {
    readonly name: string;
    readonly mean: readonly number[];
    readonly deviation: readonly number[];
  }[];
  readonly regimes: readonly { readonly name: string; readonly probabilities: readonly (readonly number[])[] }[];
}

/** One page that needs nothing but a browser. */
export function reportPage(content: ReportContent): string {
  const { title, documentation } = content;
  const sections = [
    section("The fit", fitSection(content)),
    section("The model", [
      content.diagram,
      `<details><summary>the program</summary><pre>${escaped(content.program)}</pre></details>`,
    ]),
    section("Parameters", parameterSection(content.parameters)),
    section("What the data tell of the latent variables", posteriorSection(content)),
    section("Along time", content.sequences.flatMap(sequenceBlock)),
    section("Data and draws from the model", drawsSection(content)),
    section("Densities", densitySection(content)),
  ];
  return [
    `<!doctype html>`,
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<title>${escaped(title)}</title><style>${style}</style></head><body><main>`,
    `<h1>${escaped(title)}</h1>`,
    ...(documentation === undefined ? [] : [`<p>${escaped(documentation)}</p>`]),
    ...sections,
    `</main></body></html>`,
    "",
  ].join("\n");
}

function section(heading: string, parts: readonly string[]): string {
  return parts.length === 0 ? "" : `<section><h2>${heading}</h2>\n${parts.join("\n")}\n</section>`;
}

function fitSection({ facts, warnings, trace }: ReportContent): readonly string[] {
  return [
    table([], facts),
    ...warnings.map((warning) => `<p class="warning">${escaped(warning)}</p>`),
    ...(trace === undefined || trace.values.length < 2 ? [] : [curve(trace.title, trace.values)]),
  ];
}

const mostRows = 40;
const mostColumns = 24;

/** What is small enough to read as numbers; the rest, such as the weights of networks, by its shape. */
function parameterSection(parameters: ReportContent["parameters"]): readonly string[] {
  const isReadable = ({ tensor: { shape, data } }: ReportContent["parameters"][number]): boolean => {
    const width = shape.at(-1) ?? 1;
    return width > 0 && width <= mostColumns && data.length / width <= mostRows;
  };
  const large = parameters.filter((parameter) => !isReadable(parameter));
  return [
    ...parameters.filter(isReadable).map(parameterBlock),
    ...(large.length === 0
      ? []
      : [
          "<h3>Large tables</h3>",
          table(
            ["name", "shape", ""],
            large.map(({ name, documentation, tensor }) => [name, tensor.shape.join(" × "), documentation ?? ""]),
          ),
        ]),
  ];
}

function parameterBlock({ name, documentation, tensor }: ReportContent["parameters"][number]): string {
  const { shape, axes, data } = tensor;
  const heading = `<h3>${escaped(name)}${axes.length === 0 ? "" : ` <small>[${escaped(axes.join(", "))}]</small>`}</h3>${documentation === undefined ? "" : `<p class="doc">${escaped(documentation)}</p>`}`;
  if (shape.length === 0) return `${heading}<p>${figure(data[0] ?? NaN)}</p>`;
  const width = shape.at(-1) ?? 1;
  const matrix = Array.from({ length: data.length / width }, (_, row) => [
    ...data.slice(row * width, (row + 1) * width),
  ]);
  const rowNames = matrix.map((_, row) => (shape.length === 1 ? "" : indexText(row, shape.slice(0, -1))));
  return (
    heading +
    heatMap(
      matrix,
      rowNames,
      Array.from({ length: width }, (_, j) => String(j)),
    )
  );
}

function indexText(row: number, shape: readonly number[]): string {
  const index: number[] = [];
  let rest = row;
  for (const extent of [...shape].reverse()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return index.join(", ");
}

function posteriorSection({ groups, codes, pairs, colouring }: ReportContent): readonly string[] {
  return [
    ...groups.flatMap(({ name, documentation, values, certainty }) => [
      `<h3>${escaped(name)}</h3>${documentation === undefined ? "" : `<p class="doc">${escaped(documentation)}</p>`}`,
      table(
        ["value", "expected share", "rows where it is the most probable", "its mean probability there (certainty)"],
        values.map((value, k) => [
          String(k),
          figure(value.share),
          String(value.rows),
          value.rows === 0 ? "-" : figure(value.certainty),
        ]),
      ),
      histogram(`certainty of ${name}`, [{ label: "", values: certainty }]),
    ]),
    ...codes.map(({ name, values }) => histogram(`posterior mean of ${name}`, [{ label: "", values }])),
    ...(colouring === undefined
      ? []
      : [
          `<p>${keyOf(colouring.name, groups.find(({ name }) => name === colouring.name)?.values.length ?? 0)} (the most probable)</p>`,
          ...pairs.map(({ first, second }) =>
            scatter(`${second.name} against ${first.name}`, first.values, second.values, colouring.codes),
          ),
        ]),
  ];
}

function sequenceBlock({ label, observed, states, regimes }: SequenceContent): readonly string[] {
  return [
    ...(label === "" ? [] : [`<h3>${escaped(label)}</h3>`]),
    ...observed.map(({ name, values }) => series(name, values, undefined)),
    ...states.map(({ name, mean, deviation }) => series(`${name}: mean, two standard deviations`, mean, deviation)),
    ...regimes.flatMap(({ name, probabilities }) => {
      const labels = (probabilities[0] ?? []).map((_, k) => `${name} = ${k}`);
      return [
        stackedProbabilities(`${name}: probabilities`, probabilities, labels),
        `<p>${keyOf(name, labels.length)}</p>`,
      ];
    }),
  ];
}

/** Which colour is which value of a discrete latent. */
function keyOf(name: string, values: number): string {
  return Array.from(
    { length: values },
    (_, k) => `<span class="key" style="background:${colourOf(k)}"></span>${escaped(name)} = ${k}`,
  ).join(" ");
}

function drawsSection({ columns, hiddenColumns, pictures: images }: ReportContent): readonly string[] {
  return [
    ...(images === undefined
      ? []
      : [pictures("data", images.data, images.side), pictures("drawn", images.drawn, images.side)]),
    ...columns.map(({ name, values, drawn }) =>
      histogram(name, [
        { label: "data", values },
        { label: "drawn", values: drawn },
      ]),
    ),
    ...(hiddenColumns === 0 ? [] : [`<p>… and ${hiddenColumns} more columns.</p>`]),
  ];
}

function densitySection({ density }: ReportContent): readonly string[] {
  if (density === undefined) return [];
  return [
    histogram(`${density.name} of each row`, [{ label: "", values: density.perRow }], 640),
    `<p>The rows that the model finds least likely:</p>`,
    table(
      ["row", density.name],
      density.lowest.map(({ row, value }) => [String(row), figure(value)]),
    ),
  ];
}

const style = `
:root{color-scheme:light}
body{font:15px/1.5 system-ui,sans-serif;color:#212529;background:#fff;margin:0}
main{max-width:1040px;margin:0 auto;padding:24px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:32px 0 8px;border-bottom:1px solid #dee2e6}h3{font-size:15px;margin:16px 0 4px}
h3 small,.doc{color:#495057;font-weight:400}.doc{margin:0 0 4px}
table{border-collapse:collapse;margin:6px 0;font-size:14px}
td,th{padding:2px 10px 2px 0;text-align:left;vertical-align:top}th{font-weight:600;color:#495057}
.heat td{padding:2px 8px;text-align:right;font-variant-numeric:tabular-nums;border:1px solid #fff}.heat th{text-align:right;padding:2px 8px}
svg{font:11px system-ui,sans-serif;fill:#343a40;max-width:100%;height:auto;vertical-align:top}svg .title{font-size:13px;font-weight:600}
.warning{background:#fff3bf;padding:6px 10px;border-left:4px solid #f08c00}
.key{display:inline-block;width:11px;height:11px;margin:0 4px 0 12px}
pre{background:#f8f9fa;padding:12px;overflow:auto;font-size:13px}
figure{display:inline-block;margin:0 16px 8px 0}figcaption{font-weight:600;font-size:13px}
@media print{details{display:none}}`;
