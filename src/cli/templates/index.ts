import { blank } from "./blank.js";
import { gan } from "./gan.js";
import { mixture } from "./mixture.js";
import { stateSpace } from "./state-space.js";
import { vae } from "./vae.js";

/** What `genc init` writes. */
export interface Template {
  readonly model: string;
  readonly data: () => string;
  /** The observed variable. */
  readonly variable: string;
  readonly dims: Readonly<Record<string, number>>;
  /** Why the model cannot be trained by this version. */
  readonly notTrainable?: string;
}

export const templates: Readonly<Record<string, Template>> = { mixture, "state-space": stateSpace, vae, gan, blank };
