#!/usr/bin/env node
import { existsSync } from "node:fs";

const built = new URL("../dist/cli/main.js", import.meta.url);
const builder = new URL("../scripts/build.mjs", import.meta.url);

// A checkout is built at its first use; a package always is.
if (!existsSync(built) && existsSync(builder)) {
  process.stderr.write("genc: building for the first time (once) …\n");
  const { build } = await import(builder.href);
  await build();
}
const { run } = await import(built.href);
await run();
