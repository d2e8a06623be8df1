import { extname } from "node:path";
import { checkSource, chosenModel, ModelChoiceError } from "../../compile/index.js";
import { plateDiagram, type PlateDiagram } from "../../diagram/plate-diagram.js";
import { toSvg } from "../../diagram/svg.js";
import { toDot, toMermaid } from "../../diagram/text-formats.js";
import { optionalPackage } from "../../data/optional-package.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { CommandFailure, unavailableFailure, usageFailure } from "../failure.js";
import { loadSource } from "../load-source.js";
import type { Model } from "../../ir/model.js";
import type { SourceText } from "../../diagnostics/span.js";
import type { Terminal } from "../terminal.js";
import { requireFolderOf, writeFileOrFail, writeResult } from "../write-result.js";

const formats = [".svg", ".png", ".dot", ".mmd"];

/** `genc graph`: the plate diagram of a model, also of one that cannot be learned. */
export async function graph(
  terminal: Terminal,
  file: string,
  options: { readonly output?: string; readonly model?: string },
): Promise<ExitCode> {
  const format = options.output === undefined ? ".svg" : extname(options.output).toLowerCase();
  if (!formats.includes(format)) {
    throw usageFailure(`${options.output ?? ""}: a diagram is a file that ends in ${formats.join(", ")}.`);
  }
  requireFolderOf(options.output);
  const source = loadSource(file);
  const diagram = plateDiagram(modelOf(source, options.model));
  if (format === ".png" && options.output !== undefined) writeFileOrFail(options.output, await toPng(diagram));
  else writeResult(terminal, options.output, asText(diagram, format));
  return exitCode.fine;
}

/** Checked, but not derived: what cannot be learned can still be drawn. */
function modelOf(source: SourceText, name: string | undefined): Model {
  const checked = checkSource(source);
  if (checked.models.length === 0) {
    throw new CommandFailure({ kind: "program", diagnostics: checked.diagnostics, source });
  }
  try {
    return chosenModel(checked, name).model;
  } catch (error) {
    if (error instanceof ModelChoiceError) throw usageFailure(`${source.name}: ${error.message}.`);
    throw error;
  }
}

function asText(diagram: PlateDiagram, format: string): string {
  if (format === ".dot") return toDot(diagram);
  return format === ".mmd" ? toMermaid(diagram) : toSvg(diagram);
}

/** What is used of the optional package that draws SVG. */
interface Resvg {
  readonly Resvg: new (
    svg: string,
    options: { readonly fitTo: { readonly mode: "zoom"; readonly value: number } },
  ) => { render(): { asPng(): Uint8Array } };
}

async function toPng(diagram: PlateDiagram): Promise<Uint8Array> {
  const { Resvg } = await rasteriser();
  return new Resvg(toSvg(diagram), { fitTo: { mode: "zoom", value: 2 } }).render().asPng();
}

async function rasteriser(): Promise<Resvg> {
  const name = "@resvg/resvg-js";
  const found = await optionalPackage(name);
  if (found !== undefined) return found as Resvg;
  throw unavailableFailure(
    `A PNG needs the package ${name}, which is optional.`,
    `npm install ${name}, or write an .svg`,
  );
}
