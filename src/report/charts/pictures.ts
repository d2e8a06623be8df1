import { escaped } from "../markup.js";

const columns = 8;
const gap = 2;

/**
 * Rows as grey pictures side by side, from the least value of all (black) to the greatest (white).
 *
 * @param rows [pictures][side * side], row-major
 */
export function pictures(title: string, rows: readonly (readonly number[])[], side: number): string {
  const values = rows.flat().filter((value) => Number.isFinite(value));
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const cell = side + gap;
  const width = columns * cell - gap;
  const height = Math.ceil(rows.length / columns) * cell - gap;
  const ground = 128;
  const grey = new Uint8Array(width * height).fill(ground);
  rows.forEach((row, n) => {
    const [left, top] = [(n % columns) * cell, Math.floor(n / columns) * cell];
    for (let j = 0; j < side * side; j++) {
      const value = row[j] ?? NaN;
      // What is missing stays as the ground.
      const tone = Number.isFinite(value) ? Math.round((255 * (value - low)) / (high - low || 1)) : ground;
      grey[(top + Math.floor(j / side)) * width + left + (j % side)] = tone;
    }
  });
  const source = `data:image/bmp;base64,${Buffer.from(greyBitmap(grey, width, height)).toString("base64")}`;
  return `<figure><figcaption>${escaped(title)}</figcaption><img src="${source}" alt="${escaped(title)}" width="320" style="image-rendering:pixelated"></figure>`;
}

/** A BMP file of 8 bits a pixel; its rows go upwards and are filled up to four bytes. */
function greyBitmap(grey: Uint8Array, width: number, height: number): Uint8Array {
  const stride = Math.ceil(width / 4) * 4;
  const start = 54 + 4 * 256;
  const bytes = new Uint8Array(start + stride * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, start, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 8, true);
  for (let tone = 0; tone < 256; tone++) bytes.fill(tone, 54 + 4 * tone, 54 + 4 * tone + 3);
  for (let y = 0; y < height; y++)
    bytes.set(grey.subarray(y * width, (y + 1) * width), start + (height - 1 - y) * stride);
  return bytes;
}
