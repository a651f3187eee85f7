// IEEE half precision, the number format of all audio from the server.

let table: Float32Array | undefined;

function value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** All 65536 values: a look-up per sample is quicker than arithmetic, and exact. */
export function halfTable(): Float32Array {
  if (!table) {
    table = new Float32Array(65536);
    for (let bits = 0; bits < 65536; bits++) table[bits] = value(bits);
  }
  return table;
}

/** The bytes as 16-bit words, copied only where they are not aligned. An odd byte at the end is left out. */
export function halfWords(bytes: Uint8Array): Uint16Array<ArrayBuffer> {
  const count = bytes.byteLength >> 1;
  if (bytes.byteOffset % 2 === 0)
    return new Uint16Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, count);
  return new Uint16Array(bytes.slice(0, count * 2).buffer);
}

export function halvesToFloats(words: Uint16Array): Float32Array<ArrayBuffer> {
  const values = halfTable();
  const floats = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) floats[i] = values[words[i]!]!;
  return floats;
}

/** To nearest, ties to even, as the server rounds. */
export function floatsToHalves(floats: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint16Array(floats.length);
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < words.length; i++) words[i] = toHalf(bits[i]!);
  return words;
}

function toHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const rest = bits & 0x7fffffff;
  if (rest > 0x7f800000) return sign | 0x7e00;
  if (rest >= 0x477ff000) return sign | 0x7c00;
  if (rest < 0x38800000) {
    // Below the least normal number; 24 bits down from there nothing is left.
    const shift = 126 - (rest >>> 23);
    if (shift > 24) return sign;
    const whole = (rest & 0x7fffff) | 0x800000;
    return sign | roundShift(whole, shift);
  }
  return sign | roundShift(rest - 0x38000000, 13);
}

function roundShift(value: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const kept = Math.floor(value / 2 ** shift);
  const lost = value - kept * 2 ** shift;
  return lost > half || (lost === half && kept % 2 === 1) ? kept + 1 : kept;
}
