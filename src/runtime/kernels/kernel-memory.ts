const pageBytes = 65536;
/** Reserved places begin at a cache line. */
const alignment = 64;

/** A WebAssembly memory that is handed out from its start, and given back from its end. */
export class KernelMemory {
  private next: number;
  private reservations = 0;
  private floatView: Float64Array;
  private integerView: Int32Array;
  /** Where what `release` may take back begins. */
  start: number;

  constructor(
    private readonly memory: WebAssembly.Memory,
    firstFreeByte: number,
  ) {
    this.next = firstFreeByte;
    this.start = firstFreeByte;
    this.floatView = new Float64Array(memory.buffer);
    this.integerView = new Int32Array(memory.buffer);
  }

  /** All of it as float64 numbers. Views are stale after the next `reserve`. */
  get floats(): Float64Array {
    return this.floatView;
  }

  get integers(): Int32Array {
    return this.integerView;
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Address of so many bytes, of which nothing is known. */
  reserve(bytes: number): number {
    this.reservations += 1;
    const stagger = alignment * ((7 * this.reservations) % 61);
    const address = Math.ceil(this.next / alignment) * alignment + stagger;
    this.next = address + bytes;
    const missing = this.next - this.memory.buffer.byteLength;
    if (missing > 0) {
      this.memory.grow(Math.ceil(missing / pageBytes));
      this.floatView = new Float64Array(this.memory.buffer);
      this.integerView = new Int32Array(this.memory.buffer);
    }
    return address;
  }

  /** Memory that no release takes back; before any other. */
  reserveForever(bytes: number): number {
    if (this.next !== this.start) throw new Error("kernel memory: permanent places come first");
    const address = this.reserve(bytes);
    this.start = this.next;
    return address;
  }

  mark(): number {
    return this.next;
  }

  /** Takes back everything reserved since the mark. */
  release(mark: number): void {
    this.next = mark;
  }
}
