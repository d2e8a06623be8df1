import { STANDARD_INPUT, type DataFile } from "./data-files.js";

/** How data are read: held in memory, or anew in every pass; and why, in words. */
export interface Reading {
  readonly inBlocks: boolean;
  readonly why: string;
}

/** Tables, values by variable, a trainer's copy and its kernels' copy. */
const COPIES = 4;
/** A part of the machine's memory that they may take up together. */
const SHARE = 1 / 2;
/** Kernels address 4 GiB. */
const MOST_BYTES = 2 ** 30;

/**
 * The rule: data whose numbers take more than an eighth of the memory (half of it, for four copies), or more than 1 GiB,
 * are read in blocks. Before they are read the numbers are guessed from the sizes of the files; queries are held in memory
 * unless --stream says otherwise.
 *
 * @param wish --stream or --no-stream
 * @param memory of the machine, or of what the process may use of it, in bytes
 */
export function chooseReading(files: readonly DataFile[], wish: boolean | undefined, memory: number): Reading {
  const bytes = files.reduce((total, file) => total + bytesInMemory(file), 0);
  const limit = Math.min((memory * SHARE) / COPIES, MOST_BYTES);
  const about = bytes === 0 ? "how many numbers is not known" : `about ${sizeText(bytes)} of numbers`;
  const obstacle = files.find((file) => !canBeReadInBlocks(file));
  if (obstacle !== undefined) {
    return { inBlocks: false, why: `${obstacle.path} cannot be read in blocks` };
  }
  if (wish !== undefined) return { inBlocks: wish, why: `${about}; asked for by ${wish ? "--stream" : "--no-stream"}` };
  return bytes > limit
    ? { inBlocks: true, why: `${about}, more than the ${sizeText(limit)} that are held in memory here` }
    : { inBlocks: false, why: about };
}

export function canBeReadInBlocks({ format, packed, path }: DataFile): boolean {
  if (path === STANDARD_INPUT) return false;
  return (
    format === "csv" ||
    format === "json" ||
    format === "query" ||
    (!packed && (format === "parquet" || format === "npy"))
  );
}

/** Text has about as many characters as its numbers have bytes; the packed forms vary. */
function bytesInMemory({ format, packed, bytes }: DataFile): number {
  switch (format) {
    case "csv":
    case "json":
      return packed ? 4 * bytes : bytes;
    case "parquet":
      return 1.5 * bytes;
    case "query":
      // Nothing is known of it before it runs.
      return 0;
    case "npy":
    case "npz":
    case "spreadsheet":
      return bytes;
  }
}

export function sizeText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toPrecision(2)} ${units[power]}`;
}
