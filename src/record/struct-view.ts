/** Structs of the C side in a buffer: fields by their names, by the layout that the C compiler's rules give. */

/** A C struct: where each field lies, and of arrays also how far apart their elements and these' fields. */
export interface StructLayout {
  readonly sizeBytes: number;
  readonly fields: Readonly<Record<string, FieldPlace>>;
}

export interface FieldPlace {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** Of an array. */
  readonly length: number | null;
  /** Of a struct, or of an array's elements when those are structs. */
  readonly struct: StructLayout | null;
}

/** One struct among bytes. */
export class StructView {
  readonly #view: DataView;
  readonly #layout: StructLayout;
  readonly #baseBytes: number;

  constructor(bytes: Uint8Array, layout: StructLayout, baseBytes = 0) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#layout = layout;
    this.#baseBytes = baseBytes;
  }

  u64(name: string): bigint {
    return this.#view.getBigUint64(this.#baseBytes + place(this.#layout, name).offsetBytes, true);
  }

  u32(name: string): number {
    return this.#view.getUint32(this.#baseBytes + place(this.#layout, name).offsetBytes, true);
  }

  /** A view of an array of bytes. */
  bytes(name: string): Uint8Array {
    const { offsetBytes, sizeBytes } = place(this.#layout, name);
    return new Uint8Array(
      this.#view.buffer,
      this.#view.byteOffset + this.#baseBytes + offsetBytes,
      sizeBytes,
    );
  }

  /** The words of an array of u64. */
  u64s(name: string): readonly bigint[] {
    const { offsetBytes, length } = place(this.#layout, name);
    return Array.from({ length: length ?? 0 }, (_, i) =>
      this.#view.getBigUint64(this.#baseBytes + offsetBytes + 8 * i, true),
    );
  }

  /** The first `count` elements of an array of structs. */
  structs<T>(name: string, count: number, parse: (element: StructView, index: number) => T): T[] {
    const { offsetBytes, length, struct } = place(this.#layout, name);
    if (struct === null) throw new TypeError(`${name} is no array of structs`);
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset, this.#view.byteLength);
    const elements = Math.min(count, length ?? 0);
    return Array.from({ length: elements }, (_, i) =>
      parse(new StructView(bytes, struct, this.#baseBytes + offsetBytes + i * struct.sizeBytes), i),
    );
  }
}

/** Throws TypeError when the layout has no such field. */
export function place(layout: StructLayout, name: string): FieldPlace {
  const field = layout.fields[name];
  if (field === undefined) throw new TypeError(`the layout has no field ${name}`);
  return field;
}
