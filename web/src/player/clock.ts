// Where the playhead is between two reports of the worklet, and how far the sound card's clock and the
// computer's run apart.

export interface PlayReport {
  /** Frame that sounds next, and the audio clock's time of that, in seconds. */
  position: number;
  time: number;
  playing: boolean;
  epoch: number;
}

export interface Span {
  frames: number;
  seam: number;
  looping: boolean;
  band: { start: number; end: number } | null;
}

const RATE = 48000;
/** Beyond that a report is too old to go on from. */
const LONGEST_GUESS_S = 0.5;

/** The frame that sounds at `time`, from the last report. */
export function positionAt(report: PlayReport, span: Span, time: number): number {
  if (!report.playing || span.frames === 0) return report.position;
  const passed = Math.max(0, Math.min(LONGEST_GUESS_S, time - report.time)) * RATE;
  const position = report.position + passed;
  if (span.band) {
    const { start, end } = span.band;
    return position < end ? position : start + ((position - end) % (end - start));
  }
  if (position < span.frames) return position;
  if (!span.looping) return span.frames;
  return span.seam + ((position - span.frames) % Math.max(1, span.frames - span.seam));
}

/** Parts in a million by which the audio clock runs fast, from pairs of both clocks. */
export class Drift {
  private first: { wall: number; audio: number } | null = null;
  private smooth = Number.NaN;
  private static readonly settleS = 10;

  restart(): void {
    this.first = null;
    this.smooth = Number.NaN;
  }

  at(wallS: number, audioS: number): void {
    this.first ??= { wall: wallS, audio: audioS };
    const wall = wallS - this.first.wall;
    if (wall < Drift.settleS) return;
    const now = ((audioS - this.first.audio) / wall - 1) * 1e6;
    this.smooth = Number.isNaN(this.smooth) ? now : this.smooth + (now - this.smooth) * 0.05;
  }

  /** Null until it is known. */
  get ppm(): number | null {
    return Number.isNaN(this.smooth) ? null : this.smooth;
  }
}
