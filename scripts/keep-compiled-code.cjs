// Runs one command of genc and keeps, beside its bundle, what V8 compiled for it (src/cli/start.ts).
//
//   node scripts/keep-compiled-code.cjs FOLDER COMMAND ARGUMENT...
const { writeFileSync } = require("node:fs");
const { join } = require("node:path");

const [folder, ...arguments_] = process.argv.slice(2);
const { bundleOf, codeFileName, loadBundle } = require(join(folder, "start.cjs"));
process.argv.splice(2, Infinity, ...arguments_);
const name = bundleOf(arguments_[0]);
const bundle = loadBundle(name, undefined);
void bundle.run().then(() => writeFileSync(join(folder, codeFileName(name)), bundle.keep()));
