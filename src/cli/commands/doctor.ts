import { accessSync, constants, mkdirSync } from "node:fs";
import { compilerVersion } from "../../compile/version.js";
import { cacheContents } from "../cache-entries.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { trainerFolder } from "../prepare-trainer.js";
import type { Terminal } from "../terminal.js";

interface Finding {
  readonly name: string;
  readonly works: boolean;
  /** A part that the default path needs. */
  readonly needed: boolean;
  readonly detail: string;
  readonly mend?: string;
}

/** `genc doctor`: what works here, and how to mend what does not. Status 4 only where a needed part is missing. */
export async function doctor(terminal: Terminal, json: boolean): Promise<ExitCode> {
  const findings: readonly Finding[] = [
    nodeVersion(),
    await engineKernel(),
    simd("WebAssembly SIMD", simdProbe, true),
    simd("WebAssembly relaxed SIMD", relaxedSimdProbe, false),
    await loads("TensorFlow.js", "@tensorflow/tfjs-core", "npm install @tensorflow/tfjs-core"),
    await computes("cpu", "@tensorflow/tfjs-backend-cpu"),
    await computes("wasm", "@tensorflow/tfjs-backend-wasm"),
    webGpu(await computes("webgpu", "@tensorflow/tfjs-backend-webgpu")),
    ofBrowsers(
      await computes("webgl", "@tensorflow/tfjs-backend-webgl"),
      typeof OffscreenCanvas !== "undefined",
      "WebGL",
    ),
    await nativeBackend("node", "@tensorflow/tfjs-node"),
    await nativeBackend("node-gpu", "@tensorflow/tfjs-node-gpu"),
    await database(),
    trainerCache(terminal),
  ];
  const healthy = findings.every((finding) => finding.works || !finding.needed);
  if (json) {
    terminal.out(`${JSON.stringify({ schema: "genc.doctor/1", version: compilerVersion, healthy, findings })}\n`);
  } else {
    terminal.out(`genc ${compilerVersion}\n`);
    for (const { name, works, needed, detail, mend } of findings) {
      const mark = works ? "ok     " : needed ? "missing" : "absent ";
      terminal.out(`${mark}  ${name}: ${detail}\n${works || mend === undefined ? "" : `         to mend: ${mend}\n`}`);
    }
  }
  return healthy ? exitCode.fine : exitCode.unavailable;
}

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split(".")[0]);
  return {
    name: "Node.js",
    works: major >= 20,
    needed: true,
    detail: process.versions.node,
    mend: "install Node.js 20 or later",
  };
}

async function engineKernel(): Promise<Finding> {
  try {
    await import("../../runtime/index.js");
    return {
      name: "engine kernel",
      works: true,
      needed: true,
      detail: "WebAssembly kernels, and loops where there is none",
    };
  } catch (error) {
    return { name: "engine kernel", works: false, needed: true, detail: firstLine(error), mend: "reinstall genc" };
  }
}

/** A module with one function `() -> v128` of the given body. */
function probe(...body: readonly number[]): Uint8Array<ArrayBuffer> {
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10];
  return Uint8Array.from([...head, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b]);
}
/** i8x16.splat (i32.const 0) */
const splat = [0x41, 0, 0xfd, 0x0f];
const simdProbe = probe(...splat);
/** f64x2.relaxed_madd of three such */
const relaxedSimdProbe = probe(...splat, ...splat, ...splat, 0xfd, 0x87, 0x02);

function simd(name: string, bytes: Uint8Array<ArrayBuffer>, needed: boolean): Finding {
  const works = WebAssembly.validate(bytes);
  return { name, works, needed, detail: works ? "supported" : "not supported", mend: "use a newer Node.js" };
}

async function loads(name: string, module: string, mend: string): Promise<Finding> {
  try {
    await import(module);
    return { name, works: true, needed: false, detail: "loads" };
  } catch (error) {
    return { name, works: false, needed: false, detail: firstLine(error), mend };
  }
}

/** Whether a backend starts and multiplies: what loads may still lack its library, or a device. */
async function computes(backend: string, module: string): Promise<Finding> {
  const name = `backend ${backend}`;
  try {
    const { tensorFlow, useBackend } = await import("../../runtime/index.js");
    (await import("@tensorflow/tfjs-core")).enableProdMode();
    await useBackend(backend);
    const tf = await tensorFlow();
    const product = tf.matMul(tf.tensor2d([[2, 3]]), tf.tensor2d([[5], [7]]));
    const [found] = await product.data();
    tf.disposeVariables();
    if (found !== 31) throw new Error(`multiplies wrongly: 2 * 5 + 3 * 7 came to ${found}`);
    return { name, works: true, needed: false, detail: "multiplies" };
  } catch (error) {
    return { name, works: false, needed: false, detail: firstLine(error), mend: `npm install ${module}` };
  }
}

/** What of a backend that is made for browsers is not there in Node.js. */
function ofBrowsers(found: Finding, hasDevice: boolean, device: string): Finding {
  if (found.works || hasDevice) return found;
  const detail = isNotInstalled(found)
    ? "not installed (it is optional), and this Node.js offers no " + device
    : `loads, but this Node.js offers no ${device}`;
  return { ...found, detail, mend: "use it in a browser" };
}

/** In Node.js a package has to offer what browsers have, and the system a device. */
function webGpu(found: Finding): Finding {
  if (found.works || isNotInstalled(found)) return found;
  return "gpu" in navigatorOfNode()
    ? {
        ...found,
        detail: "loads, but no device was found",
        mend: "install drivers for Vulkan (Linux), Metal or Direct3D; or use it in a browser",
      }
    : {
        ...found,
        detail: "loads, but this Node.js offers no WebGPU",
        mend: "npm install webgpu, or use it in a browser",
      };
}

function navigatorOfNode(): object {
  return typeof navigator === "object" ? navigator : {};
}

function isNotInstalled({ detail }: Finding): boolean {
  return /Cannot find (package|module) ['"]@tensorflow/.test(detail);
}

/** The native backends download a library when they are installed, which fails in ways that look alike from inside. */
async function nativeBackend(backend: string, module: string): Promise<Finding> {
  const found = await computes(backend, module);
  if (found.works) return found;
  if (isNotInstalled(found)) return { ...found, detail: "not installed (it is optional)" };
  return {
    ...found,
    mend: `npm rebuild ${module} --build-addon-from-source; its library was not downloaded, as happens on closed networks and where install scripts are off`,
  };
}

/** What runs the queries of `--data`. */
async function database(): Promise<Finding> {
  const [name, mend] = ["SQL in --data", "npm install @duckdb/node-api"];
  const { readQuery } = await import("../../data/read-query.js");
  try {
    const found = await readQuery("SELECT 42 AS answer");
    if (found.kind === "ready") return { name, works: true, needed: false, detail: "DuckDB answers" };
    const isAbsent = found.diagnostics.some(({ code }) => code === "GEN4017");
    const detail = isAbsent ? "DuckDB is not installed (it is optional)" : found.diagnostics[0].message;
    return { name, works: false, needed: false, detail, mend };
  } catch (error) {
    return { name, works: false, needed: false, detail: firstLine(error), mend };
  }
}

/** Where compiled trainers are kept, so that the same program trains without being compiled again. */
function trainerCache(terminal: Terminal): Finding {
  const name = "cache of trainers";
  const folder = trainerFolder(terminal);
  if (folder === undefined) {
    const detail = "none (GENC_CACHE=off, or no home folder)";
    return { name, works: false, needed: false, detail, mend: "set GENC_CACHE to a folder" };
  }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const detail = `${folder} cannot be written: ${firstLine(error)}`;
    return { name, works: false, needed: false, detail, mend: "set GENC_CACHE to a folder that can" };
  }
  const { entries, bytes } = cacheContents(folder);
  const detail = `${folder} (${entries} kept, ${(bytes / 2 ** 20).toFixed(1)} MiB; GENC_CACHE moves it)`;
  return { name, works: true, needed: false, detail };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}
