import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AdversarialState } from "../runtime/adversarial/adversarial-options.js";
import type { StepState } from "../runtime/elbo/step-state.js";
import type { FitState } from "../runtime/fit/fit-state.js";
import { usageFailure } from "./failure.js";

export interface CheckpointOptions {
  readonly checkpoint?: string;
  readonly checkpointEvery?: number;
  readonly resume?: string;
}

/** Where the state of a fit goes, and where it comes from. */
export interface Checkpoint {
  emOptions(): { readonly checkpointEvery?: number; readonly resume?: FitState };
  stepOptions(): { readonly checkpointEvery?: number; readonly resume?: StepState };
  /** Replaces the file at once, so that an interruption leaves the old state or the new one, never half of one. */
  gameOptions(): { readonly checkpointEvery?: number; readonly resume?: AdversarialState };
  write(state: FitState | StepState | AdversarialState): void;
  /** For the message after an interruption. */
  readonly text: string;
}

const fileName = "fit-state.json";

export function openCheckpoint({ checkpoint, checkpointEvery, resume }: CheckpointOptions): Checkpoint {
  if (checkpointEvery !== undefined && checkpoint === undefined) {
    throw usageFailure("--checkpoint-every needs --checkpoint DIR.");
  }
  if (checkpoint !== undefined) mkdirSync(checkpoint, { recursive: true });
  return {
    emOptions: () => ({
      ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
      ...(resume === undefined ? {} : { resume: readState(resume, isState) }),
    }),
    stepOptions: () => ({
      ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
      ...(resume === undefined ? {} : { resume: readState(resume, isStepState) }),
    }),
    gameOptions: () => ({
      ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
      ...(resume === undefined ? {} : { resume: readState(resume, isAdversarialState) }),
    }),
    write(state) {
      if (checkpoint === undefined) return;
      const file = join(checkpoint, fileName);
      writeFileSync(`${file}.new`, JSON.stringify(state));
      renameSync(`${file}.new`, file);
    },
    text: checkpoint === undefined ? "" : `; go on with --resume ${checkpoint}`,
  };
}

function readState<T>(folder: string, isOne: (value: unknown) => value is T): T {
  const file = join(folder, fileName);
  if (!existsSync(file)) throw usageFailure(`--resume ${folder}: there is no ${fileName} in it.`);
  const state: unknown = parse(readFileSync(file, "utf8"));
  if (!isOne(state)) throw usageFailure(`--resume ${folder}: ${fileName} is not the state of a fit.`);
  return state;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The format's own mark; the run time checks what it says of model, data and seed. */
function isState(value: unknown): value is FitState {
  return (
    typeof value === "object" &&
    value !== null &&
    "format" in value &&
    value.format === "genc.fit-state/1" &&
    "runs" in value
  );
}

function isStepState(value: unknown): value is StepState {
  return (
    typeof value === "object" &&
    value !== null &&
    "format" in value &&
    value.format === "genc.step-state/1" &&
    "coordinates" in value
  );
}

function isAdversarialState(value: unknown): value is AdversarialState {
  return (
    typeof value === "object" &&
    value !== null &&
    "format" in value &&
    value.format === "genc.adversarial-state/1" &&
    "generator" in value
  );
}
