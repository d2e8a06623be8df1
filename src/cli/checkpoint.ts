import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FitState } from "../runtime/fit/fit-state.js";
import { usageFailure } from "./failure.js";

export interface CheckpointOptions {
  readonly checkpoint?: string;
  readonly checkpointEvery?: number;
  readonly resume?: string;
}

/** Where the state of a fit goes, and where it comes from. */
export interface Checkpoint {
  readonly fitOptions: { readonly checkpointEvery?: number; readonly resume?: FitState };
  /** Replaces the file at once, so that an interruption leaves the old state or the new one, never half of one. */
  write(state: FitState): void;
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
    fitOptions: {
      ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
      ...(resume === undefined ? {} : { resume: readState(resume) }),
    },
    write(state) {
      if (checkpoint === undefined) return;
      const file = join(checkpoint, fileName);
      writeFileSync(`${file}.new`, JSON.stringify(state));
      renameSync(`${file}.new`, file);
    },
    text: checkpoint === undefined ? "" : `; go on with --resume ${checkpoint}`,
  };
}

function readState(folder: string): FitState {
  const file = join(folder, fileName);
  if (!existsSync(file)) throw usageFailure(`--resume ${folder}: there is no ${fileName} in it.`);
  const state: unknown = parse(readFileSync(file, "utf8"));
  if (!isState(state)) throw usageFailure(`--resume ${folder}: ${fileName} is not the state of a fit.`);
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
