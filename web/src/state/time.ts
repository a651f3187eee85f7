// Beats of a track, and snapping to them.

export interface Grid {
  bpm: number;
  beatsPerBar: number;
}

export function gridOf(bpm: number, timeSignature: string): Grid | null {
  if (!(bpm > 20 && bpm < 400)) return null;
  return { bpm, beatsPerBar: Number(timeSignature) || 4 };
}

export const beatSeconds = (grid: Grid): number => 60 / grid.bpm;

/** The nearest beat when it is within `tolerance` seconds, else the time itself. */
export function snap(seconds: number, grid: Grid | null, tolerance: number): number {
  if (!grid) return seconds;
  const beat = beatSeconds(grid);
  const nearest = Math.round(seconds / beat) * beat;
  return Math.abs(nearest - seconds) <= tolerance ? nearest : seconds;
}

/** Beats in [from, to) seconds; every n-th only, where they would stand closer than `closest` seconds. */
export function beatsIn(
  grid: Grid,
  from: number,
  to: number,
  closest: number,
): { at: number; bar: boolean }[] {
  const beat = beatSeconds(grid);
  const step =
    beat >= closest
      ? 1
      : grid.beatsPerBar * Math.max(1, 2 ** Math.ceil(Math.log2(closest / (beat * grid.beatsPerBar))));
  const beats: { at: number; bar: boolean }[] = [];
  for (let i = Math.ceil(from / beat / step) * step; i * beat < to; i += step) {
    beats.push({ at: i * beat, bar: i % grid.beatsPerBar === 0 });
  }
  return beats;
}
