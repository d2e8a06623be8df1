/** Bytes being written. */
export class ByteWriter {
  private buffer = new Uint8Array(256);
  length = 0;

  byte(value: number): void {
    if (this.length === this.buffer.length) this.grow(this.length + 1);
    this.buffer[this.length++] = value;
  }

  bytes(values: ArrayLike<number>): void {
    if (this.length + values.length > this.buffer.length) this.grow(this.length + values.length);
    this.buffer.set(values, this.length);
    this.length += values.length;
  }

  private grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length));
    larger.set(this.buffer);
    this.buffer = larger;
  }

  /** LEB128 */
  unsigned(value: number): void {
    let rest = value;
    do {
      const byte = rest % 128;
      rest = Math.floor(rest / 128);
      this.byte(rest > 0 ? byte | 0x80 : byte);
    } while (rest > 0);
  }

  /** Signed LEB128 of a 32-bit number. */
  signed(value: number): void {
    let rest = value | 0;
    for (;;) {
      const byte = rest & 0x7f;
      rest >>= 7;
      const isLast = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
      this.byte(isLast ? byte : byte | 0x80);
      if (isLast) return;
    }
  }

  /** Its length in bytes, then the text. */
  text(value: string): void {
    this.sized(new TextEncoder().encode(value));
  }

  floats(values: readonly number[]): void {
    this.bytes(new Uint8Array(Float64Array.from(values).buffer));
  }

  /** A count, then as many things. */
  vector<T>(items: readonly T[], write: (item: T) => void): void {
    this.unsigned(items.length);
    for (const item of items) write(item);
  }

  /** Something after its length in bytes. */
  sized(content: ArrayLike<number>): void {
    this.unsigned(content.length);
    this.bytes(content);
  }

  result(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}
