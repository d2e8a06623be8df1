import { deflateSync } from "node:zlib";

/** Square images of grey levels from 0 to 1 (ink), side by side on white, as a PNG file. */
export function greyPng(values, { rows, columns, side }) {
  const width = columns * (side + 1) + 1;
  const height = rows * (side + 1) + 1;
  // Every line begins with the number of its filter, 0: none.
  const lines = Buffer.alloc(height * (width + 1), 255);
  for (let y = 0; y < height; y++) lines[y * (width + 1)] = 0;
  for (let i = 0; i < rows * columns; i++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const line = Math.floor(i / columns) * (side + 1) + 1 + y;
        const ink = Math.min(1, Math.max(0, values[i * side * side + y * side + x]));
        lines[line * (width + 1) + 1 + (i % columns) * (side + 1) + 1 + x] = Math.round(255 * (1 - ink));
      }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(lines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([signature, ...parts]);
}

function chunk(name, data) {
  const named = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const result = Buffer.alloc(named.length + 8);
  result.writeUInt32BE(data.length, 0);
  named.copy(result, 4);
  result.writeUInt32BE(checksum(named), named.length + 4);
  return result;
}

/** CRC-32 of a PNG chunk (ISO 3309). */
function checksum(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
