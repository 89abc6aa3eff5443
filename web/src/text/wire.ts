// Messages of few fields in the wire format of Protocol Buffers
// (https://protobuf.dev/programming-guides/encoding), without the descriptors that the runtime needs.

const VARINT = 0; // wire types
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A field as it stands on the wire; what is neither an integer nor bytes is passed over. */
export interface WireField {
  field: number;
  value: number | Uint8Array;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) + 128);
  }
}

function bytesOf(field: number, bytes: ArrayLike<number>): number[] {
  return [...varint(field * 8 + BYTES), ...varint(bytes.length), ...Array.from(bytes)];
}

/** A string; as in proto3 an empty one is left out. */
export function text(field: number, value: string): number[] {
  return value === "" ? [] : bytesOf(field, new TextEncoder().encode(value));
}

/** An integer that is not negative, or a bool; as in proto3, 0 is left out. */
export function number(field: number, value: number): number[] {
  return value === 0 ? [] : [...varint(field * 8 + VARINT), ...varint(value)];
}

/** A message within a message; it is there even if it is empty. */
export function nested(field: number, ...fields: number[][]): number[] {
  return bytesOf(field, fields.flat());
}

/** The message of these fields, which stand in the order of their numbers. */
export function message(...fields: number[][]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(fields.flat());
}

/** The fields of a message, which has to be whole; integers up to 2^53. */
export function fieldsIn(bytes: Uint8Array): WireField[] {
  const found: WireField[] = [];
  let at = 0;
  const integer = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = integer();
    const field = Math.floor(tag / 8);
    if (tag % 8 === VARINT) found.push({ field, value: integer() });
    else if (tag % 8 === FIXED64) at += 8;
    else if (tag % 8 === FIXED32) at += 4;
    else {
      const length = integer();
      found.push({ field, value: bytes.subarray(at, at + length) });
      at += length;
    }
  }
  return found;
}
