import { unavailableFailure } from "../failure.js";

/** For commands that are planned and not there. */
export function notBuiltYet(name: string): never {
  throw unavailableFailure(`\`genc ${name}\` is not built yet.`);
}
