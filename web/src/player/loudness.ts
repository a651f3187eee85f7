// Loudness as ears weigh it: K-weighting and gated blocks (ITU-R BS.1770), and the gain that lifts what the
// model plays to the loudness of its source.

/** Length of a block of the running map: 0.3 s. */
export const BLOCK = 14400;
const OFFSET_DB = -0.691;
const ABSOLUTE_GATE = -70;
const RELATIVE_GATE = -10;

/** One channel's two filters at 48 kHz: a shelf for the head, a high pass for the rest. */
class KWeighting {
  private readonly state = new Float64Array(4);

  next(x: number): number {
    const s = this.state;
    const a = x + 1.69065929318241 * s[0]! - 0.73248077421585 * s[1]!;
    const shelf = 1.53512485958697 * a - 2.69169618940638 * s[0]! + 1.19839281085285 * s[1]!;
    s[1] = s[0]!;
    s[0] = a;
    const b = shelf + 1.99004745483398 * s[2]! - 0.99007225036621 * s[3]!;
    const high = b - 2 * s[2]! + s[3]!;
    s[3] = s[2]!;
    s[2] = b;
    return high;
  }
}

/** Mean weighted power per block of frames [first, end) in blocks; filters warm up in the block before. */
export function blockPowers(
  samples: Float32Array,
  channels: number,
  first: number,
  end: number,
): Float32Array<ArrayBuffer> {
  const powers = new Float32Array(end - first);
  const frames = samples.length / channels;
  for (let c = 0; c < channels; c++) {
    const filter = new KWeighting();
    for (let f = Math.max(0, (first - 1) * BLOCK); f < first * BLOCK; f++)
      filter.next(samples[f * channels + c]!);
    for (let block = first; block < end; block++) {
      const to = Math.min(frames, (block + 1) * BLOCK);
      let sum = 0;
      for (let f = block * BLOCK; f < to; f++) {
        const weighted = filter.next(samples[f * channels + c]!);
        sum += weighted * weighted;
      }
      powers[block - first]! += sum / Math.max(1, to - block * BLOCK);
    }
  }
  return powers;
}

export const decibels = (power: number): number => OFFSET_DB + 10 * Math.log10(Math.max(power, 1e-12));

/** Loudness of the whole: blocks below −70 and then below 10 dB under the rest do not count. */
export function integrated(powers: Float32Array): number {
  const above = (limit: number) => powers.filter((power) => decibels(power) > limit);
  const mean = (list: Float32Array) => list.reduce((sum, power) => sum + power, 0) / Math.max(1, list.length);
  const heard = above(ABSOLUTE_GATE);
  if (heard.length === 0) return ABSOLUTE_GATE;
  return decibels(mean(above(decibels(mean(heard)) + RELATIVE_GATE)));
}

const QUIET_DB = 30;
const HYSTERESIS_DB = 6;

/** Lifts, never lowers; lets go of what is far too quiet to be music. */
export class Matching {
  private released = false;

  /** Factor for a block of that loudness; `limit` bounds the peak after it. */
  gain(sourceDb: number, blockDb: number, sourcePeak: number): number {
    const missing = sourceDb - blockDb;
    if (missing > QUIET_DB) this.released = true;
    else if (missing < QUIET_DB - HYSTERESIS_DB) this.released = false;
    if (this.released) return 1;
    const most = Math.max(0.891, sourcePeak * 4);
    return Math.max(1, Math.min(10 ** (missing / 20), most));
  }
}
