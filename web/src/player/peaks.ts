// The outline of a waveform: least and greatest sample of every hundredth of a second.

export const FRAMES_PER_BIN = 480;

export const binCount = (frames: number): number => Math.ceil(frames / FRAMES_PER_BIN);

/** Pairs (least, greatest) of the bins from `first` up to `end`, over all channels. */
export function outline(
  samples: Float32Array,
  channels: number,
  first: number,
  end: number,
): Float32Array<ArrayBuffer> {
  const pairs = new Float32Array((end - first) * 2);
  for (let bin = first; bin < end; bin++) {
    const from = bin * FRAMES_PER_BIN * channels;
    const to = Math.min(samples.length, from + FRAMES_PER_BIN * channels);
    let least = 0;
    let greatest = 0;
    for (let i = from; i < to; i++) {
      const sample = samples[i]!;
      if (sample < least) least = sample;
      else if (sample > greatest) greatest = sample;
    }
    pairs[(bin - first) * 2] = least;
    pairs[(bin - first) * 2 + 1] = greatest;
  }
  return pairs;
}

/** Bins that frames [start, start + frames) touch. */
export function binsOf(start: number, frames: number, total: number): { first: number; end: number } {
  return {
    first: Math.floor(start / FRAMES_PER_BIN),
    end: Math.min(binCount(total), Math.ceil((start + frames) / FRAMES_PER_BIN)),
  };
}
