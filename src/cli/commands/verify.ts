import { bindData, readData, trainerData } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { completeSizes, knownSizes } from "../known-sizes.js";
import { compileModel, loadTrainerClass } from "../load-model.js";
import { loadSource } from "../load-source.js";
import type { ModelDescription } from "../../runtime/description.js";
import type { Terminal } from "../terminal.js";
import { calibration } from "../verification/calibration.js";
import { fits } from "../verification/fits.js";
import { rowsAreIndependent } from "../verification/rows.js";
import { scoreIdentity } from "../verification/score-identity.js";
import { makeSubject, type Finding } from "../verification/subject.js";
import { totalProbability } from "../verification/total-probability.js";

export interface VerifyOptions {
  readonly model?: string;
  readonly dim: Readonly<Record<string, number>>;
  readonly data: readonly string[];
  readonly map: Readonly<Record<string, readonly string[]>>;
  readonly seed: number;
  readonly json?: boolean;
}

/** `genc verify`: what can be checked of any derived trainer without knowing what it is for; status 1 if a check fails. */
export async function verify(terminal: Terminal, file: string, options: VerifyOptions): Promise<ExitCode> {
  const compiled = await compileModel(terminal, loadSource(file), options);
  const Model = await loadTrainerClass(compiled, {});
  const { description } = new Model({});
  const known = knownSizes(description.sizes, options.dim);
  const table = options.data.length === 0 ? undefined : await readData(terminal, options);
  const bound = table === undefined ? undefined : bindData(terminal, table, description, known, options);

  const sizes = completeSizes(description.sizes, { ...smallSizes(description), ...options.dim });
  const subject = makeSubject(Model, sizes, options.seed);
  // Observations of one dimension can be integrated over.
  const narrow = makeSubject(Model, { ...sizes, ...oneDimensional(description, options.dim) }, options.seed);
  const onData =
    bound === undefined
      ? undefined
      : makeSubject(
          Model,
          completeSizes(description.sizes, { ...smallSizes(description), ...bound.sizes }),
          options.seed,
        );

  const findings: Finding[] = [];
  const report = (...found: readonly Finding[]): void => {
    findings.push(...found);
    if (options.json === true) return;
    for (const { name, outcome, detail } of found) {
      const mark = { holds: "ok     ", fails: "FAILS  ", "does not apply": "skipped" }[outcome];
      terminal.out(`${mark}  ${name}: ${detail}\n`);
    }
  };
  report(await totalProbability(narrow));
  report(await scoreIdentity(subject));
  report(await calibration(subject));
  report(...(await rowsAreIndependent(subject)));
  report(...(await fits(subject, undefined)));
  if (onData !== undefined && bound !== undefined) {
    const found = await fits(onData, trainerData(bound));
    report(...found.map((finding) => ({ ...finding, name: `on the data: ${finding.name}` })));
  }
  const holds = findings.every(({ outcome }) => outcome !== "fails");
  if (options.json === true) {
    const document = { schema: "genc.verify/1", model: description.name, sizes, seed: options.seed, holds, findings };
    terminal.out(`${JSON.stringify(document)}\n`);
  }
  return holds ? exitCode.fine : exitCode.diagnostics;
}

/** Small sizes, not all alike, so that a transposed table does not go unnoticed. */
function smallSizes({ sizes }: ModelDescription): Readonly<Record<string, number>> {
  return Object.fromEntries(sizes.map(({ name }, i) => [name, 2 + (i % 2)]));
}

/** Sizes of the events of observed variables, set to one unless the user has chosen them. */
function oneDimensional(
  { variables }: ModelDescription,
  dims: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const symbols = variables
    .filter(({ role, domain }) => role === "observed" && domain !== "simplex" && domain !== "ordered")
    .flatMap(({ event }) => event)
    .filter((extent) => typeof extent === "string");
  return Object.fromEntries(symbols.filter((name) => !Object.hasOwn(dims, name)).map((name) => [name, 1]));
}
