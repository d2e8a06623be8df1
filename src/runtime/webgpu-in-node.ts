import { builtin, type NodeRequire } from "./kernels/shards.js";

/** What of the package `webgpu` is used: Dawn, Chromium's implementation. */
interface Dawn {
  /** Names such as GPUBufferUsage. */
  readonly globals: Readonly<Record<string, unknown>>;
  create(options: readonly string[]): object;
}

const PACKAGE = "webgpu";

/**
 * Gives Node.js the `navigator.gpu` that browsers have, where the optional package `webgpu` is installed; elsewhere does
 * nothing. It needs Vulkan (Linux), Metal or Direct3D of the system.
 */
export function offerWebGpu(requireOfProject: NodeRequire | undefined): void {
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: object } };
  if (navigator?.gpu !== undefined || requireOfProject === undefined) return;
  const dawn = loadDawn(requireOfProject);
  if (dawn === undefined) return;
  Object.assign(globalThis, dawn.globals);
  const gpu = { value: dawn.create([]), configurable: true };
  if (navigator === undefined) Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  Object.defineProperty((globalThis as unknown as { readonly navigator: object }).navigator, "gpu", gpu);
}

/** The package is a module around one native file, which is loaded here: modules cannot be required before Node 22. */
function loadDawn(require: NodeRequire): Dawn | undefined {
  const host = builtin("node:process");
  if (host === undefined) return undefined;
  const { platform, arch } = host;
  try {
    require.resolve(PACKAGE);
  } catch {
    return undefined;
  }
  return require(`${PACKAGE}/dist/${platform}-${platform === "darwin" ? "universal" : arch}/dawn.node`) as Dawn;
}
