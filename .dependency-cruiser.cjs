/** Which folder may import which: the way of the data, and no way back. See docs/architecture.md. */
const allowed = {
  diagnostics: [],
  numerics: [],
  ir: ["diagnostics", "numerics"],
  distributions: ["ir", "numerics"],
  parser: ["diagnostics"],
  semantics: ["parser", "ir", "distributions", "diagnostics"],
  inference: ["ir", "distributions", "diagnostics", "numerics"],
  codegen: ["ir", "distributions", "diagnostics"],
  runtime: ["numerics"],
  data: ["diagnostics"],
  compile: ["parser", "semantics", "ir", "distributions", "inference", "codegen", "diagnostics", "runtime"],
  diagram: ["ir"],
  report: ["runtime"],
  verify: ["ir", "inference", "numerics"],
};

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    ...Object.entries(allowed).map(([folder, others]) => ({
      name: `${folder}-imports`,
      severity: "error",
      comment: `src/${folder} may import only: ${[...others, "itself"].join(", ")}`,
      from: { path: `^src/${folder}/` },
      to: {
        path: "^src/",
        pathNot: `^src/(${[folder, ...others].join("|")})/`,
        // Code generation may know the TYPES of what it generates calls to.
        ...(folder === "codegen" ? { dependencyTypesNot: ["type-only"] } : {}),
      },
    })),
    {
      name: "tensorflow-only-in-runtime",
      severity: "error",
      comment: "the compiler starts in a blink: TensorFlow.js is loaded by the run time alone",
      from: { path: "^src/", pathNot: "^src/(runtime|cli)/" },
      to: { path: "@tensorflow/", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
