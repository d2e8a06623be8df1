import type { Compressors } from "hyparquet";

/** Decompression of Parquet's pages. What is empty is empty, which an LZ4 block of nothing is not to every decoder. */
export async function parquetCompressors(): Promise<Compressors> {
  const { compressors } = await import("hyparquet-compressors");
  const entries = Object.entries(compressors).map(([codec, decompress]) => {
    const unlessEmpty: typeof decompress = (input, length) =>
      length === 0 ? new Uint8Array(0) : decompress(input, length);
    return [codec, unlessEmpty] as const;
  });
  return Object.fromEntries(entries);
}
