#!/usr/bin/env node
// CommonJS (package.json beside this): Node starts it sooner than a module.
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const built = join(__dirname, "..", "dist", "cli", "start.cjs");
const builder = join(__dirname, "..", "scripts", "build.mjs");

async function main() {
  // A checkout is built at its first use; a package always is.
  if (!existsSync(built) && existsSync(builder)) {
    process.stderr.write("genc: building for the first time (once) …\n");
    const { build } = await import(require("node:url").pathToFileURL(builder).href);
    await build();
  }
  await require(built).start(process.argv.slice(2));
}
void main();
