// What is known of the buffer to draw it: outlines of the source, of what the model made of it and of the
// stems, and when each part was rewritten.
import { binCount, FRAMES_PER_BIN } from './peaks';

export class Wave {
  frames = 0;
  source = new Float32Array(0);
  live = new Float32Array(0);
  /** Per bin: time of the last rewrite in ms of performance.now(); 0 for never. */
  touched = new Float64Array(0);
  stems = new Map<string, Float32Array>();
  /** Grows with every change. */
  version = 0;

  load(frames: number, peaks: Float32Array): void {
    this.frames = frames;
    this.source = peaks.slice();
    this.live = peaks.slice();
    this.touched = new Float64Array(binCount(frames));
    this.stems.clear();
    this.version++;
  }

  patch(firstBin: number, peaks: Float32Array, now: number): void {
    this.live.set(peaks.subarray(0, Math.max(0, this.live.length - firstBin * 2)), firstBin * 2);
    this.touched.fill(now, firstBin, firstBin + peaks.length / 2);
    this.version++;
  }

  setStem(name: string, peaks: Float32Array): void {
    this.stems.set(name, peaks);
    this.version++;
  }

  get seconds(): number {
    return this.frames / 48000;
  }
}

/** Least and greatest of an outline between two frames. */
export function extent(peaks: Float32Array, from: number, to: number): { least: number; greatest: number } {
  const first = Math.max(0, Math.floor(from / FRAMES_PER_BIN));
  const end = Math.min(peaks.length / 2, Math.max(first + 1, Math.ceil(to / FRAMES_PER_BIN)));
  let least = 0;
  let greatest = 0;
  for (let bin = first; bin < end; bin++) {
    if (peaks[bin * 2]! < least) least = peaks[bin * 2]!;
    if (peaks[bin * 2 + 1]! > greatest) greatest = peaks[bin * 2 + 1]!;
  }
  return { least, greatest };
}
